//! Codes, refresh tokens and the access tokens that came of them.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::oauth::config::Authorization;
use crate::oauth::tokens::{Token, Tokens};
use crate::random::Random;

/// The scope that brings a refresh token.
const OFFLINE: &str = "offline_access";

/// How long a code is good.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// A code that the browser was sent back with.
#[derive(Debug)]
pub(crate) struct Code {
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub expires_at: u64,
    /// The family of tokens it was turned into.
    pub family: Option<usize>,
}

/// A refresh token.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub family: usize,
    pub is_used: bool,
}

/// All tokens that came of one code.
#[derive(Debug)]
pub(crate) struct Family {
    pub scopes: Vec<String>,
    pub access: Vec<String>,
    pub is_over: bool,
}

/// Everything issued.
#[derive(Debug)]
pub(crate) struct Grants {
    pub config: Authorization,
    pub codes: HashMap<String, Code>,
    pub refreshes: HashMap<String, Refresh>,
    pub families: Vec<Family>,
    pub random: Random,
}

impl Grants {
    pub fn new(config: Authorization, seed: u64) -> Self {
        // Other texts than the ids of records.
        let random = Random::new(seed ^ 0x6f61_7574_6800_0000);
        Self {
            config,
            codes: HashMap::new(),
            refreshes: HashMap::new(),
            families: Vec::new(),
            random,
        }
    }

    /// Ends every login: refresh tokens are refused, access tokens go on to their end.
    pub fn end_logins(&mut self) {
        self.families.iter_mut().for_each(|family| family.is_over = true);
    }

    /// Ends a family for good, its access tokens too.
    pub fn revoke(&mut self, tokens: &mut Tokens, family: usize) {
        if let Some(family) = self.families.get_mut(family) {
            family.is_over = true;
            for token in family.access.drain(..) {
                tokens.revoke(&token);
            }
        }
    }

    /// Fresh tokens for a family, as the response that hands them out.
    pub fn issue(&mut self, tokens: &mut Tokens, number: usize, now: u64) -> Value {
        let access = format!("mock-access.{}.{}", self.random.uuid(), self.random.uuid());
        let refresh = format!("mock-refresh.{}", self.random.uuid());
        let life = self.config.expires_in.as_secs();
        let Some(family) = self.families.get_mut(number) else {
            return Value::Null;
        };
        family.access.push(access.clone());
        tokens.issue(Token {
            token: access.clone(),
            scopes: family.scopes.clone(),
            expires_at: now.saturating_add(life.saturating_mul(1000)),
        });
        let mut response = json!({
            "access_token": access,
            "token_type": "Bearer",
            "scope": family.scopes.join(" "),
            "expires_in": life,
        });
        if family.scopes.iter().any(|scope| scope == OFFLINE) {
            if let Some(map) = response.as_object_mut() {
                map.insert("refresh_token".to_owned(), json!(refresh));
            }
            self.refreshes.insert(refresh, Refresh { family: number, is_used: false });
        }
        response
    }
}
