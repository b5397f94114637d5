//! What a fault makes of a response.
//!
//! Decides what is sent, in which pieces; sends nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::cursor::{Part, canonical, token};
use crate::http::reply::Failure;
use crate::http::response::{HTML, JSON, Response};
use crate::server::faults::{Content, Effect};
use crate::server::gzip::gzip;

const PAGE: &str = "<!doctype html><html><head><title>502 Bad Gateway</title></head>\
    <body><h1>Bad Gateway</h1><p>The proxy could not reach the server.</p></body></html>";

/// What is sent.
#[derive(Debug)]
pub(crate) enum Transmission {
    /// A sound response; the connection is kept.
    Response(Response),
    /// These raw bytes, then the end.
    Raw(Vec<u8>, End),
}

/// How a broken response ends.
#[derive(Debug)]
pub(crate) enum End {
    Close,
    Reset,
    /// The rest, one byte at a time, then closed.
    Drip {
        rest: Vec<u8>,
        every: Duration,
    },
    /// This chunk again and again until the client hangs up.
    Endless(Vec<u8>),
}

/// The response with the headers that all of Lever's have.
pub(crate) fn from_lever(mut response: Response) -> Response {
    let own = [("server", "lever-data-api"), ("x-lever-region", "global")];
    response.headers.splice(..0, own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    response
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// The response with a fault applied. `real` is its JSON, where it is JSON; `offset` is the one of
/// the request.
pub(crate) fn apply_fault(
    effect: Effect,
    whole: Response,
    real: Option<Value>,
    offset: Option<&str>,
) -> Transmission {
    match broken(&effect, &whole) {
        Some((bytes, end)) => Transmission::Raw(bytes, end),
        None => Transmission::Response(altered(effect, whole, real, offset)),
    }
}

/// The response of an effect that leaves HTTP intact.
fn altered(
    effect: Effect,
    whole: Response,
    mut real: Option<Value>,
    offset: Option<&str>,
) -> Response {
    let half = whole.body.len() / 2;
    let with_json = |whole: Response, real: Option<Value>| match real {
        Some(real) => from_lever(Response::json(whole.status, Some(&real))),
        None => whole,
    };
    match effect {
        Effect::Status { code, body, headers } => {
            let mut response = from_lever(match body {
                Content::Json(body) => Response::json(code, Some(&body)),
                Content::Html => Response::new(code, HTML, PAGE),
                Content::Empty => Response::json(code, None),
            });
            response.headers.extend(headers);
            response
        }
        Effect::HtmlPage => from_lever(Response::new(200, HTML, PAGE)),
        Effect::EmptyBody => from_lever(Response::json(200, None)),
        Effect::Body(text) => from_lever(Response::new(200, JSON, text)),
        Effect::InvalidJson => Response { body: whole.body.slice(..half), ..whole },
        Effect::Gzip => {
            let body = gzip(&whole.body).into();
            Response { body, ..whole }.with("content-encoding", "gzip")
        }
        Effect::RepeatCursor => with_json(whole, repeated(real, offset)),
        Effect::ExpiredCursor if offset.is_some() => {
            let failure = Failure::Query("Invalid offset token".to_owned());
            from_lever(Response::json(failure.parts().0, Some(&failure.body())))
        }
        Effect::ForeignCursor => {
            let foreign = token(&[Part::Text("of another query".to_owned())]);
            with_json(whole, continued(real, &foreign))
        }
        Effect::ExtraKeys => {
            real.iter_mut().for_each(add_keys);
            with_json(whole, real)
        }
        Effect::NullLists => {
            real.iter_mut().filter_map(|real| real.get_mut("data")).for_each(empty_lists);
            with_json(whole, real)
        }
        Effect::LongText(length) => {
            real.iter_mut().for_each(|real| {
                lengthen(real, length);
            });
            with_json(whole, real)
        }
        Effect::DeepNesting(depth) => Response { body: nested(&whole.body, depth).into(), ..whole },
        // Delays, moves and what `broken` sends.
        _ => whole,
    }
}

/// The bytes of an effect that breaks HTTP; None for the others.
fn broken(effect: &Effect, whole: &Response) -> Option<(Vec<u8>, End)> {
    let length = whole.body.len();
    let chunked = || whole.head("transfer-encoding: chunked");
    // A chunk of no bytes would end the body properly.
    let half = || if whole.half().is_empty() { Vec::new() } else { chunk(whole.half()) };
    Some(match effect {
        Effect::BadChunk => {
            ([chunked(), half(), b"not a number\r\n".to_vec()].concat(), End::Close)
        }
        Effect::ResetBefore | Effect::ResetAfter => (Vec::new(), End::Reset),
        Effect::CloseMidHead => {
            let mut head = whole.sized(length);
            head.truncate(head.len() / 2);
            (head, End::Close)
        }
        Effect::TruncatedBody { chunked: false } => {
            // One more byte than the whole, so that an empty body is truncated too.
            ([whole.sized(length + 1).as_slice(), whole.half()].concat(), End::Close)
        }
        Effect::TruncatedBody { chunked: true } => ([chunked(), half()].concat(), End::Close),
        Effect::WrongContentLength => {
            ([whole.sized(length / 2).as_slice(), &whole.body].concat(), End::Close)
        }
        Effect::StallBody { after, every } => {
            let (first, rest) = whole.body.split_at((*after).min(length));
            let end = End::Drip { rest: rest.to_vec(), every: *every };
            ([whole.sized(length).as_slice(), first].concat(), end)
        }
        Effect::EndlessBody => {
            // White space between values keeps the JSON sound, so only its size gives it away.
            let space = chunk(&[b' '; 16 * 1024]);
            ([chunked(), chunk(br#"{"data":["#)].concat(), End::Endless(space))
        }
        _ => return None,
    })
}

fn repeated(real: Option<Value>, offset: Option<&str>) -> Option<Value> {
    match offset {
        Some(offset) => continued(real, &canonical(offset)),
        None => real,
    }
}

/// A list that goes on at this token.
fn continued(real: Option<Value>, next: &str) -> Option<Value> {
    let mut real = real?;
    if let Some(map) = real.as_object_mut() {
        map.insert("hasNext".to_owned(), json!(true));
        map.insert("next".to_owned(), json!(next));
    }
    Some(real)
}

/// Adds undocumented keys to every object.
fn add_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_keys),
        Value::Object(map) => {
            map.values_mut().for_each(add_keys);
            map.insert("".to_owned(), Value::Null);
            map.insert("aFutureKey".to_owned(), json!({"id": 7, "data": [[]], "next": {}}));
            map.insert("key\u{202e}\u{0}\"\\".to_owned(), json!(-1.5e300));
        }
        _ => {}
    }
}

/// Replaces every list inside the records with null.
fn empty_lists(data: &mut Value) {
    match data {
        Value::Array(records) => records.iter_mut().for_each(empty_lists),
        Value::Object(map) => {
            for value in map.values_mut() {
                if value.is_array() {
                    *value = Value::Null;
                }
                empty_lists(value);
            }
        }
        _ => {}
    }
}

/// Makes the first text that people write this long; returns whether there was one.
fn lengthen(value: &mut Value, length: usize) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().any(|item| lengthen(item, length)),
        Value::Object(map) => map.iter_mut().any(|(name, value)| match value {
            Value::String(text) if ["name", "text", "value"].contains(&name.as_str()) => {
                *text = "x".repeat(length);
                true
            }
            other => lengthen(other, length),
        }),
        _ => false,
    }
}

