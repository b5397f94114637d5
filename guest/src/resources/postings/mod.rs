//! Postings: which queries Lever takes, and changes that leave the rest alone.

mod apply;

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::postings::{
    DeletedPostingPage, DeletedPostingQuery, NewPosting, Posting, PostingChange, PostingPage,
    PostingQuery, SalaryRange,
};
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome};
use crate::core::http::request::Effect;
use crate::core::read::replace::{
    Field, Object, Replacement, mentioned, merged, texts, unwritable,
};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::postings as route;

pub use apply::apply;

/// What is sent again with every change, since Lever loses it otherwise.
const AGAIN: &[Field] =
    &[Field::kept("state"), Field::kept("distributionChannels"), Field::kept("categories")];

const CATEGORIES: &[Field] = &[
    Field::kept("team"),
    Field::kept("department"),
    Field::kept("location"),
    Field::kept("allLocations"),
    Field::kept("commitment"),
];

const CONTENT: &[Field] =
    &[Field::kept("descriptionHtml"), Field::kept("lists"), Field::kept("closingPostingHtml")];

/// One page of the postings.
///
/// # Errors
///
/// Filters that Lever does not take together, or whatever kept the page from being read.
pub fn list_page<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: PostingQuery,
    cursor: Option<String>,
) -> Result<PostingPage, Error> {
    check_query(&query)?;
    lever.page(&route::LIST_PAGE, &[], &query, cursor)
}

/// All postings.
///
/// # Errors
///
/// As for [`list_page`].
pub fn list_all<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: PostingQuery,
    max_items: Option<u32>,
) -> Result<PostingPage, Error> {
    check_query(&query)?;
    lever.all(&route::LIST_ALL, &[], &query, max_items)
}

/// One page of the deleted postings.
///
/// # Errors
///
/// A span that Lever does not take, or whatever kept the page from being read.
pub fn list_deleted<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: DeletedPostingQuery,
    cursor: Option<String>,
) -> Result<DeletedPostingPage, Error> {
    rules::check_span(query.deleted_at_start, query.deleted_at_end)?;
    lever.page(&route::LIST_DELETED, &[], &query, cursor)
}

/// All deleted postings.
///
/// # Errors
///
/// As for [`list_deleted`].
pub fn list_all_deleted<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: DeletedPostingQuery,
    max_items: Option<u32>,
) -> Result<DeletedPostingPage, Error> {
    rules::check_span(query.deleted_at_start, query.deleted_at_end)?;
    lever.all(&route::LIST_ALL_DELETED, &[], &query, max_items)
}

/// Checks a query for what Lever would refuse.
///
/// # Errors
///
/// A bound of `updated-at` together with another filter.
pub fn check_query(query: &PostingQuery) -> Result<(), Error> {
    if query.updated_at_start.is_none() && query.updated_at_end.is_none() {
        return Ok(());
    }
    let filters = [
        ("state", query.state.is_some()),
        ("group", query.group.is_some()),
        ("distribution-channel", !query.distribution_channel.is_empty()),
        ("team", !query.team.is_empty()),
        ("department", !query.department.is_empty()),
        ("location", !query.location.is_empty()),
        ("commitment", !query.commitment.is_empty()),
        ("level", !query.level.is_empty()),
        ("tag", !query.tag.is_empty()),
    ];
    match filters.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(format!(
            "updated-at-start and updated-at-end go together with no other filter than confidentiality. Leave {name} out, and look at that field of the postings instead."
        ))),
    }
}

/// Creates a posting.
///
/// # Errors
///
/// A salary range that is not whole, or whatever kept it from being made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    posting: NewPosting,
    perform_as: Option<String>,
) -> Result<Posting, Error> {
    let query = lever.in_name_of(perform_as)?;
    rules::check(&[
        ("text", Rule::Filled(&posting.text)),
        ("state", Rule::IfGiven(&posting.state)),
        ("owner", Rule::IfGiven(&posting.owner)),
        ("hiring-manager", Rule::IfGiven(&posting.hiring_manager)),
        ("tags", Rule::Each(&posting.tags)),
        ("requisition-codes", Rule::Each(&posting.requisition_codes)),
    ])?;
    check_workplace(posting.workplace_type.as_deref())?;
    check_salary(posting.salary_range.as_ref())?;
    lever.change(&route::CREATE, &[], query, &posting)
}

