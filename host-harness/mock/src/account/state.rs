//! The state of an account.
//!
//! Checks no request; `views` renders the records.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::events::Event;
use crate::account::records::{
    Application, Contact, Opportunity, Reason, Stage, StageChange, canonical_email, text,
};
use crate::account::tables::Tables;
use crate::random::Random;

/// Everything the account holds.
#[derive(Debug)]
pub(crate) struct State {
    pub stages: Vec<Stage>,
    pub reasons: Vec<Reason>,
    pub users: Vec<Value>,
    pub postings: Vec<Value>,
    pub contacts: BTreeMap<String, Contact>,
    pub applications: BTreeMap<String, Application>,
    pub opportunities: BTreeMap<String, Opportunity>,
    /// The records of every other resource.
    pub tables: Tables,
    /// Its own id, which only internal shapes show.
    pub account: String,
    /// The events of the last write.
    pub events: Vec<Event>,
    /// Source of the ids of new records.
    pub random: Random,
    /// Whether webhooks may call this machine by plain http.
    pub loopback_webhooks: bool,
}

impl State {
    /// An empty account.
    pub fn new(random: Random) -> Self {
        Self {
            stages: Vec::new(),
            reasons: Vec::new(),
            users: Vec::new(),
            postings: Vec::new(),
            contacts: BTreeMap::new(),
            applications: BTreeMap::new(),
            opportunities: BTreeMap::new(),
            tables: Tables::default(),
            account: String::new(),
            events: Vec::new(),
            random,
            loopback_webhooks: true,
        }
    }

    /// The records of a type, in the order they were made.
    pub fn all<T: Send + 'static>(&self) -> &[T] {
        self.tables.all()
    }

    /// The same, to be changed.
    pub fn all_mut<T: Send + 'static>(&mut self) -> &mut Vec<T> {
        self.tables.all_mut()
    }

    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    pub fn stage_index(&self, id: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.id == id)
    }

    pub fn reason(&self, id: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.id == id)
    }

    pub fn user(&self, id: &str) -> Option<&Value> {
        self.users.iter().find(|user| text(user, "id") == id)
    }

    /// What expanding a user's id shows.
    pub fn user_view(&self, id: &str) -> Value {
        self.user(id).cloned().unwrap_or_else(|| Value::from(id))
    }

    pub fn posting(&self, id: &str) -> Option<&Value> {
        self.postings.iter().find(|posting| text(posting, "id") == id)
    }

    /// The contact that has one of these e-mail addresses.
    pub fn contact_of(&self, emails: &[String]) -> Option<String> {
        let wanted: Vec<_> = emails.iter().map(|email| canonical_email(email)).collect();
        let mut contacts = self.contacts.values();
        let known = contacts.find(|contact| {
            contact.emails.iter().any(|email| wanted.contains(&canonical_email(email)))
        });
        known.map(|contact| contact.id.clone())
    }

    /// Fires an event of an opportunity, whose ids are added to the data.
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

    /// Moves an opportunity to a stage and fires the event; None where one of them does not exist.
    pub fn move_to(&mut self, id: &str, stage: &str, now: u64, user: Option<String>) -> Option<()> {
        let index = self.stage_index(stage)?;
        let row = self.opportunities.get_mut(id)?;
        row.updated_at = Some(now);
        let from = std::mem::replace(&mut row.stage, stage.to_owned());
        row.last_advanced_at = now;
        row.last_interaction_at = now;
        row.stage_changes.push(StageChange { stage: stage.to_owned(), index, at: now, user });
        let row = row.clone();
        self.fire(
            "candidateStageChange",
            &row,
            json!({"fromStageId": from, "toStageId": row.stage}),
        );
        Some(())
    }
}
