//! The admin side: what the mock holds and saw, and what goes wrong next, as JSON over HTTP on a port of its own.
//!
//! For tests in any language. It reads past every route, as [`StoreView`](crate::StoreView) does. No credential goes
//! out: of an `authorization` header it shows the scheme, and no body of the authorization server.

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
    ("GET /", "this list"),
    ("GET /counts", "records of each kind, and requests by status and by route"),
    ("GET /records/KIND", "every record of a kind, confidential ones too"),
    ("GET /records/KIND/ID", "one record"),
    ("GET /requests?since=NUMBER", "the requests received, from a number on"),
    ("DELETE /requests", "forgets them"),
    ("GET /faults", "the faults still waiting"),
    (
        "POST /faults",
        "adds one: {\"effect\", \"method\", \"path\", \"skip\", \"times\", \"applied\"}",
    ),
    ("DELETE /faults", "drops them all"),
    ("GET /settings", "what can be changed while it runs"),
    ("PUT /settings", "changes it: {\"latency_ms\"}"),
    (
        "POST /tokens/expire",
        "ends the access tokens of all logins; {\"refresh\": true}: the logins too",
    ),
    ("POST /cursors/expire", "ends every paging token handed out so far"),
];

/// Largest body taken, in bytes.
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
        (method, _) => {
            Err((404, format!("there is no {method} {path} here; GET / lists what there is")))
        }
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
