//! Where the component touches its host: the request and its response, the
//! forwarding, the environment and the clock.
//!
//! Of waki it takes what its `handler` macro expands to, and not the request
//! and response types in between: those trap where a response cannot be written
//! any more, and their header map brings in an import
//! (`wasi:random/insecure-seed`) that lever.wasm does without. Answers have no
//! body: whoever made a request that is refused needs no reason.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lever::core::MILLISECOND;
use lever::core::http::body::Body;
use lever::core::http::request::{Method, Request};
use lever::core::http::response::{Failure, Response};
use lever::core::send::scheduler::{Clock as _, Transport as _};
use lever::edge::{Wasi, WasiClock};
use waki::bindings::exports::wasi::http::incoming_handler::Guest;
use waki::bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use waki::bindings::wasi::io::streams::StreamError;

use crate::receive::{self, LARGEST, Step};
use crate::seen::Seen;
use crate::settings::Settings;
use crate::verdict::{HEADER, Verdict};

/// Bytes asked of a body at a time.
const PIECE: u64 = 64 * 1024;

/// The largest answer of the forward URL that is read to its end; only its
/// status counts.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Steps of forwarding that have the time limit each: to connect, to answer, to
/// end, and as many again.
const STEPS: u64 = 6;

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

fn seen<R>(act: impl FnOnce(&mut Seen) -> R) -> R {
    let mut seen: MutexGuard<'_, Option<Seen>> =
        SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    act(seen.get_or_insert_with(Seen::default))
}

struct Receiver;

waki::bindings::export!(Receiver with_types_in waki::bindings);

impl Guest for Receiver {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (verdict, detail) = verdict(&request);
        if !(200..300).contains(&verdict.status()) {
            // There is nowhere to report that this cannot be written.
            let _ = writeln!(std::io::stderr(), "{} {}{detail}", verdict.status(), verdict.word());
        }
        answer(verdict, out);
    }
}

/// Answers. Where the host refuses a header, the status goes alone; where nobody
/// listens any more, nothing is left to do.
fn answer(verdict: Verdict, out: ResponseOutparam) {
    let headers = Fields::new();
    let set = |name: &str, value: &str| headers.append(&name.to_owned(), &value.into());
    let _ = set(HEADER, verdict.word());
    let _ = set("content-length", "0");
    if verdict == Verdict::Method {
        let _ = set("allow", "POST");
    }
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(verdict.status());
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    if let Ok(body) = body {
        let _ = OutgoingBody::finish(body, None);
    }
}

/// What is answered, and what the operator is told besides.
fn verdict(request: &IncomingRequest) -> (Verdict, String) {
    if !matches!(request.method(), waki::Method::Post) {
        return (Verdict::Method, String::new());
    }
    let settings = match Settings::from_environment(&wasi::cli::environment::get_environment()) {
        Ok(settings) => settings,
        Err(rule) => return (Verdict::NotConfigured, format!(": {rule}")),
    };
    let body = match body(request) {
        Ok(body) => body,
        Err(verdict) => return (verdict, String::new()),
    };
    match seen(|seen| receive::admit(seen, &settings, &body, WasiClock.wall_ms())) {
        Step::Answer(verdict) => (verdict, String::new()),
        Step::Forward(json, place) => {
            // The memory is not held meanwhile: another delivery may come.
            let answer = forward(&settings, json);
            let verdict = seen(|seen| receive::settle(seen, place, &answer));
            (verdict, said(&answer))
        }
    }
}

/// The whole body, if it is not too large.
fn body(request: &IncomingRequest) -> Result<Vec<u8>, Verdict> {
    let length = request.headers().get(&"content-length".to_owned()).into_iter().next();
    let length = length.and_then(|length| String::from_utf8(length).ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > LARGEST) {
        return Err(Verdict::TooLarge);
    }
    let incoming = request.consume().map_err(|()| Verdict::BrokenBody)?;
    let stream = incoming.stream().map_err(|()| Verdict::BrokenBody)?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) if body.len().saturating_add(piece.len()) > LARGEST => {
                return Err(Verdict::TooLarge);
            }
            Ok(piece) => body.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(body),
            Err(StreamError::LastOperationFailed(_)) => return Err(Verdict::BrokenBody),
        }
    }
}

/// Sends an event once and waits for the response. Whether it comes again is up
/// to Lever.
fn forward(settings: &Settings, json: Vec<u8>) -> Result<Response, Failure> {
    let target = &settings.target;
    let timeout = settings.timeout_ms.saturating_mul(MILLISECOND);
    let there = lever::core::settings::Settings {
        api: target.base.clone(),
        authorization: settings.authorization.as_ref().map(|it| it.secret().to_owned()),
        connect_timeout: timeout,
        first_byte_timeout: timeout,
        between_bytes_timeout: timeout,
        max_answer: LARGEST_ANSWER,
        ..Default::default()
    };
    let request = Request {
        body: Some(Body::json(json)),
        ..Request::to(Method::Post, target.path.clone(), "")
    };
    let mut transport = Wasi::default();
    let until = WasiClock.now().saturating_add(timeout.saturating_mul(STEPS));
    transport.start(0, &request, &there);
    let ended = transport.wait(Some(until)).pop();
    ended.map_or(Err(Failure::TimedOut("no answer came to its end in time")), |(_, answer)| answer)
}

/// How forwarding went, without anything of what was said.
fn said(answer: &Result<Response, Failure>) -> String {
    match (receive::status(answer), answer) {
        (Some(status), _) => format!(": the forward URL answered {status}"),
        (
            None,
            Err(
                Failure::NotSent(why)
                | Failure::NeverSent(why)
                | Failure::Lost(why)
                | Failure::TimedOut(why),
            ),
        ) => {
            format!(": {why}")
        }
        (None, _) => ": the host does not let the request out".into(),
    }
}
