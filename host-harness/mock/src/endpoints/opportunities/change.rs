//! Changing an opportunity: its stage, its archive mark, its tags, sources and links.
//!
//! Responses are as partial as Lever's: all but those about links leave the person out.

use serde_json::{Value, json};

use crate::account::records::{Archived, Opportunity, add_new, text};
use crate::account::state::State;
use crate::account::views;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::Names;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::reply::{Failure, Reply};

/// What the body of an archiving may hold.
pub(crate) const ARCHIVE: Names = &["reason", "cleanInterviews", "requisitionId"];

/// The record without the fields of the person, as the responses to writes show it.
fn without_person(mut view: Value) -> Value {
    if let Some(map) = view.as_object_mut() {
        for name in ["name", "headline", "location"] {
            map.insert(name.to_owned(), json!(""));
        }
        for name in ["emails", "phones", "links"] {
            map.insert(name.to_owned(), json!([]));
        }
        map.insert("dataProtection".to_owned(), Value::Null);
        map.retain(|name, _| name != "opportunityLocation");
    }
    view
}

fn touched<'s>(state: &'s mut State, call: &Call) -> Result<&'s mut Opportunity, Failure> {
    let row = state.opportunities.get_mut(call.id(0)).ok_or(Failure::NoRecord("Opportunity"))?;
    row.updated_at = Some(call.now);
    Ok(row)
}

fn partial(state: &State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, without_person(state.view(access::opportunity(state, call)?))))
}

pub(crate) fn stage(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let body = call.body()?;
    let stage = body.need_text("stage")?;
    state
        .move_to(call.id(0), stage, call.now, call.actor.clone())
        .ok_or_else(|| body.refuse("stage", "Stage was not found."))?;
    partial(state, call)
}

/// The requisition a hire counts towards: only with a hired reason, one active application, an open
/// requisition.
fn requisition_for_hire(
    state: &State,
    row: &Opportunity,
    body: &Fields,
    is_hired: bool,
) -> Result<Option<Value>, Failure> {
    let Some(id) = body.text("requisitionId")? else {
        return Ok(None);
    };
    let refuse = |message: &str| Err(body.refuse("requisitionId", message));
    if !is_hired {
        return refuse("Only allowed with a hired archive reason.");
    }
    let application = row.application.as_ref().and_then(|id| state.applications.get(id));
    if application.is_none_or(|application| application.archived.is_some()) {
        return refuse("Needs exactly one active application.");
    }
    match state.requisition(id) {
        None => refuse("Requisition was not found."),
        Some(requisition) if text(requisition, "status") != "open" => {
            refuse("Requisition is not open.")
        }
        Some(requisition) => Ok(Some(json!({
            "id": requisition.get("id"),
            "requisitionCode": requisition.get("requisitionCode"),
            "hiringManagerOnHire": requisition.get("hiringManager"),
        }))),
    }
}

pub(crate) fn archive(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?;
    let body = call.body()?;
    if !body.has("reason") {
        return Err(Failure::missing(body.pointer("reason")));
    }
    let cleans = body.flag("cleanInterviews")?.unwrap_or(false);
    let reason = match body.text("reason")? {
        None => None,
        Some(id) => Some(
            state
                .reason(id)
                .ok_or_else(|| body.refuse("reason", "Archive reason was not found."))?,
        ),
    };
    let is_hired = reason.is_some_and(|reason| reason.hired);
    let requisition = requisition_for_hire(state, row, &body, is_hired)?;
    let archived = reason.map(|reason| Archived { reason: reason.id.clone(), at: call.now });
    let row = touched(state, call)?;
    let before = std::mem::replace(&mut row.archived, archived.clone());
    row.last_interaction_at = call.now;
    let row = row.clone();
    let application = row.application.as_ref().and_then(|id| state.applications.get_mut(id));
    if let Some(application) = application {
        application.archived.clone_from(&archived);
        application.requisition = requisition;
    }
    if cleans && archived.is_some() {
        state.drop_interviews(&row, |_, interview| interview.is_pending(call.now));
    }
    let change = json!({
        "fromArchived": views::archived(before.as_ref()),
        "toArchived": views::archived(archived.as_ref()),
    });
    state.fire("candidateArchiveChange", &row, change);
    if is_hired {
        state.fire("candidateHired", &row, json!({}));
    }
    partial(state, call)
}

fn remove(list: &mut Vec<String>, items: &[String]) {
    list.retain(|item| !items.contains(item));
}

pub(crate) fn add_tags(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let tags = call.body()?.need_texts("tags")?;
    add_new(&mut touched(state, call)?.tags, tags);
    partial(state, call)
}

pub(crate) fn remove_tags(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let tags = call.body()?.need_texts("tags")?;
    remove(&mut touched(state, call)?.tags, &tags);
    partial(state, call)
}

pub(crate) fn add_sources(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let sources = call.body()?.need_texts("sources")?;
    add_new(&mut touched(state, call)?.sources, sources);
    partial(state, call)
}

pub(crate) fn remove_sources(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let sources = call.body()?.need_texts("sources")?;
    remove(&mut touched(state, call)?.sources, &sources);
    partial(state, call)
}

/// Links belong to the contact, so the change shows on each of its opportunities.
fn change_links(
    state: &mut State,
    call: &Call,
    change: impl FnOnce(&mut Vec<String>, Vec<String>),
) -> Result<Reply, Failure> {
    let contact = access::opportunity(state, call)?.contact.clone();
    let links = call.body()?.need_texts("links")?;
    if let Some(contact) = state.contacts.get_mut(&contact) {
        change(&mut contact.links, links);
    }
    for row in state.opportunities.values_mut().filter(|row| row.contact == contact) {
        row.updated_at = Some(call.now);
    }
    Ok(Reply::Data(200, state.view(access::opportunity(state, call)?)))
}

pub(crate) fn add_links(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    change_links(state, call, add_new)
}

pub(crate) fn remove_links(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    change_links(state, call, |links, removed| remove(links, &removed))
}
