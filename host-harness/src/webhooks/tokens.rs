//! The signature tokens, from a file that only its owner can read or from an environment variable.
//!
//! They go into the component's environment, since it is the component that
//! checks signatures; nothing else gets or prints them.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::files::private_file::{self, Fault, Readers};

/// Larger than the tokens of a hundred webhooks.
const LARGEST: usize = 16 * 1024;

/// The signature tokens of one or several webhooks.
#[derive(Clone)]
pub struct SignatureTokens(Zeroizing<String>);

/// Why there are no usable tokens; never with one in it.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("the signature token file {} cannot be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error(
        "the signature token file {} can be read by others (mode {mode:03o}); run `chmod 600` on it, or give \
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
    #[error("the signature token file {} is not used: {reason}", path.display())]
    Changeable {
        /// The file.
        path: PathBuf,
        /// Who may, and how to mend it.
        reason: String,
    },
    /// There is none.
    #[error(
        "there is no signature token; give the one that Lever showed when the webhook was made, one a line"
    )]
    Empty,
    /// The text cannot be a token.
    #[error(
        "line {line} of the signature tokens has a character that tokens do not have; look for quotes, blanks or commas"
    )]
    Malformed {
        /// The line, from 1.
        line: usize,
    },
}

impl SignatureTokens {
    /// Tokens one a line; blank lines and lines that start with `#` are skipped.
    ///
    /// # Errors
    ///
    /// When there is none, or a line is none.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut joined = Zeroizing::new(String::with_capacity(text.len()));
        for (at, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            // Lever's are hexadecimal; a comma would be read as the end of one.
            let is_usual = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '"' | '\'' | '`');
            if !token.chars().all(is_usual) {
                return Err(TokenError::Malformed { line: at + 1 });
            }
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(token);
        }
        if joined.is_empty() {
            return Err(TokenError::Empty);
        }
        Ok(Self(joined))
    }

    /// Tokens with commas or line ends between them, as in an environment variable.
    ///
    /// # Errors
    ///
    /// As [`SignatureTokens::parse`].
    pub fn from_variable(text: &str) -> Result<Self, TokenError> {
        Self::parse(&Zeroizing::new(text.replace(',', "\n")))
    }

    /// Tokens out of a file that only its owner can read, or a group that this process is in.
    ///
    /// # Errors
    ///
    /// When it cannot be read, others can read, change or replace it, or it holds anything else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TokenError> {
        Self::from_file_for(path, Readers::OwnGroups)
    }

    /// The same, of a file that others may be able to read.
    ///
    /// # Errors
    ///
    /// As [`SignatureTokens::from_file`], but for what `readers` allows.
    pub fn from_file_for(path: impl AsRef<Path>, readers: Readers) -> Result<Self, TokenError> {
        let path = path.as_ref().to_owned();
        let text = private_file::read(&path, LARGEST, readers).map_err(|fault| match fault {
            Fault::Read(cause) => TokenError::Read { path, cause },
            Fault::Exposed(mode) => TokenError::Exposed { path, mode },
            Fault::Changeable(reason) => TokenError::Changeable { path, reason },
        })?;
        Self::parse(&text)
    }

    /// The tokens with commas between them.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignatureTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_one_a_line() {
        let rows = [
            ("abc", Some("abc")),
            ("# of hires\nabc\n\n  def\r\n", Some("abc,def")),
            ("", None),
            ("# abc", None),
            ("abc,def", None),
            ("\"abc\"", None),
            ("a bc", None),
        ];
        for (text, expected) in rows {
            let tokens = SignatureTokens::parse(text);
            assert_eq!(tokens.as_ref().ok().map(SignatureTokens::secret), expected, "{text:?}");
            let printed = format!("{tokens:?}");
            assert!(!printed.contains("abc"), "{printed}");
        }
    }

    #[test]
    fn a_variable_holds_them_with_commas_between() {
        for (text, expected) in [
            ("abc", Some("abc")),
            ("abc,def", Some("abc,def")),
            (" abc, def\n", Some("abc,def")),
            ("abc def", None),
            (",", None),
            ("", None),
        ] {
            let tokens = SignatureTokens::from_variable(text);
            assert_eq!(tokens.as_ref().ok().map(SignatureTokens::secret), expected, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("lever-tokens-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        for (mode, good) in
            [(0o644, false), (0o604, false), (0o640, true), (0o600, true), (0o400, true)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = SignatureTokens::from_file(&path);
            assert_eq!(read.is_ok(), good, "{mode:o}");
            let exposed = matches!(read, Err(TokenError::Exposed { .. }));
            assert_eq!(exposed, !good, "{mode:o}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(SignatureTokens::from_file(&path), Err(TokenError::Read { .. })));
        assert!(SignatureTokens::from_file(std::env::temp_dir()).is_err());
    }
}
