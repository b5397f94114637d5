//! Requests over wasi:http, several in flight at once by poll.
//!
//! A failure is put in the class that can be proved from the host's code, and
//! in the doubtful one otherwise: whether a write is sent again hangs on it.

use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, FieldName, Fields, FutureIncomingResponse, Headers, IncomingBody, IncomingResponse,
    Method as WasiMethod, OutgoingRequest, RequestOptions, Scheme,
};
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{InputStream, StreamError};

use super::sending::Sending;
use crate::core::Nanos;
use crate::core::http::base_url::Base;
use crate::core::http::body::Body;
use crate::core::http::gather::{Gathered, NoRoom};
use crate::core::http::request::{Method, Request, Target};
use crate::core::http::response::{Begun, Failure, Response};
use crate::core::send::scheduler::Transport;
use crate::core::settings::Settings;

type Ended = Result<Response, Failure>;

/// Bytes asked of a body at a time.
const PIECE: u64 = 64 * 1024;

/// The exchanges in flight.
#[derive(Default)]
pub struct Wasi {
    in_flight: Vec<(u64, Exchange)>,
    /// Those that failed on the spot.
    ended: Vec<(u64, Ended)>,
}

/// One exchange. Fields are dropped in this order, children before parents, as
/// the component model demands.
struct Exchange {
    /// The request's body, while there is something left of it.
    sending: Option<Sending>,
    ready: Pollable,
    state: State,
    limits: Limits,
    /// When the guest itself gives up, where the host takes no timeouts.
    deadline: Option<Nanos>,
}

enum State {
    Head(FutureIncomingResponse),
    Body {
        stream: InputStream,
        _body: IncomingBody,
        _head: IncomingResponse,
        answer: Response,
        gathered: Gathered,
    },
}

#[derive(Clone, Copy)]
struct Limits {
    max_answer: usize,
    between_bytes: Nanos,
    /// The host keeps the timeouts.
    kept_by_host: bool,
}

impl Transport for Wasi {
    fn start(&mut self, number: u64, request: &Request, settings: &Settings) {
        match Exchange::start(request, settings) {
            Ok(exchange) => self.in_flight.push((number, exchange)),
            Err(failure) => self.ended.push((number, Err(failure))),
        }
    }

    fn wait(&mut self, until: Option<Nanos>) -> Vec<(u64, Ended)> {
        loop {
            let ended = std::mem::take(&mut self.ended);
            let first = self.in_flight.iter().filter_map(|(_, e)| e.deadline).chain(until).min();
            let over = until.is_some_and(|until| monotonic_clock::now() >= until);
            if !ended.is_empty() || over || (self.in_flight.is_empty() && until.is_none()) {
                return ended;
            }
            let timer = first.map(monotonic_clock::subscribe_instant);
            let heads = self.in_flight.iter().map(|(_, exchange)| &exchange.ready);
            // Behind the responses, in the same order, the bodies still going out.
            let bodies = self
                .in_flight
                .iter()
                .filter_map(|(_, exchange)| exchange.sending.as_ref().map(Sending::ready));
            let pollables: Vec<&Pollable> = heads.chain(bodies).chain(timer.as_ref()).collect();
            let ready = poll(&pollables);
            self.advance(&ready);
        }
    }

    fn cancel(&mut self, number: u64) {
        self.in_flight.retain(|(other, _)| *other != number);
    }
}

impl Wasi {
    /// Moves on the exchanges at these places, and those whose time is over.
    fn advance(&mut self, ready: &[u32]) {
        let now = monotonic_clock::now();
        let exchanges = std::mem::take(&mut self.in_flight);
        let mut bodies = u32::try_from(exchanges.len()).unwrap_or(u32::MAX)..;
        for (place, (number, mut exchange)) in (0_u32..).zip(exchanges) {
            let goes_out = exchange.sending.is_some().then(|| bodies.next()).flatten();
            if goes_out.is_some_and(|place| ready.contains(&place)) {
                exchange.sending = exchange.sending.and_then(Sending::advance);
                exchange.deadline = exchange.limits.next(now);
            }
            let late = exchange.deadline.is_some_and(|deadline| now >= deadline);
            let step = match (ready.contains(&place), late) {
                (true, _) => exchange.advance(now),
                (false, true) => Step::Ended(Err(exchange.late())),
                (false, false) => Step::On(exchange),
            };
            match step {
                Step::On(exchange) => self.in_flight.push((number, exchange)),
                Step::Ended(result) => self.ended.push((number, result)),
            }
        }
    }
}

enum Step {
    On(Exchange),
    Ended(Ended),
}

