//! A running mock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::oauth::tokens::Token;
use crate::server::config::Config;
use crate::server::connection::{self, Side};
use crate::server::deliveries::{self, Delivery};
use crate::server::faults::{Fault, Faults};
use crate::server::inspect::StoreView;
use crate::server::routes;
use crate::server::seen::Seen;
use crate::server::service::{self, Service};
use crate::server::storage::{Fetched, Hop};

/// A running mock; it stops when dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use lever_mock::{Config, Mock};
///
/// let mock = Mock::start(Config::default()).await?;
/// let (base_url, api_key) = (mock.base_url(), lever_mock::API_KEY);
/// // Run a client with these, then check what it sent:
/// # drop((base_url, api_key));
/// let writes = mock.requests().into_iter().filter(|request| request.method != "GET");
/// assert_eq!(writes.count(), 0, "{}", mock.describe());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Mock {
    pub(crate) address: SocketAddr,
    pub(crate) storage: SocketAddr,
    pub(crate) service: Arc<Service>,
    pub(crate) admin: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Mock {
    /// Starts a mock on 127.0.0.1; needs a tokio runtime with io and time.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = listen(config.port).await?;
        let storage_listener = listen(config.storage_port).await?;
        let admin_listener = match config.admin_port {
            Some(port) => Some(listen(port).await?),
            None => None,
        };
        let (address, storage) = (listener.local_addr()?, storage_listener.local_addr()?);
        let (service, orders) = Service::new(config, format!("http://{storage}"));
        let service = Arc::new(service);
        let serve =
            |listener, side| tokio::spawn(connection::run(listener, Arc::clone(&service), side));
        let subscriptions = Arc::clone(&service);
        let is_subscribed = move |webhook: &str| subscriptions.has_webhook(webhook);
        let queue = Arc::clone(&service.deliveries);
        let deliver = tokio::spawn(deliveries::run(queue, is_subscribed, orders));
        let mut tasks =
            vec![serve(listener, Side::Api), serve(storage_listener, Side::Storage), deliver];
        let admin = admin_listener.as_ref().map(TcpListener::local_addr).transpose()?;
        tasks.extend(admin_listener.map(|listener| serve(listener, Side::Admin)));
        Ok(Self { address, storage, service, admin, tasks })
    }

    /// The base URL of the API: `http://127.0.0.1:PORT/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, routes::BASE)
    }

    /// The URL of the admin side, if there is one: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn admin_url(&self) -> Option<String> {
        self.admin.map(|address| format!("http://{address}"))
    }

    /// The URL of the authorization server: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn auth_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Accepts one more redirect URI.
    pub fn register_redirect(&self, uri: &str) {
        self.service.lock().auth_server.config_mut().redirect_uris.push(uri.to_owned());
    }

    /// Refuses every authorization from now on, with OAuth's error and a description.
    pub fn refuse_authorization(&self, error: &str, description: &str) {
        let refusal = Some((error.to_owned(), description.to_owned()));
        self.service.lock().auth_server.config_mut().refusal = refusal;
    }

    /// Advances the clock of tokens and codes.
    pub fn pass_time(&self, time: Duration) {
        let ahead = &mut self.service.lock().ahead;
        *ahead = ahead.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    /// Ends every login: refresh tokens are refused from now on, access tokens go on to their end.
    pub fn end_logins(&self) {
        self.service.lock().auth_server.end_logins();
    }

    /// Every request received, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.service.lock().seen.clone()
    }

    /// Clears the list of requests received, those to the storage too.
    pub fn clear_requests(&self) {
        self.service.lock().forget_requests();
    }

    /// Takes the requests received out of the list; those in flight stay.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Seen> {
        let seen = &mut self.service.lock().seen;
        let (in_flight, decided) = std::mem::take(seen).into_iter().partition(Seen::is_in_flight);
        *seen = in_flight;
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

    /// Removes all pending faults.
    pub fn clear_faults(&self) {
        self.service.lock().faults = Faults::default();
    }

    /// The authority of the storage that downloads are redirected to: `127.0.0.1:PORT`.
    #[must_use]
    pub fn storage_authority(&self) -> String {
        self.storage.to_string()
    }

    /// Every request the storage received, in order.
    #[must_use]
    pub fn storage_requests(&self) -> Vec<Fetched> {
        self.service.lock().storage.seen.clone()
    }

    /// Takes those requests out of the list.
    #[must_use]
    pub fn take_storage_requests(&self) -> Vec<Fetched> {
        std::mem::take(&mut self.service.lock().storage.seen)
    }

    /// The storage's next sound request is redirected once more, to another URL of its own.
    pub fn redirect_storage(&self) {
        self.service.lock().storage.hops.push_back(Hop::Again);
    }

    /// The storage's next sound request is redirected to this URL, wherever it leads.
    pub fn redirect_storage_to(&self, url: &str) {
        self.service.lock().storage.hops.push_back(Hop::To(url.to_owned()));
    }

    /// Accepts an access token limited to these scopes, for this long.
    pub fn issue_token(&self, token: &str, scopes: &[&str], lifetime: Duration) {
        let lifetime = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        self.service.lock().tokens.issue(Token {
            token: token.to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            expires_at: service::wall_clock().saturating_add(lifetime),
        });
    }

    /// Ends an access token that was issued, or named with its scopes in the configuration.
    pub fn revoke_token(&self, token: &str) {
        self.service.lock().tokens.revoke(token);
    }

    /// The latest deliveries of webhooks, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.service.deliveries.history()
    }

    /// Waits until every delivery sent so far was delivered or given up.
    pub async fn deliveries_settled(&self) {
        self.service.deliveries.settled().await;
    }

    /// Sends the test delivery of the settings page to a webhook, once; None where there is no such
    /// webhook.
    pub async fn ping(&self, webhook: &str) -> Option<Result<u16, String>> {
        let deliveries = &self.service.deliveries;
        let now = service::wall_clock();
        let number = deliveries.ping(&mut self.service.lock().state, webhook, now)?;
        deliveries.attempt(number).await
    }

    /// Sends a delivery once more, as it was, by its number; None where it is no longer kept.
    pub async fn repeat_delivery(&self, number: u64) -> Option<Result<u16, String>> {
        self.service.deliveries.attempt(number).await
    }

    /// Holds deliveries from now on.
    pub fn hold_deliveries(&self) {
        self.service.deliveries.hold();
    }

    /// Sends the held deliveries, the last one first if reversed, and holds no more.
    pub fn release_deliveries(&self, reversed: bool) {
        self.service.deliveries.release(reversed);
    }

    /// What the account holds now.
    #[must_use]
    pub fn store(&self) -> StoreView<'_> {
        StoreView::new(&self.service)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
/// Listens on this port of this machine.
async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        let reason = format!("cannot listen on 127.0.0.1:{port}: {error}");
        std::io::Error::new(error.kind(), reason)
    })
}
