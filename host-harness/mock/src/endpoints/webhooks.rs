//! Webhooks: subscriptions to events of the account.
//!
//! Sends nothing: the server delivers the events.

use serde_json::{Map, Value, json};

use crate::account::events::Event;
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::Unused;
use crate::endpoints::common::resource::{Names, Resource, read, write};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::loopback::loopback;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};
use crate::random::Random;

const SCOPE: Names = &["webhooks"];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "webhooks",
    rows: &[
        read(SCOPE, "/webhooks", &[], &[], list),
        write("POST", SCOPE, "/webhooks", Unused, &[], Json(CREATE), create),
        // With the slash, as documented: nothing shows that Lever takes it without.
        write("PUT", SCOPE, "/webhooks/", Unused, &[], Json(CHANGE), update),
        write("DELETE", SCOPE, "/webhooks/:webhook", Unused, &[], Nothing, delete),
    ],
    records: Some(|state| state.all().iter().map(Webhook::view).collect()),
    ..Resource::EMPTY
};

/// Events that can be narrowed to some origins.
const BY_ORIGIN: [&str; 4] =
    ["applicationCreated", "candidateArchiveChange", "candidateHired", "candidateStageChange"];

/// The other events.
const PLAIN: [&str; 6] = [
    "candidateDeleted",
    "contactCreated",
    "contactUpdated",
    "interviewCreated",
    "interviewDeleted",
    "interviewUpdated",
];

const ORIGINS: [&str; 6] = ["agency", "applied", "internal", "referred", "sourced", "university"];

/// What the body of a creation may hold.
const CREATE: &[&str] = &["event", "url", "configuration/conditions/origins"];

/// What the body of a change of several may hold.
const CHANGE: &[&str] =
    &["data/*/id", "data/*/url", "data/*/event", "data/*/configuration/conditions/origins"];

/// One subscription.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub id: String,
    pub event: &'static str,
    pub url: String,
    /// None for events that have no origins.
    pub origins: Option<Vec<String>>,
    pub signature_token: String,
    created_at: u64,
    updated_at: u64,
}

/// A random token as Lever makes them: 48 hexadecimal digits.
pub(crate) fn token(random: &mut Random) -> String {
    (0..3).map(|_| format!("{:016x}", random.bits())).collect()
}

impl Webhook {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "event": self.event,
            "url": self.url,
            "configuration": self.configuration(),
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        })
    }

    fn configuration(&self) -> Map<String, Value> {
        let conditions = self.origins.as_ref().map(|origins| json!({ "origins": origins }));
        conditions.map(|conditions| ("conditions".to_owned(), conditions)).into_iter().collect()
    }

    /// The response to its creation, the only one with the signature token.
    fn view_with_secret(&self) -> Value {
        let mut view = self.view();
        let mut configuration = self.configuration();
        configuration.insert("signatureToken".to_owned(), json!(self.signature_token));
        if let Some(field) = view.get_mut("configuration") {
            *field = Value::Object(configuration);
        }
        view
    }

    /// Whether it subscribes to this event.
    pub fn subscribes_to(&self, event: &Event) -> bool {
        let wanted = |origins: &Vec<String>| {
            event.origin.as_ref().is_some_and(|origin| origins.contains(origin))
        };
        self.event == event.name && self.origins.as_ref().is_none_or(wanted)
    }
}

fn list(state: &mut State, _: &Call) -> Result<Reply, Failure> {
    let rows: Vec<_> = state.all::<Webhook>().iter().map(Webhook::view).collect();
    // Recorded without `hasNext`, however many there are.
    Ok(Reply::Body(200, json!({ "data": rows })))
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let body = call.body()?;
    let wanted = body.need_text("event")?;
    let event = BY_ORIGIN.into_iter().chain(PLAIN).find(|event| *event == wanted);
    let event = event.ok_or_else(|| body.refuse("event", "Unknown event."))?;
    let url = body.need_text("url")?;
    check_url(&body, url, state.loopback_webhooks)?;
    let origins = origins(&body, event)?;
    let every = || ORIGINS.map(str::to_owned).to_vec();
    let webhook = Webhook {
        id: state.random.uuid(),
        event,
        url: url.to_owned(),
        origins: BY_ORIGIN.contains(&event).then(|| origins.unwrap_or_else(every)),
        signature_token: token(&mut state.random),
        created_at: call.now,
        updated_at: call.now,
    };
    let view = webhook.view_with_secret();
    state.all_mut().push(webhook);
    Ok(Reply::Data(201, view))
}

/// Changes several at once; nothing is changed where one change cannot be made.
fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let body = call.body()?;
    let changes = body.children("data")?.ok_or_else(|| Failure::missing(body.pointer("data")))?;
    let mut changed = state.all::<Webhook>().to_vec();
    let mut views = Vec::new();
    for change in &changes {
        let id = change.need_text("id")?;
        let row = changed.iter_mut().find(|row| row.id == id);
        let row = row.ok_or_else(|| change.refuse("id", "Webhook was not found."))?;
        if change.text("event")?.is_some_and(|event| event != row.event) {
            return Err(change.refuse("event", "The event cannot be changed."));
        }
        if let Some(url) = change.text("url")? {
            check_url(change, url, state.loopback_webhooks)?;
            url.clone_into(&mut row.url);
        }
        if let Some(origins) = origins(change, row.event)? {
            row.origins = Some(origins);
        }
        row.updated_at = call.now;
        views.push(row.view());
    }
    *state.all_mut() = changed;
    Ok(Reply::Body(200, json!({ "data": views })))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let rows = state.all_mut::<Webhook>();
    let at = rows.iter().position(|row| row.id == call.id(0));
    rows.remove(at.ok_or(Failure::NoRecord("Webhook"))?);
    Ok(Reply::Empty)
}

fn check_url(body: &Fields, url: &str, loopback_http: bool) -> Result<(), Failure> {
    let refuse = || Err(body.refuse("url", "Expected an https URL."));
    let Ok(parsed) = url.parse::<http::Uri>() else {
        return refuse();
    };
    let is_here = loopback_http && loopback(&parsed).is_some();
    match parsed.scheme_str() {
        Some("https") if parsed.host().is_some() => Ok(()),
        Some("http") if is_here => Ok(()),
        _ => refuse(),
    }
}

/// The origins in a configuration; None where it names none.
fn origins(body: &Fields, event: &str) -> Result<Option<Vec<String>>, Failure> {
    let Some(configuration) = body.child("configuration")? else {
        return Ok(None);
    };
    let Some(conditions) = configuration.child("conditions")? else {
        return Ok(None);
    };
    let Some(origins) = conditions.texts("origins")? else {
        return Ok(None);
    };
    if !BY_ORIGIN.contains(&event) {
        return Err(conditions.refuse("origins", "This event has no origins."));
    }
    if origins.iter().any(|origin| !ORIGINS.contains(&origin.as_str())) {
        return Err(conditions.refuse("origins", "Unknown origin."));
    }
    Ok(Some(origins))
}
