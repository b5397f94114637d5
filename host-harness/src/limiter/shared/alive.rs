//! How processes that share a budget know which of them are alive.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::private;
use crate::files::regular_file;

/// The end of the names of the files by which processes show that they are alive.
const ALIVE: &str = "alive";

/// The file by which a process shows that it is alive, gone when dropped.
pub(super) struct Alive {
    pub(super) id: String,
    path: PathBuf,
    _lock: File,
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Alive {
    /// Makes the file that shows that this process is alive, and removes those of processes that
    /// are not. Only the holder of the lock does either, so a file that is there and not locked is
    /// that of a dead process.
    pub(super) fn show(state: &Path) -> io::Result<Alive> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let id = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (Some(directory), Some(name)) = (state.parent(), state.file_name()) else {
            return Err(io::Error::other("it has no name"));
        };
        let start = format!("{}.", name.to_string_lossy());
        for found in std::fs::read_dir(directory)?.flatten() {
            let found = found.file_name();
            let id = found.to_str().and_then(|found| found.strip_prefix(&start));
            if let Some(id) = id.and_then(|rest| rest.strip_suffix(&format!(".{ALIVE}"))) {
                is_alive(state, id);
            }
        }
        let path = alive_path(state, &id);
        let lock = private().create_new(true).open(&path)?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Alive { id, path, _lock: lock })
    }
}

/// Whether the process of this id is alive. What is left of one that is not is removed.
pub(super) fn is_alive(state: &Path, id: &str) -> bool {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let path = alive_path(state, id);
    let file = match regular_file::open(&path) {
        Ok(file) => file,
        Err(error) => return error.kind() != io::ErrorKind::NotFound,
    };
    match file.try_lock_shared() {
        Ok(()) => {
            let _ = std::fs::remove_file(&path);
            false
        }
        Err(_) => true,
    }
}

fn alive_path(state: &Path, id: &str) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(format!(".{id}.{ALIVE}"));
    PathBuf::from(name)
}
