//! Panels: interviews that are scheduled together, which Lever only replaces whole.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::panels::{NewPanel, Panel, PanelChange};
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome, shown};
use crate::core::http::request::Effect;
use crate::core::read::replace::{
    Field, Object, Replacement, id_of, mentioned, merged, object_of, texts, unwritable,
};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::resources::interviews::{INTERVIEW, REMINDERS, check, check_given};
use crate::routes::panels as route;

/// What a replaced panel carries, besides its interviews.
const PANEL: &[Field] = &[
    Field::kept("applications"),
    Field::kept("timezone"),
    Field::clears("feedbackReminder"),
    Field::clears("note"),
    Field::clears("externalUrl"),
];

/// Makes a panel.
///
/// # Errors
///
/// A panel that Lever would refuse, or whatever kept it from being made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    panel: NewPanel,
    perform_as: Option<String>,
) -> Result<Panel, Error> {
    let query = lever.in_name_of(perform_as)?;
    rules::check(&[
        ("timezone", Rule::Zone(&panel.timezone)),
        ("feedback-reminder", Rule::Word(panel.feedback_reminder.as_deref(), &REMINDERS)),
        ("applications", Rule::Each(&panel.applications)),
    ])?;
    let body = object_of(&panel);
    let interviews = body.get("interviews").and_then(Value::as_array).into_iter().flatten();
    for (place, interview) in interviews.filter_map(Value::as_object).enumerate() {
        check_given(interview, &format!("interviews[{place}]"))?;
    }
    check_all(&body)?;
    lever.change(&route::CREATE, &[opportunity], query, &body)
}

/// Changes a panel.
///
/// # Errors
///
/// As for [`create`], and a panel that was made
/// in the product.
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    panel: &str,
    change: PanelChange,
    perform_as: Option<String>,
) -> Result<Panel, Error> {
    let ids = [opportunity, panel];
    let how = Replacement {
        read: &route::GET,
        write: &route::UPDATE,
        ids: &ids,
        query: lever.in_name_of(perform_as)?,
    };
    rules::check(&[
        ("timezone", Rule::Zone(change.timezone.as_deref().unwrap_or("UTC"))),
        ("feedback-reminder", Rule::Word(change.feedback_reminder.as_deref(), &REMINDERS)),
        ("applications", Rule::Each(&change.applications)),
    ])?;
    let change = mentioned(&change, PANEL)?;
    check_nested(&change)?;
    lever.replace(how, |current| replaced(&current, change.clone()))
}

/// The panel with the change laid over it. New interviews are made a second
/// time when it is written twice.
fn replaced(current: &Object, mut change: Object) -> Result<(Object, Effect), Error> {
    if current.get("externallyManaged") == Some(&Value::Bool(false)) {
        let message = "This panel was scheduled in the product; only panels that were made through the API can be changed.";
        return Err(Error::new(ErrorKind::Rejected, message).with_outcome(Outcome::NotApplied));
    }
    let mut list = |name: &str| match change.remove(name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let (changes, added, removed) =
        (list("changeInterviews"), list("addInterviews"), list("removeInterviews"));
    let removed = texts(Some(Value::from(removed)));
    let there = present(current).ok_or_else(|| unwritable("interviews"))?;
    let ids: Vec<Value> = there.iter().map(|(id, _)| id.clone()).collect();
    let changed = changes.iter().filter_map(|change| change.get("id").and_then(Value::as_str));
    check_ids(&ids, changed.chain(removed.iter().map(String::as_str)))?;

    let mut interviews = Vec::new();
    for (id, interview) in there {
        if removed.iter().any(|removed| id == removed.as_str()) {
            continue;
        }
        let own = changes.iter().find(|change| change.get("id") == Some(&id));
        let own = own.cloned().unwrap_or_else(|| json!({}));
        let mut interview = merged(interview, &own, INTERVIEW)?;
        interview.insert("id".to_owned(), id);
        interviews.push(Value::Object(interview));
    }
    let effect = if added.is_empty() { Effect::Absolute } else { Effect::Create };
    interviews.extend(added);

    let mut body = merged(current, &change, PANEL)?;
    // Lever takes no empty list here.
    body.retain(|name, value| {
        name != "applications" || value.as_array().is_some_and(|ids| !ids.is_empty())
    });
    body.insert("interviews".to_owned(), Value::from(interviews));
    check_all(&body)?;
    Ok((body, effect))
}

/// The panel's interviews by their ids; `None` where one would be lost.
fn present(panel: &Object) -> Option<Vec<(Value, &Object)>> {
    let interviews = match panel.get("interviews") {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(interviews) => interviews.as_array()?,
    };
    let one = |interview| Some((id_of(interview)?, interview.as_object()?));
    interviews.iter().filter(|interview| !interview.is_null()).map(one).collect()
}

/// Each id is one of the panel's, and named once.
fn check_ids<'a>(there: &[Value], named: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = Vec::new();
    for id in named {
        if !there.iter().any(|there| there == id) {
            return Err(Error::invalid(format!(
                "the panel has no interview {}. Read it with panels.get.",
                shown(id)
            )));
        }
        if seen.contains(&id) {
            return Err(Error::invalid(format!("the interview {} is named twice.", shown(id))));
        }
        seen.push(id);
    }
    Ok(())
}

