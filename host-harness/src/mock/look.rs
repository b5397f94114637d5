//! The account as tests look at it: past every route, so that no read can hide the fault of a write.

use serde_json::Value;

use super::service::Service;
use super::store;

/// The account's records, as GET would show them now to a credential that may see everything.
#[derive(Debug)]
pub struct StoreView<'m>(&'m Service);

impl<'m> StoreView<'m> {
    pub(super) fn new(service: &'m Service) -> Self {
        Self(service)
    }

    fn ids(&self, with_confidential: bool) -> Vec<String> {
        let state = &self.0.lock().state;
        let rows =
            state.opportunities.values().filter(|row| with_confidential || !row.confidential);
        let mut keys: Vec<_> = rows.map(|row| (state.key(row), &row.id)).collect();
        keys.sort();
        keys.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Ids of the opportunities the list shows without filters, in its order.
    #[must_use]
    pub fn opportunity_ids(&self) -> Vec<String> {
        self.ids(false)
    }

    /// Ids of all opportunities, confidential ones too, in the order of the list.
    #[must_use]
    pub fn all_opportunity_ids(&self) -> Vec<String> {
        self.ids(true)
    }

    /// An opportunity, nothing expanded.
    #[must_use]
    pub fn opportunity(&self, id: &str) -> Option<Value> {
        let state = &self.0.lock().state;
        state.opportunities.get(id).map(|row| state.view(row))
    }

    /// A contact.
    #[must_use]
    pub fn contact(&self, id: &str) -> Option<Value> {
        self.0.lock().state.contacts.get(id).map(|contact| contact.view())
    }

    /// An application.
    #[must_use]
    pub fn application(&self, id: &str) -> Option<Value> {
        self.0.lock().state.applications.get(id).map(|application| application.view())
    }

    /// The notes of an opportunity, in the order they were made.
    #[must_use]
    pub fn notes(&self, opportunity: &str) -> Vec<Value> {
        self.0.lock().state.notes_of(opportunity).map(|note| note.view()).collect()
    }

    /// Every stage, in pipeline order.
    #[must_use]
    pub fn stages(&self) -> Vec<Value> {
        self.0.lock().state.stages.iter().map(|stage| stage.view()).collect()
    }

    /// Every archive reason.
    #[must_use]
    pub fn archive_reasons(&self) -> Vec<Value> {
        self.0.lock().state.reasons.iter().map(|reason| reason.view()).collect()
    }

    /// Every user, deactivated ones too.
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        self.0.lock().state.users.clone()
    }

    /// Every posting.
    #[must_use]
    pub fn postings(&self) -> Vec<Value> {
        self.0.lock().state.postings.clone()
    }

    /// Ids of the requisitions: open ones first, then closed ones.
    #[must_use]
    pub fn requisitions(&self) -> (Vec<String>, Vec<String>) {
        let state = &self.0.lock().state;
        let (open, closed): (Vec<_>, Vec<_>) =
            state.requisitions.iter().partition(|requisition| requisition.open);
        let ids =
            |rows: Vec<&store::Requisition>| rows.into_iter().map(|row| row.id.clone()).collect();
        (ids(open), ids(closed))
    }
}
