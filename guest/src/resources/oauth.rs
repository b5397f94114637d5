//! Access by OAuth.

use super::{Error, Lever, with_lever};
use crate::bindings::exports::ats::lever::oauth::{App, AuthorizeRequest, Guest, Token};
use crate::core::oauth;

impl Guest for Lever {
    fn authorize_url(request: AuthorizeRequest) -> Result<String, Error> {
        with_lever(|lever| oauth::authorize_url(request, lever.settings))
    }

    fn exchange_code(app: App, code: String) -> Result<Token, Error> {
        with_lever(|lever| lever.exchange_code(app, code))
    }

    fn refresh(app: App, refresh_token: String) -> Result<Token, Error> {
        with_lever(|lever| lever.refresh(app, refresh_token))
    }
}
