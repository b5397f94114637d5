//! How the authorization server is set up.

use std::time::Duration;

/// The application that is known by default.
pub const CLIENT_ID: &str = "mock-client-id";

/// Its secret.
pub const CLIENT_SECRET: &str = "mock-client-secret";

/// Where the browser is sent back to by default.
pub const REDIRECT_URI: &str = "http://localhost:8910/callback";

/// How the authorization server is set up.
///
/// ```
/// use std::time::Duration;
///
/// use lever_mock::{Authorization, Config};
///
/// let authorization =
///     Authorization { expires_in: Duration::from_secs(2), ..Authorization::default() };
/// let config = Config { authorization, ..Config::default() };
/// # drop(config);
/// ```
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where the browser may be sent back to; compared to the letter.
    pub redirect_uris: Vec<String>,
    /// The audience of the tokens.
    pub audience: String,
    /// How long access tokens are good, in whole seconds.
    pub expires_in: Duration,
    /// OAuth's error and description with which every authorization is refused.
    pub refusal: Option<(String, String)>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            audience: "https://api.lever.co/v1/".to_owned(),
            // As Lever's.
            expires_in: Duration::from_secs(3600),
            refusal: None,
        }
    }
}
