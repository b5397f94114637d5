//! What happens in the account that webhooks tell of: writes fire it, whoever delivers takes it.
//!
//! Payloads carry ids only. Which subscription hears of it, and how, is decided elsewhere.

use serde_json::{Value, json};

use crate::account::state::{Opportunity, State};

/// One happening.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// As subscriptions name it: `candidateStageChange`.
    pub name: &'static str,
    /// The opportunity's origin, which four of the events can be filtered by.
    pub origin: Option<String>,
    /// The delivery's `data`.
    pub data: Value,
}

impl State {
    /// Notes down that something happened to an opportunity; its ids are put into the data.
    pub fn fire(&mut self, name: &'static str, row: &Opportunity, data: Value) {
        let mut ids = json!({
            "opportunityId": row.id,
            "candidateId": row.id,
            "contactId": row.contact,
        });
        if let (Some(ids), Value::Object(data)) = (ids.as_object_mut(), data) {
            ids.extend(data);
        }
        self.events.push(Event { name, origin: Some(row.origin.clone()), data: ids });
    }

    /// The same of a contact.
    pub fn fire_contact(&mut self, name: &'static str, contact: &str) {
        self.events.push(Event { name, origin: None, data: json!({"contactId": contact}) });
    }
}
