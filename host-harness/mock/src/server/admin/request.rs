//! Which requests the admin side accepts.

use http::request::Parts;

/// Why a request is refused: status and sentence.
pub(crate) type Refusal = (u16, String);

/// Refuses what a web page may have sent, from its own origin or by DNS rebinding.
pub(crate) fn check_origin(head: &Parts) -> Result<(), Refusal> {
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if head.headers.contains_key("origin") || !["127.0.0.1", "localhost"].contains(&name) {
        let why = "the admin side refuses requests from web pages and to hosts other than 127.0.0.1 and localhost";
        return Err((403, why.to_owned()));
    }
    Ok(())
}

/// A body; an empty one is an empty object.
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}