impl Exchange {
    fn start(request: &Request, settings: &Settings) -> Result<Self, Failure> {
        let bad = |()| Failure::NotSent("the host does not take such a request");
        let content = content(request);
        let outgoing = OutgoingRequest::new(headers(request, content.as_ref(), settings)?);
        let base = base(request, settings);
        let scheme = if base.https { Scheme::Https } else { Scheme::Http };
        let path = format!("{}{}", base.prefix, request.path_and_query());
        outgoing.set_method(&method(request.method)).map_err(bad)?;
        outgoing.set_scheme(Some(&scheme)).map_err(bad)?;
        outgoing.set_authority(Some(&base.authority)).map_err(bad)?;
        outgoing.set_path_with_query(Some(&path)).map_err(bad)?;
        let body = match &content {
            Some(content) => Some((outgoing.body().map_err(bad)?, content)),
            None => None,
        };
        let first_byte = settings.first_byte_timeout_of(request);
        let (options, kept_by_host) = options(settings, first_byte);
        let future =
            outgoing_handler::handle(outgoing, Some(options)).map_err(|code| class(&code))?;
        let start = monotonic_clock::now();
        let allowed = settings.connect_timeout.saturating_add(first_byte);
        Ok(Exchange {
            sending: body.and_then(|(body, content)| Sending::start(body, content)),
            ready: future.subscribe(),
            state: State::Head(future),
            limits: Limits {
                max_answer: settings.max_answer,
                between_bytes: settings.between_bytes_timeout,
                kept_by_host,
            },
            deadline: (!kept_by_host).then(|| start.saturating_add(allowed)),
        })
    }

    fn late(&self) -> Failure {
        match &self.state {
            State::Head(_) => Failure::TimedOut("no answer began in the time allowed"),
            State::Body { answer, gathered, .. } => {
                Failure::Broken(Begun::of(answer.status, gathered.start()))
            }
        }
    }

    /// Takes what has come. Nothing is moved out of the exchange, so that its
    /// parts are dropped in their order.
    fn advance(mut self, now: Nanos) -> Step {
        self.deadline = self.limits.next(now);
        match &mut self.state {
            State::Head(future) => match future.get() {
                // Ready without a result cannot be; asking again is safe.
                None => Step::On(self),
                Some(Ok(Ok(head))) => {
                    let (limits, sending) = (self.limits, self.sending.take());
                    drop(self);
                    Exchange::body(head, limits, sending, now)
                        .map_or_else(|e| Step::Ended(Err(e)), Step::On)
                }
                Some(Ok(Err(code))) => Step::Ended(Err(class(&code))),
                Some(Err(())) => Step::Ended(Err(Failure::Lost("the answer was taken before"))),
            },
            State::Body { stream, answer, gathered, .. } => match stream.read(PIECE) {
                Ok(bytes)
                    if gathered.len().saturating_add(bytes.len()) > self.limits.max_answer =>
                {
                    let begun = Begun::of(answer.status, gathered.start());
                    Step::Ended(Err(Failure::TooLarge(begun, self.limits.max_answer)))
                }
                Ok(bytes) => match gathered.push(&bytes) {
                    Ok(()) => Step::On(self),
                    Err(NoRoom) => {
                        let begun = Begun::of(answer.status, gathered.start());
                        Step::Ended(Err(Failure::TooLarge(begun, gathered.len())))
                    }
                },
                Err(StreamError::Closed) => {
                    let size = gathered.len();
                    let begun = Begun::of(answer.status, &[]);
                    Step::Ended(match gathered.take() {
                        Ok(body) => {
                            answer.body = body;
                            answer.take_whole()
                        }
                        Err(NoRoom) => Err(Failure::TooLarge(begun, size)),
                    })
                }
                Err(StreamError::LastOperationFailed(_)) => {
                    let begun = Begun::of(answer.status, gathered.start());
                    Step::Ended(Err(Failure::Broken(begun)))
                }
            },
        }
    }

    fn body(
        head: IncomingResponse,
        limits: Limits,
        sending: Option<Sending>,
        now: Nanos,
    ) -> Result<Self, Failure> {
        let status = head.status();
        let begun = Begun::of(status, &[]);
        let fields = head.headers();
        let length = value(&fields, "content-length").and_then(|length| length.parse().ok());
        let answer = Response {
            status,
            length,
            retry_after: value(&fields, "retry-after"),
            date: value(&fields, "date"),
            encoding: value(&fields, "content-encoding"),
            content_type: value(&fields, "content-type"),
            disposition: value(&fields, "content-disposition"),
            location: value(&fields, "location"),
            body: Vec::new(),
        };
        drop(fields);
        if length.is_some_and(|length| length > limits.max_answer) {
            return Err(Failure::TooLarge(begun, limits.max_answer));
        }
        let gathered = Gathered::expecting(length)
            .map_err(|NoRoom| Failure::TooLarge(begun, limits.max_answer))?;
        let body = head.consume().map_err(|()| Failure::Broken(begun))?;
        let stream = body.stream().map_err(|()| Failure::Broken(begun))?;
        Ok(Exchange {
            sending,
            ready: stream.subscribe(),
            state: State::Body { stream, _body: body, _head: head, answer, gathered },
            limits,
            deadline: limits.next(now),
        })
    }
}

