//! Requests, with whatever wasi:http takes in them.

use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasi::io::streams::{OutputStream, StreamError};

use crate::bindings::exports::hostile::probe::attack::{Ending, Message};

/// The most that `blocking-write-and-flush` takes at once.
const WRITE: usize = 4096;

/// Sends a request. What comes back: a line for each header the host did not
/// take, then the answer's status, headers and body.
pub fn request(message: &Message) -> Result<String, String> {
    let (mut said, future, kept) = start(message)?;
    said.push_str(&finish(&future)?);
    drop(kept);
    Ok(said)
}

/// Sends a request, and reads its answer without keeping it.
pub fn drain(message: &Message) -> Result<String, String> {
    let (_, future, _kept) = start(message)?;
    let answer = answer(&future)?;
    let body = answer.consume().map_err(|()| "no body".to_owned())?;
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    let mut read = 0;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => read += bytes.len(),
            Err(StreamError::Closed) => return Ok(format!("{read} bytes")),
            Err(error) => {
                let error = format!("{error:?}");
                return Ok(format!("{read} bytes, broken off: {error:.30}"));
            }
        }
    }
}

/// Sends a request, and another one to the address its answer names.
pub fn chase(mut message: Message) -> String {
    let first = request(&message).unwrap_or_else(|error| error);
    let Some(place) = first.lines().find_map(|line| line.strip_prefix("location: ")) else {
        return first;
    };
    let (scheme, rest) = place.split_once("://").unwrap_or(("http", place));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    message.scheme = Some(scheme.to_owned());
    message.authority = Some(authority.to_owned());
    message.path_with_query = Some(format!("/{path}"));
    format!("{first}\nthen {}", request(&message).unwrap_or_else(|error| error))
}

/// Has many requests under way at once.
pub fn flood(message: &Message, times: u32) -> String {
    let mut under_way = Vec::new();
    let mut refused = 0;
    for _ in 0..times {
        match start(message) {
            Ok((_, future, _)) => under_way.push(future),
            Err(_) => refused += 1,
        }
    }
    let answered = under_way.iter().filter(|future| finish(future).is_ok()).count();
    format!("{answered} answered, {refused} refused at once")
}

/// Sends the same request again and again, one after the other.
pub fn repeat(message: &Message, times: u32) -> String {
    let answered = (0..times).filter(|_| request(message).is_ok()).count();
    format!("{answered} answered")
}

/// Has many answers at once and reads none of them for a while.
pub fn leave(message: &Message, times: u32, milliseconds: u64) -> String {
    let sent: Vec<_> = (0..times).filter_map(|_| start(message).ok()).collect();
    let answers: Vec<_> = sent.iter().filter_map(|(_, future, _)| answer(future).ok()).collect();
    subscribe_duration(milliseconds.saturating_mul(1_000_000)).block();
    let read = answers.iter().map(read).filter(|text| !text.contains("broken off")).count();
    format!("{} answered, {read} read to the end", answers.len())
}

/// A request as raw as it can be, not yet sent; and a line for each header that
/// was not taken.
pub fn prepare(message: &Message) -> Result<(String, OutgoingRequest), String> {
    let (said, headers) = fields(&message.headers);
    let request = OutgoingRequest::new(headers);
    let not_taken = |what: &str| format!("the host takes no such {what}");
    request.set_method(&method(&message.method)).map_err(|()| not_taken("method"))?;
    let scheme = message.scheme.as_deref().map(|scheme| match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    });
    request.set_scheme(scheme.as_ref()).map_err(|()| not_taken("scheme"))?;
    request.set_authority(message.authority.as_deref()).map_err(|()| not_taken("authority"))?;
    request
        .set_path_with_query(message.path_with_query.as_deref())
        .map_err(|()| not_taken("path"))?;
    Ok((said, request))
}

/// A request under way, with what is kept of its body.
type Started = (String, FutureIncomingResponse, Option<(OutputStream, OutgoingBody)>);

fn start(message: &Message) -> Result<Started, String> {
    let (mut said, request) = prepare(message)?;
    let has_body = !message.body.is_empty()
        || !message.bytes.is_empty()
        || !message.trailers.is_empty()
        || message.ending.is_some();
    let body = has_body.then(|| request.body()).transpose();
    let body = body.map_err(|()| "the host takes no such body".to_owned())?;
    let options = Some(RequestOptions::new());
    let future = outgoing_handler::handle(request, options).map_err(|code| format!("{code:?}"))?;
    let mut kept = None;
    if let Some(body) = body {
        let (told, left) = write(body, message, &future);
        said.push_str(&told);
        kept = left;
    }
    Ok((said, future, kept))
}

/// Writes a body and ends it as it is to end; what is kept of it keeps it open.
fn write(
    body: OutgoingBody,
    message: &Message,
    future: &FutureIncomingResponse,
) -> (String, Option<(OutputStream, OutgoingBody)>) {
    let Ok(stream) = body.write() else { return ("no stream\n".to_owned(), None) };
    let content = [message.body.as_bytes(), &message.bytes].concat();
    let piece = message.piece.map_or(WRITE, |piece| piece as usize).clamp(1, WRITE);
    let once = || content.chunks(piece).try_for_each(|it| stream.blocking_write_and_flush(it));
    let written = match message.ending {
        // Until the host has had enough, or has answered.
        Some(Ending::Endless) => loop {
            if let Err(error) = once() {
                break Err(error);
            }
            if future.subscribe().ready() {
                break Ok(());
            }
        },
        _ => once(),
    };
    if let Err(error) = written {
        return (format!("body: {error:?}\n"), None);
    }
    match message.ending {
        None | Some(Ending::Finished) => {}
        Some(Ending::Dropped) => return (String::new(), None),
        Some(Ending::Open | Ending::Endless) => return (String::new(), Some((stream, body))),
    }
    drop(stream);
    let (said, trailers) = fields(&message.trailers);
    match OutgoingBody::finish(body, (!message.trailers.is_empty()).then_some(trailers)) {
        Ok(()) => (said, None),
        Err(code) => (format!("{said}body: {code:?}\n"), None),
    }
}

fn fields(pairs: &[(String, String)]) -> (String, Fields) {
    let fields = Fields::new();
    let mut said = String::new();
    for (name, value) in pairs {
        if let Err(error) = fields.append(name, value.as_bytes()) {
            said.push_str(&format!("header: {error:?}\n"));
        }
    }
    (said, fields)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    }
}

fn finish(future: &FutureIncomingResponse) -> Result<String, String> {
    answer(future).map(|answer| read(&answer))
}

fn answer(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(answer))) => Ok(answer),
        Some(Ok(Err(code))) => Err(format!("{code:?}")),
        other => Err(format!("no answer: {}", other.is_some())),
    }
}

fn read(answer: &IncomingResponse) -> String {
    let mut text = format!("{}\n", answer.status());
    for (name, value) in answer.headers().entries() {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    text.push('\n');
    let Ok(body) = answer.consume() else { return text };
    let Ok(stream) = body.stream() else { return text };
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Err(StreamError::Closed) => return text,
            Err(error) => return format!("{text}\nbroken off: {error:?}"),
        }
    }
}
