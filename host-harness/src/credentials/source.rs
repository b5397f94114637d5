//! Where the credential of each request comes from: one that stays, or a login that is renewed.

use std::sync::Arc;

use http::HeaderValue;

use super::Credential;
use super::login::{AccessToken, Login, LoginError};

/// Where the credential of each request comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// An API key, or an access token that nobody renews.
    Fixed(Credential),
    /// A login by OAuth.
    Login(Login),
}

/// What one request carries.
#[derive(Debug, Clone)]
pub enum Injected {
    /// A credential that stays.
    Fixed(Credential),
    /// The access token that a login had at that moment.
    AccessToken(Arc<AccessToken>),
}

impl From<Credential> for Source {
    fn from(credential: Credential) -> Source {
        Source::Fixed(credential)
    }
}

impl From<Login> for Source {
    fn from(login: Login) -> Source {
        Source::Login(login)
    }
}

impl Source {
    /// A digest that tells accounts apart, for the rate budget they have; it stays through renewals
    /// and is never shown.
    pub fn fingerprint(&self) -> [u8; 32] {
        match self {
            Source::Fixed(credential) => credential.fingerprint(),
            Source::Login(login) => login.fingerprint(),
        }
    }

    /// Returns when there is a credential to send, renewed first if it must be.
    ///
    /// # Errors
    ///
    /// When there is none and none can be had.
    pub async fn ready(&self) -> Result<(), Arc<LoginError>> {
        match self {
            Source::Fixed(_) => Ok(()),
            Source::Login(login) => login.pass().await.map(drop),
        }
    }

    /// What a request that goes out now carries; waits for nothing.
    pub fn carry(&self) -> Injected {
        match self {
            Source::Fixed(credential) => Injected::Fixed(credential.clone()),
            Source::Login(login) => Injected::AccessToken(login.held()),
        }
    }

    /// Sees to another credential than this one, which the API refused; says whether there is one
    /// now.
    ///
    /// # Errors
    ///
    /// When a login has none and none can be had.
    pub async fn replace(&self, refused: &Injected) -> Result<bool, Arc<LoginError>> {
        match (self, refused) {
            (Source::Login(login), Injected::AccessToken(pass)) => {
                login.replace(pass).await.map(|_| true)
            }
            _ => Ok(false),
        }
    }

    /// Waits until no renewal is under way. A process that ends sooner may lose the login.
    pub async fn settle(&self) {
        if let Source::Login(login) = self {
            login.settle().await;
        }
    }
}

impl Injected {
    /// The `Authorization` header.
    pub fn authorization(&self) -> HeaderValue {
        match self {
            Injected::Fixed(credential) => credential.authorization(),
            Injected::AccessToken(pass) => pass.authorization(),
        }
    }

    /// The text itself.
    pub fn secret(&self) -> &str {
        match self {
            Injected::Fixed(credential) => credential.secret(),
            Injected::AccessToken(pass) => pass.secret(),
        }
    }

    /// Says that the API took it.
    pub fn accept(&self) {
        if let Injected::AccessToken(pass) = self {
            pass.accept();
        }
    }
}