/// The object with one more key, whose value nests deeper than a parser may recurse; made as text,
/// since such a value could not be dropped here either.
fn nested(body: &[u8], depth: usize) -> Vec<u8> {
    match body.strip_prefix(b"{") {
        Some(rest) => {
            let deep = [vec![b'['; depth], vec![b']'; depth]].concat();
            [br#"{"aFutureKey":"#.as_slice(), &deep, b",", rest].concat()
        }
        None => body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_answer_has_the_bytes_its_fault_promises() {
        let real = || Some(json!({"data": [1, 2, 3]}));
        let whole = || Response::json(200, real().as_ref());
        let body = r#"{"data":[1,2,3]}"#;
        let rows = [
            (Effect::ResetAfter, "", ""),
            (Effect::TruncatedBody { chunked: false }, "content-length: 17", r#"{"data":"#),
            (Effect::TruncatedBody { chunked: true }, "chunked", "8\r\n{\"data\":\r\n"),
            (Effect::WrongContentLength, "content-length: 8", body),
            (Effect::BadChunk, "chunked", "8\r\n{\"data\":\r\nnot a number\r\n"),
            (
                Effect::StallBody { after: 2, every: Duration::from_millis(1) },
                "content-length: 16",
                r#"{""#,
            ),
        ];
        for (effect, framing, sent) in rows {
            let name = format!("{effect:?}");
            let Transmission::Raw(bytes, _) = apply_fault(effect, whole(), real(), None) else {
                panic!("{name} is not a cut");
            };
            let text = String::from_utf8(bytes).unwrap();
            let (head, rest) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
            assert!(head.ends_with(framing), "{name}: {head}");
            assert_eq!(rest, sent, "{name}");
        }
    }

    #[test]
    fn an_altered_answer_is_the_real_one_but_for_what_its_fault_says() {
        let real = || Some(json!({"data": [{"id": "a", "text": "b", "tags": ["c"]}], "next": "n"}));
        let whole = || Response::json(200, real().as_ref());
        let rows = [
            (Effect::NullLists, r#"{"data":[{"id":"a","tags":null,"text":"b"}],"next":"n"}"#),
            (Effect::LongText(3), r#"{"data":[{"id":"a","tags":["c"],"text":"xxx"}],"next":"n"}"#),
            (
                Effect::DeepNesting(2),
                r#"{"aFutureKey":[[]],"data":[{"id":"a","tags":["c"],"text":"b"}],"next":"n"}"#,
            ),
            (
                Effect::ExpiredCursor,
                r#"{"code":"BadRequestError","message":"Invalid offset token"}"#,
            ),
        ];
        for (effect, expected) in rows {
            let Transmission::Response(answer) =
                apply_fault(effect.clone(), whole(), real(), Some("[1]"))
            else {
                panic!("{effect:?} is whole");
            };
            assert_eq!(String::from_utf8(answer.body.into()).unwrap(), expected, "{effect:?}");
        }
        let mut more = real().unwrap();
        add_keys(&mut more);
        assert_eq!(more["data"][0]["tags"], json!(["c"]));
        assert!(more["data"][0]["aFutureKey"].is_object());
    }

    #[test]
    fn a_repeated_cursor_is_the_one_asked_with() {
        let rows = [
            (None, json!({"data": [], "next": "%5B2%5D"})),
            (Some("%5B1%5D"), json!({"data": [], "next": "%5B1%5D", "hasNext": true})),
            (Some("[1]"), json!({"data": [], "next": "%5B1%5D", "hasNext": true})),
        ];
        for (offset, expected) in rows {
            let real = Some(json!({"data": [], "next": "%5B2%5D"}));
            assert_eq!(repeated(real, offset), Some(expected));
        }
    }
}
