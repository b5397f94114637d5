//! Creating and changing postings.
//!
//! A change is partial, with one trap that was recorded: without a state the posting turns into a
//! draft and loses its URLs and all its locations.

use serde_json::{Map, Value, json};

use crate::account::html::{BLOCKS, ITEMS, allowed, plain};
use crate::account::postings::{CHANNELS, STATES, is_confidential, urls};
use crate::account::records::text;
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::reply::{Failure, Reply};

/// What the body of a change may hold.
pub(crate) const CHANGE: &[&str] = &[
    "text",
    "state",
    "distributionChannels",
    "categories/team",
    "categories/department",
    "categories/location",
    "categories/allLocations",
    "categories/commitment",
    "tags",
    "content/descriptionHtml",
    "content/lists/*/text",
    "content/lists/*/content",
    "content/closingPostingHtml",
    "workplaceType",
    "requisitionCodes",
    "salaryDescriptionHtml",
    "salaryRange/min",
    "salaryRange/max",
    "salaryRange/currency",
    "salaryRange/interval",
];

/// What the body of a creation may hold.
pub(crate) const CREATE: &[&str] = &[
    "text",
    "state",
    "distributionChannels",
    "owner",
    "hiringManager",
    "categories/team",
    "categories/department",
    "categories/location",
    "categories/allLocations",
    "categories/commitment",
    "tags",
    "content/descriptionHtml",
    "content/lists/*/text",
    "content/lists/*/content",
    "content/closingPostingHtml",
    "workplaceType",
    "requisitionCodes",
    "salaryDescriptionHtml",
    "salaryRange/min",
    "salaryRange/max",
    "salaryRange/currency",
    "salaryRange/interval",
];

/// Workplaces that can be set; none can be taken back.
const WORKPLACES: [&str; 3] = ["onsite", "remote", "hybrid"];

fn categories(body: &Fields, before: &Value) -> Result<Option<Value>, Failure> {
    let Some(given) = body.child("categories")? else {
        return Ok(None);
    };
    let mut categories = before.as_object().cloned().unwrap_or_default();
    for name in ["team", "department", "location", "commitment"] {
        if let Some(value) = given.text(name)? {
            categories.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(all) = given.texts("allLocations")? {
        categories.insert("allLocations".to_owned(), json!(all));
    } else if let Some(location) = given.text("location")? {
        categories.insert("allLocations".to_owned(), json!([location]));
    }
    Ok(Some(Value::Object(categories)))
}

fn content(body: &Fields, before: &Value) -> Result<Option<Value>, Failure> {
    let Some(given) = body.child("content")? else {
        return Ok(None);
    };
    let mut content = before.as_object().cloned().unwrap_or_default();
    for (input, name) in [("descriptionHtml", "description"), ("closingPostingHtml", "closing")] {
        if let Some(html) = given.text(input)? {
            let html = allowed(html, BLOCKS);
            content.insert(name.to_owned(), json!(plain(&html)));
            content.insert(format!("{name}Html"), json!(html));
        }
    }
    if let Some(lists) = given.children("lists")? {
        let lists = lists.iter().map(|list| {
            let items = allowed(list.need_text("content")?, ITEMS);
            Ok(json!({"text": list.need_text("text")?, "content": items}))
        });
        content.insert("lists".to_owned(), lists.collect::<Result<_, Failure>>()?);
    }
    Ok(Some(Value::Object(content)))
}

/// All of its four parts or none.
fn salary_range(body: &Fields) -> Result<Option<Value>, Failure> {
    let Some(range) = body.child("salaryRange")? else {
        return Ok(None);
    };
    let mut whole = Map::new();
    for name in ["min", "max"] {
        let amount = range.amount(name)?.ok_or_else(|| Failure::missing(range.pointer(name)))?;
        whole.insert(name.to_owned(), amount.clone());
    }
    for name in ["currency", "interval"] {
        whole.insert(name.to_owned(), json!(range.need_filled(name)?));
    }
    Ok(Some(Value::Object(whole)))
}

/// The fields a body gives, as the record holds them.
fn given(body: &Fields, before: &Value) -> Result<Map<String, Value>, Failure> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        value.map(|value| fields.insert(name.to_owned(), value));
    };
    let title = if body.has("text") { Some(body.need_filled("text")?) } else { None };
    set("text", title.map(Value::from));
    set("state", body.one_of("state", &STATES)?.map(Value::from));
    let channels = body.texts("distributionChannels")?;
    if channels.iter().flatten().any(|channel| !CHANNELS.contains(&channel.as_str())) {
        return Err(body.refuse("distributionChannels", "Must be internal, public or both."));
    }
    set("distributionChannels", channels.map(|channels| json!(channels)));
    set("categories", categories(body, before.get("categories").unwrap_or(&Value::Null))?);
    set("content", content(body, before.get("content").unwrap_or(&Value::Null))?);
    set("tags", body.texts("tags")?.map(|tags| json!(tags)));
    set("workplaceType", body.one_of("workplaceType", &WORKPLACES)?.map(Value::from));
    let codes = body.texts("requisitionCodes")?;
    set("reqCode", codes.as_ref().map(|codes| json!(codes.first())));
    set("requisitionCodes", codes.map(|codes| json!(codes)));
    set("salaryRange", salary_range(body)?);
    let salary = body.text("salaryDescriptionHtml")?.map(|html| allowed(html, BLOCKS));
    set("salaryDescription", salary.as_ref().map(|html| json!(plain(html))));
    set("salaryDescriptionHtml", salary.map(Value::from));
    Ok(fields)
}

