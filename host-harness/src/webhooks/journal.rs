//! The tokens of deliveries that were taken, so that none is taken twice, even
//! after a restart.
//!
//! Tokens are kept as digests, and as long as a delivery of that age could still
//! be accepted. Lines are only ever appended, and the file is written anew,
//! beside the old one, when most of them are of no use any more.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::regular_file;
use crate::files::{is_moved, sync_directory};

/// The most tokens kept, some 100 bytes each in memory; beyond it those that
/// would be forgotten next are.
const MOST: usize = 200_000;

/// Lines of no use any more that a file may have before it is written anew.
const SPARE: usize = 1000;

/// A SHA-256.
pub type Sum = [u8; 32];

/// The digest of some bytes.
pub fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

/// A delivery, as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The digest of the token.
    pub token: Sum,
    /// The digest of what happened.
    pub event: Sum,
    /// The last millisecond at which it would be accepted, by its age.
    pub until: u64,
}

/// Deliveries that were taken.
#[derive(Debug)]
pub struct Journal {
    taken: HashMap<Sum, (Sum, u64)>,
    /// Deliveries added since the old ones were last forgotten.
    added: usize,
    file: Option<Log>,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    lines: usize,
    /// Whether the file lacks lines, after one that could not be written.
    is_behind: bool,
}

impl Journal {
    /// A journal that ends with the process.
    pub fn in_memory() -> Self {
        Self { taken: HashMap::new(), added: 0, file: None }
    }

    /// Opens a journal, made for its owner alone where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be written, another process writes it, or it holds
    /// something else.
    pub fn open(path: &Path, now: u64) -> io::Result<Self> {
        let mut options = private();
        options.read(true).append(true).create(true);
        let mut file = regular_file::open_with(&mut options, path)?;
        lock(&file)?;
        let Content { entries, whole } = read(&mut file)?;
        let lines = entries.len();
        let taken = entries.into_iter().filter(|entry| entry.until >= now);
        let taken = taken.map(|entry| (entry.token, (entry.event, entry.until))).collect();
        file.set_len(whole as u64)?;
        file.sync_all()?;
        sync_directory(path)?;
        let log = Log { path: path.to_owned(), file, lines, is_behind: false };
        Ok(Self { taken, added: 0, file: Some(log) })
    }

    /// The digest of what happened under a token, if it was taken.
    pub fn find(&self, token: &Sum) -> Option<Sum> {
        self.taken.get(token).map(|(event, _)| *event)
    }

    /// Remembers a delivery. It is remembered even if the file cannot be
    /// written, until the process ends.
    ///
    /// # Errors
    ///
    /// When the file lacks it.
    pub fn add(&mut self, entry: Entry, now: u64) -> io::Result<()> {
        self.taken.insert(entry.token, (entry.event, entry.until));
        self.added += 1;
        if self.added >= SPARE {
            self.taken.retain(|_, (_, until)| *until >= now);
            self.added = 0;
        }
        while self.taken.len() > MOST {
            let first = self.taken.iter().min_by_key(|(_, (_, until))| *until);
            let Some(first) = first.map(|(token, _)| *token) else { break };
            self.taken.remove(&first);
        }
        if self.follow(now)? {
            return Ok(());
        }
        let Some(log) = &mut self.file else { return Ok(()) };
        if log.is_behind || log.lines >= 2 * self.taken.len() + SPARE {
            return log.rewrite(&self.taken);
        }
        log.append(&entry)
    }

