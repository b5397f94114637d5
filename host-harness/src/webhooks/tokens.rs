//! The signature tokens, from a file that only its owner can read.
//!
//! They go into the component's environment, since it is the component that
//! checks signatures; nothing else gets or prints them.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Larger than the tokens of a hundred webhooks.
const LARGEST: u64 = 16 * 1024;

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
    #[error("the signature token file {} can be read by others (mode {mode:03o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is none.
    #[error(
        "there is no signature token; give the one that Lever showed when the webhook was made, one a line"
    )]
    Empty,
    /// The text cannot be a token.
    #[error(
        "line {line} of the signature tokens has a character that no token has; look for quotes, blanks or commas"
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

    /// Tokens out of a file that only its owner can read.
    ///
    /// # Errors
    ///
    /// When it cannot be read, others can read it, or it holds anything else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, TokenError> {
        let path = path.as_ref();
        let read = |cause| TokenError::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(read)?;
        // Asked of the open file, so that it cannot be swapped between the question and the reading.
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(read(std::io::Error::other("it is no plain file")));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(TokenError::Exposed { path: path.to_owned(), mode });
            }
        }
        let mut text = Zeroizing::new(String::new());
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(read)?;
        if text.len() as u64 > LARGEST {
            return Err(read(std::io::Error::other("it is larger than 16 KiB")));
        }
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

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("lever-tokens-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        for (mode, good) in [(0o640, false), (0o604, false), (0o600, true), (0o400, true)] {
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
