//! Files that arguments name in place of bytes: `{"file": "cv.pdf"}`.
//!
//! Arguments may be an agent's words, so a file is read only with `--files DIR`, and opened beneath
//! that directory by the kernel's own rule: whatever is renamed or linked meanwhile, the way to it
//! never leads out. Links are followed where they are relative and stay beneath. No name is
//! repeated in an error: it may be a person's.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use serde_json::{Map, Value};

/// The bytes of all files of a call: as many as the largest request may have.
const MOST: u64 = 64 << 20;

/// The files that arguments may name.
pub struct Files {
    directory: Option<Directory>,
    /// Those that were read, each once.
    read: Mutex<HashMap<PathBuf, Bytes>>,
}

/// The directory of `--files`, opened once, so that nothing can be put in its place.
struct Directory {
    path: PathBuf,
    opened: io::Result<Dir>,
}

impl Files {
    /// The files below a directory; none without one.
    pub fn below(directory: Option<&Path>) -> Self {
        let directory = directory.map(|path| Directory {
            path: path.to_owned(),
            opened: Dir::open_ambient_dir(path, ambient_authority()),
        });
        Files { directory, read: Mutex::default() }
    }

    /// The bytes that an object of the arguments stands for, if it names a file.
    pub fn bytes(&self, object: &Map<String, Value>) -> Option<Result<Bytes, String>> {
        let name = object.get("file").filter(|_| object.len() == 1)?;
        Some(match (name, &self.directory) {
            (Value::String(name), Some(directory)) => self.read(directory, Path::new(name)),
            (Value::String(_), None) => {
                Err("files are read with --files DIR only, from below DIR".to_owned())
            }
            _ => Err("expected {\"file\": \"path\"}".to_owned()),
        })
    }

    fn read(&self, directory: &Directory, name: &Path) -> Result<Bytes, String> {
        let broken = |what: &str, error: &io::Error| format!("{what} cannot be read: {error}");
        let opened = directory.opened.as_ref();
        let root = opened.map_err(|error| broken("the --files directory", error))?;
        let name = directory.relative(name).ok_or(OUTSIDE)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = read.get(&name) {
            return Ok(bytes.clone());
        }
        let file = open(root, &name).map_err(|error| match is_escape(&error) {
            true => OUTSIDE.to_owned(),
            false => broken("the file", &error),
        })?;
        // Asked of the open file, so that it cannot be swapped between the question and the
        // reading.
        let metadata = file.metadata().map_err(|error| broken("the file", &error))?;
        if !metadata.is_file() {
            return Err("expected a file, got a directory, a pipe or a device".to_owned());
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
        taken.map_err(|error| broken("the file", &error))?;
        if bytes.len() as u64 > left {
            return Err(format!(
                "{} bytes are more than the {MOST} that the files of a call may have",
                metadata.len().saturating_add(before)
            ));
        }
        let bytes = Bytes::from(bytes);
        read.insert(name, bytes.clone());
        Ok(bytes)
    }
}

const OUTSIDE: &str = "the file is not below the --files directory";

impl Directory {
    /// A name as one from the directory on. An absolute one must begin with the directory, as it
    /// was given or as the system calls it.
    fn relative(&self, name: &Path) -> Option<PathBuf> {
        if name.is_relative() {
            return Some(name.to_owned());
        }
        let given = name.strip_prefix(&self.path).ok().map(Path::to_owned);
        given.or_else(|| {
            let real = self.path.canonicalize().ok()?;
            name.strip_prefix(real).ok().map(Path::to_owned)
        })
    }
}

/// Opens a file beneath the directory, without waiting for whoever is on the other side of a pipe.
fn open(root: &Dir, name: &Path) -> io::Result<cap_std::fs::File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::custom_flags(
        &mut options,
        lever_host::files::regular_file::NONBLOCK,
    );
    root.open_with(name, &options)
}

/// Whether a path led out: that has a kind, and no number of the system's.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs::File;

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
            std::os::unix::fs::symlink("../../secret", below.join("deep/up")).unwrap();
            std::os::unix::fs::symlink("../..", below.join("deep/out")).unwrap();
            for link in ["link", "deep/up", "deep/out/secret", "deep/out/below/deep/cv.pdf"] {
                assert_eq!(refused(&files, link), outside, "{link}");
            }
            std::os::unix::fs::symlink("deep/cv.pdf", below.join("within")).unwrap();
            assert_eq!(asked(&files, json!({"file": "within"})).unwrap().unwrap(), cv);
        }
        let absolute_outside = below.join("../secret");
        assert_eq!(refused(&files, absolute_outside.to_str().unwrap()), outside);
        assert!(refused(&files, "deep").contains("directory"));
        let missing = refused(&files, "jane-doe.pdf");
        assert!(missing.starts_with("the file cannot be read: "), "{missing}");
        assert!(!missing.contains("jane"), "{missing}");
        assert!(refused(&Files::below(None), "deep/cv.pdf").contains("--files DIR"));
        assert!(asked(&files, json!({"file": 3})).unwrap().is_err());
        assert_eq!(asked(&files, json!({"file": "x", "name": "y"})), None);
        assert_eq!(asked(&files, json!({"path": "x"})), None);
    }

    /// What the attacker does: the name is a directory with a good file, and a link to one with
    /// another, by turns.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_that_turns_into_a_link_leads_nowhere() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let place = tempfile::tempdir().unwrap();
        let (below, outside) = (place.path().join("below"), place.path().join("outside"));
        for (directory, text) in [(&below.join("real"), "inside"), (&outside, "SECRET")] {
            std::fs::create_dir_all(directory).unwrap();
            std::fs::write(directory.join("cv.pdf"), text).unwrap();
        }
        let (flip, spare) = (below.join("flip"), below.join("spare"));
        std::os::unix::fs::symlink(&outside, &spare).unwrap();
        std::fs::rename(below.join("real"), &flip).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                use rustix::fs::{CWD, RenameFlags, renameat_with};
                while !done.load(Ordering::Relaxed) {
                    let swapped = renameat_with(CWD, &flip, CWD, &spare, RenameFlags::EXCHANGE);
                    swapped.unwrap();
                }
            });
            for _ in 0..3000 {
                let files = Files::below(Some(&below));
                if let Ok(bytes) = asked(&files, json!({"file": "flip/cv.pdf"})).unwrap() {
                    assert_eq!(bytes, b"inside".as_slice());
                }
            }
            done.store(true, Ordering::Relaxed);
        });
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_regular_file_is_refused_without_waiting() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let place = tempfile::tempdir().unwrap();
        mknodat(CWD, place.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        std::os::unix::fs::symlink("pipe", place.path().join("link")).unwrap();
        let files = Files::below(Some(place.path()));
        for name in ["pipe", "link", "."] {
            assert!(refused(&files, name).starts_with("expected a file"), "{name}");
        }
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
