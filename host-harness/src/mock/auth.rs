//! Credentials: which ones a request carries and whether they are accepted.
//!
//! Every accepted credential may do everything; permissions of single keys are not modelled.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::config::Config;

/// The accepted credential in an `Authorization` header: the name its rate limit goes by.
pub(super) fn credential(config: &Config, header: Option<&str>) -> Option<String> {
    let (scheme, value) = header?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        let token = value.trim();
        return config
            .access_tokens
            .iter()
            .any(|known| known == token)
            .then(|| format!("token {token}"));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (key, password) = decoded.split_once(':')?;
    let is_known = password.is_empty() && config.api_keys.iter().any(|known| known == key);
    is_known.then(|| format!("key {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_accepted_in_its_form_only() {
        let config = Config::default();
        let basic = |text: &str| Some(format!("Basic {}", STANDARD.encode(text)));
        let rows = [
            (basic("mock-api-key:"), Some("key mock-api-key")),
            (basic("mock-api-key:secret"), None),
            (basic("mock-api-key"), None),
            (basic("other:"), None),
            (Some("basic bW9jay1hcGkta2V5Og==".to_owned()), Some("key mock-api-key")),
            (Some("Bearer mock-access-token".to_owned()), Some("token mock-access-token")),
            (Some("Bearer mock-api-key".to_owned()), None),
            (Some("Basic ???".to_owned()), None),
            (Some("mock-api-key".to_owned()), None),
            (None, None),
        ];
        for (header, expected) in rows {
            let found = credential(&config, header.as_deref());
            assert_eq!(found.as_deref(), expected, "{header:?}");
        }
    }
}
