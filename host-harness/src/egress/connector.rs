//! Connections to the upstream: resolve once, judge the addresses, connect to
//! one that was judged, and speak TLS for the host's name. Where there are
//! several, they are raced; where the operator named a proxy, it is connected to
//! in their place.
//!
//! One connector serves one upstream and connects nowhere else, whatever URI
//! it is handed. It never follows anything: neither a redirect nor a second
//! resolution, so a name that changes its mind gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::network::Network;
use super::proxy::Route;
use super::race::race;
use super::stream::{Io, Stream};
use crate::files::regular_file;
use crate::limiter::concurrency::{ConcurrencyLimit, Permit};
use crate::upstream::Upstream;
use crate::upstream::{Opened, Prohibition};

/// The longest a connection may take to become usable, handshake included. A
/// request may ask for less; one that nobody waits for any more ends by this.
pub const CONNECT_CAP: Duration = Duration::from_secs(30);

/// Connections that agents share. Lever answers 10 requests a second for each
/// key, so this is never reached in good order; it bounds a server that accepts
/// and never answers, and an agent that leaves its answers unread.
const SHARED: usize = 192;

/// Connections that each agent has for itself, whatever the others hold: enough
/// for Lever's pace at its usual latency.
const OWN: usize = 4;

/// The largest file of certificates; all public authorities take 250 KB.
const LARGEST_CA: u64 = 4 << 20;

/// Why a connection could not be made. Nothing was sent in any of these cases.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectError {
    /// The name has no address, or the resolver failed.
    #[error("the name {0} could not be resolved")]
    Resolve(String),
    /// Every address is one that may not be connected to.
    #[error("{host} resolves to a {kind} address, which is not allowed{}", remedy.hint())]
    Prohibited {
        /// The host's name.
        host: String,
        /// What kind of address it is.
        kind: &'static str,
        /// What would open it.
        remedy: Remedy,
    },
    /// Over http, every address is one that a credential may not travel to in clear.
    #[error(
        "{host} uses http and resolves to {address}, so the credential would be sent in clear text; use https, or \
         --allow-address with a range of a private network"
    )]
    Clear {
        /// The host's name.
        host: String,
        /// The last of its addresses.
        address: IpAddr,
    },
    /// The proxy did not make a connection.
    #[error("the proxy {proxy} did not connect to {host}: {reason}; see HTTPS_PROXY and NO_PROXY")]
    Proxy {
        /// Its host and port.
        proxy: String,
        /// The server's host and port.
        host: String,
        /// Why.
        reason: &'static str,
        /// Whether the proxy said so, rather than being out of reach.
        is_final: bool,
    },
    /// Nothing listens there, or it cannot be reached.
    #[error("the connection was refused or could not be made ({0})")]
    Refused(io::ErrorKind),
    /// The server is not who it should be.
    #[error(
        "the certificate is not valid for this host ({0}); --ca-file FILE trusts an authority of your own"
    )]
    Certificate(String),
    /// The handshake failed otherwise.
    #[error("the TLS handshake failed ({0})")]
    Tls(String),
    /// It took too long.
    #[error("not connected within {} seconds", CONNECT_CAP.as_secs())]
    Timeout,
    /// It was asked for another server than its own.
    #[error("the connection is for another server")]
    Elsewhere,
}

/// What would open an address that may not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing does.
    None,
    /// The switch for a mock on this machine.
    Loopback,
    /// A range with this address.
    Range(IpAddr),
}

impl Remedy {
    fn new(prohibition: Prohibition, address: IpAddr) -> Self {
        match prohibition {
            Prohibition { kind: "loopback", .. } => Remedy::Loopback,
            Prohibition { can_be_opened: true, .. } => Remedy::Range(address.to_canonical()),
            Prohibition { .. } => Remedy::None,
        }
    }

    fn hint(self) -> String {
        match self {
            Remedy::None => String::new(),
            Remedy::Loopback => "; --allow-loopback opens loopback for a mock".to_owned(),
            Remedy::Range(address) => format!(
                "; --allow-address {address}, or a range around it, opens it for a server of your own"
            ),
        }
    }
}

/// Why the connector could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of extra authorities cannot be used.
    #[error("{} holds no usable PEM certificate: {reason}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The host's name cannot be verified.
    #[error("{0} is not a name that a certificate can be issued for")]
    Name(String),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// The connections that may be open at once to one upstream, or to all of the
/// servers that downloads lead to.
pub fn connection_limit() -> ConcurrencyLimit {
    ConcurrencyLimit::with_own(SHARED, OWN)
}

/// Connects to one upstream.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
    limit: ConcurrencyLimit,
    agent: Arc<str>,
}

struct Inner {
    host: String,
    port: u16,
    tls: Option<(tokio_rustls::TlsConnector, ServerName<'static>)>,
    opened: Opened,
    route: Option<Route>,
}

impl Connector {
    /// A connector to this upstream over this network, trusting Mozilla's
    /// authorities and those that the network adds.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the name cannot be verified.
    pub fn new(upstream: &Upstream, network: &Network) -> Result<Self, TlsError> {
        let host = bare(upstream.host()).to_owned();
        let tls = if upstream.scheme() == "https" {
            let name =
                ServerName::try_from(host.clone()).map_err(|_| TlsError::Name(host.clone()))?;
            let config = Arc::new(tls_config(&network.extra_ca)?);
            Some((tokio_rustls::TlsConnector::from(config), name))
        } else {
            None
        };
        let inner = Inner {
            host,
            port: upstream.port(),
            opened: network.opened(),
            // Plain http stays where it is allowed to be.
            route: network
                .proxy
                .as_ref()
                .filter(|_| tls.is_some())
                .and_then(|it| it.route(upstream)),
            tls,
        };
        Ok(Self { inner: Arc::new(inner), limit: connection_limit(), agent: Arc::from("") })
    }

