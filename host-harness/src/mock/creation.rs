//! Creating an opportunity, and its contact unless an e-mail is already known.
//!
//! JSON only: a multipart body with files is refused before it gets here.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Failure};
use super::body::Fields;
use super::call::Call;
use super::changes::add;
use super::filters::{canonical_email, is_origin};
use super::store::{Application, Archived, Contact, Opportunity, StageChange, State, text};

/// The query beside `perform_as`.
pub(super) const QUERY: &[&str] = &["parse", "perform_as_posting_owner"];

/// What a body may hold.
pub(super) const KEYS: &[&str] = &[
    "name",
    "headline",
    "stage",
    "location",
    "phones/*/value",
    "phones/*/type",
    "emails",
    "links",
    "tags",
    "sources",
    "origin",
    "owner",
    "followers",
    "resumeFile",
    "files",
    "files[]",
    "postings",
    "createdAt",
    "archived/reason",
    "archived/archivedAt",
    "contact",
    "opportunityLocation",
];

const PHONE_KINDS: [&str; 5] = ["mobile", "home", "work", "skype", "other"];

fn phones(body: &Fields) -> Result<Vec<(String, String)>, Failure> {
    let phones = body.children("phones")?.unwrap_or_default();
    let phones = phones.iter().map(|phone| {
        let kind = phone.text("type")?.unwrap_or("other");
        if !PHONE_KINDS.contains(&kind) {
            return Err(phone.refuse("type", "Unknown phone type."));
        }
        Ok((kind.to_owned(), phone.need_text("value")?.to_owned()))
    });
    phones.collect()
}

fn known_user(state: &State, body: &Fields, name: &str) -> Result<Option<String>, Failure> {
    match body.text(name)? {
        Some(id) if state.user(id).is_none() => Err(body.refuse(name, "User was not found.")),
        id => Ok(id.map(str::to_owned)),
    }
}

fn one_posting(state: &State, body: &Fields) -> Result<Option<Value>, Failure> {
    let postings = body.texts("postings")?.unwrap_or_default();
    match postings.as_slice() {
        [] => Ok(None),
        [id] => match state.posting(id) {
            Some(posting) => Ok(Some(posting.clone())),
            None => Err(body.refuse("postings/0", "Posting was not found.")),
        },
        _ => Err(body.refuse("postings", "At most one posting is allowed.")),
    }
}

