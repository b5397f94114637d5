//! OAuth's authorization code flow (RFC 6749, 4.1) against Lever's
//! authorization server.
//!
//! Keeps nothing: where tokens live, and that only one caller refreshes at a
//! time, is the host's part.

use crate::bindings::exports::ats::lever::oauth::{App, AuthorizeRequest, Token};
use crate::core::client::{Client, Local};
use crate::core::error::{Error, ErrorKind, Outcome, shown};
use crate::core::http::base_url::Base;
use crate::core::http::body::Body;
use crate::core::http::query::Pairs;
use crate::core::http::request::{Effect, Request, Target, encoded};
use crate::core::http::success;
use crate::core::json::{self, record::leading_string};
use crate::core::send::scheduler::{Clock, Transport};
use crate::core::settings::Settings;
use crate::routes::oauth as route;

/// The most scopes that Lever takes.
const SCOPES: usize = 20;

/// The hosts whose audience is known.
const LEVERS: [&str; 3] = ["api.lever.co", "api.eu.lever.co", "api.sandbox.lever.co"];

/// The URL to send a browser to, with what the host has set.
///
/// # Errors
///
/// A setting that cannot be used, and as for [`authorization_url`].
pub fn authorize_url(local: Local, request: AuthorizeRequest) -> Result<String, Error> {
    authorization_url(request, &local.settings?)
}

/// The URL to send a browser to.
///
/// # Errors
///
/// What the authorization server would refuse, by its name.
pub fn authorization_url(request: AuthorizeRequest, settings: &Settings) -> Result<String, Error> {
    given("client-id", &request.client_id)?;
    given("state", &request.state)?;
    check_redirect(&request.redirect_uri)?;
    check_scopes(&request.scopes)?;
    let audience = audience(request.audience, settings)?;
    let pairs: Pairs = [
        ("client_id", request.client_id),
        ("redirect_uri", request.redirect_uri),
        ("response_type", "code".to_owned()),
        ("state", request.state),
        ("audience", audience),
        ("scope", request.scopes.join(" ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let Base { https, authority, prefix } = &settings.auth;
    let scheme = if *https { "https" } else { "http" };
    Ok(format!("{scheme}://{authority}{prefix}/authorize?{}", encoded(&pairs)))
}

/// Tokens for the code that came back with the browser.
///
/// # Errors
///
/// Whatever kept them from being had.
pub fn exchange_code<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    app: App,
    code: &str,
) -> Result<Token, Error> {
    given("code", code)?;
    let own = [("code", code.to_owned()), ("redirect_uri", app.redirect_uri.clone())];
    token(lever, app, "authorization_code", own.into())
}

/// Tokens in place of those of this refresh token.
///
/// # Errors
///
/// Whatever kept them from being had.
pub fn refresh<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    app: App,
    refresh_token: &str,
) -> Result<Token, Error> {
    given("refresh-token", refresh_token)?;
    token(lever, app, "refresh_token", vec![("refresh_token", refresh_token.to_owned())])
}

fn token<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    app: App,
    kind: &str,
    own: Vec<(&str, String)>,
) -> Result<Token, Error> {
    given("client-id", &app.client_id)?;
    given("client-secret", &app.client_secret)?;
    if !lever.settings.auth.keeps_secrets() {
        return Err(Error::invalid(
            "LEVER_AUTH_URL is http, so the client's secret would travel in the clear. Give an https URL.",
        ));
    }
    let first = [
        ("grant_type", kind.to_owned()),
        ("client_id", app.client_id),
        ("client_secret", app.client_secret),
    ];
    let pairs = first.into_iter().chain(own);
    let pairs: Pairs = pairs.map(|(name, value)| (name.to_owned(), value)).collect();
    let request = Request {
        target: Target::Auth,
        body: Some(Body::form(encoded(&pairs))),
        ..route::REFRESH.request(&[])?
    };
    let response = lever.send(request).map_err(explained)?;
    let token = json::decode(&response, Effect::Create).or_else(|error| {
        let token = salvaged(&response.body);
        if token.refresh_token.is_some() { Ok(token) } else { Err(error) }
    });
    usable(token?, response.status)
}

