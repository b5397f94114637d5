//! What a response that is not a success means, and what to do about it.
//!
//! Not every answer is Lever's: a firewall, a proxy or a sign-in page answers in
//! Lever's place, and a base URL leads elsewhere. Advice is given about Lever only
//! where the body is in Lever's own form, or there is none.

use crate::core::error::{Error, ErrorKind, Outcome, quote, shown};
use crate::core::http::base_url::Base;
use crate::core::http::request::{Effect, Method, Request, Target};
use crate::core::http::response::Response;
use crate::core::json;
use crate::core::json::record::{self, lenient};

/// Lever's error body, or that of its authorization server.
struct Refusal {
    code: Option<String>,
    message: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

record::record!(Refusal {
    0 code "code" plain,
    1 message "message" plain,
    2 error "error" plain,
    3 error_description "error_description" plain,
});

/// What a server said, as far as it is to be believed.
struct Said {
    code: Option<String>,
    message: Option<String>,
    /// Whether something else than the server that was asked wrote it.
    is_foreign: bool,
}

fn said(response: &Response, target: &Target) -> Said {
    let text = json::text(&response.body);
    let refusal: Refusal = lenient::read(&text).unwrap_or_default();
    let plain = |text: Option<String>| text.map(|it| quote(&it)).filter(|it| !it.is_empty());
    let (code, message) = (plain(refusal.code), plain(refusal.message));
    let (error, description) = (plain(refusal.error), plain(refusal.error_description));
    let is_own = match target {
        Target::Api => code.is_some() && message.is_some(),
        Target::Auth => error.is_some() || code.is_some(),
        // Storages have many forms, and none says what to do.
        Target::Elsewhere(_) => true,
    };
    match target {
        Target::Elsewhere(_) => Said { code: None, message: None, is_foreign: false },
        _ if is_own => {
            Said { code: code.or(error), message: message.or(description), is_foreign: false }
        }
        _ => Said { code: None, message: None, is_foreign: !text.trim().is_empty() },
    }
}

/// Whether something else than the server that was asked wrote the response.
pub fn is_foreign(response: &Response, target: &Target) -> bool {
    said(response, target).is_foreign
}

/// The error for a response that is not a success.
///
/// The outcome is that of this one response; earlier attempts are for `retry`.
pub fn refused(response: &Response, request: &Request) -> Error {
    let status = response.status;
    let said = said(response, &request.target);
    let message = match said.is_foreign || status == 407 {
        true => foreign(response, request),
        false => {
            let code = said.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
            let words = said.message.as_deref().map(|it| format!(": {it}")).unwrap_or_default();
            let full = if words.ends_with(['.', '!', '?']) { "" } else { "." };
            let (server, advice) = (request.target.name(), advice(response, request, &said));
            format!("{} answered {status}{code}{words}{full} {advice}", capital(server))
        }
    };
    Error {
        status: Some(status),
        code: said.code,
        outcome: outcome_of(status, request.effect, said.is_foreign),
        ..Error::new(kind(status, &request.target), message)
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Whether a change may have happened.
///
/// Below 500 Lever has refused, save that 408 ends a request it may have acted
/// upon and that a redirection says nothing. What answers in Lever's place may
/// have let the request through, and kept back the response; a proxy that asks for a
/// credential or for patience has not.
fn outcome_of(status: u16, effect: Effect, is_foreign: bool) -> Outcome {
    match (status, effect) {
        (_, Effect::Read) => Outcome::NotApplied,
        (408, _) => Outcome::Unknown,
        (407 | 429, _) => Outcome::NotApplied,
        (400..=499, _) if !is_foreign => Outcome::NotApplied,
        _ => Outcome::Unknown,
    }
}

fn kind(status: u16, target: &Target) -> ErrorKind {
    match (status, target) {
        (401, Target::Elsewhere(_)) => ErrorKind::Forbidden,
        (401, _) => ErrorKind::Unauthorized,
        (403, _) => ErrorKind::Forbidden,
        (404, _) => ErrorKind::NotFound,
        (407, _) => ErrorKind::Connection,
        (408, _) => ErrorKind::Timeout,
        (429, _) => ErrorKind::RateLimited,
        (400..=499, _) => ErrorKind::Rejected,
        (500..=599, _) => ErrorKind::Unavailable,
        _ => ErrorKind::MalformedAnswer,
    }
}

/// What to do where something else answered.
fn foreign(response: &Response, request: &Request) -> String {
    let status = response.status;
    if status == 407 {
        return "A proxy between here and Lever asks for a credential (407). Give it to the host, or have it reach Lever without the proxy.".to_owned();
    }
    let form = response.content_type.as_deref().and_then(media_type);
    let form = form.map(|form| format!(" with {form}")).unwrap_or_default();
    let server = request.target.name();
    let setting = request.target.setting();
    let next = match status {
        429 => "Wait, then try again.".to_owned(),
        300..=399 => elsewhere(response, request),
        500..=599 => format!("Try later; if it stays, check {setting} and the network in between."),
        _ => format!("Check {setting}, and what firewalls and proxies in between let through."),
    };
    format!(
        "The answer {status}{form} is not in {server}'s form, so something in between gave it. {next}"
    )
}

/// A content type, where it is a plain one.
fn media_type(header: &str) -> Option<&str> {
    let form = header.split(';').next().unwrap_or_default().trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/+.-".contains(&byte);
    let fits = (3..=60).contains(&form.len()) && form.contains('/');
    (fits && form.bytes().all(is_plain)).then_some(form)
}

/// Where a redirection leads, which nobody follows.
fn elsewhere(response: &Response, request: &Request) -> String {
    let setting = request.target.setting();
    let location = response.location.as_deref().unwrap_or_default();
    let origin = location.split_once("://").and_then(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next()?;
        Base::parse("the redirection", &format!("{scheme}://{authority}"), "https").ok()
    });
    match origin {
        Some(base) => format!(
            "It redirects to the host {}, which is not followed. Check {setting}; a network may also ask for a login there.",
            shown(base.host())
        ),
        None => format!("It redirects, which is not followed. Check {setting}."),
    }
}

/// What to do about a response of the server that was asked.
fn advice(response: &Response, request: &Request, said: &Said) -> String {
    let status = response.status;
    match (&request.target, status) {
        (_, 300..=399) => elsewhere(response, request),
        (_, 429) => "Wait, then try again.".to_owned(),
        (Target::Api, 401) => "Check the credential that the host adds to requests, or that is set in LEVER_API_KEY or LEVER_ACCESS_TOKEN; sandbox and production credentials do not mix.".to_owned(),
        (Target::Api, 403) => forbidden(request),
        (Target::Api, 404) => not_found(request, said),
        (Target::Api, _) => of_the_api(status, request, said).to_owned(),
        (Target::Auth, 500..=599) => "The fault is Lever's; try later.".to_owned(),
        (Target::Auth, 404 | 405) => "Check LEVER_AUTH_URL.".to_owned(),
        (Target::Auth, _) => "Check the client id and secret, the redirect URI and LEVER_AUTH_URL.".to_owned(),
        (Target::Elsewhere(_), 400..=404 | 410) => {
            "Such addresses are good for a short time; download it again.".to_owned()
        }
        (Target::Elsewhere(_), 500..=599) => "Try later.".to_owned(),
        (Target::Elsewhere(_), _) => "Download it again; if it stays, something in between may have answered.".to_owned(),
    }
}

fn forbidden(request: &Request) -> String {
    let permission = match request.scope.split_once(':') {
        // A function of ours, not a permission of Lever's.
        None | Some(("raw", _)) => "for this path".to_owned(),
        _ => request.scope.to_owned(),
    };
    format!(
        "The credential needs the permission {permission}, or confidential access; sandbox and production credentials do not mix."
    )
}

fn not_found(request: &Request, said: &Said) -> String {
    // "/v1/x does not exist", where others name a record.
    let names_path = said.message.as_deref().is_some_and(|message| message.starts_with('/'));
    match (names_path, request.names_ids, &said.message) {
        (_, false, _) if request.method == Method::Get && names_nothing(request) => {
            "No id was given, so it is the path that Lever does not know: check the base URL, which ends in /v1 as in https://api.lever.co/v1."
        }
        (false, true, _) => "Check the id; it may be deleted, confidential, or of another account.",
        (false, false, Some(_)) => "Check the ids that are given; one may be deleted, confidential, or of another account.",
        _ => "Lever has no such path: check the base URL, which ends in /v1 as in https://api.lever.co/v1.",
    }
    .to_owned()
}

/// Whether nothing in the query could be an id.
fn names_nothing(request: &Request) -> bool {
    request
        .query
        .iter()
        .all(|(name, _)| matches!(name.as_str(), "limit" | "offset" | "include" | "expand"))
}

fn of_the_api(status: u16, request: &Request, said: &Said) -> &'static str {
    match status {
        422 if request.takes_redirection => {
            "Lever could not process this file, so there is nothing to download."
        }
        400 | 422 if said.message.is_some() => "Correct what the message names.",
        400 | 422 => "It does not say why; compare the arguments with what the function takes.",
        405 => "Check the base URL, which ends in /v1 as in https://api.lever.co/v1.",
        408 => "The request took Lever too long to receive.",
        413 => "The request is too large; send less at once.",
        414 | 431 => "The request line is too long; filter by fewer values.",
        400..=499 => "Lever does not take this request.",
        500..=599 => "The fault is Lever's; try later.",
        _ => "That is not a status of Lever's.",
    }
}

impl Target {
    /// The server's name in a sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Target::Api => "Lever",
            Target::Auth => "the authorization server",
            Target::Elsewhere(_) => "the place that Lever named for the file",
        }
    }

    /// What says where it is.
    fn setting(&self) -> &'static str {
        match self {
            Target::Api => "the base URL",
            Target::Auth => "LEVER_AUTH_URL",
            Target::Elsewhere(_) => "the network",
        }
    }
}

#[cfg(test)]
mod tests;
