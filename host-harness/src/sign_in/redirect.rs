//! Where the browser comes back to: a listener on loopback that waits for one redirect.
//!
//! Whatever else comes by (port scanners, favicons, another tab, a page that guesses) is answered
//! or cut off and changes nothing: only a request with the state that this login was begun with
//! counts, and only the first one. What it brings is shown on no page and written nowhere.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::credentials::login::Secret;

/// Bytes of a request's head: an address with a code takes less than one KiB, a browser's cookies
/// for `localhost` the rest.
const HEAD: usize = 32 << 10;

/// How long a connection may take, from its first byte to the end of its answer.
const CONNECTION: Duration = Duration::from_secs(5);

/// Connections at once to one address; browsers open six.
const CONNECTIONS: usize = 32;

/// The longest code that is taken; Auth0's have 48 characters.
const LONGEST_CODE: usize = 4096;

/// How much of an error's text is passed on.
const LONGEST_TEXT: usize = 300;

/// How long the last answers may take to reach the browser.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum RedirectError {
    /// The address is none that can be listened on.
    #[error(
        "{uri:?} is not an address that the browser can return to ({reason}); register and give one like \
         http://localhost:8910/callback"
    )]
    Uri {
        /// What was given.
        uri: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The port is taken, or may not be used.
    #[error(
        "{address} is in use or not available: {cause}; stop what uses it, or register another redirect URI"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: io::Error,
    },
    /// Lever said no.
    #[error("Lever did not authorise the application: {error}{}", in_brackets(description))]
    Refused {
        /// OAuth's name for it, such as `access_denied`.
        error: String,
        /// What was said, if anything.
        description: String,
    },
    /// Nobody came back.
    #[error("the browser did not return within {} s; run `lever-host auth login` again", waited.as_secs())]
    Late {
        /// How long it was waited.
        waited: Duration,
    },
}

fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// The listener.
#[derive(Debug)]
pub struct Listener {
    uri: String,
    path: String,
    sockets: Vec<TcpListener>,
}

