//! A mock of Lever's API on the loopback interface: stateful, seeded, and breakable on demand.
//!
//! Its own reading of Lever's rules: it shares no code with any client, so that a mistake on one
//! side shows. What it leaves out stands in [`DIFFERENCES`].

mod answer;
mod auth;
mod bucket;
mod call;
mod changes;
mod config;
mod creation;
mod deliveries;
mod events;
mod faults;
mod filters;
mod lists;
mod notes;
mod opportunities;
mod page;
mod random;
mod routes;
mod seed;
mod seen;
mod server;
mod service;
mod store;
mod views;
mod webhooks;
mod wire;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use config::{ACCESS_TOKEN, API_KEY, Config, PerformAs, Rate, RetryAfter, UnknownQuery};
pub use deliveries::{Attempt, Delivery};
pub use faults::{Content, Effect, Fault};
pub use seen::Seen;
pub use webhooks::WebhookRules;

use service::Service;

/// What the mock does not reproduce, and what it had to choose.
pub const DIFFERENCES: &str = "\
Left out:
- Endpoints: applications, apply, contacts, interviews, panels, feedback, forms, offers, requisitions,
  files, uploads, resumes, referrals, surveys, audit events, webhooks, OAuth, every deleted list,
  and writes to users and postings.
- Permissions of single keys: an accepted credential may do everything but see confidential records.
- Multipart bodies: an opportunity is created from JSON, without files; `parse` changes nothing.
- Side effects: no mail, no webhook, no interview is cleaned up, no snooze runs out.
- TLS, HTTP/2, redirects.
- Most filters and all expansions of postings.
Chosen where Lever's behaviour is not public:
- 429 has code TooManyRequests, 405 MethodNotAllowed, 403 ForbiddenError, 415 UnsupportedMediaType.
- The credential is checked first, then the rate limit, then the path. Each credential has its own bucket.
- A confidential record read by its id without access answers 403.
- A deactivated user read by its id answers 404.
- A note made in the product answers 403 to changes.
- Wrong values of known parameters answer 400; unknown parameters are ignored, or 400 if so configured.
- A paging token made for another query, or made up, answers 400.
- Notes, users and postings come oldest first, tags and sources by text.
- An unknown id in a body answers 400 with its JSON pointer, an unknown id in a path 404.
- A new opportunity without origin is `sourced`; its owner is the user it is attributed to.
- Archiving again sets a new time. Naming the contact counts as `deduped`. A write with nothing to change still moves `updatedAt`.";

/// A running mock; it stops when dropped.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    service: Arc<Service>,
    task: JoinHandle<()>,
    deliverer: JoinHandle<()>,
}

impl Mock {
    /// Starts a mock on 127.0.0.1; needs a tokio runtime with io and time.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let address = listener.local_addr()?;
        let (service, orders) = Service::new(config);
        let service = Arc::new(service);
        let task = tokio::spawn(server::run(listener, Arc::clone(&service)));
        let deliverer = tokio::spawn(deliveries::run(Arc::clone(&service), orders));
        Ok(Self { address, service, task, deliverer })
    }

    /// Where the API is: `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, routes::BASE)
    }

    /// Every request received, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.service.lock().seen.clone()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.service.lock().seen.clear();
    }

    /// The requests that were decided on, out of its memory; those under way stay.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Seen> {
        let seen = &mut self.service.lock().seen;
        let (under_way, decided) = std::mem::take(seen).into_iter().partition(Seen::is_under_way);
        *seen = under_way;
        decided
    }

    /// Every request received, one a line, for the message of a failing test.
    #[must_use]
    pub fn describe(&self) -> String {
        let inner = self.service.lock();
        let lines: String = inner.seen.iter().map(|seen| format!("\n  {seen}")).collect();
        format!("{} requests received{lines}", inner.seen.len())
    }

    /// Adds a fault; earlier ones count first.
    pub fn inject(&self, fault: Fault) {
        self.service.lock().faults.add(fault);
    }

    /// Drops all faults still waiting.
    pub fn clear_faults(&self) {
        self.service.lock().faults = faults::Faults::default();
    }

    /// The latest deliveries of webhooks, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.service.deliveries.history()
    }

    /// Waits until every delivery sent so far was taken or given up.
    pub async fn deliveries_settled(&self) {
        self.service.deliveries.settled().await;
    }

    /// Sends the settings page's test to a webhook, once; None where there is no such webhook.
    pub async fn ping(&self, webhook: &str) -> Option<Result<u16, String>> {
        let deliveries = &self.service.deliveries;
        let now = service::wall_clock();
        let number = deliveries.ping(&mut self.service.lock().state, webhook, now)?;
        deliveries.attempt(number).await
    }

    /// Sends a delivery once more, as it was, by its number; None where it is not remembered.
    pub async fn repeat_delivery(&self, number: u64) -> Option<Result<u16, String>> {
        self.service.deliveries.attempt(number).await
    }

    /// Holds deliveries back from now on.
    pub fn hold_deliveries(&self) {
        self.service.deliveries.hold();
    }

    /// Sends the deliveries held back, the last one first if reversed, and no longer holds any.
    pub fn release_deliveries(&self, reversed: bool) {
        self.service.deliveries.release(reversed);
    }

    /// What the account holds now.
    #[must_use]
    pub fn store(&self) -> StoreView<'_> {
        StoreView(&self.service)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.task.abort();
        self.deliverer.abort();
    }
}

/// The account's records, as GET would show them now to a credential that may see everything.
#[derive(Debug)]
pub struct StoreView<'m>(&'m Service);

impl StoreView<'_> {
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