/// The tokens in an answer that is not JSON as a whole.
fn salvaged(body: &[u8]) -> Token {
    let mut token = Token::default();
    let text = |value: &[u8]| leading_string(&String::from_utf8_lossy(value));
    success::members(body, |key, value| match key {
        b"access_token" => token.access_token = text(value),
        b"refresh_token" => token.refresh_token = text(value),
        _ => {}
    });
    token
}

/// The token, without an access token of a type that Lever does not take. A new
/// refresh token is the only one that is good from now on, so nothing else that
/// is wrong may cost it.
fn usable(mut token: Token, status: u16) -> Result<Token, Error> {
    let is_bearer = match token.token_type.as_deref().map(str::trim) {
        None | Some("") => true,
        Some(kind) => kind.eq_ignore_ascii_case("bearer"),
    };
    token.access_token.take_if(|access| !is_bearer || access.is_empty());
    token.refresh_token.take_if(|refresh| refresh.is_empty());
    if token.access_token.is_none() && token.refresh_token.is_none() {
        let message = match is_bearer {
            true => "The authorization server answered without a token. Check LEVER_AUTH_URL.",
            false => "The token is of a type that Lever does not take. Check LEVER_AUTH_URL.",
        };
        let error = Error::new(ErrorKind::MalformedAnswer, message);
        return Err(Error { status: Some(status), outcome: Outcome::Applied, ..error });
    }
    Ok(token)
}

/// What the codes of RFC 6749, 5.2 mean for who holds the app.
fn explained(error: Error) -> Error {
    let message = match error.code.as_deref() {
        Some("invalid_grant") => {
            "The authorization server takes this code or refresh token no more (invalid_grant). Have a Super Admin of the account authorise the app again."
        }
        Some("invalid_client" | "unauthorized_client" | "access_denied") => {
            "The authorization server does not know this client id with this secret. Check both, and that they are of this environment."
        }
        _ => return error,
    };
    Error { kind: ErrorKind::Unauthorized, message: message.to_owned(), ..error }
}

fn given(name: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{name} is empty or no plain text.")));
    }
    Ok(())
}

/// The code travels with the redirection, so only to this machine in the clear.
fn check_redirect(uri: &str) -> Result<(), Error> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let base = Base::parse("redirect-uri", path, "https://app.example/callback")?;
    if base.keeps_secrets() && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "redirect-uri {} is not a plain https URL, nor one of this machine, without a fragment.",
        shown(uri)
    )))
}

/// By their form: Lever adds scopes without asking.
fn check_scopes(scopes: &[String]) -> Result<(), Error> {
    if scopes.is_empty() {
        return Err(Error::invalid(
            "scopes is empty. Give what the app needs, such as \"opportunities:read:admin\".",
        ));
    }
    if scopes.len() > SCOPES {
        return Err(Error::invalid(format!(
            "scopes holds {}; Lever takes {SCOPES} at most, and most apps need 5 to 8.",
            scopes.len()
        )));
    }
    for scope in scopes {
        let mut parts = scope.split(':');
        let (resource, access, end, more) =
            (parts.next(), parts.next(), parts.next(), parts.next());
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let plain = resource.is_some_and(word)
            && matches!(access, Some("read" | "write"))
            && end == Some("admin")
            && more.is_none();
        if !plain && !["offline_access", "confidential:access:admin"].contains(&scope.as_str()) {
            return Err(Error::invalid(format!(
                "scopes holds {}, which is not a scope of Lever's. They look like \"opportunities:read:admin\", or are \"offline_access\" or \"confidential:access:admin\".",
                shown(scope)
            )));
        }
        if scopes.iter().filter(|other| *other == scope).count() > 1 {
            return Err(Error::invalid(format!("scopes holds {} twice.", shown(scope))));
        }
    }
    Ok(())
}

/// A token for another environment would be refused with every request.
fn audience(asked: Option<String>, settings: &Settings) -> Result<String, Error> {
    let own = &settings.audience;
    match asked {
        Some(asked) if asked != *own && LEVERS.contains(&settings.api.host()) => {
            Err(Error::invalid(format!(
                "audience {} is not that of the API at {}. Leave it out, or set LEVER_BASE_URL.",
                shown(&asked),
                settings.api.host()
            )))
        }
        Some(asked) => given("audience", &asked).map(|()| asked),
        None => Ok(own.clone()),
    }
}

#[cfg(test)]
mod tests;
