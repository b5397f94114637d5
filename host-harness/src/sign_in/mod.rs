//! How an OAuth login is made and ended.
//!
//! The component does the talking ([`through_component`]), in an instance that
//! may reach the authorization server and nothing else; no instance that serves
//! an agent ever holds the client's secret, a refresh token or an access token.

mod component;
mod flow;
mod redirect;

pub use component::{Through, through_component};
pub use flow::{OFFLINE_ACCESS, SignIn, SignInError, Waiting, sign_out};
pub use redirect::{Expecting, Listener, RedirectError};

#[cfg(test)]
mod tests;
