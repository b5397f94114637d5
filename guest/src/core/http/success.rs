//! What a 2xx says of a change.
//!
//! Lever wraps what it did in `data`, and answers a deletion with nothing. Any
//! other success was written by something in between, or tells of a failure: it
//! leaves in doubt whether the change was made.

use crate::core::error::{Error, ErrorKind, Outcome, quote};
use crate::core::http::request::{Effect, Method, Request, Target};
use crate::core::http::response::Response;
use crate::core::json::record::{self, BYTE_ORDER_MARK};

/// The longest value of a response that a message quotes, in bytes.
const SHOWN: usize = 200;

/// The error for a success that does not say that the change was made.
pub fn doubt(response: &Response, request: &Request) -> Option<Error> {
    if request.effect == Effect::Read || is_made(response, request) {
        return None;
    }
    let status = response.status;
    let body = if response.is_packed() {
        "with a content-encoding, which was not asked for".to_owned()
    } else if is_blank(&response.body) {
        "with an empty body".to_owned()
    } else {
        match said(&response.body) {
            said if said.is_empty() => "with a body that is not Lever's".to_owned(),
            said => format!("with a body that is not Lever's and says {said}"),
        }
    };
    let message = format!(
        "The answer to the change is {status} {body}. Check what stands between host and Lever."
    );
    Some(Error {
        status: Some(status),
        outcome: Outcome::Unknown,
        ..Error::new(ErrorKind::MalformedAnswer, message)
    })
}

fn is_made(response: &Response, request: &Request) -> bool {
    let body = &response.body;
    match (&request.target, request.method) {
        (Target::Api, Method::Delete) if is_blank(body) => true,
        _ if response.is_packed() => false,
        // The authorization server has no envelope.
        (Target::Auth, _) => is_blank(body) || begins_object(body),
        _ => is_envelope(body),
    }
}

fn is_blank(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
}

fn begins_object(body: &[u8]) -> bool {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    body.trim_ascii_start().first() == Some(&b'{')
}

/// Whether a body, or as much of it as came, is an object with `data`, and does
/// not speak of a failure beside it.
pub fn is_envelope(body: &[u8]) -> bool {
    let (mut has_data, mut has_failed) = (false, false);
    members(body, |key, value| match (key, value) {
        (b"data", [b'{' | b'[', ..]) => has_data = true,
        (b"ok", [b'f', ..]) | (b"error", [b'{', ..]) => has_failed = true,
        (b"error", [b'"', end, ..]) if *end != b'"' => has_failed = true,
        _ => {}
    });
    has_data && !has_failed
}