/// Changes a posting.
///
/// # Errors
///
/// As for [`create`].
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    posting: &str,
    change: PostingChange,
    perform_as: Option<String>,
) -> Result<Posting, Error> {
    let query = lever.in_name_of(perform_as)?;
    rules::check(&[
        ("text", Rule::IfGiven(&change.text)),
        ("state", Rule::IfGiven(&change.state)),
        ("tags", Rule::Each(&change.tags)),
        ("requisition-codes", Rule::Each(&change.requisition_codes)),
    ])?;
    check_workplace(change.workplace_type.as_deref())?;
    check_salary(change.salary_range.as_ref())?;
    let change = mentioned(&change, CLEARS)?;
    let how = Replacement { read: &route::GET, write: &route::UPDATE, ids: &[posting], query };
    lever.replace(how, |current| {
        if current.get("confidentiality") == Some(&Value::from("confidential")) {
            let message = "This posting is confidential, which Lever lets nobody change through the API. Change it in the product.";
            return Err(Error::new(ErrorKind::Rejected, message)
                .with_outcome(Outcome::NotApplied));
        }
        Ok((changed(&current, change.clone())?, Effect::Create))
    })
}

fn check_workplace(kind: Option<&str>) -> Result<(), Error> {
    match kind {
        Some("unspecified") => Err(Error::invalid(
            "workplace-type \"unspecified\" is what Lever shows of postings without one, and cannot be set. Give onsite, remote or hybrid, or leave it out.",
        )),
        _ => Ok(()),
    }
}

fn check_salary(range: Option<&SalaryRange>) -> Result<(), Error> {
    let is_filled = |text: &str| !text.trim().is_empty();
    let whole = |range: &SalaryRange| {
        range.min.is_some()
            && range.max.is_some()
            && range.currency.as_deref().is_some_and(is_filled)
            && range.interval.as_deref().is_some_and(is_filled)
    };
    if range.is_none_or(whole) {
        return Ok(());
    }
    Err(Error::invalid(
        "salary-range is not whole. Give min, max, currency and interval, or leave it out.",
    ))
}

/// Lists that can be emptied.
const CLEARS: &[Field] = &[Field::clears("tags"), Field::clears("requisitionCodes")];

/// The change, and with it what Lever would lose.
fn changed(current: &Object, mut change: Object) -> Result<Object, Error> {
    for name in texts(change.remove("clear")) {
        change.insert(name, json!([]));
    }
    for (name, table, there) in [
        ("categories", CATEGORIES, current.get("categories").cloned()),
        ("content", CONTENT, current.get("content").map(content)),
    ] {
        let given = change.get(name).cloned();
        // Of the content nothing is lost that is not sent.
        if given.is_none() && name == "content" {
            continue;
        }
        let there = match there {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(there)) => there,
            Some(_) => return Err(unwritable(name)),
        };
        let whole = merged(&there, &given.unwrap_or_else(|| json!({})), table)?;
        change.insert(name.to_owned(), Value::Object(whole));
    }
    let mut body = merged(current, &change, AGAIN)?;
    for (name, value) in change {
        body.entry(name).or_insert(value);
    }
    // Only what is published is distributed.
    if body.get("state") != Some(&Value::from("published")) {
        body.remove("distributionChannels");
    }
    Ok(body)
}

