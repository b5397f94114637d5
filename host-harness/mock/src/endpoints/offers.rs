//! Offers and their documents, sent and signed.
//!
//! Read-only: offers are made in the product.

use serde_json::{Map, Value, json};

use crate::account::documents::{Stored, pdf};
use crate::account::records::{Opportunity, text};
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, PAGE, Resource, below, read};
use crate::endpoints::common::{access, transfer};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["offers"];

const OFFERS: &str = "/opportunities/:opportunity/offers";
const DOWNLOAD: &str = "/opportunities/:opportunity/offers/:offer/download";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "offers",
    rows: &[
        read(SCOPE, OFFERS, PAGE, EXPAND, list),
        read(SCOPE, DOWNLOAD, &["status"], &[], download),
    ],
    records: Some(|state| {
        state.all::<Offer>().iter().map(|it| below(it.view(), &it.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// What can be expanded.
const EXPAND: &[&str] = &["creator"];

/// An offer.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub id: String,
    pub opportunity: String,
    pub creator: String,
    pub created_at: u64,
    /// Every other field, as Lever sends it.
    pub fields: Map<String, Value>,
    pub sent: Option<Stored>,
    pub signed: Option<Stored>,
}

impl Offer {
    fn document(&self, stored: Option<&Stored>, status: &str) -> Value {
        let path = format!("opportunities/{}/offers/{}/download", self.opportunity, self.id);
        stored.map_or(Value::Null, |stored| {
            json!({
                "fileName": stored.document.name,
                "uploadedAt": stored.uploaded_at,
                "downloadUrl": format!("https://api.lever.co/v1/{path}?status={status}"),
            })
        })
    }

    pub fn view(&self) -> Value {
        let mut view = self.fields.clone();
        let own = [
            ("id", json!(self.id)),
            ("creator", json!(self.creator)),
            ("createdAt", json!(self.created_at)),
            ("sentDocument", self.document(self.sent.as_ref(), "sent")),
            ("signedDocument", self.document(self.signed.as_ref(), "signed")),
        ];
        view.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(view)
    }
}

impl State {
    /// The offers of an opportunity, oldest first.
    pub fn offers_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Offer> {
        self.all::<Offer>().iter().filter(move |offer| offer.opportunity == opportunity)
    }
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let is_expanded = call.all("expand").contains(&"creator");
    let rows = state.offers_of(&opportunity.id).map(|offer| {
        let mut view = offer.view();
        if let (true, Some(creator)) = (is_expanded, view.get_mut("creator")) {
            *creator = state.user_view(&offer.creator);
        }
        let key = page::by_time(offer.created_at, &offer.id);
        (key, call.select(view))
    });
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn download(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let mut offers = state.offers_of(&opportunity.id);
    let offer = offers.find(|offer| offer.id == call.id(1)).ok_or(Failure::NoRecord("Offer"))?;
    let stored = match call.one("status")? {
        None => offer.signed.as_ref().or(offer.sent.as_ref()),
        Some("sent") => offer.sent.as_ref(),
        Some("signed") => offer.signed.as_ref(),
        Some(_) => return Err(Failure::Query("Invalid parameter: status".to_owned())),
    };
    transfer::download(stored.ok_or(Failure::NoRecord("Offer document"))?, true)
}

fn offer_field(text: &str, identifier: &str, value: Value) -> Value {
    json!({"text": text, "identifier": identifier, "value": value})
}

fn seed_one(state: &mut State, row: &Opportunity, n: usize) {
    let status = [
        "draft",
        "approval-sent",
        "approved",
        "sent",
        "sent-manually",
        "opened",
        "denied",
        "signed",
    ];
    let status = status.get(n % 8).copied().unwrap_or_default();
    let name = state.contacts.get(&row.contact).map(|contact| contact.name.clone());
    let email = state.contacts.get(&row.contact).and_then(|it| it.emails.first().cloned());
    let application = row.application.as_ref().and_then(|id| state.applications.get(id));
    let posting = application.map(|application| application.posting.clone());
    let manager = state.users.get(1).map(|user| text(user, "id").to_owned());
    let at = row.last_advanced_at;
    let (is_draft, is_signed) = (status == "draft", status == "signed");
    let is_sent = ["sent", "opened", "denied", "signed"].contains(&status);
    let mut signature = json!({
        "role": "candidate",
        "name": name.as_ref().filter(|_| !is_draft),
        "email": email.filter(|_| !is_draft),
    });
    let signing = [
        ("firstOpenedAt", json!(is_signed.then_some(at + DAY))),
        ("lastOpenedAt", json!(is_signed.then_some(at + 2 * DAY))),
        ("signedAt", json!(is_signed.then_some(at + 2 * DAY))),
        ("signed", json!(is_signed)),
    ];
    if let (false, Some(map)) = (is_draft, signature.as_object_mut()) {
        map.extend(signing.map(|(name, value)| (name.to_owned(), value)));
    }
    let signature = json!({"candidate": signature});
    let fields = json!({
        "posting": posting,
        "status": status,
        "fields": [
            offer_field("Job posting", "job_posting", json!(posting)),
            offer_field("Job title", "job_title", json!("Infrastructure Engineer")),
            offer_field("Candidate name", "candidate_name", json!(name)),
            offer_field("Office location", "location/office", json!("Portland, OR")),
            offer_field("Offered compensation amount", "salary_amount", json!(160_000)),
            offer_field("Hiring manager", "hiring_manager", json!(manager)),
            offer_field("Today's date", "today_date", json!(at)),
            offer_field("Offered equity", "offered_equity", Value::Null),
            offer_field("Relocation bonus", "custom_relocation_bonus", json!("5,000")),
        ],
        "signatures": if status == "sent-manually" { Value::Null } else { signature },
        "approved": if is_draft { Value::Null } else { json!(status != "approval-sent") },
        "approvedAt": (!is_draft && status != "approval-sent").then_some(at + 3_600_000),
        "sentAt": (is_sent || status == "sent-manually").then_some(at + 7_200_000),
    });
    let document = |name: &str, at| Stored::new(name, pdf(&format!("{name} of {}", row.id)), at);
    let made = Offer {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        creator: row.owner.clone().unwrap_or_default(),
        created_at: at,
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        sent: is_sent.then(|| document("offer-letter.pdf", at + 7_200_000)),
        signed: is_signed.then(|| document("offer-letter_signed.pdf", at + 2 * DAY)),
    };
    state.all_mut::<Offer>().push(made);
}

/// Offers of every status, to those who have come that far.
fn seed(state: &mut State, _: &Seeding) {
    let rows = state.opportunities.values();
    let late = rows.filter(|row| state.stage_index(&row.stage).is_some_and(|at| at >= 10));
    let late: Vec<_> = late.cloned().collect();
    for (n, row) in late.iter().enumerate() {
        seed_one(state, row, n);
    }
}