    /// The same, its connections counted for an agent within this limit.
    pub fn counted(&self, limit: &ConcurrencyLimit, agent: &str) -> Self {
        Self { inner: Arc::clone(&self.inner), limit: limit.clone(), agent: Arc::from(agent) }
    }

    /// Says why no connection may be made, where that can be said now; connects to nothing.
    ///
    /// # Errors
    ///
    /// When every address may not be connected to.
    pub async fn check(&self) -> Result<(), ConnectError> {
        match self.inner.addresses().await {
            Err(error @ (ConnectError::Prohibited { .. } | ConnectError::Clear { .. })) => {
                Err(error)
            }
            // What cannot be resolved or reached now may be later.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn tls_config(extra_ca: &[PathBuf]) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for path in extra_ca {
        let fail = |reason: String| TlsError::Authority { path: path.clone(), reason };
        let mut found = false;
        let pem = regular_file::open(path).and_then(|file| regular_file::text(file, LARGEST_CA));
        let pem = pem.map_err(|error| fail(error.to_string()))?;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| fail(error.to_string()))?;
            roots.add(certificate).map_err(|error| fail(error.to_string()))?;
            found = true;
        }
        if !found {
            return Err(fail("there is none in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl Inner {
    async fn connect(&self, permit: Permit) -> Result<Stream, ConnectError> {
        let tcp = self.tcp().await?;
        // Requests are small and wait for their answers.
        let _ = tcp.set_nodelay(true);
        let io = match &self.tls {
            None => Io::Plain(TokioIo::new(tcp)),
            Some((connector, name)) => {
                let tls = connector
                    .connect(name.clone(), tcp)
                    .await
                    .map_err(|error| tls_error(&error))?;
                Io::Tls(Box::new(TokioIo::new(tls)))
            }
        };
        Ok(Stream { io, _permit: permit })
    }

    async fn tcp(&self) -> Result<TcpStream, ConnectError> {
        let addresses = self.addresses().await?;
        let connected = race(&addresses, TcpStream::connect).await;
        match (connected, &self.route) {
            (Ok(tcp), None) => Ok(tcp),
            (Ok(tcp), Some(route)) => route.tunnel(tcp).await,
            (Err(_), Some(route)) => Err(route.failed("it cannot be reached")),
            (Err(Some(error)), None) => Err(ConnectError::Refused(error.kind())),
            (Err(None), None) => Err(ConnectError::Resolve(self.host.clone())),
        }
    }

    /// The addresses that may be connected to: the host's, or the proxy's.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, ConnectError> {
        let Some(route) = &self.route else {
            let found = resolve(&self.host, self.port).await?;
            return self.judge(&self.host, found, |address| self.opened.prohibition(address));
        };
        // The proxy resolves names; an address is judged here all the same.
        if let Ok(address) = self.host.parse::<IpAddr>() {
            let address = vec![SocketAddr::new(address, self.port)];
            self.judge(&self.host, address, |address| self.opened.prohibition(address))?;
        }
        let found = resolve(route.host(), route.port()).await;
        let found = found.map_err(|_| route.failed("its name could not be resolved"))?;
        // Where the operator's own proxy is, the operator decides.
        self.judge(route.host(), found, |address| {
            let is_metadata = crate::upstream::is_metadata(address);
            is_metadata.then_some(Prohibition { kind: "cloud metadata", can_be_opened: false })
        })
    }

    /// Keeps the addresses that are not prohibited, and says why when there is none left.
    fn judge(
        &self,
        host: &str,
        found: Vec<SocketAddr>,
        prohibition: impl Fn(IpAddr) -> Option<Prohibition>,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        let mut open = Vec::with_capacity(found.len());
        let mut failure = ConnectError::Resolve(host.to_owned());
        for address in found {
            let ip = address.ip();
            if let Some(prohibition) = prohibition(ip) {
                let (kind, remedy) = (prohibition.kind, Remedy::new(prohibition, ip));
                failure = ConnectError::Prohibited { host: host.to_owned(), kind, remedy };
            } else if self.tls.is_none() && !self.opened.takes_clear_text(ip) {
                failure = ConnectError::Clear { host: host.to_owned(), address: ip };
            } else {
                open.push(address);
            }
        }
        if open.is_empty() { Err(failure) } else { Ok(open) }
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // The resolver's own error text may quote its configuration.
    let found = tokio::net::lookup_host((host, port)).await;
    Ok(found.map_err(|_| ConnectError::Resolve(host.to_owned()))?.collect())
}

fn tls_error(error: &io::Error) -> ConnectError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            ConnectError::Certificate(format!("{reason:?}"))
        }
        Some(other) => ConnectError::Tls(other.to_string()),
        None => ConnectError::Tls(format!("{:?}", error.kind())),
    }
}

impl tower_service::Service<http::Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let Self { inner, limit, agent } = self.clone();
        Box::pin(async move {
            let is_own = |host: &str| bare(host).eq_ignore_ascii_case(&inner.host);
            if !uri.host().is_some_and(is_own) {
                return Err(ConnectError::Elsewhere);
            }
            let connecting = async { inner.connect(limit.acquire(&agent).await).await };
            tokio::time::timeout(CONNECT_CAP, connecting)
                .await
                .unwrap_or(Err(ConnectError::Timeout))
        })
    }
}
