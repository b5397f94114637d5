//! Outgoing and incoming headers.
//!
//! Out go the few that the policy module calls harmless, and the host's own
//! credential. What the guest wrote into any other header is dropped without a
//! word, so a component written for hosts without injection works unchanged.

use std::time::{Duration, SystemTime};

use http::header::{
    AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS;

use crate::policy::allows_header;

/// Headers of one request. Lever's take five; a request with tens of thousands
/// once brought hosts down (CVE-2026-27572).
pub const COUNT_CAP: usize = 64;

/// Bytes of all names and values of one request: what common servers accept.
pub const BYTES_CAP: usize = 16 << 10;

/// What the guest may put into one set of headers, as wasmtime counts: twice
/// the bytes of a request, for the host's own cost of holding them.
pub const FIELDS_CAP: usize = 2 * BYTES_CAP;

/// Whether the headers are more than a request may carry.
pub fn are_too_large(headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    headers.len() > COUNT_CAP || bytes > BYTES_CAP
}

/// The headers that go out, but for the credential.
pub fn outgoing(guest: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in guest.iter().filter(|(name, _)| allows_header(name)) {
        headers.append(name.clone(), value.clone());
    }
    headers
}

/// Puts the host's credential in.
pub fn authorize(headers: &mut HeaderMap, mut authorization: HeaderValue) {
    // Keeps it out of every debug output and out of HPACK's tables.
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);
}

/// Whether the guest may neither set nor see this header: what frames and
/// routes a message, and what a server uses to recognise its client.
pub fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || [SET_COOKIE, WWW_AUTHENTICATE].contains(name)
}

/// Says in a 401 whether it makes sense to send the request again: the component does so when the
/// answer names a time. A 401 was not acted upon, and only the host knows whether the next request
/// will carry another credential.
pub fn invite_again(headers: &mut HeaderMap, is_renewed: bool) {
    headers.remove(RETRY_AFTER);
    if is_renewed {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("0"));
    }
}

/// Removes from an answer what must not reach the guest. A server that echoes
/// the credential in a header of any name gives nothing away.
pub fn clean_answer(
    headers: &mut HeaderMap,
    authorization: Option<&HeaderValue>,
    secret: Option<&str>,
) {
    // `Basic x` is also met as `x`.
    let sent = authorization.and_then(|value| value.to_str().ok());
    let token = sent.and_then(|sent| sent.split_once(' '));
    let secrets = [token.map(|(_, token)| token), secret];
    let tells = |value: &HeaderValue| {
        secrets
            .iter()
            .flatten()
            .any(|secret| !secret.is_empty() && contains(value.as_bytes(), secret.as_bytes()))
    };
    let doomed: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| is_forbidden(name) || *name == AUTHORIZATION || tells(value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in doomed {
        headers.remove(name);
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The wait that a 429 asks for, as seconds or as a date.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(now).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[(&str, &str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    value.parse::<HeaderValue>().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_guests_own_credentials_and_routing_headers_do_not_go_out() {
        let guest = map(&[
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("authorization", "Basic Z3Vlc3Q6"),
            ("proxy-authorization", "Basic Z3Vlc3Q6"),
            ("cookie", "session=1"),
            ("host", "evil.example"),
            ("forwarded", "for=10.0.0.1"),
            ("x-forwarded-host", "evil.example"),
            ("x-http-method-override", "DELETE"),
            ("x-original-url", "/v1/users"),
            ("connection", "authorization"),
            ("te", "trailers"),
        ]);
        let mut out = outgoing(&guest);
        assert!(!out.contains_key(AUTHORIZATION));
        authorize(&mut out, HeaderValue::from_static("Basic aG9zdDo="));
        let names: Vec<&str> = out.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["accept", "content-type", "authorization"]);
        assert_eq!(out[AUTHORIZATION], "Basic aG9zdDo=");
        assert!(out[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn too_many_or_too_large_headers_are_seen() {
        let few = map(&[("accept", "*/*")]);
        assert!(!are_too_large(&few));
        let mut many = HeaderMap::new();
        for n in 0..=COUNT_CAP {
            many.append("accept", HeaderValue::from(n));
        }
        assert!(are_too_large(&many));
        let large = map(&[("user-agent", &"x".repeat(BYTES_CAP))]);
        assert!(are_too_large(&large));
    }

    #[test]
    fn an_answer_that_echoes_the_credential_does_not_carry_it_in() {
        let secret = HeaderValue::from_static("Basic aG9zdDo=");
        let mut answer = map(&[
            ("content-type", "application/json"),
            ("authorization", "Basic other"),
            ("set-cookie", "a=b"),
            ("x-echo", "you sent aG9zdDo= to us"),
            ("x-key", "host-key"),
        ]);
        clean_answer(&mut answer, Some(&secret), Some("host-key"));
        let names: Vec<&str> = answer.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type"]);
    }

    #[test]
    fn a_401_names_a_time_only_if_the_host_says_so() {
        for (is_renewed, expected) in [(true, Some("0")), (false, None)] {
            let mut answer = map(&[("retry-after", "7")]);
            invite_again(&mut answer, is_renewed);
            let value = answer.get(RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(value, expected);
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let rows = [
            ("3", Some(3)),
            (" 10 ", Some(10)),
            ("-1", None),
            ("1.5", None),
            ("Thu, 01 Jan 1970 00:00:07 GMT", Some(7)),
            ("soon", None),
        ];
        for (text, seconds) in rows {
            let headers = map(&[("retry-after", text)]);
            assert_eq!(
                retry_after(&headers, SystemTime::UNIX_EPOCH),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
