//! The token file: read by many, changed by one at a time, whole or not at all.
//!
//! For its owner alone (0600 in a 0700 directory). A change is written beside it, brought to the
//! disk and put in its place, so that a reader or a crash meets the old text or the new one. Who
//! changes it holds the lock of a file beside it, which stays when the token file goes: a lock on a
//! file that is replaced would lock nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use zeroize::Zeroizing;

use super::stored::Stored;
use crate::files::private_file;
use crate::files::regular_file;

/// The largest file that is read; a login takes some 3 KiB, with tokens as long as Auth0's.
const LARGEST: usize = 64 << 10;

/// How often the lock is asked for. The operating system's own waiting cannot be given up, and
/// would hold a thread for as long as another process likes.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The token file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFile {
    path: PathBuf,
}

/// The right to change the file; gone when dropped, or when the process ends.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "it is held")] File);

/// What tells two states of the file apart without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

/// Why the file cannot be used; never with anything of its content.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the token file {} cannot be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: io::Error,
    },
    /// It cannot be written.
    #[error("the token file {} cannot be written: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others may read it.
    #[error("the token file {} can be read by others (mode {mode:03o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others may put another file in its place.
    #[error(
        "the directory {} can be changed by others (mode {mode:03o}); keep the token file in a directory of your own with \
         mode 700",
        path.display()
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It, or its directory, is another user's.
    #[error("the login in {} is not used: {reason}", path.display())]
    Foreign {
        /// The file or the directory.
        path: PathBuf,
        /// Whose it is.
        reason: String,
    },
    /// It is not ours.
    #[error(
        "the token file {} is damaged or was made by another version ({reason}); remove it and run \
         `lever-host auth login`",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        reason: String,
    },
    /// Another process holds the lock.
    #[error(
        "another process has locked the token file {} for {} s; try again, or find the process that holds the lock",
        path.display(),
        waited.as_secs()
    )]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
}

impl TokenFile {
    /// The file at this path, there or not.
    pub fn at(path: impl Into<PathBuf>) -> TokenFile {
        TokenFile { path: path.into() }
    }