/// What a change of a panel says of its interviews, as far as that can be told
/// without the panel.
fn check_nested(change: &Object) -> Result<(), Error> {
    for (list, name) in
        [("changeInterviews", "change-interviews"), ("addInterviews", "add-interviews")]
    {
        let interviews = change.get(list).and_then(Value::as_array).into_iter().flatten();
        for (place, interview) in interviews.enumerate() {
            let Some(interview) = interview.as_object() else { continue };
            let name = format!("{name}[{place}]");
            match list {
                "addInterviews" => {
                    check_given(interview, &name)?;
                    check(interview, &name)?;
                }
                _ if interview.len() < 2 => {
                    return Err(Error::invalid(format!(
                        "{name} mentions nothing of the interview. Give at least one field."
                    )));
                }
                _ => {
                    mentioned(interview, INTERVIEW)?;
                    check_given(interview, &name)?;
                }
            }
        }
    }
    Ok(())
}

fn check_all(panel: &Object) -> Result<(), Error> {
    let interviews = panel.get("interviews").and_then(Value::as_array);
    match interviews.map(Vec::as_slice) {
        None | Some([]) => Err(Error::invalid(
            "the panel has no interviews. Give at least one; to remove the last, delete the panel.",
        )),
        Some(interviews) => interviews
            .iter()
            .enumerate()
            .filter_map(|(place, interview)| Some((place, interview.as_object()?)))
            .try_for_each(|(place, interview)| check(interview, &format!("interviews[{place}]"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel() -> Object {
        let panel = json!({
            "id": "p", "applications": ["a"], "canceledAt": null, "createdAt": 1, "end": 9,
            "externallyManaged": true, "externalUrl": null, "feedbackReminder": "daily", "note": "n",
            "stage": "s", "start": 2, "timezone": "America/Los_Angeles", "user": "u",
            "interviews": [
                {"id": "i", "date": 2, "duration": 45, "feedbackReminder": "daily",
                 "feedbackTemplate": "no-feedback", "location": null, "note": "first", "subject": "one",
                 "interviewers": [{"id": "u", "email": "e", "name": "N", "responseStatus": "needsAction",
                                   "feedbackTemplate": "no-feedback"}]},
                {"id": "j", "date": 5, "duration": 30, "feedbackReminder": "once",
                 "feedbackTemplate": null, "location": "x", "note": null, "subject": null,
                 "interviewers": [{"id": "v", "email": "e", "name": "N", "feedbackTemplate": null}]},
            ],
        });
        panel.as_object().unwrap().clone()
    }

    fn replace(change: Value) -> Result<(Value, Effect), Error> {
        let (body, effect) = replaced(&panel(), change.as_object().unwrap().clone())?;
        Ok((Value::Object(body), effect))
    }

    fn first() -> Value {
        json!({"id": "i", "date": 2, "duration": 45, "feedbackReminder": "daily",
               "feedbackTemplate": "no-feedback", "note": "first", "subject": "one",
               "interviewers": [{"id": "u", "feedbackTemplate": "no-feedback"}]})
    }

    fn second() -> Value {
        json!({"id": "j", "date": 5, "duration": 30, "feedbackReminder": "once", "location": "x",
               "interviewers": [{"id": "v"}]})
    }

    #[test]
    fn a_panel_goes_back_with_all_that_the_change_does_not_mention() {
        let (body, effect) = replace(json!({"timezone": "Europe/Lisbon"})).unwrap();
        let expected = json!({
            "applications": ["a"], "timezone": "Europe/Lisbon", "feedbackReminder": "daily", "note": "n",
            "interviews": [first(), second()],
        });
        assert_eq!((body, effect), (expected, Effect::Absolute));
    }

    #[test]
    fn interviews_are_changed_added_and_removed_by_their_ids() {
        let added = json!({"date": 9, "duration": 1, "interviewers": [{"id": "w"}]});
        let (body, effect) = replace(json!({
            "changeInterviews": [{"id": "j", "location": "y", "clear": ["feedbackReminder"]}],
            "addInterviews": [added], "removeInterviews": ["i"], "clear": ["note"],
        }))
        .unwrap();
        let mut changed = second();
        changed["location"] = json!("y");
        changed.as_object_mut().unwrap().remove("feedbackReminder");
        assert_eq!(body["interviews"], json!([changed, added]));
        assert_eq!(body.get("note"), None);
        assert_eq!(effect, Effect::Create, "written twice, it would add two");
    }

    #[test]
    fn an_interview_that_cannot_be_written_back_is_never_dropped() {
        let added =
            json!({"addInterviews": [{"date": 9, "duration": 1, "interviewers": [{"id": "w"}]}]});
        let one = |interview: Value| json!([first(), interview]);
        let rows = [
            (json!({}), "has interviews"),
            (json!("i"), "has interviews"),
            (one(json!("j")), "has interviews"),
            (one(json!({"date": 5})), "has interviews"),
            (one(json!({"id": "j", "interviewers": {}})), "has interviewers"),
            (one(json!({"id": "j", "interviewers": [{"name": "N"}]})), "has interviewers"),
            (one(json!({"id": "j", "interviewers": [true]})), "has interviewers"),
        ];
        for (interviews, named) in rows {
            let mut odd = panel();
            odd.insert("interviews".into(), interviews.clone());
            let error = replaced(&odd, added.as_object().unwrap().clone()).unwrap_err();
            assert_eq!(error.outcome, Outcome::NotApplied);
            assert!(error.message.contains(named), "{interviews}: {}", error.message);
        }
        // Null rows are none, and a bare id is one.
        let mut odd = panel();
        odd.insert(
            "interviews".into(),
            json!([null, {"id": "j", "date": 5, "duration": 30, "interviewers": ["v", null]}]),
        );
        let (body, _) = replaced(&odd, Object::new()).unwrap();
        assert_eq!(
            body["interviews"],
            json!([{"id": "j", "date": 5, "duration": 30, "interviewers": [{"id": "v"}]}])
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let rows = [
            (json!({"removeInterviews": ["x"]}), "\"x\""),
            (json!({"changeInterviews": [{"id": "x"}]}), "\"x\""),
            (json!({"removeInterviews": ["i"], "changeInterviews": [{"id": "i"}]}), "twice"),
            (json!({"removeInterviews": ["i", "j"]}), "delete the panel"),
            (
                json!({"addInterviews": [{"date": 1, "duration": 1}]}),
                "interviews[2] has no interviewers",
            ),
            (json!({"changeInterviews": [{"id": "i", "duration": 0}]}), "duration 0"),
            (json!({"clear": ["timezone"]}), "feedbackReminder, note, externalUrl"),
        ];
        for (change, named) in rows {
            let error = replace(change.clone()).unwrap_err();
            assert!(error.message.contains(named), "{change}: {}", error.message);
        }
        let mut product = panel();
        product.insert("externallyManaged".into(), json!(false));
        let error = replaced(&product, Object::new()).unwrap_err();
        assert_eq!((error.kind, error.outcome), (ErrorKind::Rejected, Outcome::NotApplied));
    }
}
