//! Creating an opportunity, and its contact unless an e-mail is already known.
//!
//! With a resume and files where it comes as a form; with `parse=true` the resume fills in what the
//! body leaves out.

use serde_json::{Map, Value, json};

use crate::account::documents::Stored;
use crate::account::postings::{category, is_confidential, posting_tags};
use crate::account::records::{
    Application, Archived, Contact, Opportunity, StageChange, add_new, text,
};
use crate::account::state::State;
use crate::endpoints::applications;
use crate::endpoints::common::transfer;
use crate::endpoints::opportunities::filter::is_origin;
use crate::endpoints::resumes::{self, Parsed};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::form::Part;
use crate::http::reply::{Failure, Reply};

/// The query beside `perform_as`.
pub(crate) const QUERY: &[&str] = &["parse", "perform_as_posting_owner"];

/// What a body may hold.
pub(crate) const KEYS: &[&str] = &[
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

fn one_posting(state: &State, call: &Call, body: &Fields) -> Result<Option<Value>, Failure> {
    let postings = body.texts("postings")?.unwrap_or_default();
    match postings.as_slice() {
        [] => Ok(None),
        [id] => match state.posting(id) {
            Some(posting) if is_confidential(posting) && !call.confidential_access => {
                Err(Failure::Confidential)
            }
            Some(posting) => Ok(Some(posting.clone())),
            None => Err(body.refuse("postings/0", "Posting was not found.")),
        },
        _ => Err(body.refuse("postings", "At most one posting is allowed.")),
    }
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
    let named = body.id_of("contact", "Contact", |id| state.contacts.contains_key(id))?;
    Ok(named.or_else(|| state.contact_of(emails)))
}

/// The person a body describes; the resume fills in what it leaves out.
fn person(body: &Fields, resume: Parsed) -> Result<Contact, Failure> {
    let typed = |name: &str, parsed: Option<String>| {
        Ok(body.text(name)?.map(str::to_owned).or(parsed).unwrap_or_default())
    };
    let parsed_phones =
        resume.phones.into_iter().map(|phone| ("other".to_owned(), phone)).collect();
    Ok(Contact {
        id: String::new(),
        name: typed("name", resume.name)?,
        headline: typed("headline", resume.headline)?,
        location: typed("location", resume.location)?,
        emails: body.texts("emails")?.unwrap_or(resume.emails),
        phones: if body.has("phones") { phones(body)? } else { parsed_phones },
        links: body.texts("links")?.unwrap_or(resume.links),
        is_anonymized: false,
        data_protection: Value::Null,
    })
}

/// The resume and the files of a form, of kinds Lever takes.
fn documents<'c>(call: &'c Call) -> Result<(Option<&'c Part>, Vec<&'c Part>), Failure> {
    let (mut resume, mut files) = (None, Vec::new());
    for part in call.files() {
        let field = part.field.as_str();
        let is_file = ["files", "files[]"].contains(&field);
        if is_file || field == "resumeFile" {
            transfer::check(part.file_name.as_deref().unwrap_or_default(), field)?;
        }
        if is_file {
            files.push(part);
        } else if field == "resumeFile" && resume.replace(part).is_some() {
            let message = "Only one file is allowed.".to_owned();
            return Err(Failure::Field(message, format!("/{field}")));
        }
    }
    Ok((resume, files))
}

/// The user a creation is attributed to: the posting's owner if so requested.
fn attribution(call: &Call, posting: Option<&Value>) -> Result<Option<String>, Failure> {
    let actor = match (call.flag("perform_as_posting_owner")?, posting) {
        (Some(true), Some(posting)) => Some(text(posting, "owner").to_owned()),
        (Some(true), None) => {
            let message = "perform_as_posting_owner needs exactly one posting";
            return Err(Failure::Query(message.to_owned()));
        }
        _ => call.actor.clone(),
    };
    Ok(actor.filter(|actor| !actor.is_empty()))
}