/// Shows each key of the outermost object, and the text from its value on. Stops
/// where the text is not an object, or ends.
pub fn members(body: &[u8], mut see: impl FnMut(&[u8], &[u8])) {
    let mut rest = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii_start();
    if rest.first() != Some(&b'{') {
        return;
    }
    let (mut depth, mut at) = (0_usize, At::Key);
    let mut key: &[u8] = &[];
    while let [byte, tail @ ..] = rest {
        if depth == 1 && at == At::Value && !byte.is_ascii_whitespace() {
            see(key, rest);
            at = At::End;
        }
        rest = tail;
        match byte {
            b'"' => {
                let (text, behind) = string(rest);
                rest = behind;
                if depth == 1 && at == At::Key {
                    (key, at) = (text, At::Colon);
                }
            }
            b':' if depth == 1 && at == At::Colon => at = At::Value,
            b',' if depth == 1 => at = At::Key,
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

/// What comes next in an object.
#[derive(PartialEq, Eq)]
enum At {
    Key,
    Colon,
    Value,
    End,
}

/// A string whose first quote was read, and what is behind it.
fn string(text: &[u8]) -> (&[u8], &[u8]) {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    let (string, behind) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or_default();
    (string, behind.get(1..).unwrap_or_default())
}

/// What a response says of how it went, in the words that APIs have for that.
/// Whatever else is in it may be a person's.
#[derive(Debug)]
struct Said {
    ok: Option<String>,
    success: Option<String>,
    status: Option<String>,
    code: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

record::record!(Said {
    0 ok "ok" open,
    1 success "success" open,
    2 status "status" open,
    3 code "code" open,
    4 error "error" open,
    5 message "message" open,
});

fn said(body: &[u8]) -> String {
    let Ok(said) = record::read::<Said>(body) else { return String::new() };
    let parts = [
        ("ok", said.ok),
        ("success", said.success),
        ("status", said.status),
        ("code", said.code),
        ("error", said.error),
        ("message", said.message),
    ];
    let shown = parts.into_iter().filter_map(|(name, value)| {
        let value = shown(&value?);
        Some(format!("{name} {value}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A value of JSON: a word as it is, a text quoted, an object by what it says.
fn shown(value: &str) -> String {
    match value.as_bytes().first() {
        Some(b'"') => {
            let text: String = record::read(value.as_bytes()).unwrap_or_default();
            let text = quote(&text);
            let cut = text.char_indices().map(|(at, _)| at).find(|at| *at >= SHOWN);
            match cut {
                Some(cut) => format!("\"{}...\"", text.get(..cut).unwrap_or_default()),
                None => format!("\"{text}\""),
            }
        }
        Some(b'{') => {
            let inner: Said = record::read(value.as_bytes()).unwrap_or_default();
            let words = [("code", inner.code), ("message", inner.message)];
            let words = words.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let texts = words.filter(|(_, value)| value.starts_with('"'));
            let shown: Vec<String> =
                texts.map(|(name, value)| format!("{name} {}", self::shown(&value))).collect();
            match (shown.is_empty(), value == "{}") {
                (true, true) => "{}".to_owned(),
                (true, false) => "{...}".to_owned(),
                (false, _) => format!("{{{}}}", shown.join(", ")),
            }
        }
        Some(b'[') => "[...]".to_owned(),
        _ if value.len() <= 20 => value.to_owned(),
        _ => "...".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{notes, opportunities, users};

    #[test]
    fn an_envelope_has_data_and_no_failure_beside_it() {
        let rows = [
            (r#"{"data":{}}"#, true),
            (r#"{"data":[]}"#, true),
            (" {\n \"data\" : [", true),
            ("\u{feff}{\"data\":{}}", true),
            (r#"{"deduped":false,"data":{"id":"#, true),
            (r#"{"a":{"b":[1,"}"]},"c":"\"","data":{"#, true),
            (r#"{"data":{"error":{"message":"x"},"ok":false}}"#, true),
            (r#"{"data":{},"error":null,"ok":true}"#, true),
            (r#"{"data":{},"error":""}"#, true),
            ("", false),
            ("{", false),
            (r#"{"data""#, false),
            (r#"{"data":"#, false),
            ("{}", false),
            (r#"{"data":null}"#, false),
            (r#"{"data":7}"#, false),
            (r#"{"data":"made"}"#, false),
            (r#"{"ok":false,"error":{}}"#, false),
            (r#"{"ok":false,"data":{}}"#, false),
            (r#"{"data":{},"ok" : false}"#, false),
            (r#"{"data":{},"error":{"message":"x"}}"#, false),
            (r#"{"data":null,"error":"x","data":{}}"#, false),
            (r#"{"result":{"data":{}}}"#, false),
            (r#"{"x":"data","y":{}}"#, false),
            (r#"{"x":"data":{}}"#, false),
            (r#"[{"data":{}}]"#, false),
            ("<html>{\"data\":{}}", false),
            (r#""data":{}"#, false),
        ];
        for (body, expected) in rows {
            assert_eq!(is_envelope(body.as_bytes()), expected, "{body}");
        }
    }

    fn told(request: &Request, status: u16, body: &str) -> Option<String> {
        let response = Response { status, body: body.into(), ..Response::default() };
        let error = doubt(&response, request)?;
        assert_eq!((error.kind, error.outcome), (ErrorKind::MalformedAnswer, Outcome::Unknown));
        assert_eq!(error.status, Some(status));
        Some(error.message)
    }

    #[test]
    fn only_a_deletion_is_answered_without_a_body() {
        let delete = notes::DELETE.request(&["o", "n"]).unwrap();
        let others = [
            notes::CREATE.request(&["o"]).unwrap(),
            opportunities::UPDATE_STAGE.request(&["o"]).unwrap(),
            users::DEACTIVATE.request(&["u"]).unwrap(),
        ];
        for (status, body) in [(204, ""), (200, ""), (202, " \n")] {
            assert_eq!(told(&delete, status, body), None);
            for other in &others {
                let message = told(other, status, body).unwrap();
                assert!(message.contains(&format!("{status} with an empty body")), "{message}");
            }
        }
        for body in ["{}", "<html>", "deleted", r#"{"ok":false}"#] {
            assert!(told(&delete, 200, body).is_some(), "{body}");
        }
        assert_eq!(told(&delete, 200, r#"{"data":{"id":"n"}}"#), None);
        let read = notes::GET.request(&["o", "n"]).unwrap();
        assert_eq!(told(&read, 200, "{}"), None);
    }

    #[test]
    fn what_a_body_says_of_a_failure_is_quoted_and_nothing_else_of_it() {
        let request = notes::CREATE.request(&["o"]).unwrap();
        let rows = [
            (r#"{"ok":false,"error":{}}"#, r#"says ok false, error {}."#),
            (
                r#"{"success":false,"message":"no such\nnote of ana@example.com"}"#,
                r#"says success false, message "no such note of [redacted]"."#,
            ),
            (
                r#"{"error":{"code":"E1","message":"busy","name":"Ana"},"name":"Ana"}"#,
                r#"says error {code "E1", message "busy"}."#,
            ),
            (r#"{"error":{"name":"Ana"}}"#, r#"says error {...}."#),
            (r#"{"error":["Ana"],"code":7}"#, "says code 7, error [...]."),
            (r#"{"name":"Ana"}"#, "with a body that is not Lever's."),
            ("<html>Ana</html>", "with a body that is not Lever's."),
        ];
        for (body, expected) in rows {
            let message = told(&request, 200, body).unwrap();
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("Ana"), "{message}");
        }
        let long = format!(r#"{{"ok":false,"message":"{}"}}"#, "x ".repeat(4000));
        assert!(told(&request, 200, &long).unwrap().len() < 400);
    }
}
