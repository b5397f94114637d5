//! The requests received, with their outcome and without any credential.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::oauth;
use crate::server::admin::request::Refusal;
use crate::server::routes;
use crate::server::seen::Seen;
use crate::server::service::{Inner, Service};

/// Longest body shown, in bytes.
const MAX_SHOWN: usize = 64 << 10;

pub(crate) fn since(service: &Service, query: Option<&str>) -> Result<Value, Refusal> {
    let mut first = 0;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, value.parse()) {
            ("since", Ok(number)) => first = number,
            _ => {
                return Err((
                    400,
                    format!("unknown parameter `{name}={value}`; expected `since=NUMBER`"),
                ));
            }
        }
    }
    let inner = service.lock();
    let seen = inner.seen.iter().filter(|seen| seen.number >= first);
    let requests: Vec<_> = seen.map(shown).collect();
    Ok(json!({"requests": requests, "next": inner.received}))
}

fn shown(seen: &Seen) -> Value {
    let headers = seen.headers.iter().map(|(name, value)| match name.as_str() {
        "authorization" => {
            let (scheme, _) = value.split_once(' ').unwrap_or_default();
            (name.clone(), json!(format!("{scheme} [redacted]")))
        }
        _ => (name.clone(), json!(value)),
    });
    // Parameters of the postings API and of the authorization server that are credentials.
    const SECRET: [&str; 4] = ["key", "code", "client_secret", "refresh_token"];
    let query = seen.pairs.iter().map(|(name, value)| match SECRET.contains(&name.as_str()) {
        true => json!([name, "[redacted]"]),
        false => json!([name, value]),
    });
    let body = match std::str::from_utf8(&seen.body) {
        Ok(text) if seen.body.len() <= MAX_SHOWN && !oauth::server::serves(&seen.path) => {
            json!(text)
        }
        _ => Value::Null,
    };
    json!({
        "number": seen.number,
        "at_ms": u64::try_from(seen.at.as_millis()).unwrap_or(u64::MAX),
        "method": seen.method,
        "path": seen.path,
        "query": query.collect::<Vec<_>>(),
        "headers": headers.collect::<Map<_, _>>(),
        "body": body,
        "body_bytes": seen.body.len(),
        "status": seen.status,
        "applied": seen.is_applied,
        "fault": seen.fault,
        "unknown_query": seen.unknown_query,
        "unknown_body": seen.unknown_body,
    })
}

/// How many were received since they were forgotten last, by status and by route.
pub(crate) fn counts(inner: &Inner) -> Value {
    let (mut statuses, mut paths) = (BTreeMap::<String, u64>::new(), BTreeMap::new());
    for seen in &inner.seen {
        let status = seen.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        *statuses.entry(status).or_default() += 1;
        let path = routes::find(&seen.method, &seen.path)
            .map_or_else(|_| seen.path.clone(), |(row, _)| row.path.to_owned());
        *paths.entry(format!("{} {path}", seen.method)).or_insert(0_u64) += 1;
    }
    json!({"received": inner.seen.len(), "by_status": statuses, "by_route": paths})
}