/// The owner and the users a body names.
fn followers(state: &State, body: &Fields, owner: Option<&String>) -> Result<Vec<String>, Failure> {
    let named = body.texts("followers")?.unwrap_or_default();
    if named.iter().any(|id| state.user(id).is_none()) {
        return Err(body.refuse("followers", "User was not found."));
    }
    let mut followers: Vec<String> = owner.into_iter().cloned().collect();
    add_new(&mut followers, named);
    Ok(followers)
}

/// Adds the application of a new opportunity; returns its id.
fn add_application(
    state: &mut State,
    opportunity: &str,
    posting: &Value,
    actor: Option<&String>,
    archived: Option<&Archived>,
    created_at: u64,
) -> String {
    let id = state.random.uuid();
    let mut fields = applications::blank(&id, opportunity, posting, created_at);
    fields.insert("user".to_owned(), json!(actor));
    let application =
        Application { archived: archived.cloned(), ..Application::new(posting, fields) };
    state.applications.insert(id.clone(), application);
    id
}

/// Adds the files and the resume of a form to an opportunity.
fn attach(
    state: &mut State,
    call: &Call,
    id: &str,
    (resume, parsed): (Option<&Part>, Value),
    files: Vec<&Part>,
) {
    for file in files {
        let name = file.file_name.as_deref().unwrap_or_default();
        let stored = Stored::new(name, file.bytes.clone(), call.now);
        state.add_file(id, stored, call.actor.clone());
    }
    if let Some(resume) = resume {
        let name = resume.file_name.as_deref().unwrap_or_default();
        state.add_resume(id, (name, &resume.bytes), parsed, call.actor.clone(), call.now);
    }
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let body = call.body()?;
    let (resume, files) = documents(call)?;
    let parsed = match (call.flag("parse")?, resume) {
        (Some(true), Some(resume)) => Some(resumes::parse(&resume.bytes)),
        _ => None,
    };
    let parsed_view = parsed.as_ref().map(Parsed::view).unwrap_or_default();
    let posting = one_posting(state, call, &body)?;
    let actor = attribution(call, posting.as_ref())?;
    let stage = body.text("stage")?.unwrap_or("lead-new").to_owned();
    let index =
        state.stage_index(&stage).ok_or_else(|| body.refuse("stage", "Stage was not found."))?;
    let origin = body.text("origin")?.unwrap_or("sourced").to_owned();
    if !is_origin(&origin) {
        return Err(body.refuse("origin", "Unknown origin."));
    }
    let given_at = body.past("createdAt", call.now)?;
    let archived = archive_mark(state, &body, given_at, call.now)?;
    let owner =
        body.id_of("owner", "User", |id| state.user(id).is_some())?.or_else(|| actor.clone());
    let followers = followers(state, &body, owner.as_ref())?;
    let mut tags = Vec::new();
    add_new(&mut tags, body.texts("tags")?.unwrap_or_default());
    add_new(&mut tags, posting.as_ref().map(posting_tags).unwrap_or_default());
    let location = body.text("opportunityLocation")?.map(str::to_owned);
    let person = person(&body, parsed.unwrap_or_default())?;
    let known = known_contact(state, &body, &person.emails)?;
    let is_deduped = known.is_some();
    let sources = body.texts("sources")?.unwrap_or_default();

    let id = state.random.uuid();
    let contact = known.unwrap_or_else(|| {
        let id = state.random.uuid();
        state.contacts.insert(id.clone(), Contact { id: id.clone(), ..person });
        id
    });
    let created_at = given_at.unwrap_or(call.now);
    let application = posting.as_ref().map(|posting| {
        add_application(state, &id, posting, actor.as_ref(), archived.as_ref(), created_at)
    });
    let posting_location = posting.as_ref().map(|it| category(it, "location").to_owned());
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
        location: posting_location.map(|known| location.unwrap_or(known)),
        application,
        created_at,
        updated_at: Some(call.now),
        last_interaction_at: created_at,
        last_advanced_at: created_at,
        snoozed_until: None,
        extra: Map::new(),
    };
    // Unlike other writes, a creation shows the person; the location is left out here too.
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
    attach(state, call, &id, (resume, parsed_view), files);
    state.opportunities.insert(id, row);
    Ok(Reply::Body(201, json!({"deduped": is_deduped, "data": view})))
}
