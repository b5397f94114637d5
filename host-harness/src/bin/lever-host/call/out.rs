//! Where a result's bytes, or a component's, go: `--out FILE`.
//!
//! The file appears whole or not at all, a result's readable by its owner alone,
//! and never in place of another one unless that was said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use bytes::Bytes;
use lever_host::runtime::Answer;
use serde_json::json;
use tempfile::NamedTempFile;

/// A file that will hold such bytes.
pub struct Out {
    path: PathBuf,
    force: bool,
    made: NamedTempFile,
}

impl Out {
    /// Makes sure that the file can be written, before the call.
    pub fn prepare(path: &Path, force: bool) -> anyhow::Result<Self> {
        Self::with_mode(path, force, 0o600)
    }

    /// The same for what is not a secret: as readable as the user's other files.
    pub fn public(path: &Path, force: bool) -> anyhow::Result<Self> {
        Self::with_mode(path, force, 0o666)
    }

    fn with_mode(path: &Path, force: bool, mode: u32) -> anyhow::Result<Self> {
        if !force && path.symlink_metadata().is_ok() {
            bail!("{} is there already; --force replaces it", path.display());
        }
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = mode;
        let made = builder
            .tempfile_in(directory)
            .with_context(|| format!("cannot write to {}", directory.display()))?;
        Ok(Out { path: path.to_owned(), force, made })
    }

    /// Writes the bytes of a result that holds one list of them. What is left
    /// of the result comes back as JSON, with where they went.
    pub fn write(self, answer: &Answer) -> anyhow::Result<String> {
        let found = Mutex::new(Vec::new());
        let in_place = |bytes: &Bytes| {
            if let Ok(mut found) = found.lock() {
                found.push(bytes.clone());
            }
            json!({"file": self.path.display().to_string(), "size": bytes.len()})
        };
        let rest = serde_json::to_string_pretty(&answer.without_bytes(&in_place))?;
        let found = found.into_inner().unwrap_or_default();
        let [bytes] = found.as_slice() else {
            // The call was made, so its result must not be lost.
            let whole = serde_json::to_string_pretty(answer)?;
            crate::tools::print(&format!("{}\n", lever_host::audit::escape_json(&whole)))?;
            bail!(
                "nothing was written to {}: --out takes a result with one list of bytes, and this \
                 one has {}",
                self.path.display(),
                found.len()
            );
        };
        self.keep(bytes)?;
        Ok(rest)
    }

    /// Writes these bytes.
    pub fn keep(mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path.display().to_string();
        self.made
            .write_all(bytes)
            .and_then(|()| self.made.as_file().sync_all())
            .with_context(|| format!("cannot write {path}"))?;
        let kept = match self.force {
            true => self.made.persist(&self.path),
            false => self.made.persist_noclobber(&self.path),
        };
        kept.map(drop).map_err(|error| error.error).with_context(|| format!("cannot write {path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_private_and_never_replaced_by_chance() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("cv.pdf");
        Out::prepare(&path, false).unwrap().keep(b"one").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let error = Out::prepare(&path, false).err().unwrap().to_string();
        assert!(error.ends_with("is there already; --force replaces it"), "{error}");
        Out::prepare(&path, true).unwrap().keep(b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");

        // One that appears while the call runs stays as it is.
        let late = place.path().join("late");
        let out = Out::prepare(&late, false).unwrap();
        std::fs::write(&late, b"theirs").unwrap();
        assert!(out.keep(b"ours").is_err());
        assert_eq!(std::fs::read(&late).unwrap(), b"theirs");

        drop(Out::prepare(&place.path().join("never"), false).unwrap());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
        assert!(Out::prepare(&place.path().join("no/such/file"), false).is_err());
    }
}
