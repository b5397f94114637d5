//! OAuth for the host: a login that many calls and processes share, and how one is made.
//!
//! The component does the talking ([`through_component`]), in an instance that may reach the authorization server and
//! nothing else; no instance that serves an agent ever holds the client's secret, a refresh token or an access token.
//! A renewal of the access token is asked for once, whoever needs it, and never repeated where it may have been
//! received: refresh tokens are used up by being used, and a second use ends the login.

mod component;
mod error;
mod file;
mod login;
mod place;
mod redirect;
mod renewal;
mod secret;
mod server;
mod sign_in;
mod stored;

pub use component::{Through, through_component};
pub use error::LoginError;
pub use file::{FileError, Lock, Stamp, TokenFile};
pub use login::{Login, Pass};
pub use place::{Place, PlaceError};
pub use redirect::{Expecting, Listener, RedirectError};
pub use secret::Secret;
pub use server::{Answering, App, Authorize, Connect, Failure, Server, Token};
pub use sign_in::{OFFLINE_ACCESS, SignIn, SignInError, Waiting, sign_out};
pub use stored::{Millis, Renewal, Standing, Stored};

#[cfg(test)]
mod tests;
