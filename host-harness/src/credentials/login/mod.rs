//! An OAuth login that many calls and processes share.
//!
//! A renewal of the access token is asked for once, whoever needs it, and never
//! repeated where it may have been received: refresh tokens are used up by being
//! used, and a second use ends the login. How a login is made, and who does the
//! talking, is in [`crate::sign_in`].

mod endpoint;
mod error;
mod refresh;
mod secret;
mod server;
mod session;
mod stored;
mod token_file;

pub use endpoint::{Endpoint, EndpointError};
pub use error::LoginError;
pub use secret::Secret;
pub(crate) use secret::without;
pub use server::{Answering, App, Authorize, Connect, Failure, Server, Token};
pub(crate) use session::now;
pub use session::{AccessToken, Login};
pub use stored::{Millis, Renewal, Standing, Stored};
pub use token_file::{FileError, Lock, Stamp, TokenFile};

#[cfg(test)]
mod tests;
