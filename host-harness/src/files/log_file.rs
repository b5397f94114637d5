//! A file that lines are appended to for months. It follows its path: when the
//! file there is moved away, removed or replaced, the next line goes to the one
//! that stands there then, made anew where there is none.
//!
//! It knows nothing of what is written, and keeps no line back.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::private_file;

/// A file open for appending, and the path it belongs to.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    /// Shared, so that it can be synced while others write.
    file: Arc<File>,
    for_reading: bool,
    is_regular: bool,
}

impl LogFile {
    /// Opens the file, made for its owner alone where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be written. A named pipe that nobody reads is an error
    /// rather than a wait.
    pub(crate) fn append_to(path: &Path) -> io::Result<Self> {
        Self::open(path, false)
    }

    /// The same for a file that is read as well, so it must be a regular one.
    ///
    /// # Errors
    ///
    /// When it cannot be read and written, or is not a regular file.
    pub(crate) fn read_and_append_to(path: &Path) -> io::Result<Self> {
        Self::open(path, true)
    }

    fn open(path: &Path, for_reading: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(for_reading).append(true).create(true);
        private_file::for_owner(&mut options);
        let file = crate::files::regular_file::open_no_pipe(&mut options, path)?;
        let found = file.metadata()?;
        let is_regular = found.is_file();
        if for_reading && !is_regular {
            return Err(io::Error::other("it is not a regular file"));
        }
        if is_regular && let Some(reason) = private_file::writers(&found) {
            return Err(io::Error::other(reason));
        }
        if is_regular && found.len() == 0 {
            // It may be new, and is to be found again.
            sync_directory(path)?;
        }
        Ok(Self { path: path.to_owned(), file: Arc::new(file), for_reading, is_regular })
    }

    /// Opens what stands at the path now, if that is another file than the one
    /// that is open; says whether it did.
    ///
    /// # Errors
    ///
    /// When it cannot be told, or the other file cannot be opened.
    pub(crate) fn follow(&mut self) -> io::Result<bool> {
        if !is_moved(&self.path, &self.file)? {
            return Ok(false);
        }
        *self = Self::open(&self.path, self.for_reading)?;
        Ok(true)
    }

    /// Where it belongs.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that is open.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Whether it keeps what is written, unlike a pipe or a terminal.
    pub(crate) fn is_regular(&self) -> bool {
        self.is_regular
    }
}

/// Whether a file has no name any more, so that nobody will find what it holds.
#[cfg(unix)]
pub(crate) fn is_removed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

/// Other systems do not let an open file be removed.
#[cfg(not(unix))]
pub(crate) fn is_removed(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Makes the names in a file's directory survive the machine.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems do not open directories.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether another file than this one, or none, stands at the path.
#[cfg(unix)]
pub(crate) fn is_moved(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) != (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Other systems do not let an open file be moved.
#[cfg(not(unix))]
pub(crate) fn is_moved(_: &Path, _: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_others_can_write_is_not_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "").unwrap();
        for (mode, is_taken) in [(0o600, true), (0o644, true), (0o666, false), (0o620, false)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            let opened = LogFile::append_to(&path);
            assert_eq!(opened.is_ok(), is_taken, "{mode:o}");
            let said = opened.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(said.contains("others can change it"), !is_taken, "{said}");
        }
    }
}