/// The title, department, team, location and commitment of a posting, which an opportunity gets as tags.
pub(super) fn posting_tags(posting: &Value) -> Vec<String> {
    let category = |name| posting.get("categories").map_or("", |all| text(all, name));
    let tags = [
        text(posting, "text"),
        category("department"),
        category("team"),
        category("location"),
        category("commitment"),
    ];
    tags.into_iter().filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

fn archive_mark(
    state: &State,
    body: &Fields,
    created_at: Option<u64>,
    now: u64,
) -> Result<Option<Archived>, Failure> {
    let Some(archived) = body.child("archived")? else {
        return Ok(None);
    };
    let reason = archived.need_text("reason")?;
    if state.reason(reason).is_none() {
        return Err(archived.refuse("reason", "Archive reason was not found."));
    }
    let at = archived.past("archivedAt", now)?;
    if at.is_some_and(|at| created_at.is_none_or(|created_at| created_at >= at)) {
        return Err(archived.refuse("archivedAt", "Needs an earlier createdAt."));
    }
    Ok(Some(Archived { reason: reason.to_owned(), at: at.unwrap_or(now) }))
}

/// The contact named by id or known by e-mail; None where a new one is due.
fn known_contact(
    state: &State,
    body: &Fields,
    emails: &[String],
) -> Result<Option<String>, Failure> {
    if let Some(id) = body.text("contact")? {
        return match state.contacts.contains_key(id) {
            true => Ok(Some(id.to_owned())),
            false => Err(body.refuse("contact", "Contact was not found.")),
        };
    }
    let wanted: Vec<_> = emails.iter().map(|email| canonical_email(email)).collect();
    let mut contacts = state.contacts.values();
    let known = contacts.find(|contact| {
        contact.emails.iter().any(|email| wanted.contains(&canonical_email(email)))
    });
    Ok(known.map(|contact| contact.id.clone()))
}

fn application(id: &str, opportunity: &str, posting: &Value, actor: &str, now: u64) -> Application {
    let fields = json!({
        "id": id,
        "type": "user",
        "candidateId": opportunity,
        "opportunityId": opportunity,
        "posting": null,
        "postingHiringManager": posting.get("hiringManager"),
        "postingOwner": posting.get("owner"),
        "name": null,
        "company": null,
        "phone": null,
        "email": null,
        "links": [],
        "comments": null,
        "user": actor,
        "customQuestions": [],
        "createdAt": now,
        "archived": null,
        "requisitionForHire": null,
        "ipAddress": null,
        "referer": null,
        "userAgent": null,
        "acceptLanguage": null,
        "timezone": null,
    });
    Application {
        posting: text(posting, "id").to_owned(),
        archived: None,
        requisition: None,
        fields: fields.as_object().cloned().unwrap_or_default(),
    }
}

pub(super) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let body = call.body()?;
    call.flag("parse")?;
    let posting = one_posting(state, &body)?;
    let actor = match (call.flag("perform_as_posting_owner")?, &posting) {
        (Some(true), Some(posting)) => text(posting, "owner").to_owned(),
        (Some(true), None) => {
            return Err(Failure::Query(
                "perform_as_posting_owner needs exactly one posting".to_owned(),
            ));
        }
        _ => call.actor.clone().unwrap_or_default(),
    };
    let actor = Some(actor).filter(|actor| !actor.is_empty());
    let stage = body.text("stage")?.unwrap_or("lead-new").to_owned();
    let index =
        state.stage_index(&stage).ok_or_else(|| body.refuse("stage", "Stage was not found."))?;
    let origin = body.text("origin")?.unwrap_or("sourced").to_owned();
    if !is_origin(&origin) {
        return Err(body.refuse("origin", "Unknown origin."));
    }
    let given_at = body.past("createdAt", call.now)?;
    let archived = archive_mark(state, &body, given_at, call.now)?;
    let owner = known_user(state, &body, "owner")?.or_else(|| actor.clone());
    let mut followers: Vec<String> = owner.iter().cloned().collect();
    let wanted = body.texts("followers")?.unwrap_or_default();
    if wanted.iter().any(|id| state.user(id).is_none()) {
        return Err(body.refuse("followers", "User was not found."));
    }
    add(&mut followers, wanted);
    let mut tags = Vec::new();
    add(&mut tags, body.texts("tags")?.unwrap_or_default());
    add(&mut tags, posting.as_ref().map(posting_tags).unwrap_or_default());
    let location = body.text("opportunityLocation")?.map(str::to_owned);
    let emails = body.texts("emails")?.unwrap_or_default();
    let known = known_contact(state, &body, &emails)?;
    let is_deduped = known.is_some();
    let person = Contact {
        id: String::new(),
        name: body.text("name")?.unwrap_or_default().to_owned(),
        headline: body.text("headline")?.unwrap_or_default().to_owned(),
        location: body.text("location")?.unwrap_or_default().to_owned(),
        emails,
        phones: phones(&body)?,
        links: body.texts("links")?.unwrap_or_default(),
        is_anonymized: false,
        data_protection: Value::Null,
    };
    let sources = body.texts("sources")?.unwrap_or_default();

    let id = state.random.uuid();
    let contact = known.unwrap_or_else(|| {
        let id = state.random.uuid();
        state.contacts.insert(id.clone(), Contact { id: id.clone(), ..person });
        id
    });
    let created_at = given_at.unwrap_or(call.now);
    let application = posting.as_ref().map(|posting| {
        let application_id = state.random.uuid();
        let mut made = application(
            &application_id,
            &id,
            posting,
            actor.as_deref().unwrap_or_default(),
            created_at,
        );
        made.archived.clone_from(&archived);
        state.applications.insert(application_id.clone(), made);
        application_id
    });
    let place = posting.as_ref().and_then(|posting| posting.get("categories"));
    let place = place.map(|categories| text(categories, "location").to_owned());
    let row = Opportunity {
        id: id.clone(),
        contact,
        stage: stage.clone(),
        confidential: false,
        tags,
        sources,
        archived,
        stage_changes: vec![StageChange { stage, index, at: created_at, user: actor.clone() }],
        sourced_by: actor.filter(|_| origin == "sourced"),
        origin,
        owner,
        followers,
        location: place.map(|place| location.unwrap_or(place)),
        application,
        created_at,
        updated_at: Some(call.now),
        last_interaction_at: created_at,
        last_advanced_at: created_at,
        snoozed_until: None,
        extra: Map::new(),
    };
    // Unlike other writes, a creation shows the person; the place is left out here too.
    let mut view = state.view(&row);
    if let Some(map) = view.as_object_mut() {
        map.retain(|name, _| name != "opportunityLocation");
    }
    if !is_deduped {
        state.fire_contact("contactCreated", &row.contact);
    }
    if let Some(application) = &row.application {
        state.fire("applicationCreated", &row, json!({"applicationId": application}));
    }
    state.opportunities.insert(id, row);
    Ok(Answer::Whole(201, json!({"deduped": is_deduped, "data": view})))
}