    /// Writes the file anew if it was moved away; says whether it was.
    ///
    /// # Errors
    ///
    /// When that cannot be seen or done, or another process has put its own there.
    pub fn follow(&mut self, now: u64) -> io::Result<bool> {
        let Some(log) = &mut self.file else { return Ok(false) };
        if !is_moved(&log.path, &log.file)? {
            return Ok(false);
        }
        // Until it is written again, the file lacks everything.
        log.is_behind = true;
        // Held until ours is in its place, so that nobody else begins with it.
        let _there = match File::options().read(true).append(true).open(&log.path) {
            Ok(mut there) => {
                lock(&there)?;
                for entry in read(&mut there)?.entries {
                    if entry.until >= now {
                        self.taken.entry(entry.token).or_insert((entry.event, entry.until));
                    }
                }
                Some(there)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        log.rewrite(&self.taken)?;
        Ok(true)
    }

    /// Where it is; nowhere, when it ends with the process.
    pub fn path(&self) -> &Path {
        self.file.as_ref().map_or(Path::new(""), |log| &log.path)
    }
}

/// What a file holds.
struct Content {
    entries: Vec<Entry>,
    /// Its length without a line that a crash cut off.
    whole: usize,
}

fn read(file: &mut File) -> io::Result<Content> {
    let foreign = || io::Error::other("it holds something else");
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    // A line without its end is one that a crash cut off.
    let whole = text.rfind('\n').map_or(0, |last| last + 1);
    let entries: Option<Vec<Entry>> = text[..whole].lines().map(parse).collect();
    let start = text.as_bytes().get(..2).unwrap_or(text.as_bytes());
    if whole == 0 && !b"1 ".starts_with(start) {
        return Err(foreign());
    }
    Ok(Content { entries: entries.ok_or_else(foreign)?, whole })
}

impl Log {
    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let written =
            self.file.write_all(line(entry).as_bytes()).and_then(|()| self.file.sync_data());
        self.is_behind = written.is_err();
        self.lines += 1;
        written
    }

    /// Puts a file with these lines in the place of the old one.
    fn rewrite(&mut self, taken: &HashMap<Sum, (Sum, u64)>) -> io::Result<()> {
        self.is_behind = true;
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        // Of a process that died here; ours alone, since we hold the lock.
        let _ = std::fs::remove_file(&beside);
        let mut file = private().read(true).append(true).create_new(true).open(&beside)?;
        lock(&file)?;
        let mut lines = 0;
        let mut text = String::new();
        for (token, (event, until)) in taken {
            text.push_str(&line(&Entry { token: *token, event: *event, until: *until }));
            lines += 1;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        sync_directory(&self.path)?;
        (self.file, self.lines, self.is_behind) = (file, lines, false);
        Ok(())
    }
}

fn private() -> OpenOptions {
    #[allow(unused_mut, reason = "systems without modes")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(io::Error::other("another lever-host is using it"))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// An entry on a line, with the version of the form first.
fn line(entry: &Entry) -> String {
    let hex = |sum: &Sum| sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("1 {} {} {}\n", entry.until, hex(&entry.token), hex(&entry.event))
}

fn parse(line: &str) -> Option<Entry> {
    let mut parts = line.split(' ');
    let ("1", until, token, event, None) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next())
    else {
        return None;
    };
    Some(Entry { token: unhex(token)?, event: unhex(event)?, until: until.parse().ok()? })
}

fn unhex(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    if text.len() != 2 * sum.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in sum.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("lever-journal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    fn entry(token: &str, until: u64) -> Entry {
        Entry { token: sum(token.as_bytes()), event: sum(b"event"), until }
    }

    #[test]
    fn what_was_taken_is_known_after_a_restart_until_it_is_too_old() {
        let path = fresh("restart");
        let mut journal = Journal::open(&path, 0).unwrap();
        journal.add(entry("nonce-a", 100), 0).unwrap();
        journal.add(entry("nonce-b", 50), 0).unwrap();
        drop(journal);
        let journal = Journal::open(&path, 60).unwrap();
        assert_eq!(journal.find(&sum(b"nonce-a")), Some(sum(b"event")));
        assert_eq!((journal.find(&sum(b"nonce-b")), journal.find(&sum(b"c"))), (None, None));
        assert!(!std::fs::read_to_string(&path).unwrap().contains("nonce"));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_removed_and_a_foreign_file_is_left_alone() {
        let path = fresh("cut");
        let whole = line(&entry("a", 100));
        for cut in ["1", "1 ", "1 100 abc", whole.trim_end()] {
            std::fs::write(&path, format!("{whole}{cut}")).unwrap();
            drop(Journal::open(&path, 0).unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
        }
        std::fs::write(&path, "1 100 ab").unwrap();
        drop(Journal::open(&path, 0).unwrap());
        for other in ["my notes", "my notes\n", "{\"kind\":\"x\"}\n", "1 100 ab cd\n", "2 x"] {
            std::fs::write(&path, other).unwrap();
            assert!(Journal::open(&path, 0).is_err(), "{other}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_moved_away_is_written_anew_and_another_process_is_not_overwritten() {
        let path = fresh("moved");
        let mut journal = Journal::open(&path, 0).unwrap();
        journal.add(entry("a", 100), 0).unwrap();
        let there = fresh("moved-there");
        std::fs::rename(&path, &there).unwrap();
        let mut other = Journal::open(&path, 0).unwrap();
        let error = journal.add(entry("b", 100), 0).unwrap_err();
        assert!(error.to_string().contains("another lever-host"), "{error}");
        other.add(entry("c", 100), 0).unwrap();
        drop(other);
        // What was not written then is written now, and what the other one knew is known.
        journal.add(entry("d", 100), 0).unwrap();
        drop(journal);
        let journal = Journal::open(&path, 0).unwrap();
        for token in ["a", "b", "c", "d"] {
            assert!(journal.find(&sum(token.as_bytes())).is_some(), "{token}");
        }
        drop(journal);
        let mut journal = Journal::open(&path, 0).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "my notes\n").unwrap();
        assert!(journal.add(entry("e", 100), 0).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "my notes\n");
        for path in [path, there] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_second_process_is_kept_out_also_after_the_file_was_written_anew() {
        let path = fresh("lock");
        let mut journal = Journal::open(&path, 0).unwrap();
        assert!(Journal::open(&path, 0).unwrap_err().to_string().contains("another lever-host"));
        let last = 2 * SPARE as u64 + 100;
        for n in 0..=last {
            journal.add(entry(&n.to_string(), n), n).unwrap();
        }
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < SPARE, "{lines}");
        assert!(Journal::open(&path, 0).is_err());
        drop(journal);
        let journal = Journal::open(&path, last).unwrap();
        assert!(journal.find(&sum(last.to_string().as_bytes())).is_some());
        std::fs::remove_file(&path).unwrap();
    }
}