impl Limits {
    fn next(self, now: Nanos) -> Option<Nanos> {
        (!self.kept_by_host).then(|| now.saturating_add(self.between_bytes))
    }
}

fn base<'a>(request: &'a Request, settings: &'a Settings) -> &'a Base {
    match &request.target {
        Target::Api => &settings.api,
        Target::Auth => &settings.auth,
        Target::Elsewhere(base) => base,
    }
}

/// What a request carries. A POST without anything carries an empty body and
/// says so: jco ends a request only at the end of a body that was asked for.
fn content(request: &Request) -> Option<Body> {
    let is_post = request.method == Method::Post;
    request.body.clone().or_else(|| is_post.then(Body::empty))
}

fn headers(
    request: &Request,
    content: Option<&Body>,
    settings: &Settings,
) -> Result<Headers, Failure> {
    let headers = Fields::new();
    let set = |name: &str, value: &str| headers.append(&FieldName::from(name), value.as_bytes());
    let own = concat!("lever-wasm/", env!("CARGO_PKG_VERSION"));
    // Some hosts ask for packed responses by themselves, and hand them on half
    // unpacked.
    let fixed = set("user-agent", own)
        .and_then(|()| set("accept", request.accept))
        .and_then(|()| set("accept-encoding", "identity"));
    let content = content.map_or(Ok(()), |body| match body.content_type.as_str() {
        "" => set("content-length", "0"),
        kind => {
            set("content-type", kind).and_then(|()| set("content-length", &body.len().to_string()))
        }
    });
    fixed.and(content).map_err(|_| Failure::NotSent("the host refuses a header"))?;
    if let (Target::Api, Some(authorization)) = (&request.target, &settings.authorization) {
        // A host that forbids the header adds it itself.
        let _ = set("authorization", authorization);
    }
    Ok(headers)
}

fn value(fields: &Fields, name: &str) -> Option<String> {
    let values = fields.get(&FieldName::from(name));
    values.into_iter().next().and_then(|value| String::from_utf8(value).ok())
}

/// Options, and whether the host took the timeouts in them.
fn options(settings: &Settings, first_byte: Nanos) -> (RequestOptions, bool) {
    let options = RequestOptions::new();
    // A host that counts the wait for the first byte into the connect timeout
    // must not end it sooner than the first-byte timeout would.
    let connect = settings.connect_timeout.max(first_byte);
    let taken = options
        .set_connect_timeout(Some(connect))
        .and_then(|()| options.set_first_byte_timeout(Some(first_byte)))
        .and_then(|()| options.set_between_bytes_timeout(Some(settings.between_bytes_timeout)));
    (options, taken.is_ok())
}
fn method(method: Method) -> WasiMethod {
    match method {
        Method::Get => WasiMethod::Get,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Delete => WasiMethod::Delete,
    }
}

/// What a host's code proves. `connection-timeout` proves nothing: one host
/// counts the wait for the response into it.
fn class(code: &ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Failure::Refused,
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => {
            Failure::NotSent("the name of its host was not found")
        }
        ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable => Failure::NotSent("its host was not reached"),
        ErrorCode::ConnectionRefused => Failure::NotSent("the connection was refused"),
        ErrorCode::ConnectionLimitReached => {
            Failure::NotSent("the host has no connection to spare")
        }
        ErrorCode::TlsCertificateError => Failure::NeverSent("the certificate is not trusted"),
        ErrorCode::ConfigurationError => {
            Failure::NeverSent("the host's network is set up otherwise")
        }
        ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestUriTooLong
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestHeaderSize(_)
        | ErrorCode::HttpRequestLengthRequired => {
            Failure::NotSent("the host does not take such a request")
        }
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => {
            Failure::TimedOut("no answer began in the time allowed")
        }
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            Failure::Lost("the encryption failed")
        }
        ErrorCode::HttpResponseIncomplete => Failure::Lost("the answer's head broke off"),
        ErrorCode::ConnectionTerminated => Failure::Lost("it was closed"),
        _ => Failure::Lost("the host gave no exact reason"),
    }
}
