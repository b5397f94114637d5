//! `/oauth/token`, which takes codes and refresh tokens for new tokens.

use bytes::Bytes;
use serde_json::Value;

use crate::http::reply::Failure;
use crate::http::request::Head;
use crate::oauth::grants::{Family, Grants};
use crate::oauth::refusal::{Refusal, invalid_request, one};
use crate::oauth::tokens::Tokens;

/// As Auth0 responds, which Lever's authorization server is; RFC 6749 has 400.
const INVALID_GRANT: u16 = 403;

fn invalid_grant(description: &str) -> Refusal {
    (INVALID_GRANT, "invalid_grant", description.to_owned())
}

/// Hands out tokens.
pub(crate) fn token(
    grants: &mut Grants,
    tokens: &mut Tokens,
    head: &Head,
    body: Result<Bytes, Failure>,
    now: u64,
) -> Result<Value, Refusal> {
    let kind = head.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid_request("The body must be application/x-www-form-urlencoded"));
    }
    let body = body.map_err(|failure| invalid_request(failure.parts().2))?;
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let grant_type = one(&form, "grant_type")?;
    let is_client = one(&form, "client_id")? == grants.config.client_id
        && one(&form, "client_secret")? == grants.config.client_secret;
    if !is_client {
        return Err((401, "invalid_client", "Unknown client or wrong secret".to_owned()));
    }
    match grant_type {
        "authorization_code" => {
            let (code, redirect_uri) = (one(&form, "code")?, one(&form, "redirect_uri")?);
            exchange(grants, tokens, code, redirect_uri, now)
        }
        "refresh_token" => refresh(grants, tokens, one(&form, "refresh_token")?, now),
        other => Err((400, "unsupported_grant_type", format!("Unsupported grant type: {other}"))),
    }
}

fn exchange(
    grants: &mut Grants,
    tokens: &mut Tokens,
    code: &str,
    redirect_uri: &str,
    now: u64,
) -> Result<Value, Refusal> {
    let family = grants.families.len();
    let Some(known) = grants.codes.get_mut(code) else {
        return Err(invalid_grant("Invalid authorization code"));
    };
    // A code that comes twice was stolen, before or after.
    if let Some(family) = known.family {
        grants.revoke(tokens, family);
        return Err(invalid_grant("Invalid authorization code"));
    }
    if now >= known.expires_at {
        return Err(invalid_grant("The authorization code has expired"));
    }
    if redirect_uri != known.redirect_uri {
        return Err(invalid_grant("The redirect URI is not the one of the authorization"));
    }
    known.family = Some(family);
    let scopes = known.scopes.clone();
    grants.families.push(Family { scopes, access: Vec::new(), is_over: false });
    Ok(grants.issue(tokens, family, now))
}

fn refresh(
    grants: &mut Grants,
    tokens: &mut Tokens,
    refresh_token: &str,
    now: u64,
) -> Result<Value, Refusal> {
    let unknown = || invalid_grant("Unknown or invalid refresh token.");
    let known = grants.refreshes.get_mut(refresh_token).ok_or_else(unknown)?;
    let number = known.family;
    if std::mem::replace(&mut known.is_used, true) {
        grants.revoke(tokens, number);
        return Err(unknown());
    }
    if grants.families.get(number).is_none_or(|family| family.is_over) {
        return Err(unknown());
    }
    Ok(grants.issue(tokens, number, now))
}
