//! New opportunities: as JSON, or as a form where files come with them.

use serde_json::Value;

use crate::bindings::exports::ats::lever::opportunities::{CreatedOpportunity, NewOpportunity};
use crate::bindings::exports::ats::lever::types::NewFile;
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::http::multipart::{self, Part};
use crate::core::http::request::Request;
use crate::core::json;
use crate::core::read::replace::{Object, object_of};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::opportunities as route;

/// Creates an opportunity.
///
/// # Errors
///
/// What Lever would refuse, or whatever kept it from being created.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    mut opportunity: NewOpportunity,
    perform_as: Option<String>,
    as_posting_owner: Option<bool>,
    parse: Option<bool>,
) -> Result<CreatedOpportunity, Error> {
    check(&opportunity, as_posting_owner, parse, lever.clock.wall_ms())?;
    // The host's user would stand in the owner's way.
    let mut query = match (as_posting_owner, &perform_as) {
        (Some(true), None) => Vec::new(),
        (Some(true), Some(_)) => lever.attributed(perform_as)?,
        _ => lever.in_name_of(perform_as)?,
    };
    for (name, flag) in [("perform_as_posting_owner", as_posting_owner), ("parse", parse)] {
        query.extend(flag.map(|flag| (name.to_owned(), flag.to_string())));
    }
    let (resume, files) = (opportunity.resume_file.take(), std::mem::take(&mut opportunity.files));
    let body = if resume.is_none() && files.is_empty() {
        json::body(&opportunity)
    } else {
        let mut parts = Vec::new();
        flatten(&mut parts, "", object_of(&opportunity));
        for (field, NewFile { name, content_type, content }) in resume
            .into_iter()
            .map(|file| ("resumeFile", file))
            .chain(files.into_iter().map(|file| ("files[]", file)))
        {
            parts.push(Part::file(field, name, content_type, content)?);
        }
        multipart::form(parts, lever.boundary())
    };
    let request = Request { query, body: Some(body), ..route::CREATE.request(&[])? };
    let response = lever.send(request)?;
    json::decode(&response, route::CREATE.method.effect())
}

fn check(
    new: &NewOpportunity,
    as_posting_owner: Option<bool>,
    parse: Option<bool>,
    now: u64,
) -> Result<(), Error> {
    let reason = new.archived.as_ref().and_then(|archived| archived.reason.clone());
    let archived_at = new.archived.as_ref().and_then(|archived| archived.archived_at);
    rules::check(&[
        ("emails", Rule::Each(&new.emails)),
        ("links", Rule::Each(&new.links)),
        ("tags", Rule::Each(&new.tags)),
        ("sources", Rule::Each(&new.sources)),
        ("followers", Rule::Each(&new.followers)),
        ("postings", Rule::Each(&new.postings)),
        ("stage", Rule::IfGiven(&new.stage)),
        ("owner", Rule::IfGiven(&new.owner)),
        ("contact", Rule::IfGiven(&new.contact)),
        ("archived.reason", Rule::IfGiven(&reason)),
        ("created-at", Rule::Past(new.created_at, now)),
        ("archived.archived-at", Rule::Past(archived_at, now)),
    ])?;
    for email in &new.emails {
        rules::check(&[("emails", Rule::Email(Some(email)))])?;
    }
    for (place, phone) in new.phones.iter().enumerate() {
        rules::check_in("phones", place, &[("value", Rule::Filled(&phone.value))])?;
    }
    let postings = new.postings.len();
    if postings > 1 {
        return Err(Error::invalid(format!(
            "postings holds {postings} ids; an opportunity is created for one posting at most. Create one for each."
        )));
    }
    if as_posting_owner == Some(true) && postings != 1 {
        return Err(Error::invalid(
            "perform-as-posting-owner needs the posting. Give its id in postings, or a user's in perform-as.",
        ));
    }
    if parse == Some(true) && new.resume_file.is_none() {
        return Err(Error::invalid("parse needs a resume to read. Give resume-file."));
    }
    if new.archived.is_some() && reason.is_none() {
        return Err(Error::invalid(
            "archived.reason is missing. Give an archive reason's id; archive-reasons.list-all finds it.",
        ));
    }
    if let Some(archived_at) = archived_at
        && new.created_at.is_none_or(|created_at| created_at >= archived_at)
    {
        return Err(Error::invalid("archived.archived-at needs a created-at that is earlier."));
    }
    Ok(())
}

