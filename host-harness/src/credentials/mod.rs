//! The credential of the Lever account, as the host keeps it.
//!
//! It is read, kept and turned into a header here and nowhere else. It never enters guest memory, a
//! message, a record or `Debug` output, and its memory is wiped when it is dropped.

pub mod login;
mod source;

pub use crate::files::private_file::Readers;
pub use source::{Injected, Source};

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::private_file::{self, Fault};

/// The variable that holds an API key.
pub const API_KEY: &str = "LEVER_API_KEY";
/// The variable that holds an OAuth access token.
pub const ACCESS_TOKEN: &str = "LEVER_ACCESS_TOKEN";

/// Longer than any key or token of Lever's; a larger file is some other file.
const LARGEST: usize = 16 * 1024;

/// An API key or an access token.
#[derive(Clone)]
pub struct Credential {
    kind: Kind,
    secret: Zeroizing<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Sent as Basic user name with a blank password.
    ApiKey,
    /// Sent as Bearer.
    AccessToken,
}

/// Why there is no usable credential; never with the credential in it.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Two credentials are set and nothing says which one counts.
    #[error("{API_KEY} and {ACCESS_TOKEN} are both set; keep one")]
    Both,
    /// The variable or file holds no credential.
    #[error("{place} is empty")]
    Empty {
        /// The variable or file.
        place: String,
    },
    /// The text cannot be a credential.
    #[error(
        "{place} has a character at position {position} that keys do not have; look for quotes, blanks or a line break"
    )]
    Malformed {
        /// The variable or file.
        place: String,
        /// Where it is, from 1.
        position: usize,
    },
    /// The file cannot be read.
    #[error("the credential file {} cannot be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error(
        "the credential file {} can be read by others (mode {mode:03o}); run `chmod 600` on it, or give \
         --allow-readable-secrets where it cannot be changed, as in a container",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others than the owner may change the file or replace it.
    #[error("the credential file {} is not used: {reason}", path.display())]
    Changeable {
        /// The file.
        path: PathBuf,
        /// Who may, and how to mend it.
        reason: String,
    },
    /// The variable is set, to something that is not text.
    #[error("{place} is not UTF-8, so it is not a credential; set it again or unset it")]
    NotText {
        /// The variable.
        place: String,
    },
    /// The file is not in one of the two accepted forms.
    #[error("the credential file {}: line {line}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Credential {
    /// A Lever API key.
    ///
    /// # Errors
    ///
    /// When the text is empty or holds a character that no key has.
    pub fn api_key(key: &str) -> Result<Credential, CredentialError> {
        Credential::new(Kind::ApiKey, key, API_KEY)
    }

    /// An OAuth access token.
    ///
    /// # Errors
    ///
    /// As [`Credential::api_key`].
    pub fn access_token(token: &str) -> Result<Credential, CredentialError> {
        Credential::new(Kind::AccessToken, token, ACCESS_TOKEN)
    }

    /// The credential in the environment, from `LEVER_API_KEY` or `LEVER_ACCESS_TOKEN`; `None` when
    /// neither is set.
    ///
    /// An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// When both are set, or one is not UTF-8 or no credential.
    pub fn from_environment(
        get: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Credential>, CredentialError> {
        match (variable(API_KEY, &get)?, variable(ACCESS_TOKEN, &get)?) {
            (Some(_), Some(_)) => Err(CredentialError::Both),
            (Some(key), None) => Credential::api_key(&key).map(Some),
            (None, Some(token)) => Credential::access_token(&token).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The credential in a file that only its owner can read, or a group that this process is in.
    ///
    /// The file holds either the API key alone on one line, or one line `LEVER_API_KEY=...` or
    /// `LEVER_ACCESS_TOKEN=...`; blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, can be read by others, can be changed or replaced by others,
    /// or holds anything else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Credential, CredentialError> {
        Credential::from_file_for(path, Readers::OwnGroups)
    }

    /// The same, of a file that others may be able to read.
    ///
    /// # Errors
    ///
    /// As [`Credential::from_file`], but for what `readers` allows.
    pub fn from_file_for(
        path: impl AsRef<Path>,
        readers: Readers,
    ) -> Result<Credential, CredentialError> {
        let path = path.as_ref();
        let text = read_private(path, readers)?;
        Credential::from_text(&text, path)
    }

    fn from_text(text: &str, path: &Path) -> Result<Credential, CredentialError> {
        let place = path.display().to_string();
        let mut found = None;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fail =
                |reason| CredentialError::File { path: path.to_owned(), line: at + 1, reason };
            if found.is_some() {
                return Err(fail("there is a credential in a line before; keep one"));
            }
            // API keys are Base64 text at most, so `=` may end a bare key but a name before it is
            // one of ours.
            let (kind, secret) = match line.split_once('=') {
                Some((name, secret)) if name == API_KEY => (Kind::ApiKey, secret),
                Some((name, secret)) if name == ACCESS_TOKEN => (Kind::AccessToken, secret),
                Some((_, rest)) if !rest.trim_matches('=').is_empty() => {
                    return Err(fail(
                        "expected LEVER_API_KEY=, LEVER_ACCESS_TOKEN= or the bare API key",
                    ));
                }
                _ => (Kind::ApiKey, line),
            };
            found = Some(Credential::new(kind, secret, &place)?);
        }
        found.ok_or(CredentialError::Empty { place })
    }

    fn new(kind: Kind, secret: &str, place: &str) -> Result<Credential, CredentialError> {
        if secret.is_empty() {
            return Err(CredentialError::Empty { place: place.to_owned() });
        }
        // A colon would end the user name of Basic early; quotes come from copying a shell line.
        let is_usual = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '"' | '\'' | '`');
        if let Some(at) = secret.chars().position(|c| !is_usual(c)) {
            return Err(CredentialError::Malformed { place: place.to_owned(), position: at + 1 });
        }
        Ok(Credential { kind, secret: Zeroizing::new(secret.to_owned()) })
    }

    /// The text itself.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The `Authorization` header, marked sensitive so that HTTP libraries neither log nor index
    /// it.
    ///
    /// # Panics
    ///
    /// Never: the characters were checked when the credential was made.
    pub fn authorization(&self) -> HeaderValue {
        let text = Zeroizing::new(match self.kind {
            Kind::ApiKey => {
                let pair = Zeroizing::new(format!("{}:", self.secret()));
                format!("Basic {}", STANDARD.encode(pair.as_bytes()))
            }
            Kind::AccessToken => format!("Bearer {}", self.secret()),
        });
        let mut value = HeaderValue::from_str(&text).expect("a credential is visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// A digest that tells credentials apart, for the rate budget they share; never shown.
    pub fn fingerprint(&self) -> [u8; 32] {
        let kind: &[u8] = match self.kind {
            Kind::ApiKey => b"api-key\0",
            Kind::AccessToken => b"access-token\0",
        };
        Sha256::new().chain_update(kind).chain_update(self.secret()).finalize().into()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("kind", &self.kind)
            .field("secret", &"[redacted]")
            .finish()
    }
}

/// The text of a file that only `readers` can read.
pub(crate) fn read_private(
    path: &Path,
    readers: Readers,
) -> Result<Zeroizing<String>, CredentialError> {
    let path = path.to_owned();
    private_file::read(&path, LARGEST, readers).map_err(|fault| match fault {
        Fault::Read(cause) => CredentialError::Read { path, cause },
        Fault::Exposed(mode) => CredentialError::Exposed { path, mode },
        Fault::Changeable(reason) => CredentialError::Changeable { path, reason },
    })
}

/// Keeps other processes of the same user from reading this one's memory and environment, where a
/// credential may be.
///
/// An environment cannot be taken back: the kernel shows the block that the process was started
/// with, and changing that is not safe in Rust. So, on Linux, the process is made one that cannot
/// be dumped or traced: its files below `/proc` belong to root from then on, and a crash leaves no
/// core. Other systems show a process's environment to its own user.
///
/// # Errors
///
/// When the kernel refuses.
pub fn hide_process() -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Once hidden, the process itself cannot open its page map any more, by which instances are
        // cleaned up quickly; the engine opens it here and keeps it.
        let _ = wasmtime::PoolingAllocationConfig::is_pagemap_scan_available();
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// The text of an environment variable; `None` when it is not set or empty.
///
/// # Errors
///
/// When it is not UTF-8: it is set, so it must not count as not set.
pub fn variable(
    name: &str,
    get: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Zeroizing<String>>, CredentialError> {
    let Some(value) = get(name) else { return Ok(None) };
    match value.into_string() {
        Ok(text) => Ok(Some(Zeroizing::new(text)).filter(|text| !text.is_empty())),
        Err(other) => {
            Zeroizing::new(other.into_encoded_bytes());
            Err(CredentialError::NotText { place: name.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests;
