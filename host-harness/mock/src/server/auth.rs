//! Credentials: which one a request carries, whether it is accepted, and what it allows.
//!
//! An API key may do everything; so may an access token without scopes. Permissions of single keys
//! are not modelled.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::oauth::tokens::Tokens;
use crate::server::config::Config;

/// The scope that opens confidential records to an access token.
const CONFIDENTIAL: &str = "confidential:access:admin";

/// An accepted credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    /// The name its rate limit is kept under.
    pub name: String,
    /// None may do everything.
    scopes: Option<Vec<String>>,
    /// Whether it may see confidential records.
    pub is_confidential: bool,
}

impl Credential {
    /// Stands for no credential, where none is needed; it may do nothing.
    pub fn anonymous() -> Self {
        Self { name: String::new(), scopes: Some(Vec::new()), is_confidential: false }
    }

    /// The accepted credential in an `Authorization` header, at this time in milliseconds since
    /// 1970 UTC.
    pub fn find(config: &Config, tokens: &Tokens, now: u64, header: Option<&str>) -> Option<Self> {
        let (scheme, value) = header?.split_once(' ')?;
        let whole =
            |name| Some(Self { name, scopes: None, is_confidential: config.confidential_access });
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = value.trim();
            let name = format!("token {token}");
            if config.access_tokens.iter().any(|known| known == token) {
                return whole(name);
            }
            let scopes = tokens.find(token, now)?.scopes.clone();
            let is_confidential = scopes.iter().any(|scope| scope == CONFIDENTIAL);
            return Some(Self { name, scopes: Some(scopes), is_confidential });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        let (key, password) = decoded.split_once(':')?;
        let is_known = password.is_empty() && config.api_keys.iter().any(|known| known == key);
        is_known.then(|| whole(format!("key {key}")))?
    }

    /// Whether it may read (or write) one of these resources; writing includes reading.
    pub fn allows(&self, resources: &[&str], writes: bool) -> bool {
        let Some(scopes) = &self.scopes else {
            return true;
        };
        let has = |resource: &str, level: &str| {
            scopes.iter().any(|scope| *scope == format!("{resource}:{level}:admin"))
        };
        let mut resources = resources.iter();
        resources.any(|resource| has(resource, "write") || (!writes && has(resource, "read")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::tokens::Token;

    fn found(header: Option<&str>, tokens: &Tokens, now: u64) -> Option<Credential> {
        Credential::find(&Config::default(), tokens, now, header)
    }

    #[test]
    fn a_credential_is_accepted_in_its_form_only() {
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
            let found = found(header.as_deref(), &Tokens::default(), 0);
            assert_eq!(found.map(|it| it.name).as_deref(), expected, "{header:?}");
        }
    }

    #[test]
    fn a_token_is_in_force_until_it_expires_or_is_revoked() {
        let token = |expires_at| Token { token: "t".to_owned(), scopes: Vec::new(), expires_at };
        let mut tokens = Tokens::default();
        let is_known =
            |tokens: &Tokens, now| super::tests::found(Some("Bearer t"), tokens, now).is_some();
        assert!(!is_known(&tokens, 0));
        tokens.issue(token(5));
        assert!(is_known(&tokens, 4) && !is_known(&tokens, 5));
        tokens.issue(token(9));
        assert!(is_known(&tokens, 8));
        assert!(tokens.revoke("t") && !is_known(&tokens, 0) && !tokens.revoke("t"));
    }

    #[test]
    fn a_write_scope_includes_the_read_and_no_more() {
        let credential = |scope: &str| Credential {
            name: String::new(),
            scopes: Some(vec![scope.to_owned()]),
            is_confidential: false,
        };
        let rows = [
            ("notes:read:admin", false, true),
            ("notes:read:admin", true, false),
            ("notes:write:admin", false, true),
            ("notes:write:admin", true, true),
            ("opportunities:write:admin", true, true),
            ("opportunities:read:admin", true, false),
            ("users:write:admin", false, false),
            ("notes:write", true, false),
        ];
        for (scope, writes, expected) in rows {
            let allowed = credential(scope).allows(&["notes", "opportunities"], writes);
            assert_eq!(allowed, expected, "{scope}, writes: {writes}");
        }
        assert!(Credential { scopes: None, ..credential("") }.allows(&["notes"], true));
    }
}
