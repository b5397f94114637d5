//! The authorization server: lets an application into the account and hands out tokens (RFC 6749).
//!
//! As strict as Lever's: a code is good once and for a minute, a refresh token once, and a second
//! use of either ends everything that came of it. It is served outside `/v1`, without credential
//! and limit.

mod authorize;
pub(crate) mod config;
mod grants;
mod refusal;
mod scopes;
pub(crate) mod server;
mod token;
pub(crate) mod tokens;

pub use config::{Authorization, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
