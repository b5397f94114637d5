//! Notes: creating one, whose answer Lever documents as the id alone and sends
//! whole, and changing part of one, which Lever only writes anew as a whole.

use serde_json::Value;

use crate::bindings::exports::ats::lever::notes::{NewNote, Note, NoteChange};
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome};
use crate::core::http::request::Request;
use crate::core::json;
use crate::core::json::record::{self, Json, lenient};
use crate::core::read::replace::{Field, Object, mentioned, merged, unwritable};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::notes as route;

struct Ids {
    note_id: Option<String>,
    id: Option<String>,
}

record::record!(Ids { 0 note_id "noteId" plain, 1 id "id" plain, });

/// What a note that is written anew carries.
const NOTE: &[Field] = &[
    Field::kept("values"),
    Field::kept("user"),
    Field::kept("secret"),
    Field::kept("createdAt"),
    Field::kept("completedAt"),
    Field::clears("score"),
];

/// Writes a note, or a comment on the note `thread`, and returns the whole
/// note.
///
/// # Errors
///
/// A note that Lever would refuse, or whatever kept it from being written;
/// with the outcome `applied`, what kept the written note from being read.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    note: NewNote,
    thread: Option<String>,
    perform_as: Option<String>,
) -> Result<Note, Error> {
    check(&note, lever.clock.wall_ms())?;
    if let Some(thread) = &thread {
        // The read-back must be sound before the note is written.
        route::GET.request(&[opportunity, thread])?;
    }
    let mut query = lever.attributed(perform_as)?;
    query.extend(thread.clone().map(|thread| ("note_id".to_owned(), thread)));
    let answer: Json = lever.change(&route::CREATE, &[opportunity], query, &note)?;
    let text = answer.0.as_bytes();
    if thread.is_none()
        && let Ok(note) = record::read::<Note>(text)
        && !note.fields.is_empty()
    {
        return Ok(note);
    }
    let ids: Option<Ids> = lenient::read(&answer.0).ok();
    let id = thread.or_else(|| ids.and_then(|ids| ids.note_id.or(ids.id)));
    let id = id.ok_or_else(|| {
        let message = "Lever made the note and did not say its id. Find it with notes.list-page; do not repeat it.";
        Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::Applied)
    })?;
    lever.read_back(&route::GET, &[opportunity, &id])
}

/// Changes a note, and returns the whole of it.
///
/// # Errors
///
/// A change that Lever would refuse, or whatever kept the note from being
/// read or written; with the outcome `applied`, what kept the written note
/// from being read.
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    note: &str,
    change: NoteChange,
) -> Result<Note, Error> {
    check_change(&change, lever.clock.wall_ms())?;
    let change = mentioned(&change, NOTE)?;
    let ids = [opportunity, note];
    let request = route::UPDATE.request(&ids)?;
    let current = lever.object(&route::GET, &ids)?;
    let body = Some(json::body(&rewritten(&current, change)?));
    lever.apply(Request { body, ..request })?;
    lever.read_back(&route::GET, &ids)
}

fn check(note: &NewNote, now: u64) -> Result<(), Error> {
    rules::check(&[
        ("value", Rule::Filled(&note.value)),
        ("score", Rule::Score(note.score)),
        ("created-at", Rule::Past(note.created_at, now)),
    ])
}

fn check_change(change: &NoteChange, now: u64) -> Result<(), Error> {
    for (place, comment) in change.values.iter().enumerate() {
        let rules = [
            ("value", Rule::Filled(&comment.value)),
            ("created-at", Rule::Past(comment.created_at, now)),
        ];
        rules::check_in("values", place, &rules)?;
    }
    rules::check(&[
        ("user", Rule::IfGiven(&change.user)),
        ("score", Rule::Score(change.score)),
        ("created-at", Rule::Past(change.created_at, now)),
        ("completed-at", Rule::Past(change.completed_at, now)),
    ])
}

/// The thread with the change laid over it.
fn rewritten(note: &Object, mut change: Object) -> Result<Object, Error> {
    let fields = note.get("fields").filter(|fields| !fields.is_null());
    let is_whole = fields.is_none_or(|fields| {
        fields.as_array().is_some_and(|fields| fields.iter().all(Value::is_object))
    });
    if !is_whole && !change.contains_key("values") {
        return Err(unwritable("fields"));
    }
    let there = written(note);
    if let (Some(Value::Array(given)), Some(Value::Array(there))) =
        (change.get_mut("values"), there.get("values"))
    {
        keep_times(given, there);
    }
    merged(&there, &change, NOTE)
}

