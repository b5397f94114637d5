//! What a change does not mention survives, whatever the record and whatever the
//! change.

mod fields;

use lever::bindings::exports::ats::lever::{
    feedback_templates::FeedbackTemplateChange, interviews::InterviewChange, panels::PanelChange,
    postings::PostingChange, users::UserChange,
};
use lever::core::error::{Error, ErrorKind, Outcome};
use lever::core::http::request::{Method, Request};
use lever::core::json::record;
use lever::core::settings::Settings;
use lever::resources::{feedback_templates, interviews, panels, postings, users};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use fields::*;

use super::{config, guest, texts};
use crate::support::random::Random;

type Object = Map<String, Value>;

/// Makes a change of a record; what was written, if anything was.
fn written<R: std::fmt::Debug>(
    current: &Object,
    act: impl FnOnce(&mut Tested<'_>) -> Result<R, Error>,
) -> Result<Object, Error> {
    let answer = json!({ "data": current });
    let (result, sent) = guest::with(
        &Settings::default(),
        Box::new(move |_: &Request| guest::ok(&answer)) as Answer,
        act,
    );
    let Some(first) = sent.first() else {
        // A rule that holds whatever the record is.
        let error = result.expect_err("nothing was sent");
        assert_eq!((error.kind, error.outcome), (ErrorKind::InvalidInput, Outcome::NotSent));
        return Err(Error { code: Some(BEFORE.to_owned()), ..error });
    };
    assert_eq!(first.method, Method::Get);
    match sent.get(1) {
        Some(request) => {
            assert_eq!(sent.len(), 2);
            Ok(serde_json::from_slice(&guest::body(request)).expect("it is an object"))
        }
        None => {
            let error = result.expect_err("nothing was written");
            texts::check(&error);
            assert!(matches!(error.outcome, Outcome::NotSent | Outcome::NotApplied), "{error:?}");
            Err(error)
        }
    }
}

type Answer = Box<dyn FnMut(&Request) -> lever::core::http::response::Response>;
type Tested<'a> = lever::core::client::Client<'a, guest::Lever<Answer>, guest::Running>;

fn typed<T: record::Read>(change: &Object) -> T {
    record::read(Value::Object(change.clone()).to_string().as_bytes()).expect("it is a change")
}

const AS: Option<&str> = Some("u");

/// Marks an error that came before any request.
const BEFORE: &str = "before any request";

fn is_by_rule(error: &Error) -> bool {
    error.code.as_deref() == Some(BEFORE)
}

fn score_systems(template: &Object) -> usize {
    let fields = template.get("fields").and_then(Value::as_array);
    fields.into_iter().flatten().filter(|field| field["type"] == "score-system").count()
}

/// What Lever demands of an interview.
fn is_interview(interview: &Object) -> bool {
    let people = interview.get("interviewers").and_then(Value::as_array);
    people.is_some_and(|people| !people.is_empty()) && interview.get("duration") != Some(&json!(0))
}

/// Whether it was written.
pub fn user(random: &mut Random) -> bool {
    let (current, change) = (read(random, USER), change(random, USER));
    let sent = written(&current, |client| users::update(client, "u", typed::<UserChange>(&change)));
    match sent {
        Ok(sent) => {
            assert!(is_clear_sound(&change, USER));
            assert_eq!(sent, whole(&current, &change, USER));
        }
        Err(error) => assert!(!is_clear_sound(&change, USER) || is_by_rule(&error), "{:?}", error),
    }
    is_clear_sound(&change, USER)
}

/// Whether it was written.
pub fn template(random: &mut Random) -> bool {
    let (current, change) = (read(random, TEMPLATE), change(random, TEMPLATE));
    let expected = whole(&current, &change, TEMPLATE);
    let is_sound = is_clear_sound(&change, TEMPLATE) && score_systems(&expected) == 1;
    match written(&current, |client| {
        feedback_templates::update(client, "t", typed::<FeedbackTemplateChange>(&change))
    }) {
        Ok(sent) => {
            assert!(is_sound);
            assert_eq!(sent, expected);
        }
        Err(error) => assert!(!is_sound || is_by_rule(&error), "{:?}", error),
    }
    is_sound
}

/// Whether it was written.
pub fn interview(random: &mut Random) -> bool {
    let (current, change) = (read(random, INTERVIEW), change(random, INTERVIEW));
    let expected = whole(&current, &change, INTERVIEW);
    let is_sound = is_clear_sound(&change, INTERVIEW) && is_interview(&expected);
    let user = AS.map(str::to_owned);
    match written(&current, |client| {
        interviews::update(client, "o", "i", typed::<InterviewChange>(&change), user)
    }) {
        Ok(sent) => {
            assert!(is_sound);
            assert_eq!(sent, expected);
        }
        Err(error) => assert!(!is_sound || is_by_rule(&error), "{:?}", error),
    }
    is_sound
}

/// Whether it was written.
pub fn panel(random: &mut Random) -> bool {
    let mut current = read(random, PANEL);
    let there: Vec<Object> = (0..random.below(4))
        .map(|n| {
            let mut one = read(random, INTERVIEW);
            one.remove("panel");
            one.insert("id".to_owned(), json!(format!("i{n}")));
            one
        })
        .collect();
    current.insert("interviews".to_owned(), json!(there));
    let managed =
        random.of(&[json!(true), json!(true), json!(true), Value::Null, json!(false)]).clone();
    current.insert("externallyManaged".to_owned(), managed.clone());

    let mut own = change(random, PANEL);
    let (mut changes, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..5 {
        if random.below(3) == 0 {
            let mut one = change(random, INTERVIEW);
            one.insert("id".to_owned(), json!(format!("i{n}")));
            changes.push(one);
        } else if random.below(6) == 0 {
            removed.push(format!("i{n}"));
        }
    }
    // Most name only what there is.
    if random.below(4) > 0 {
        let is_there = |id: &str| there.iter().any(|one| one["id"] == id);
        changes.retain(|one| is_there(one["id"].as_str().expect("an id")));
        removed.retain(|id| is_there(id));
    }
    for _ in 0..random.below(3) / 2 {
        added.push(
            json!({ "date": 1, "duration": random.below(2), "interviewers": [{ "id": "new" }] }),
        );
    }
    own.insert("changeInterviews".to_owned(), json!(changes));
    own.insert("removeInterviews".to_owned(), json!(removed));
    own.insert("addInterviews".to_owned(), json!(added));

    let mut expected = whole(&current, &own, PANEL);
    if expected.get("applications").is_none_or(|it| it.as_array().is_none_or(Vec::is_empty)) {
        expected.remove("applications");
    }
    let nothing = Map::from_iter([("clear".to_owned(), json!([]))]);
    let mut interviews: Vec<Value> = Vec::new();
    let mut is_sound = managed != json!(false) && is_clear_sound(&own, PANEL);
    let named = changes.iter().map(|one| &one["id"]).map(|id| id.as_str().expect("an id"));
    for id in named.chain(removed.iter().map(String::as_str)) {
        is_sound &= there.iter().any(|one| one["id"] == id);
    }
    for one in there.iter().filter(|one| !removed.iter().any(|id| one["id"] == id.as_str())) {
        let change = changes.iter().find(|change| change["id"] == one["id"]).unwrap_or(&nothing);
        is_sound &= is_clear_sound(change, INTERVIEW);
        let mut whole = whole(one, change, INTERVIEW);
        whole.insert("id".to_owned(), one["id"].clone());
        is_sound &= is_interview(&whole);
        interviews.push(Value::Object(whole));
    }
    is_sound &= added.iter().all(|one| one["duration"] != 0);
    interviews.extend(added);
    is_sound &= !interviews.is_empty();
    expected.insert("interviews".to_owned(), json!(interviews));

    let user = AS.map(str::to_owned);
    match written(&current, |client| {
        panels::update(client, "o", "p", typed::<PanelChange>(&own), user)
    }) {
        Ok(sent) => {
            assert!(is_sound, "{:?} {:?}", own, sent);
            assert_eq!(sent, expected);
        }
        Err(error) => assert!(!is_sound || is_by_rule(&error), "{:?}", error),
    }
    is_sound
}

/// Whether it was written.
pub fn posting(random: &mut Random) -> bool {
    let part = |random: &mut Random, names: &[&str]| -> Object {
        let own = names.iter().filter(|_| random.below(3) > 0).collect::<Vec<_>>();
        own.into_iter().map(|name| (name.to_string(), value(random))).collect()
    };
    let mut current = part(random, &["text", "workplaceType", "id", "urls", "owner", "tags"]);
    if random.below(6) > 0 {
        current.insert("state".to_owned(), json!(random.of(&["published", "draft", "closed"])));
    }
    if random.below(4) > 0 {
        current.insert("distributionChannels".to_owned(), json!(["internal", "public"]));
    }
    let categories = ["team", "department", "location", "allLocations", "commitment", "level"];
    if random.below(6) > 0 {
        current.insert("categories".to_owned(), Value::Object(part(random, &categories)));
    }
    let content = ["descriptionHtml", "lists", "closingHtml", "description", "closing"];
    if random.below(6) > 0 {
        current.insert("content".to_owned(), Value::Object(part(random, &content)));
    }

    let mut change = Object::new();
    for name in ["text", "workplaceType", "salaryDescriptionHtml"] {
        if random.below(3) == 0 {
            change.insert(name.to_owned(), json!(texts::any(random)));
        }
    }
    for name in ["tags", "requisitionCodes", "distributionChannels"] {
        if random.below(4) == 0 {
            change.insert(name.to_owned(), json!([texts::any(random)]));
        }
    }
    if random.below(3) == 0 {
        change.insert("state".to_owned(), json!(random.of(&["published", "draft", "closed"])));
    }
    if random.below(3) == 0 {
        change.insert(
            "categories".to_owned(),
            json!({ "team": texts::any(random), "allLocations": ["x"] }),
        );
    }
    if random.below(3) == 0 {
        let own = *random.of(&["descriptionHtml", "closingPostingHtml"]);
        change.insert("content".to_owned(), json!({ own: texts::any(random) }));
    }
    let clears: Vec<&str> =
        ["tags", "requisitionCodes", "text"].into_iter().filter(|_| random.below(6) == 0).collect();
    change.insert("clear".to_owned(), json!(clears));
    let is_sound = clears.iter().all(|name| *name != "text" && !change.contains_key(*name));

    let user = AS.map(str::to_owned);
    match written(&current, |client| {
        postings::update(client, "p", typed::<PostingChange>(&change), user)
    }) {
        Ok(sent) => {
            assert!(is_sound);
            // What is given is sent, to the letter.
            for name in
                ["text", "workplaceType", "salaryDescriptionHtml", "tags", "requisitionCodes"]
            {
                let empty = clears.contains(&name).then(|| json!([]));
                assert_eq!(sent.get(name), change.get(name).or(empty.as_ref()), "{}", name);
            }
            // Lever resets what is not sent along.
            let given =
                |name: &str| change.get(name).or(current.get(name)).filter(|it| !it.is_null());
            assert_eq!(sent.get("state"), given("state"));
            let is_published = given("state") == Some(&json!("published"));
            let channels = given("distributionChannels").filter(|_| is_published);
            assert_eq!(sent.get("distributionChannels"), channels);
            for name in categories.into_iter().filter(|name| *name != "level") {
                let given = change.get("categories").and_then(|it| it.get(name));
                let there = current
                    .get("categories")
                    .and_then(|it| it.get(name))
                    .filter(|it| !it.is_null());
                assert_eq!(sent["categories"].get(name), given.or(there), "{}", name);
            }
            match change.get("content") {
                None => assert_eq!(sent.get("content"), None),
                Some(given) => {
                    for (written, read) in [
                        ("descriptionHtml", "descriptionHtml"),
                        ("lists", "lists"),
                        ("closingPostingHtml", "closingHtml"),
                    ] {
                        let there = current
                            .get("content")
                            .and_then(|it| it.get(read))
                            .filter(|it| !it.is_null());
                        assert_eq!(
                            sent["content"].get(written),
                            given.get(written).or(there),
                            "{}",
                            written
                        );
                    }
                }
            }
        }
        Err(error) => {
            assert!(!is_sound || is_by_rule(&error), "{:?}", error);
            assert_eq!(error.kind, ErrorKind::InvalidInput);
        }
    }
    is_sound
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn of_a_user(seed: u64) {
        user(&mut Random(seed));
    }

    #[test]
    fn of_a_template(seed: u64) {
        template(&mut Random(seed));
    }

    #[test]
    fn of_an_interview(seed: u64) {
        interview(&mut Random(seed));
    }

    #[test]
    fn of_a_panel_and_each_of_its_interviews(seed: u64) {
        panel(&mut Random(seed));
    }

    #[test]
    fn of_a_posting(seed: u64) {
        posting(&mut Random(seed));
    }
}