/// JSON as fields of a form: `tags[]`, `archived[reason]`, `phones[0][value]`.
fn flatten(parts: &mut Vec<Part>, prefix: &str, object: Object) {
    for (name, value) in object {
        let name = if prefix.is_empty() { name } else { format!("{prefix}[{name}]") };
        match value {
            Value::Object(object) => flatten(parts, &name, object),
            Value::Array(items) => {
                for (place, item) in items.into_iter().enumerate() {
                    match item {
                        Value::Object(object) => {
                            flatten(parts, &format!("{name}[{place}]"), object)
                        }
                        item => parts.push(Part::text(format!("{name}[]"), plain(item))),
                    }
                }
            }
            value => parts.push(Part::text(name, plain(value))),
        }
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::record;

    fn new(json: &str) -> NewOpportunity {
        record::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_form_spells_lists_and_objects_with_brackets() {
        let new =
            new(r#"{"name":"Ana","emails":["a@x","b@x"],"phones":[{"type":"mobile","value":"1"}],
                "archived":{"reason":"r","archivedAt":9},"createdAt":5}"#);
        let mut parts = Vec::new();
        flatten(&mut parts, "", object_of(&new));
        let mut pairs: Vec<(String, String)> = parts
            .into_iter()
            .map(|part| (part.field, String::from_utf8(part.content).unwrap()))
            .collect();
        pairs.sort();
        let expected = [
            ("archived[archivedAt]", "9"),
            ("archived[reason]", "r"),
            ("createdAt", "5"),
            ("emails[]", "a@x"),
            ("emails[]", "b@x"),
            ("name", "Ana"),
            ("phones[0][type]", "mobile"),
            ("phones[0][value]", "1"),
        ];
        assert_eq!(pairs, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn what_lever_would_refuse_is_refused_before() {
        const NOW: u64 = 1_800_000_000_000;
        let plain = r#"{"name":"Ana"}"#;
        let rows = [
            (r#"{"postings":["a","b"]}"#, None, None, "2 ids"),
            (plain, Some(true), None, "perform-as-posting-owner"),
            (plain, None, Some(true), "resume-file"),
            (r#"{"emails":["a@b",""]}"#, None, None, "emails[1] is"),
            (r#"{"tags":[" "]}"#, None, None, "tags[0] is"),
            (r#"{"stage":""}"#, None, None, "stage is"),
            (r#"{"phones":[{"value":""}]}"#, None, None, "phones[0].value is"),
            (r#"{"archived":{"reason":""}}"#, None, None, "archived.reason is"),
            (r#"{"createdAt":1800000600000}"#, None, None, "created-at 1800000600000 is in"),
            (r#"{"archived":{"reason":"r","archivedAt":9}}"#, None, None, "created-at"),
            (r#"{"archived":{"archivedAt":9},"createdAt":5}"#, None, None, "archived.reason"),
            (
                r#"{"archived":{"reason":"r","archivedAt":9},"createdAt":9}"#,
                None,
                None,
                "created-at",
            ),
        ];
        for (json, owner, parse, named) in rows {
            let error = check(&new(json), owner, parse, NOW).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
        }
        let good = r#"{"postings":["a"],"archived":{"reason":"r","archivedAt":9},"createdAt":8}"#;
        assert!(check(&new(good), Some(true), Some(false), NOW).is_ok());
    }
}
