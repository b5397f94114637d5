//! The access tokens with scopes that are in force.

/// An access token limited to its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub token: String,
    pub scopes: Vec<String>,
    /// In milliseconds since 1970 UTC.
    pub expires_at: u64,
}

/// The access tokens with scopes that are in force.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Vec<Token>);

impl Tokens {
    /// Tokens that never expire.
    pub fn lasting(tokens: &[(String, Vec<String>)]) -> Self {
        let tokens = tokens.iter().map(|(token, scopes)| Token {
            token: token.clone(),
            scopes: scopes.clone(),
            expires_at: u64::MAX,
        });
        Self(tokens.collect())
    }

    /// Puts a token in force, replacing an equal one.
    pub fn issue(&mut self, token: Token) {
        self.revoke(&token.token);
        self.0.push(token);
    }

    /// Ends a token; returns whether it was in force.
    pub fn revoke(&mut self, token: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|known| known.token != token);
        self.0.len() < before
    }

    /// Ends all of them; returns how many there were.
    pub fn expire(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }

    /// The token, if it is in force at this time in milliseconds since 1970 UTC.
    pub fn find(&self, token: &str, now: u64) -> Option<&Token> {
        self.0.iter().find(|known| known.token == token && now < known.expires_at)
    }
}
