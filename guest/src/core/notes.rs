//! Creating a note, whose answer Lever documents as the id alone and sends
//! whole.

use super::client::Client;
use super::error::{Error, ErrorKind, Outcome};
use super::record::{self, Json};
use super::scheduler::{Clock, Transport};
use crate::bindings::exports::ats::lever::notes::{NewNote, Note};
use crate::routes::notes as route;

struct Ids {
    note_id: Option<String>,
    id: Option<String>,
}

record::record!(Ids { 0 note_id "noteId" plain, 1 id "id" plain, });

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Writes a note, or a comment on the note `thread`, and returns the whole
    /// note.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being written; with the outcome `applied`, what
    /// kept the written note from being read.
    pub fn create_note(
        &mut self,
        opportunity: &str,
        note: &NewNote,
        thread: Option<String>,
        perform_as: Option<String>,
    ) -> Result<Note, Error> {
        if let Some(thread) = &thread {
            // The read-back must be sound before the note is written.
            route::GET.request(&[opportunity, thread])?;
        }
        let mut query = self.attributed(perform_as);
        query.extend(thread.clone().map(|thread| ("note_id".to_owned(), thread)));
        let answer: Json = self.change(&route::CREATE, &[opportunity], query, note)?;
        let text = answer.0.as_bytes();
        if thread.is_none()
            && let Ok(note) = record::read::<Note>(text)
            && !note.fields.is_empty()
        {
            return Ok(note);
        }
        let ids: Option<Ids> = record::read(text).ok();
        let id = thread.or_else(|| ids.and_then(|ids| ids.note_id.or(ids.id)));
        let id = id.ok_or_else(|| {
            let message = "Lever made the note and did not say its id. Find it with notes.list-page; do not repeat it.";
            Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::Applied)
        })?;
        self.read_back(&route::GET, &[opportunity, &id])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::limiter::Lanes;
    use crate::core::request::Method;
    use crate::core::scheduler::testing::{Fake, ok};
    use crate::core::settings::Settings;

    fn create(created: &'static str, thread: Option<&str>) -> (Result<Note, Error>, Vec<String>) {
        let mut fake = Fake::new(1, move |request| match request.method {
            Method::Post => ok(created),
            _ => ok(r#"{"data":{"id":"n","fields":[{"value":"read"}]}}"#),
        });
        let (clock, mut lanes) = (fake.clock.clone(), Lanes::default());
        let settings = Settings::default();
        let mut client =
            Client { transport: &mut fake, clock: &clock, lanes: &mut lanes, settings: &settings };
        let note = record::read(br#"{"value":"hello"}"#).unwrap();
        let result = client.create_note("o", &note, thread.map(str::to_owned), Some("u".into()));
        (result, fake.lines())
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
            (r#"{"data":{"id":7}}"#, Applied),
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
}