    /// `lever-host/oauth.json` in the user's configuration directory.
    pub fn usual(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<TokenFile> {
        variable("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("HOME").map(|home| home.join(".config")))
            .or_else(|| variable("LOCALAPPDATA"))
            .map(|config| TokenFile::at(config.join("lever-host").join("oauth.json")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its present state; `None` when it is not there.
    pub fn stamp(&self) -> Option<Stamp> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        Some(stamp_of(&metadata))
    }

    /// What it says; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be read, can be read by others, could have been put there by others, or is
    /// none of ours.
    pub fn read(&self) -> Result<Option<(Stored, Stamp)>, FileError> {
        let fail = |cause| FileError::Read { path: self.path.clone(), cause };
        let file = match regular_file::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let metadata = file.metadata().map_err(fail)?;
        if let Some(mode) = private_file::mode_for_others(&metadata) {
            return Err(FileError::Exposed { path: self.path.clone(), mode });
        }
        foreign(&self.path, &metadata)?;
        self.check_directory()?;
        // As large as it may get, since what a growing buffer leaves behind is not wiped.
        let mut text = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
        file.take(LARGEST as u64 + 1).read_to_end(&mut text).map_err(fail)?;
        let damaged = |reason: &str| FileError::Damaged {
            path: self.path.clone(),
            reason: reason.to_owned(),
        };
        if text.len() > LARGEST {
            return Err(damaged("it is larger than 64 KiB"));
        }
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| {
            // The message of the error could quote the text.
            damaged(&format!("line {}, column {}", error.line(), error.column()))
        })?;
        if !stored.is_known_form() {
            return Err(damaged("its version is not 1"));
        }
        Ok(Some((stored, stamp_of(&metadata))))
    }

    /// Waits for the right to change the file. Its directory is made when it is not there.
    ///
    /// # Errors
    ///
    /// When another process keeps it for longer than `longest`, or the lock's file cannot be made.
    pub async fn lock(&self, longest: Duration) -> Result<Lock, FileError> {
        let fail = |cause| FileError::Write { path: self.path.clone(), cause };
        self.make_directory()?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        private_file::for_owner(&mut options);
        let file = options.open(self.beside("lock")).map_err(fail)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() >= longest => {
                    return Err(FileError::Busy { path: self.path.clone(), waited: longest });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
    }

    /// Puts this in place of what the file says, and returns when it is on the disk.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the file is as it was then.
    pub fn write(&self, _: &Lock, stored: &Stored) -> Result<Stamp, FileError> {
        self.replace(stored).map_err(|cause| FileError::Write { path: self.path.clone(), cause })
    }

    fn replace(&self, stored: &Stored) -> io::Result<Stamp> {
        let mut text = Zeroizing::new(Vec::with_capacity(LARGEST));
        serde_json::to_writer_pretty(&mut *text, stored)?;
        if text.len() >= LARGEST {
            return Err(io::Error::other("the login takes more than 64 KiB"));
        }
        let new = self.beside("new");
        // Of a process that died; only the holder of the lock makes it.
        remove(&new)?;
        let mut options = OpenOptions::new();
        // Not through a link that somebody put there.
        options.write(true).create_new(true);
        private_file::for_owner(&mut options);
        let written = (|| {
            let mut file = options.open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            let stamp = stamp_of(&file.metadata()?);
            std::fs::rename(&new, &self.path)?;
            Ok(stamp)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
            return written;
        }
        sync_directory(self.directory())?;
        written
    }

    /// Removes the file; says whether it was there.
    ///
    /// # Errors
    ///
    /// When it is there and stays.
    pub fn remove(&self, _: &Lock) -> Result<bool, FileError> {
        let fail = |cause| FileError::Write { path: self.path.clone(), cause };
        remove(&self.beside("new")).map_err(fail)?;
        let was_there = remove(&self.path).map_err(fail)?;
        sync_directory(self.directory()).map_err(fail)?;
        Ok(was_there)
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(suffix);
        self.path.with_file_name(name)
    }

    /// Makes the directory for its owner alone, or checks that nobody else can change what is in
    /// it.
    fn make_directory(&self) -> Result<(), FileError> {
        let path = self.directory();
        let fail = |cause| FileError::Write { path: self.path.clone(), cause };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(fail)?;
        self.check_directory()
    }

    /// Checks that nobody else can put another file in the place of this one.
    fn check_directory(&self) -> Result<(), FileError> {
        let path = self.directory();
        let metadata = std::fs::metadata(path)
            .map_err(|cause| FileError::Read { path: self.path.clone(), cause })?;
        foreign(path, &metadata)?;
        match private_file::mode_for_others(&metadata) {
            Some(mode) if mode & 0o022 != 0 => Err(FileError::Open { path: path.to_owned(), mode }),
            _ => Ok(()),
        }
    }
}

/// Refuses what belongs to another user.
fn foreign(path: &Path, metadata: &std::fs::Metadata) -> Result<(), FileError> {
    private_file::check_owner(metadata)
        .map_err(|reason| FileError::Foreign { path: path.to_owned(), reason })
}

#[cfg(unix)]
fn stamp_of(metadata: &std::fs::Metadata) -> Stamp {
    let inode = std::os::unix::fs::MetadataExt::ino(metadata);
    Stamp { inode, length: metadata.len(), modified: metadata.modified().ok() }
}

#[cfg(not(unix))]
fn stamp_of(metadata: &std::fs::Metadata) -> Stamp {
    Stamp { inode: 0, length: metadata.len(), modified: metadata.modified().ok() }
}

/// Brings a change of names to the disk.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Windows has no such call; renaming writes through its journal.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

fn remove(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