/// Sets what follows from the state: URLs and channels.
fn settle(posting: &mut Value) {
    let state = text(posting, "state").to_owned();
    let urls = urls(text(posting, "id"), &state);
    if let Some(map) = posting.as_object_mut() {
        map.insert("urls".to_owned(), urls);
        let channels = match (state.as_str(), map.remove("distributionChannels")) {
            ("published", Some(Value::Array(channels))) => Value::Array(channels),
            ("published", _) => json!(CHANNELS),
            _ => Value::Null,
        };
        map.insert("distributionChannels".to_owned(), channels);
    }
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let body = call.body()?;
    body.need_filled("text")?;
    let owner = body.id_of("owner", "User", |id| state.user(id).is_some())?;
    let owner = owner.or_else(|| call.actor.clone());
    let manager = body.id_of("hiringManager", "User", |id| state.user(id).is_some())?;
    let mut posting = json!({
        "id": null,
        "text": "",
        "state": "draft",
        "distributionChannels": null,
        "user": call.actor,
        "owner": owner,
        "hiringManager": manager,
        "categories": {"level": null, "allLocations": []},
        "tags": [],
        "content": {
            "description": "", "descriptionHtml": "", "lists": [], "closing": "", "closingHtml": "",
        },
        "country": null,
        "followers": owner.iter().collect::<Vec<_>>(),
        "reqCode": null,
        "requisitionCodes": [],
        "urls": null,
        "confidentiality": "non-confidential",
        "createdAt": call.now,
        "updatedAt": call.now,
        "workplaceType": "unspecified",
        "transcribeInterviews": false,
        "screening": {"enabled": false},
    });
    let fields = given(&body, &posting)?;
    if let Some(map) = posting.as_object_mut() {
        map.extend(fields);
        map.insert("id".to_owned(), json!(state.random.uuid()));
    }
    settle(&mut posting);
    state.postings.push(posting.clone());
    Ok(Reply::Data(201, posting))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let before = access::posting(state, call)?;
    if is_confidential(before) {
        let message = "Confidential postings cannot be changed through the API.";
        return Err(Failure::Forbidden(message.to_owned()));
    }
    let body = call.body()?;
    let fields = given(&body, before)?;
    let has_state = fields.contains_key("state");
    let has_locations = fields.contains_key("categories");
    let mut after = before.clone();
    if let Some(map) = after.as_object_mut() {
        map.extend(fields);
        map.insert("updatedAt".to_owned(), json!(call.now));
        if !has_state {
            map.insert("state".to_owned(), json!("draft"));
        }
        let categories = map.get_mut("categories").and_then(Value::as_object_mut);
        if let (false, false, Some(categories)) = (has_state, has_locations, categories) {
            categories.insert("allLocations".to_owned(), json!([]));
        }
    }
    settle(&mut after);
    let mut postings = state.postings.iter_mut();
    if let Some(slot) = postings.find(|posting| text(posting, "id") == call.id(0)) {
        *slot = after.clone();
    }
    Ok(Reply::Data(200, after))
}
