//! The public postings API v0 that job sites are built on: another API, without credential,
//! envelope or cursor.
//!
//! Only what is published on the public channel shows. Applications come in by `/v1` alone.

use serde_json::{Value, json};

use crate::account::html;
use crate::account::postings::{category, is_confidential};
use crate::account::records::{text, texts};
use crate::account::state::State;
use crate::http::request::Head;
use crate::http::response::Response;

/// Below which it lies.
const BASE: &str = "/v0/postings";

/// The name of the account's job site.
pub const SITE: &str = "harborlight";

const GROUPS: [&str; 3] = ["location", "commitment", "team"];

/// Why a request is refused: status and message.
type Refusal = (u16, String);

/// Whether a raw path is this API's.
pub(crate) fn serves(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The response to a request of one of its paths, and its JSON where it is JSON.
pub(crate) fn respond(state: &State, head: &Head) -> (Response, Option<Value>) {
    let found = match head.method {
        "GET" => found(state, head),
        method => Err((405, format!("{method} is not allowed"))),
    };
    match found {
        Err((status, error)) => {
            let json = json!({"ok": false, "error": error});
            (Response::json(status, Some(&json)), Some(json))
        }
        Ok(json) if is_html(head) => (Response::page(&page(&json)), None),
        Ok(json) => (Response::json(200, Some(&json)), Some(json)),
    }
}

fn missing() -> Refusal {
    (404, "Document not found".to_owned())
}

fn found(state: &State, head: &Head) -> Result<Value, Refusal> {
    if let Some(mode) = one(head, "mode")
        && !["json", "html", "iframe"].contains(&mode)
    {
        return Err((400, format!("Invalid mode: {mode}")));
    }
    let rest = head.path.strip_prefix(BASE).unwrap_or_default();
    let mut segments = rest.split('/').skip(1);
    match (segments.next(), segments.next(), segments.next()) {
        (Some(SITE), None | Some(""), None) => list(state, head),
        (Some(SITE), Some(id), None) => {
            let posting = shown(state).find(|posting| text(posting, "id") == id);
            posting.map(view).ok_or_else(missing)
        }
        _ => Err(missing()),
    }
}

/// The only value of a parameter, or the last.
fn one<'s>(head: &Head<'s>, name: &str) -> Option<&'s str> {
    head.values(name).last().copied()
}

/// Whether a page is wanted: by the mode, else by `accept`.
fn is_html(head: &Head) -> bool {
    match one(head, "mode") {
        Some(mode) => mode != "json",
        None => !head.header("accept").is_some_and(|kinds| kinds.contains("application/json")),
    }
}

fn shown(state: &State) -> impl Iterator<Item = &Value> {
    state.postings.iter().filter(|posting| {
        text(posting, "state") == "published"
            && texts(posting, "distributionChannels").contains(&"public")
            && !is_confidential(posting)
    })
}

fn number(head: &Head, name: &str) -> Result<Option<usize>, Refusal> {
    one(head, name)
        .map(|text| text.parse().map_err(|_| (400, format!("Invalid {name}: {text}"))))
        .transpose()
}

fn list(state: &State, head: &Head) -> Result<Value, Refusal> {
    let (skip, limit) = (number(head, "skip")?, number(head, "limit")?);
    let group = one(head, "group");
    if let Some(group) = group.filter(|group| !GROUPS.contains(group)) {
        return Err((400, format!("Invalid group: {group}")));
    }
    let is_wanted = |posting: &&Value| {
        ["location", "commitment", "team", "department", "level"].into_iter().all(|name| {
            let wanted = head.values(name);
            let mut own = vec![category(posting, name)];
            if let ("location", Some(categories)) = (name, posting.get("categories")) {
                own.extend(texts(categories, "allLocations"));
            }
            wanted.is_empty() || wanted.iter().any(|wanted| own.contains(wanted))
        })
    };
    let mut rows: Vec<_> = shown(state).filter(is_wanted).collect();
    rows.sort_by_key(|row| row.get("createdAt").and_then(Value::as_u64));
    let rows = rows.into_iter().skip(skip.unwrap_or(0)).take(limit.unwrap_or(usize::MAX));
    let Some(group) = group else {
        return Ok(rows.map(view).collect());
    };
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for row in rows {
        let title = category(row, group);
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, postings)) => postings.push(view(row)),
            None => groups.push((title, vec![view(row)])),
        }
    }
    let groups = groups.into_iter();
    Ok(groups.map(|(title, postings)| json!({"title": title, "postings": postings})).collect())
}

/// A posting as job sites get it: here the plain key is HTML, in `/v1` it is the text.
fn view(posting: &Value) -> Value {
    let content = posting.get("content").unwrap_or(&Value::Null);
    let (description, closing) = (text(content, "descriptionHtml"), text(content, "closingHtml"));
    let url = |name| posting.get("urls").and_then(|urls| urls.get(name));
    let mut categories = posting.get("categories").cloned().unwrap_or_default();
    if let Some(map) = categories.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    let mut view = json!({
        "id": posting.get("id"),
        "text": posting.get("text"),
        "categories": categories,
        "country": posting.get("country"),
        "workplaceType": posting.get("workplaceType"),
        "createdAt": posting.get("createdAt"),
        "opening": "",
        "openingPlain": "",
        "description": description,
        "descriptionPlain": text(content, "description"),
        "descriptionBody": description,
        "descriptionBodyPlain": text(content, "description"),
        "lists": content.get("lists"),
        "additional": closing,
        "additionalPlain": text(content, "closing"),
        "hostedUrl": url("show"),
        "applyUrl": url("apply"),
    });
    if let (Some(map), Some(range)) = (view.as_object_mut(), posting.get("salaryRange")) {
        map.insert("salaryRange".to_owned(), range.clone());
    }
    let salary = text(posting, "salaryDescriptionHtml");
    if let (Some(map), false) = (view.as_object_mut(), salary.is_empty()) {
        map.insert("salaryDescription".to_owned(), json!(salary));
        let plain = text(posting, "salaryDescription");
        map.insert("salaryDescriptionPlain".to_owned(), json!(plain));
    }
    view
}

/// A page with what was found, for people.
fn page(found: &Value) -> String {
    let rows = found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice);
    let postings = rows.iter().flat_map(|row| match row.get("postings") {
        Some(Value::Array(postings)) => postings.as_slice(),
        _ => std::slice::from_ref(row),
    });
    let items = postings.map(|posting| {
        format!(r#"<li><a href="{}">{}</a></li>"#, text(posting, "hostedUrl"), {
            html::escaped(text(posting, "text"))
        })
    });
    let items: String = items.collect();
    format!(
        "<!doctype html><html><head><title>{SITE}</title></head><body><ul>{items}</ul></body></html>"
    )
}
