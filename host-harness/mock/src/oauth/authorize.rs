//! `/authorize`, which sends the browser back with a code or an error.

use crate::oauth::grants::{CODE_LIFETIME, Code, Grants};
use crate::oauth::refusal::{Refusal, invalid_request, one};
use crate::oauth::scopes;

/// Where the browser is sent, with a code or, if so configured, a refusal.
///
/// # Errors
/// Where it must not be sent back at all: the application or the address is not known.
pub(crate) fn authorize(
    grants: &mut Grants,
    pairs: &[(String, String)],
    now: u64,
) -> Result<String, Refusal> {
    if one(pairs, "client_id")? != grants.config.client_id {
        return Err((403, "invalid_request", "Unknown client".to_owned()));
    }
    let redirect_uri = one(pairs, "redirect_uri")?;
    if !grants.config.redirect_uris.iter().any(|known| known == redirect_uri) {
        return Err((403, "invalid_request", "Callback URL mismatch".to_owned()));
    }
    let state = one(pairs, "state");
    let back = |parameters: &[(&str, &str)]| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Ok(state) = &state {
            query.append_pair("state", state);
        }
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        format!("{redirect_uri}{separator}{}", query.finish())
    };
    let outcome = state.clone().and_then(|_| check(grants, pairs));
    match (outcome, &grants.config.refusal) {
        (Err((_, error, description)), _) => {
            Ok(back(&[("error", error), ("error_description", &description)]))
        }
        (Ok(_), Some((error, description))) => {
            Ok(back(&[("error", error), ("error_description", description)]))
        }
        (Ok(scopes), None) => {
            let code = format!("mock-code.{}", grants.random.uuid());
            let lifetime = u64::try_from(CODE_LIFETIME.as_millis()).unwrap_or(u64::MAX);
            grants.codes.insert(
                code.clone(),
                Code {
                    redirect_uri: redirect_uri.to_owned(),
                    scopes,
                    expires_at: now.saturating_add(lifetime),
                    family: None,
                },
            );
            Ok(back(&[("code", &code)]))
        }
    }
}

/// The requested scopes, if all else is right.
fn check(grants: &Grants, pairs: &[(String, String)]) -> Result<Vec<String>, Refusal> {
    if one(pairs, "response_type")? != "code" {
        let description = "The response_type must be code".to_owned();
        return Err((400, "unsupported_response_type", description));
    }
    let audience = one(pairs, "audience")?;
    if audience != grants.config.audience {
        return Err((403, "access_denied", format!("Service not found: {audience}")));
    }
    let requested: Vec<String> =
        one(pairs, "scope")?.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    if requested.is_empty() {
        return Err(invalid_request("Missing required parameter: scope"));
    }
    let invalid = |description: String| (400, "invalid_scope", description);
    if requested.len() > scopes::MAX {
        return Err(invalid(format!("More than {} scopes", scopes::MAX)));
    }
    match requested.iter().find(|scope| !scopes::is_known(scope)) {
        Some(unknown) => Err(invalid(format!("Unknown scope: {unknown}"))),
        None => Ok(requested),
    }
}
