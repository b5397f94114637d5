//! Connections to the upstream: resolve once, judge the addresses, connect to
//! one that was judged, and speak TLS for the host's name.
//!
//! One connector serves one upstream and connects nowhere else, whatever URI
//! it is handed. It never follows anything: neither a redirect nor a second
//! resolution, so a name that changes its mind gains nothing.

use super::address;
use crate::upstream::Upstream;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// The longest a connection may take to become usable, handshake included. A
/// request may ask for less; one that nobody waits for any more ends by this.
pub const CONNECT_CAP: Duration = Duration::from_secs(30);

/// Connections open at once. Lever answers 10 requests a second for each key,
/// so this is never reached in good order; it bounds a server that accepts and
/// never answers.
const CONNECTIONS: usize = 256;

/// Why a connection could not be made. Nothing was sent in any of these cases.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectError {
    /// The name has no address, or the resolver failed.
    #[error("the name {0} could not be resolved")]
    Resolve(String),
    /// Every address is one that may not be connected to.
    #[error("{host} leads to a {kind} address, which is not connected to{}", hint(kind))]
    Prohibited {
        /// The host's name.
        host: String,
        /// What kind of address it is.
        kind: &'static str,
    },
    /// Nothing listens there, or it cannot be reached.
    #[error("the connection was refused or could not be made ({0})")]
    Refused(io::ErrorKind),
    /// The server is not who it should be.
    #[error("the certificate is not valid for this host ({0})")]
    Certificate(String),
    /// The handshake failed otherwise.
    #[error("the TLS handshake failed ({0})")]
    Tls(String),
    /// It took too long.
    #[error("no connection within {} seconds", CONNECT_CAP.as_secs())]
    Timeout,
    /// It was asked for another server than its own.
    #[error("this connection leads to another server")]
    Elsewhere,
}

fn hint(kind: &str) -> &'static str {
    if kind == "loopback" { "; --allow-loopback opens loopback for a mock" } else { "" }
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
    #[error("{0} is no name that a certificate can be issued for")]
    Name(String),
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] rustls::Error),
}

/// Connects to one upstream.
#[derive(Clone)]
pub struct Connector(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    tls: Option<(tokio_rustls::TlsConnector, ServerName<'static>)>,
    allow_loopback: bool,
    connections: Arc<Semaphore>,
}

impl Connector {
    /// A connector to this upstream, trusting Mozilla's authorities and those
    /// in the PEM files of `extra_ca`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or the name cannot be verified.
    pub fn new(
        upstream: &Upstream,
        allow_loopback: bool,
        extra_ca: &[PathBuf],
    ) -> Result<Self, TlsError> {
        let host = bare(upstream.host()).to_owned();
        let tls = if upstream.scheme() == "https" {
            let name =
                ServerName::try_from(host.clone()).map_err(|_| TlsError::Name(host.clone()))?;
            let config = Arc::new(tls_config(extra_ca)?);
            Some((tokio_rustls::TlsConnector::from(config), name))
        } else {
            None
        };
        Ok(Self(Arc::new(Inner {
            host,
            port: upstream.port(),
            tls,
            allow_loopback,
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        })))
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
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| fail(error.to_string()))?
        {
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
    async fn connect(&self) -> Result<Stream, ConnectError> {
        let permit = Arc::clone(&self.connections)
            .acquire_owned()
            .await
            .map_err(|_| ConnectError::Timeout)?;
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
        let mut failure = ConnectError::Resolve(self.host.clone());
        let mut prohibited = None;
        for address in self.resolve().await? {
            if let Some(kind) = address::refusal(address.ip(), self.allow_loopback) {
                prohibited = Some(kind);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => failure = ConnectError::Refused(error.kind()),
            }
        }
        match (prohibited, &failure) {
            (Some(kind), ConnectError::Resolve(_)) => {
                Err(ConnectError::Prohibited { host: self.host.clone(), kind })
            }
            _ => Err(failure),
        }
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        // The resolver's own error text may quote its configuration.
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|_| ConnectError::Resolve(self.host.clone()))?;
        Ok(found.collect())
    }
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
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let is_own = |host: &str| bare(host).eq_ignore_ascii_case(&inner.host);
            if !uri.host().is_some_and(is_own) {
                return Err(ConnectError::Elsewhere);
            }
            tokio::time::timeout(CONNECT_CAP, inner.connect())
                .await
                .unwrap_or(Err(ConnectError::Timeout))
        })
    }
}

/// One open connection.
pub struct Stream {
    io: Io,
    _permit: OwnedSemaphorePermit,
}

enum Io {
    Plain(TokioIo<TcpStream>),
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match &self.io {
            Io::Tls(tls) if tls.inner().get_ref().1.alpn_protocol() == Some(b"h2") => {
                Connected::new().negotiated_h2()
            }
            _ => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
        }
    }
}