/// The content as it is written: the closing has another name there.
fn content(read: &Value) -> Value {
    let mut written = read.clone();
    if let Some(object) = written.as_object_mut()
        && let Some(closing) = object.remove("closingHtml")
    {
        object.insert("closingPostingHtml".to_owned(), closing);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Object {
        let posting = json!({
            "id": "p", "text": "Engineer", "state": "published",
            "distributionChannels": ["internal", "public"],
            "categories": {"team": "T", "level": null, "location": "L", "allLocations": ["L", "M"]},
            "content": {"description": "d", "descriptionHtml": "<div>d</div>",
                        "lists": [{"text": "t", "content": "<li>x</li>"}],
                        "closing": "c", "closingHtml": "<div>c</div>"},
            "tags": ["x"], "urls": {"show": "s"}, "workplaceType": "hybrid",
        });
        posting.as_object().unwrap().clone()
    }

    fn change(change: Value) -> Value {
        Value::Object(changed(&current(), change.as_object().unwrap().clone()).unwrap())
    }

    #[test]
    fn state_and_categories_are_sent_again_with_every_change() {
        let again = json!({
            "text": "Lead", "state": "published", "distributionChannels": ["internal", "public"],
            "categories": {"team": "T", "location": "L", "allLocations": ["L", "M"]},
        });
        assert_eq!(change(json!({"text": "Lead"})), again);
        let closed = change(json!({"state": "closed", "categories": {"team": "U"}}));
        assert_eq!(
            closed["categories"],
            json!({"team": "U", "location": "L", "allLocations": ["L", "M"]})
        );
        assert_eq!(closed.get("distributionChannels"), None);
        assert_eq!(closed.get("content"), None);
    }

    #[test]
    fn a_part_of_the_content_leaves_the_others_as_they_are() {
        let changed =
            change(json!({"content": {"descriptionHtml": "<div>e</div>"}, "tags": ["y"]}));
        assert_eq!(
            changed["content"],
            json!({"descriptionHtml": "<div>e</div>", "lists": [{"text": "t", "content": "<li>x</li>"}],
                   "closingPostingHtml": "<div>c</div>"})
        );
        assert_eq!(changed["tags"], json!(["y"]));
    }

    #[test]
    fn parts_in_a_form_that_cannot_be_written_back_are_never_emptied() {
        let rows = [
            ("categories", json!({"text": "Lead"})),
            ("categories", json!({"categories": {"team": "U"}})),
            ("content", json!({"content": {"descriptionHtml": "e"}})),
        ];
        for (part, change) in rows {
            for odd in [json!([]), json!("L"), json!(7)] {
                let mut current = current();
                current.insert(part.into(), odd);
                let error = changed(&current, change.as_object().unwrap().clone()).unwrap_err();
                assert!(
                    error.message.contains(&format!("has {part} in a form")),
                    "{}",
                    error.message
                );
            }
        }
    }

    #[test]
    fn lists_are_emptied_by_name() {
        assert_eq!(change(json!({"clear": ["tags"]}))["tags"], json!([]));
        for (given, named) in [
            (json!({"clear": ["text"]}), "tags, requisitionCodes"),
            (json!({"clear": ["tags"], "tags": ["x"]}), "as well"),
        ] {
            let error = mentioned(&given, CLEARS).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
        }
    }

    #[test]
    fn updated_at_goes_with_confidentiality_alone() {
        let empty = PostingQuery::default();
        let since = PostingQuery { updated_at_start: Some(1), ..PostingQuery::default() };
        assert!(check_query(&empty).is_ok() && check_query(&since).is_ok());
        let confidential = PostingQuery {
            confidentiality: Some("all".into()),
            limit: Some(5),
            expand: vec!["user".into()],
            updated_at_end: Some(2),
            ..PostingQuery::default()
        };
        assert!(check_query(&confidential).is_ok());
        let one = || vec!["x".to_owned()];
        let with: [(&str, PostingQuery); 3] = [
            ("state", PostingQuery { state: Some("draft".into()), ..since.clone() }),
            ("team", PostingQuery { team: one(), ..since.clone() }),
            ("tag", PostingQuery { tag: one(), ..since }),
        ];
        for (name, query) in with {
            let error = check_query(&query).unwrap_err();
            assert!(error.message.contains(&format!("Leave {name} out")), "{}", error.message);
        }
    }

    #[test]
    fn a_salary_range_is_all_or_nothing() {
        let range = |currency: Option<&str>| SalaryRange {
            min: Some(1.0),
            max: Some(2.0),
            currency: currency.map(Into::into),
            interval: Some("per-year-salary".into()),
        };
        assert!(check_salary(None).is_ok() && check_salary(Some(&range(Some("USD")))).is_ok());
        assert!(check_salary(Some(&range(None))).is_err());
        assert!(check_salary(Some(&range(Some("")))).is_err());
    }
}
