//! Offers and their documents, sent and signed.
//!
//! Read-only: offers are made in the product.

use serde_json::{Map, Value, json};

use crate::account::documents::Stored;
use crate::account::state::State;
use crate::endpoints::opportunities::{find, select};
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// What can be expanded.
pub(crate) const EXPAND: &[&str] = &["creator"];

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
        self.offers.iter().filter(move |offer| offer.opportunity == opportunity)
    }
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let is_expanded = call.all("expand").contains(&"creator");
    let rows = state.offers_of(&opportunity.id).map(|offer| {
        let mut view = offer.view();
        if let (true, Some(creator)) = (is_expanded, view.get_mut("creator")) {
            *creator = state.user_view(&offer.creator);
        }
        let key = vec![Part::Earliest(offer.created_at), Part::Text(offer.id.clone())];
        (key, select(view, call))
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn download(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let mut offers = state.offers_of(&opportunity.id);
    let offer = offers.find(|offer| offer.id == call.id(1)).ok_or(Failure::NoRecord("Offer"))?;
    let stored = match call.one("status")? {
        None => offer.signed.as_ref().or(offer.sent.as_ref()),
        Some("sent") => offer.sent.as_ref(),
        Some("signed") => offer.signed.as_ref(),
        Some(_) => return Err(Failure::Query("Invalid parameter: status".to_owned())),
    };
    stored.ok_or(Failure::NoRecord("Offer document"))?.download()
}
