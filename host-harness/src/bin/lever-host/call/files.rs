//! Files that arguments name in place of bytes: `{"file": "cv.pdf"}`.
//!
//! Arguments may be an agent's words, so a file is read only with `--files DIR`
//! and from below that directory, links followed. No name is repeated in an
//! error: it may be a person's.

use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The bytes of all files of a call: as many as the largest request may have.
const MOST: u64 = 64 << 20;

/// The files that arguments may name.
pub struct Files {
    directory: Option<PathBuf>,
    /// Those that were read, each once.
    read: Mutex<HashMap<PathBuf, Bytes>>,
}

impl Files {
    /// The files below a directory; none without one.
    pub fn below(directory: Option<&Path>) -> Self {
        Files { directory: directory.map(Path::to_owned), read: Mutex::default() }
    }

    /// The bytes that an object of the arguments stands for, if it names a file.
    pub fn bytes(&self, object: &Map<String, Value>) -> Option<Result<Bytes, String>> {
        let name = object.get("file").filter(|_| object.len() == 1)?;
        Some(match (name, &self.directory) {
            (Value::String(name), Some(directory)) => self.read(directory, name),
            (Value::String(_), None) => {
                Err("files are read with --files DIR only, from below DIR".to_owned())
            }
            _ => Err("expected {\"file\": \"path\"}".to_owned()),
        })
    }

    fn read(&self, directory: &Path, name: &str) -> Result<Bytes, String> {
        let broken = |what: &str, error: std::io::Error| format!("{what} cannot be read: {error}");
        let root =
            directory.canonicalize().map_err(|error| broken("the --files directory", error))?;
        let path = root.join(name).canonicalize().map_err(|error| broken("the file", error))?;
        if !path.starts_with(&root) {
            return Err("the file is not below the --files directory".to_owned());
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = read.get(&path) {
            return Ok(bytes.clone());
        }
        let file = File::open(&path).map_err(|error| broken("the file", error))?;
        let metadata = file.metadata().map_err(|error| broken("the file", error))?;
        if !metadata.is_file() {
            return Err("expected a file, got a directory or a device".to_owned());
        }
        let before: u64 = read.values().map(|bytes| bytes.len() as u64).sum();
        let left = MOST.saturating_sub(before);
        let mut bytes = Vec::new();
        // One byte more than that, for a file that is empty or grows.
        let expected = usize::try_from(metadata.len().min(left)).unwrap_or_default() + 1;
        bytes
            .try_reserve_exact(expected)
            .map_err(|_| "no memory is left for the file".to_owned())?;
        let taken = file.take(left + 1).read_to_end(&mut bytes);
        taken.map_err(|error| broken("the file", error))?;
        if bytes.len() as u64 > left {
            return Err(format!(
                "{} bytes are more than the {MOST} that the files of a call may have",
                metadata.len().saturating_add(before)
            ));
        }
        let bytes = Bytes::from(bytes);
        read.insert(path, bytes.clone());
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(files: &Files, object: Value) -> Option<Result<Bytes, String>> {
        files.bytes(object.as_object().unwrap())
    }

    fn refused(files: &Files, name: &str) -> String {
        asked(files, json!({"file": name})).unwrap().unwrap_err()
    }

    #[test]
    fn a_file_is_read_from_below_the_directory_and_from_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let below = place.path().join("below");
        std::fs::create_dir_all(below.join("deep")).unwrap();
        std::fs::write(below.join("deep/cv.pdf"), b"%PDF\0").unwrap();
        std::fs::write(place.path().join("secret"), b"no").unwrap();
        let files = Files::below(Some(&below));
        let cv = asked(&files, json!({"file": "deep/cv.pdf"})).unwrap().unwrap();
        assert_eq!(cv, b"%PDF\0".as_slice());
        let absolute = below.join("deep/../deep/cv.pdf");
        assert_eq!(asked(&files, json!({"file": absolute})).unwrap().unwrap(), cv);

        let outside = "the file is not below the --files directory";
        assert_eq!(refused(&files, "../secret"), outside);
        assert_eq!(refused(&files, place.path().join("secret").to_str().unwrap()), outside);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(place.path().join("secret"), below.join("link")).unwrap();
            assert_eq!(refused(&files, "link"), outside);
        }
        assert!(refused(&files, "deep").contains("directory"));
        let missing = refused(&files, "jane-doe.pdf");
        assert!(missing.starts_with("the file cannot be read: "), "{missing}");
        assert!(!missing.contains("jane"), "{missing}");
        assert!(refused(&Files::below(None), "deep/cv.pdf").contains("--files DIR"));
        assert!(asked(&files, json!({"file": 3})).unwrap().is_err());
        assert_eq!(asked(&files, json!({"file": "x", "name": "y"})), None);
        assert_eq!(asked(&files, json!({"path": "x"})), None);
    }

    #[test]
    fn more_than_a_request_may_have_is_refused_over_all_files() {
        let place = tempfile::tempdir().unwrap();
        for (name, size) in [("one", MOST - 1), ("two", 2), ("rest", 1), ("sparse", 1 << 40)] {
            File::create(place.path().join(name)).unwrap().set_len(size).unwrap();
        }
        let files = Files::below(Some(place.path()));
        assert!(refused(&files, "sparse").contains("67108864"));
        for name in ["one", "one", "rest"] {
            assert!(asked(&files, json!({"file": name})).unwrap().is_ok(), "{name}");
        }
        assert!(refused(&files, "two").contains("67108864"));
    }
}
