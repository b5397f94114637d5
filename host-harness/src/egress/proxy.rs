//! A proxy between this machine and the API, as `HTTPS_PROXY` and `NO_PROXY` name it: a tunnel by
//! CONNECT, in which TLS is spoken with the API itself.
//!
//! The proxy resolves the API's name, so the addresses behind it are the proxy's to judge and not
//! ours; that the right server is at the other end is the certificate's to prove. What it needs to
//! know is host and port: credential, headers and bodies pass it encrypted. Plain http never goes
//! through a proxy.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::connector::ConnectError;
use crate::upstream::Upstream;

/// A proxy, and the hosts that are reached without it.
#[derive(Clone)]
pub struct Proxy(Arc<Matcher>);

/// Why a text does not name a proxy; never with the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of the proxy {0}; write it like http://proxy.example.com:3128")]
pub struct ProxyError(&'static str);

impl Proxy {
    /// Reads a proxy's address, with a user and a password where it wants them
    /// (`http://user:password@host:3128`), and the hosts that are reached without it: names, which
    /// stand for what ends in them as well, addresses and ranges, with commas between them, or `*`.
    ///
    /// # Errors
    ///
    /// When the address is not one of an http proxy.
    pub fn parse(address: &str, without: &str) -> Result<Self, ProxyError> {
        // `proxy:3128` alone is common.
        let address = match address.split_once("://") {
            Some(("http", _)) => address.to_owned(),
            Some(("https", _)) => {
                return Err(ProxyError("is of https, which is not spoken to proxies here"));
            }
            Some(_) => return Err(ProxyError("has a scheme other than http")),
            None => format!("http://{address}"),
        };
        let uri: Uri = address.parse().map_err(|_| ProxyError("is not a URL"))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        // Only read for its rules on hosts and ports; what connects is the address itself.
        Upstream::parse(&format!("https://{server}"))
            .map_err(|_| ProxyError("has no plain host and port"))?;
        if !matches!(uri.path_and_query().map(|path| path.as_str()), None | Some("/")) {
            return Err(ProxyError("has a path"));
        }
        Ok(Self(Arc::new(Matcher::builder().https(address).no(without).build())))
    }

    /// The way through the proxy to this server, if it leads through it.
    pub(super) fn route(&self, server: &Upstream) -> Option<Route> {
        let destination: Uri =
            format!("{}://{}:{}", server.scheme(), server.host(), server.port()).parse().ok()?;
        let proxy = self.0.intercept(&destination)?;
        Some(Route {
            proxy: proxy.uri().clone(),
            authorization: proxy.basic_auth().cloned(),
            destination,
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy(..)")
    }
}

/// The way to one server through a proxy.
pub(super) struct Route {
    proxy: Uri,
    authorization: Option<HeaderValue>,
    destination: Uri,
}

impl Route {
    /// The proxy's host, without brackets.
    pub fn host(&self) -> &str {
        let host = self.proxy.host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.proxy.port_u16().unwrap_or(80)
    }

    /// Opens a tunnel over a connection to the proxy.
    pub async fn tunnel(&self, tcp: TcpStream) -> Result<TcpStream, ConnectError> {
        let mut tunnel = Tunnel::new(self.proxy.clone(), Once(Some(TokioIo::new(tcp))));
        if let Some(authorization) = &self.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        match tunnel.call(self.destination.clone()).await {
            Ok(io) => Ok(io.into_inner()),
            // The type of the error has no name outside its crate; its words are held by tests.
            Err(error) => Err(match error.to_string().rsplit(": ").next() {
                Some("proxy authorization required") if self.authorization.is_some() => self
                    .refused("it answered 407: the user or the password in HTTPS_PROXY is wrong"),
                Some("proxy authorization required") => self.refused(
                    "it answered 407: write HTTPS_PROXY as http://user:password@host:port",
                ),
                Some("unsuccessful") => self.refused("it refused to"),
                _ => self.failed("it ended the connection"),
            }),
        }
    }

    /// The error of a tunnel that the proxy will not open.
    fn refused(&self, reason: &'static str) -> ConnectError {
        self.error(reason, true)
    }

    /// The error of a tunnel that could not be opened now.
    pub fn failed(&self, reason: &'static str) -> ConnectError {
        self.error(reason, false)
    }

    fn error(&self, reason: &'static str, is_final: bool) -> ConnectError {
        let port = self.destination.port_u16().unwrap_or(443);
        ConnectError::Proxy {
            proxy: format!("{}:{}", self.proxy.host().unwrap_or_default(), self.port()),
            host: format!("{}:{port}", self.destination.host().unwrap_or_default()),
            reason,
            is_final,
        }
    }
}

/// Hands over a connection that is there already.
struct Once(Option<TokioIo<TcpStream>>);

impl Service<Uri> for Once {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connection = self.0.take().ok_or(ConnectError::Elsewhere);
        Box::pin(std::future::ready(connection))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_and_without_what_may_be_left_out() {
        let api = Upstream::default();
        let rows = [
            ("http://proxy.example.com:3128", "proxy.example.com", 3128, None),
            ("http://proxy.example.com:3128/", "proxy.example.com", 3128, None),
            ("proxy.example.com:3128", "proxy.example.com", 3128, None),
            ("http://proxy.example.com", "proxy.example.com", 80, None),
            ("http://10.0.0.1:8080", "10.0.0.1", 8080, None),
            ("http://[fd00::1]:8080", "fd00::1", 8080, None),
            (
                "http://me:s3cret@proxy.example.com:3128",
                "proxy.example.com",
                3128,
                Some("Basic bWU6czNjcmV0"),
            ),
        ];
        for (text, host, port, authorization) in rows {
            let proxy = Proxy::parse(text, "").unwrap();
            let route = proxy.route(&api).unwrap();
            assert_eq!((route.host(), route.port()), (host, port), "{text}");
            let header = route.authorization.as_ref().map(|header| header.to_str().unwrap());
            assert_eq!(header, authorization, "{text}");
            let shown = format!("{proxy:?} {}", route.failed("it refused to"));
            assert!(!shown.contains("s3cret") && !shown.contains("bWU6"), "{shown}");
        }
    }

    #[test]
    fn what_is_not_an_http_proxy_is_refused_without_being_shown() {
        for text in [
            "socks5://me:s3cret@proxy.example.com:1080",
            "https://me:s3cret@proxy.example.com",
            "http://me:s3cret@",
            "http://me:s3cret@proxy example",
            "http://me:s3cret@proxy.example.com:0",
            "http://me:s3cret@proxy.example.com/path",
            "http://me:s3cret@2130706433:80",
            "",
        ] {
            let error = Proxy::parse(text, "").unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
            assert!(error.contains("http://proxy.example.com:3128"), "{error}");
        }
    }

    #[test]
    fn hosts_are_reached_without_it_as_no_proxy_says_and_plain_http_always_is() {
        let rows = [
            ("https://api.lever.co/v1", "", true),
            ("https://api.lever.co/v1", "example.com,10.0.0.0/8", true),
            ("https://api.lever.co/v1", "lever.co", false),
            ("https://api.lever.co/v1", ".lever.co", false),
            ("https://api.lever.co/v1", "ever.co", true),
            ("https://api.lever.co/v1", "*", false),
            ("https://10.1.2.3/v1", "10.0.0.0/8", false),
            ("https://10.1.2.3/v1", "192.168.0.0/16", true),
            ("http://127.0.0.1:8111/v1", "", false),
        ];
        for (server, without, through) in rows {
            let proxy = Proxy::parse("http://proxy.example.com:3128", without).unwrap();
            let route = proxy.route(&server.parse().unwrap());
            assert_eq!(route.is_some(), through, "{server} without {without:?}");
        }
    }
}