/// A thread in the form in which it is written.
fn written(note: &Object) -> Object {
    let fields = note.get("fields").and_then(Value::as_array);
    let fields = || fields.into_iter().flatten().filter_map(Value::as_object);
    let comment = |field: &Object| {
        let parts = ["value", "createdAt"].into_iter().filter_map(|name| {
            let part = field.get(name).filter(|part| !part.is_null())?;
            Some((name.to_owned(), part.clone()))
        });
        let mut comment = Object::new();
        comment.extend(parts);
        Value::Object(comment)
    };
    let mut written = note.clone();
    written.insert("values".to_owned(), fields().map(comment).collect());
    let score = fields().next().and_then(|first| first.get("score").cloned());
    written.insert("score".to_owned(), score.unwrap_or_default());
    written
}

/// Leaves each comment its time, where none is given: that of the one with the
/// same text, or else of the one in its place.
fn keep_times(given: &mut [Value], there: &[Value]) {
    let mut free: Vec<Option<&Value>> = there.iter().map(Some).collect();
    for by_text in [true, false] {
        for (place, comment) in given.iter_mut().enumerate() {
            let Some(comment) = comment.as_object_mut() else { continue };
            if comment.contains_key("createdAt") {
                continue;
            }
            let is_same =
                |it: &Option<&Value>| it.is_some_and(|it| it.get("value") == comment.get("value"));
            let known = match by_text {
                true => free.iter_mut().find(|it| is_same(it)),
                false => free.get_mut(place),
            };
            let time = known.and_then(Option::take).and_then(|known| known.get("createdAt"));
            comment.extend(time.map(|time| ("createdAt".to_owned(), time.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::http::request::Method;
    use crate::core::send::limiter::Limiter;
    use crate::core::send::scheduler::testing::{Fake, ok};
    use crate::core::settings::Settings;

    fn create(created: &'static str, thread: Option<&str>) -> (Result<Note, Error>, Vec<String>) {
        let mut fake = Fake::new(1, move |request| match request.method {
            Method::Post => ok(created),
            _ => ok(r#"{"data":{"id":"n","fields":[{"value":"read"}]}}"#),
        });
        let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
        let settings = Settings::default();
        let mut client = Client {
            transport: &mut fake,
            clock: &clock,
            limiter: &mut limiter,
            settings: &settings,
        };
        let note = record::read(br#"{"value":"hello"}"#).unwrap();
        let result =
            super::create(&mut client, "o", note, thread.map(str::to_owned), Some("u".into()));
        (result, fake.lines())
    }

    #[test]
    fn comments_that_cannot_be_written_back_are_never_dropped() {
        for fields in [serde_json::json!({}), serde_json::json!([{"value": "a"}, "b"])] {
            let note = serde_json::json!({"id": "n", "fields": fields});
            let error = rewritten(note.as_object().unwrap(), Object::new()).unwrap_err();
            assert!(error.message.contains("has fields in a form"), "{}", error.message);
        }
    }

    const POST: &str = "Post /opportunities/o/notes?perform_as=u";

    #[test]
    fn a_whole_answer_costs_one_request() {
        let (note, sent) =
            create(r#"{"data":{"id":"n","noteId":"n","fields":[{"value":"hello"}]}}"#, None);
        assert_eq!(note.unwrap().fields[0].value.as_deref(), Some("hello"));
        assert_eq!(sent, [POST]);
    }

    #[test]
    fn an_answer_with_the_id_alone_is_read_again() {
        for created in [r#"{"data":{"noteId":"n"}}"#, r#"{"data":{"id":"n"}}"#] {
            let (note, sent) = create(created, None);
            assert_eq!(note.unwrap().fields[0].value.as_deref(), Some("read"));
            assert_eq!(sent, [POST, "Get /opportunities/o/notes/n"]);
        }
    }

    #[test]
    fn a_comment_returns_its_whole_thread() {
        let (note, sent) = create(r#"{"data":{"id":"c","fields":[{"value":"hello"}]}}"#, Some("t"));
        assert_eq!(note.unwrap().fields[0].value.as_deref(), Some("read"));
        assert_eq!(sent, [format!("{POST}&note_id=t"), "Get /opportunities/o/notes/t".into()]);
    }

    #[test]
    fn an_answer_without_any_id_counts_as_applied_if_it_is_levers() {
        use Outcome::{Applied, Unknown};
        let rows = [
            (r#"{"data":{}}"#, Applied),
            (r#"{"data":{"id":[7]}}"#, Applied),
            ("{}", Unknown),
            ("", Unknown),
            (r#"{"data":7}"#, Unknown),
            (r#"{"ok":false,"error":{}}"#, Unknown),
        ];
        for (created, outcome) in rows {
            let (note, _) = create(created, None);
            assert_eq!(note.unwrap_err().outcome, outcome, "{created}");
        }
    }

    fn thread() -> Object {
        let thread = serde_json::json!({
            "id": "n", "text": "Note", "user": "u", "secret": true, "completedAt": 3, "createdAt": 2,
            "deletedAt": null,
            "fields": [
                {"type": "note", "text": "Comment", "value": "one", "createdAt": 2, "user": "u",
                 "score": 3, "stage": "s"},
                {"type": "note", "text": "Comment", "value": "two", "createdAt": 5, "user": "v",
                 "score": null, "stage": "s"},
            ],
        });
        thread.as_object().unwrap().clone()
    }

    #[test]
    fn a_note_is_written_anew_with_all_that_the_change_does_not_mention() {
        let whole = serde_json::json!({
            "values": [{"value": "one", "createdAt": 2}, {"value": "two", "createdAt": 5}],
            "user": "u", "secret": true, "completedAt": 3, "createdAt": 2, "score": 3,
        });
        for (change, name, value) in [
            (r#"{"user":"w"}"#, "user", Some(serde_json::json!("w"))),
            (r#"{"secret":false}"#, "secret", Some(serde_json::json!(false))),
            (r#"{"createdAt":1}"#, "createdAt", Some(serde_json::json!(1))),
            (r#"{"completedAt":9}"#, "completedAt", Some(serde_json::json!(9))),
            (r#"{"score":4}"#, "score", Some(serde_json::json!(4))),
            (r#"{"clear":["score"]}"#, "score", None),
        ] {
            let change: NoteChange = record::read(change.as_bytes()).unwrap();
            let body = rewritten(&thread(), mentioned(&change, NOTE).unwrap()).unwrap();
            let mut expected = whole.as_object().unwrap().clone();
            expected.remove(name);
            expected.extend(value.map(|value| (name.to_owned(), value)));
            assert_eq!(body, expected, "{name}");
        }
    }

    #[test]
    fn a_comment_keeps_its_time_where_none_is_given() {
        let rows = [
            // Edited in its place, its neighbour as it was.
            (r#"[{"value":"1"},{"value":"two"}]"#, r#"[["1",2],["two",5]]"#),
            // The first one removed, or put behind the other.
            (r#"[{"value":"two"}]"#, r#"[["two",5]]"#),
            (r#"[{"value":"two"},{"value":"one"}]"#, r#"[["two",5],["one",2]]"#),
            // A new one has none, wherever it stands.
            (
                r#"[{"value":"one"},{"value":"two"},{"value":"three"}]"#,
                r#"[["one",2],["two",5],["three",null]]"#,
            ),
            (r#"[{"value":"two"},{"value":"new"}]"#, r#"[["two",5],["new",null]]"#),
            // Given is given.
            (r#"[{"value":"one","createdAt":1},{"value":"2"}]"#, r#"[["one",1],["2",5]]"#),
            (r#"[{"value":"one"},{"value":"one"}]"#, r#"[["one",2],["one",5]]"#),
        ];
        for (values, expected) in rows {
            let change: Object =
                serde_json::from_str(&format!(r#"{{"values":{values}}}"#)).unwrap();
            let body = rewritten(&thread(), change).unwrap();
            let told: Vec<_> = body["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| [it["value"].clone(), it.get("createdAt").cloned().unwrap_or_default()])
                .collect();
            assert_eq!(serde_json::json!(told).to_string(), expected, "{values}");
        }
    }
}