impl Listener {
    /// Listens where this URI leads, which must be this machine. Port 0 takes any free one, for
    /// servers that do not compare ports.
    ///
    /// # Errors
    ///
    /// When it leads elsewhere, or cannot be listened on.
    pub async fn bind(uri: &str) -> Result<Listener, RedirectError> {
        let fail = |reason| RedirectError::Uri { uri: uri.chars().take(200).collect(), reason };
        let parsed: Uri = uri.parse().map_err(|_| fail("it is not a URI"))?;
        if parsed.scheme_str() != Some("http") {
            return Err(fail("its scheme is not http"));
        }
        if parsed.query().is_some() || uri.contains('#') {
            return Err(fail("it has a query or a fragment"));
        }
        let authority = parsed.authority().ok_or_else(|| fail("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(fail("it has user information"));
        }
        let hosts: &[IpAddr] = match authority.host() {
            // Browsers take either; whoever else had the other one would get the code.
            "localhost" => &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            "127.0.0.1" => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
            "[::1]" => &[IpAddr::V6(Ipv6Addr::LOCALHOST)],
            _ => return Err(fail("its host is not localhost, 127.0.0.1 or [::1]")),
        };
        let port = authority.port_u16().ok_or_else(|| fail("it has no port"))?;
        let sockets = listen(hosts, port).await?;
        let path = parsed.path().to_owned();
        let taken = sockets.first().and_then(|socket| socket.local_addr().ok());
        let uri = match taken {
            Some(address) if port == 0 => {
                format!("http://{}:{}{path}", authority.host(), address.port())
            }
            _ => uri.to_owned(),
        };
        Ok(Listener { uri, path, sockets })
    }

    /// The URI, as the browser must be told it.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Begins to wait for the browser that brings this state back.
    pub fn expect(self, state: Secret) -> Expecting {
        let (sender, outcome) = oneshot::channel();
        let server =
            Arc::new(CallbackServer { path: self.path, state, waiting: Mutex::new(Some(sender)) });
        let (closed, closing) = watch::channel(false);
        let tasks = self
            .sockets
            .into_iter()
            .map(|socket| tokio::spawn(serve(socket, Arc::clone(&server), closing.clone())));
        Expecting { outcome, tasks: tasks.collect(), closed }
    }
}

async fn listen(hosts: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, RedirectError> {
    let mut sockets: Vec<TcpListener> = Vec::new();
    for host in hosts {
        let taken = sockets.first().and_then(|socket| socket.local_addr().ok());
        let address = SocketAddr::new(*host, taken.map_or(port, |taken| taken.port()));
        match TcpListener::bind(address).await {
            Ok(socket) => sockets.push(socket),
            // A machine without IPv6; a browser on it uses the other one too.
            Err(cause) if !sockets.is_empty() && cause.kind() != io::ErrorKind::AddrInUse => {}
            Err(cause) => return Err(RedirectError::Bind { address, cause }),
        }
    }
    Ok(sockets)
}

/// A listener at work; it stops when dropped.
#[derive(Debug)]
pub struct Expecting {
    outcome: oneshot::Receiver<Result<Secret, RedirectError>>,
    tasks: Vec<JoinHandle<()>>,
    closed: watch::Sender<bool>,
}

impl Expecting {
    /// Waits for the code. Later requests are still answered, until [`Expecting::close`].
    ///
    /// # Errors
    ///
    /// When Lever said no, or nobody came within `longest`.
    pub async fn code(&mut self, longest: Duration) -> Result<Secret, RedirectError> {
        match tokio::time::timeout(longest, &mut self.outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(RedirectError::Late { waited: longest }),
        }
    }

    /// Takes no more connections, and lets those there are end.
    pub async fn close(mut self) {
        self.closed.send_replace(true);
        for task in &mut self.tasks {
            // They end by themselves; what is late is cut off.
            let _ = tokio::time::timeout(FAREWELL, task).await;
        }
    }
}

impl Drop for Expecting {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn serve(
    socket: TcpListener,
    server: Arc<CallbackServer>,
    mut closing: watch::Receiver<bool>,
) {
    let (mut connections, mut order) = (JoinSet::new(), VecDeque::new());
    loop {
        let stream = tokio::select! {
            _ = closing.changed() => break,
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Out of descriptors, perhaps; not worth spinning for.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Of too many the oldest goes: it had its time to say something, and a browser must get in.
        order.retain(|connection: &AbortHandle| !connection.is_finished());
        while order.len() >= CONNECTIONS {
            order.pop_front().as_ref().map(AbortHandle::abort);
        }
        let converse = converse(stream, Arc::clone(&server));
        order.push_back(connections.spawn(async move {
            let _ = tokio::time::timeout(CONNECTION, converse).await;
        }));
    }
    while connections.join_next().await.is_some() {}
}

async fn converse(stream: TcpStream, server: Arc<CallbackServer>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let page = server.answer(&request);
        async move { Ok::<_, Infallible>(page) }
    });
    // How a connection ends is the browser's affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

/// Tells the redirect that is waited for from everything else.
#[derive(Debug)]
struct CallbackServer {
    path: String,
    state: Secret,
    waiting: Mutex<Option<oneshot::Sender<Result<Secret, RedirectError>>>>,
}

impl CallbackServer {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.uri().path() != self.path {
            return page(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        if request.method() != Method::GET {
            return page(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only a browser's redirect is taken here.",
            );
        }
        let Some(outcome) = self.read(request.uri().query().unwrap_or_default()) else {
            return page(
                StatusCode::BAD_REQUEST,
                "This does not belong to the login that is waiting. Begin again with the address that the terminal \
                 shows.",
            );
        };
        let text = match outcome {
            Ok(_) => {
                "Lever has answered. The terminal says how it went; this window can be closed."
            }
            Err(_) => "Lever did not authorise the application. The terminal says why.",
        };
        // A reload, or a browser that asks twice, changes nothing any more.
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            // Nobody waits when it came too late.
            let _ = waiting.send(outcome);
        }
        page(StatusCode::OK, text)
    }

    /// What the redirect brought, if it is the one: each parameter once, and the state to the
    /// letter.
    fn read(&self, query: &str) -> Option<Result<Secret, RedirectError>> {
        let mut found = [const { None }; 4];
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let names = ["state", "code", "error", "error_description"];
            let Some(at) = names.iter().position(|known| *known == name) else { continue };
            let place: &mut Option<Secret> = found.get_mut(at)?;
            if place.replace(Secret::new(value.into_owned())).is_some() {
                return None;
            }
        }
        let [state, code, error, description] = found;
        if state? != self.state {
            return None;
        }
        match (code, error) {
            (Some(code), None) => {
                let is_sound = (1..=LONGEST_CODE).contains(&code.secret().len());
                is_sound.then_some(Ok(code))
            }
            (None, Some(error)) => {
                let text = |secret: Option<Secret>| -> String {
                    secret.iter().flat_map(|it| it.secret().chars().take(LONGEST_TEXT)).collect()
                };
                let (error, description) = (text(Some(error)), text(description));
                Some(Err(RedirectError::Refused { error, description }))
            }
            _ => None,
        }
    }
}

/// A page of one sentence, which keeps its address to itself.
fn page(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>lever-host</title>\
         <body style=\"font-family: sans-serif; margin: 4em auto; max-width: 32em\"><p>{text}</p></body></html>\n"
    );
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
