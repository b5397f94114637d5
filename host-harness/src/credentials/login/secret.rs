//! A text that must not be seen: a token, a code or a client's secret.
//!
//! Its memory is wiped when it is dropped, and nothing prints it. It goes into the token file and
//! into the instance that asks the authorization server, by [`Secret::secret`] and nothing else.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::credentials::{CredentialError, Readers};

/// The text.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text over.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// A secret that nobody can guess: 32 bytes of the system's randomness, as text.
    ///
    /// # Errors
    ///
    /// When the system has none to give.
    pub fn random() -> Result<Secret, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes)?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// The secret in a file that only `readers` can read: one line, with nothing around it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, can be read by others than `readers`, can be changed by
    /// others, or holds anything else.
    pub fn from_file(path: &Path, readers: Readers) -> Result<Secret, CredentialError> {
        let text = crate::credentials::read_private(path, readers)?;
        let place = path.display().to_string();
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Err(CredentialError::Empty { place });
        }
        match line.chars().position(|c| !c.is_ascii_graphic()) {
            Some(at) => Err(CredentialError::Malformed { place, position: at + 1 }),
            None => Ok(Secret::new(line.to_owned())),
        }
    }

    /// The text itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    /// In a time that depends on the lengths alone.
    fn eq(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// Takes every secret out of a text that somebody else wrote.
pub(crate) fn without(text: &str, secrets: &[&Secret]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.secret().is_empty()) {
        clean = clean.replace(secret.secret(), "[redacted]");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_compared_and_stored_and_never_printed() {
        let one = Secret::new("s3cret".to_owned());
        assert_eq!(one, one.clone());
        assert_ne!(one, Secret::new("s3crex".to_owned()));
        assert_ne!(one, Secret::new("s3cre".to_owned()));
        assert_eq!(format!("{one:?}"), "[redacted]");
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(json, "\"s3cret\"");
        assert_eq!(serde_json::from_str::<Secret>(&json).unwrap(), one);
    }

    #[test]
    fn random_secrets_differ_and_fit_into_an_address() {
        let (one, two) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.secret().len(), 43);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert!(one.secret().chars().all(is_plain));
    }

    #[test]
    fn a_text_loses_every_secret_in_it() {
        let (one, two) = (Secret::new("abc".to_owned()), Secret::new(String::new()));
        assert_eq!(without("abc and xabcx", &[&one, &two]), "[redacted] and x[redacted]x");
    }
}
