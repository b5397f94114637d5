//! The admin side: inspect the account and the requests, and inject faults, as JSON over HTTP on a
//! port of its own.
//!
//! For tests in any language. It reads past every route, as [`StoreView`](crate::StoreView) does.
//! It shows no credential: of an `authorization` header only the scheme, and no body of the
//! authorization server.

mod faults;
mod records;
mod request;
mod requests;

use http::request::Parts;
use serde_json::{Value, json};

use crate::server::admin::request::{Refusal, check_origin, read};
use crate::server::service::Service;

/// What the admin side serves: method and path, and what it does.
pub const ROUTES: [(&str, &str); 13] = [
    ("GET /", "lists these routes"),
    ("GET /counts", "counts the records by kind, and the requests by status and by route"),
    ("GET /records/KIND", "shows every record of a kind, confidential ones too"),
    ("GET /records/KIND/ID", "shows one record"),
    ("GET /requests?since=NUMBER", "lists the requests received, from a number on"),
    ("DELETE /requests", "clears the list of requests"),
    ("GET /faults", "lists the pending faults"),
    (
        "POST /faults",
        "adds a fault: {\"effect\", \"method\", \"path\", \"skip\", \"times\", \"applied\"}",
    ),
    ("DELETE /faults", "removes all faults"),
    ("GET /settings", "shows the settings"),
    ("PUT /settings", "changes the settings: {\"latency_ms\"}"),
    (
        "POST /tokens/expire",
        "expires the access tokens of all logins; with {\"refresh\": true} their refresh tokens too",
    ),
    ("POST /cursors/expire", "expires every paging token issued so far"),
];

/// The largest body accepted, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// The status and JSON of the response to a request.
pub(crate) fn respond(service: &Service, head: &Parts, body: &[u8]) -> (u16, Value) {
    match result(service, head, body) {
        Ok(json) => (200, json),
        Err((status, error)) => (status, json!({"error": error})),
    }
}

fn result(service: &Service, head: &Parts, body: &[u8]) -> Result<Value, Refusal> {
    check_origin(head)?;
    let path = head.uri.path().trim_end_matches('/');
    let segments: Vec<_> = path.split('/').skip(1).collect();
    match (head.method.as_str(), segments.as_slice()) {
        ("GET", []) => Ok(ROUTES.iter().map(|(route, about)| json!([route, about])).collect()),
        ("GET", ["counts"]) => Ok(counts(service)),
        ("GET", ["records", kind]) => records::all(&service.lock().state, kind),
        ("GET", ["records", kind, id]) => records::one(&service.lock().state, kind, id),
        ("GET", ["requests"]) => requests::since(service, head.uri.query()),
        ("DELETE", ["requests"]) => {
            service.lock().forget_requests();
            Ok(json!({}))
        }
        ("GET", ["faults"]) => Ok(json!({"faults": service.lock().faults.describe()})),
        ("POST", ["faults"]) => {
            let fault = faults::read(body)?;
            service.lock().faults.add(fault);
            Ok(json!({"faults": service.lock().faults.describe()}))
        }
        ("DELETE", ["faults"]) => {
            service.lock().faults = crate::server::faults::Faults::default();
            Ok(json!({}))
        }
        ("GET", ["settings"]) => Ok(settings(service)),
        ("PUT", ["settings"]) => {
            service.lock().latency = read::<Settings>(body)?.latency();
            Ok(settings(service))
        }
        ("POST", ["tokens", "expire"]) => expire_tokens(service, body),
        ("POST", ["cursors", "expire"]) => Ok(json!({"expired": service.lock().cursors.expire()})),
        (method, _) => Err((404, format!("no route {method} {path}; GET / lists the routes"))),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    latency_ms: u64,
}

impl Settings {
    fn latency(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.latency_ms)
    }
}

fn settings(service: &Service) -> Value {
    let latency = service.lock().latency.as_millis();
    json!({"latency_ms": u64::try_from(latency).unwrap_or(u64::MAX)})
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    #[serde(default)]
    refresh: bool,
}

fn expire_tokens(service: &Service, body: &[u8]) -> Result<Value, Refusal> {
    let expiry: Expiry = read(body)?;
    let mut inner = service.lock();
    if expiry.refresh {
        inner.auth_server.end_logins();
    }
    Ok(json!({"expired": inner.tokens.expire()}))
}

fn counts(service: &Service) -> Value {
    let inner = service.lock();
    json!({"records": records::counts(&inner.state), "requests": requests::counts(&inner)})
}
