//! Receives Lever's webhooks: runs `lever-webhooks.wasm` for each delivery and
//! takes what it forwards.
//!
//! The component checks and answers; it can reach nothing but the sink of this
//! process, which appends the event to a file, or hands it on, and remembers
//! its token beyond restarts. The signature covers neither the event's name nor
//! its data: an event is a hint to read the record again.

mod forward;
mod instance;
mod journal;
mod lines;
mod peers;
mod server;
mod sink;
mod tokens;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::audit::{Audit, AuditError, Decision, Kind, Record, call_id};
use crate::egress::{ConnectError, TlsError};
use crate::runtime::HostError;

pub use forward::{Forward, ForwardError};
pub use server::Limits;
pub use tokens::{SignatureTokens, TokenError};

use instance::Instances;
use sink::Sink;

/// The largest delivery, in bytes; real ones are below 1 KiB. The component has
/// the same bound.
const LARGEST: usize = 1 << 20;

/// The header in which an answer says what became of a delivery.
const HEADER: &str = "lever-webhooks";

/// How a receiver is set up.
pub struct Config {
    /// The address it listens on.
    pub bind: IpAddr,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// The signature tokens of the webhooks.
    pub tokens: SignatureTokens,
    /// The file that events are appended to, one a line; standard output when
    /// there is neither this nor `forward`.
    pub jsonl: Option<PathBuf>,
    /// Where tokens of taken deliveries are kept; beside the file of the events
    /// when absent, and in memory alone where there is none.
    pub seen: Option<PathBuf>,
    /// Where events are sent as well.
    pub forward: Option<Forward>,
    /// How old a delivery may be.
    pub max_age: Duration,
    /// Where compiled code is kept; a directory of the user's own.
    pub cache_dir: Option<PathBuf>,
    /// Where a record of each delivery goes.
    pub audit: Audit,
    /// What senders may take.
    pub limits: Limits,
}

impl Config {
    /// A receiver on any free port of 127.0.0.1 that takes deliveries of a day.
    pub fn new(tokens: SignatureTokens) -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            tokens,
            jsonl: None,
            seen: None,
            forward: None,
            max_age: Duration::from_secs(24 * 60 * 60),
            cache_dir: None,
            audit: Audit::none(),
            limits: Limits::default(),
        }
    }
}

/// Why a receiver cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The component cannot be run.
    #[error(transparent)]
    Host(#[from] HostError),
    /// TLS cannot be set up for the forward URL.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nothing can be sent to the forward URL.
    #[error("events cannot be forwarded: {0}")]
    Forward(#[source] ConnectError),
    /// A file cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No record can be written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: std::io::Error,
    },
}

/// A running receiver. Dropping it ends it at once; [`stop`](Self::stop) lets
/// what has begun come to its end.
pub struct Receiver {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    sink: Arc<Sink>,
    audit: Audit,
}

impl Receiver {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When a file, the component or the address cannot be used.
    pub async fn start(config: Config) -> Result<Self, WebhookError> {
        let address = SocketAddr::new(config.bind, config.port);
        let max_age_ms = u64::try_from(config.max_age.as_millis()).unwrap_or(u64::MAX);
        let sink =
            Arc::new(Sink::open(config.jsonl, config.seen, config.forward, max_age_ms, wall_ms())?);
        sink.check().await?;
        let instances = Instances::new(
            &config.tokens,
            max_age_ms,
            config.cache_dir.as_deref(),
            Arc::clone(&sink),
        )?;
        let bound = TcpListener::bind(address).await;
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|cause| WebhookError::Bind { address, cause })?;
        let audit = config.audit;
        let handler =
            Arc::new(Handler { instances, audit: audit.clone(), sink: Arc::clone(&sink) });
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(server::run(listener, handler, config.limits, stopping));
        Ok(Self { address, stop, task, sink, audit })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens files anew that were moved away, that of the audit among them; the
    /// next line of each would do so as well.
    ///
    /// # Errors
    ///
    /// When one cannot be opened; deliveries are turned away until it can be.
    pub async fn reopen(&self) -> Result<(), WebhookError> {
        self.audit.ready()?;
        self.sink.reopen().await
    }

    /// Takes no more connections, and waits until those it has are answered.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A panic in it has been reported by itself.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a sender is answered: a status, and a word on what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reply {
    status: u16,
    word: &'static str,
    /// What happened, by the component's names.
    kind: Option<&'static str>,
}

impl Reply {
    const fn new(status: u16, word: &'static str) -> Self {
        Self { status, word, kind: None }
    }

    fn is_taken(self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Takes deliveries one by one, and writes down each.
struct Handler {
    instances: Instances,
    audit: Audit,
    sink: Arc<Sink>,
}

impl Handler {
    /// Whether a delivery could be taken now, as far as the files go; leaves no
    /// record.
    async fn health(&self) -> Reply {
        if self.audit.ready().is_err() {
            return Reply::new(503, "no-record");
        }
        match self.sink.reopen().await {
            Ok(()) => Reply::new(200, "ready"),
            Err(_) => Reply::new(503, "not-written"),
        }
    }

    async fn take(&self, method: http::Method, body: Bytes) -> Reply {
        if self.audit.ready().is_err() {
            return Reply::new(503, "no-record");
        }
        let start = Instant::now();
        let reply = self.instances.run(method, body).await;
        match self.record(reply, start.elapsed()).await {
            // What was taken was taken, and is a repeat when it comes again.
            Err(_) => Reply::new(503, "no-record"),
            Ok(()) => reply,
        }
    }

    async fn record(&self, reply: Reply, took: Duration) -> Result<(), AuditError> {
        let what = reply.kind.map(|kind| format!(" of {kind}")).unwrap_or_default();
        let text = match reply.is_taken() {
            true => format!("a delivery{what} was taken: {}", reply.word),
            false => format!("a delivery{what} was refused: {}", reply.word),
        };
        let record = Record {
            kind: Kind::Call,
            call: call_id(),
            agent: "webhooks".to_owned(),
            component: self.instances.digest().chars().take(16).collect(),
            function: "webhooks.receive".to_owned(),
            decision: if reply.is_taken() { Decision::Allowed } else { Decision::Refused },
            rule: reply.word.to_owned(),
            status: Some(reply.status),
            ms: u64::try_from(took.as_millis()).ok(),
            text,
            ..Record::default()
        };
        match reply.is_taken() {
            // Its sender will not come again.
            true => self.audit.write_synced(record).await,
            false => self.audit.write(record),
        }
    }
}

/// Milliseconds since 1970.
fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
