//! Interviews, which Lever only replaces whole.

use serde_json::Value;

use crate::bindings::exports::ats::lever::interviews::{Interview, InterviewChange, NewInterview};
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::http::request::Effect;
use crate::core::read::replace::{Field, Object, Replacement, id_of, mentioned, merged, object_of};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::interviews as route;

/// What a replaced interview carries.
pub const INTERVIEW: &[Field] = &[
    Field::kept("panel"),
    Field::clears("subject"),
    Field::clears("note"),
    Field::kept("interviewers").read_as(interviewers),
    Field::kept("date"),
    Field::kept("duration"),
    Field::clears("location"),
    Field::clears("feedbackTemplate"),
    Field::clears("feedbackReminder"),
];

/// Adds an interview.
///
/// # Errors
///
/// An interview that Lever would refuse, or whatever kept it from being
/// made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    interview: NewInterview,
    perform_as: Option<String>,
) -> Result<Interview, Error> {
    let query = lever.in_name_of(perform_as)?;
    rules::check(&[("panel", Rule::Filled(&interview.panel))])?;
    let body = object_of(&interview);
    check_given(&body, "interview")?;
    check(&body, "interview")?;
    lever.change(&route::CREATE, &[opportunity], query, &body)
}

/// Changes an interview.
///
/// # Errors
///
/// As for [`create`].
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    interview: &str,
    change: InterviewChange,
    perform_as: Option<String>,
) -> Result<Interview, Error> {
    let ids = [opportunity, interview];
    let how = Replacement {
        read: &route::GET,
        write: &route::UPDATE,
        ids: &ids,
        query: lever.in_name_of(perform_as)?,
    };
    let change = mentioned(&change, INTERVIEW)?;
    check_given(&change, "change")?;
    lever.replace(how, |current| {
        let body = merged(&current, &change, INTERVIEW)?;
        check(&body, "interview")?;
        Ok((body, Effect::Absolute))
    })
}

/// What Lever takes of an interviewer, of whom it shows more.
fn interviewers(read: &Value) -> Option<Value> {
    let only = |interviewer: &Value| {
        let mut object = Object::new();
        object.insert("id".to_owned(), id_of(interviewer)?);
        let template = interviewer.get("feedbackTemplate").filter(|value| !value.is_null());
        object.extend(template.map(|value| ("feedbackTemplate".to_owned(), value.clone())));
        Some(Value::Object(object))
    };
    let there = read.as_array()?.iter().filter(|interviewer| !interviewer.is_null());
    there.map(only).collect::<Option<_>>().map(Value::Array)
}

/// When Lever reminds of feedback.
pub const REMINDERS: [&str; 4] = ["once", "daily", "frequently", "none"];

/// What Lever demands of every interview.
///
/// # Errors
///
/// One without interviewers, and as for [`check_given`].
pub fn check(interview: &Object, name: &str) -> Result<(), Error> {
    let interviewers = interview.get("interviewers").and_then(Value::as_array);
    if interviewers.is_none_or(Vec::is_empty) {
        return Err(Error::invalid(format!(
            "{name} has no interviewers. Give at least one user's id."
        )));
    }
    check_parts(interview, name)
}

/// What Lever demands of as much of an interview as a caller gives.
///
/// # Errors
///
/// An interviewer without an id, a duration of 0, or a reminder that Lever does not know.
pub fn check_given(interview: &Object, name: &str) -> Result<(), Error> {
    let reminder = interview.get("feedbackReminder").and_then(Value::as_str);
    let rule = Rule::Word(reminder, &REMINDERS);
    rules::check(&[(&format!("{name}.feedback-reminder"), rule)])?;
    check_parts(interview, name)
}

fn check_parts(interview: &Object, name: &str) -> Result<(), Error> {
    let interviewers = interview.get("interviewers").and_then(Value::as_array);
    for (place, interviewer) in interviewers.into_iter().flatten().enumerate() {
        let id = interviewer.get("id").and_then(Value::as_str).unwrap_or_default();
        rules::check_in(&format!("{name}.interviewers"), place, &[("id", Rule::Filled(id))])?;
    }
    if interview.get("duration").and_then(Value::as_u64) == Some(0) {
        return Err(Error::invalid(format!("{name} has the duration 0. Give at least 1 minute.")));
    }
    Ok(())
}
