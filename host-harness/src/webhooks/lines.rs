//! The file of the events: one JSON object a line, each there as a whole or not
//! at all.
//!
//! The file may be moved away at any time; the next event begins a new one. It
//! decides nothing about what is written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::regular_file;

/// How far back lines are looked at when the file is opened: several of the
/// largest events.
const BACK: u64 = 8 << 20;

/// What every line begins with.
const START: &[u8] = b"{\"kind\":\"";

/// A file that lines are appended to.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    file: File,
    /// The length to go back to, after a line that was written only in part.
    broken: Option<u64>,
}

impl Lines {
    /// Opens the file, made for its owner alone where there is none, and returns
    /// its last lines.
    ///
    /// A line that a crash cut off is removed: its delivery was not answered
    /// and comes again.
    ///
    /// # Errors
    ///
    /// When it is not a regular file, cannot be written, or ends with something else.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Vec<u8>>)> {
        let mut file = appending(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BACK)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        if length > BACK {
            // It begins somewhere in a line.
            let first = tail.iter().position(|byte| *byte == b'\n');
            tail.drain(..first.map_or(tail.len(), |first| first + 1));
        }
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let cut = tail.split_off(whole);
        let mut lines: Vec<_> = tail.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        lines.retain(|line| !line.is_empty());
        let known = cut.len().min(START.len());
        if cut.get(..known) != START.get(..known) {
            return Err(io::Error::other("it ends with something that is no event"));
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(&cut).is_ok() {
            file.write_all(b"\n")?;
            lines.push(cut);
        } else if !cut.is_empty() {
            file.set_len(length - cut.len() as u64)?;
        }
        file.sync_all()?;
        Ok((Self { path: path.to_owned(), file, broken: None }, lines))
    }

    /// Appends a line and returns when it will survive the machine.
    ///
    /// # Errors
    ///
    /// When that cannot be said; the line is not there, or is taken away before
    /// the next one.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.follow()?;
        if let Some(length) = self.broken.take() {
            // Not longer than it is, should somebody have emptied it.
            if self.file.metadata()?.len() > length {
                self.file.set_len(length).inspect_err(|_| self.broken = Some(length))?;
            }
        }
        let before = self.file.metadata()?.len();
        let written =
            self.file.write_all(&[line, b"\n"].concat()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            self.broken = self.file.set_len(before).is_err().then_some(before);
        }
        written
    }
}

impl Lines {
    /// Opens the file anew if it was moved away.
    ///
    /// # Errors
    ///
    /// When that cannot be seen or done.
    pub fn follow(&mut self) -> io::Result<()> {
        if is_moved(&self.path, &self.file)? {
            self.file = appending(&self.path)?;
            self.broken = None;
        }
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens for appending, and sees to it that a new file is found again.
fn appending(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = regular_file::checked(regular_file::without_waiting(&mut options).open(path)?)?;
    sync_directory(path)?;
    Ok(file)
}

/// Makes the names in a file's directory survive the machine.
#[cfg(unix)]
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems do not open directories.
#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether something else is at the path now, or nothing.
#[cfg(unix)]
pub(super) fn is_moved(path: &Path, file: &File) -> io::Result<bool> {
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
pub(super) fn is_moved(_: &Path, _: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("lever-lines-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_are_appended_and_found_again() {
        let path = fresh("again");
        let (mut lines, before) = Lines::open(&path).unwrap();
        assert!(before.is_empty());
        lines.append(br#"{"kind":"a"}"#).unwrap();
        lines.append(br#"{"kind":"b"}"#).unwrap();
        assert_eq!(text(&path), "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
        let (_, before) = Lines::open(&path).unwrap();
        assert_eq!(before, [br#"{"kind":"a"}"#, br#"{"kind":"b"}"#]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_removed_and_a_whole_one_is_ended() {
        let path = fresh("cut");
        let line = "{\"kind\":\"a\"}\n";
        for (cut, left) in [
            ("", line.to_owned()),
            ("{", line.to_owned()),
            ("{\"kind\":\"b\",\"id", line.to_owned()),
            ("{\"kind\":\"b\"}", format!("{line}{{\"kind\":\"b\"}}\n")),
        ] {
            std::fs::write(&path, format!("{line}{cut}")).unwrap();
            let (_, lines) = Lines::open(&path).unwrap();
            assert_eq!(text(&path), left);
            assert_eq!(lines.len(), left.lines().count());
        }
        for other in ["my notes", "{\"kind\":\"a\"}\nmy notes", "{\"name\":1"] {
            std::fs::write(&path, other).unwrap();
            assert!(Lines::open(&path).unwrap_err().to_string().contains("no event"), "{other}");
            assert_eq!(text(&path), other);
        }
        std::fs::remove_file(&path).unwrap();
        assert!(Lines::open(&std::env::temp_dir()).is_err());
    }

    #[test]
    fn only_the_end_of_a_large_file_is_looked_at() {
        let path = fresh("large");
        let line = format!("{{\"kind\":\"{}\"}}\n", "x".repeat(1 << 20));
        std::fs::write(&path, line.repeat(9)).unwrap();
        let (_, lines) = Lines::open(&path).unwrap();
        assert_eq!(lines.len(), 7);
        assert!(lines.iter().all(|found| *found == line.trim_end().as_bytes()));
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_moved_away_is_made_anew() {
        let path = fresh("moved");
        let (mut lines, _) = Lines::open(&path).unwrap();
        lines.append(br#"{"kind":"a"}"#).unwrap();
        let there = fresh("there");
        std::fs::rename(&path, &there).unwrap();
        lines.append(br#"{"kind":"b"}"#).unwrap();
        assert_eq!(text(&there), "{\"kind\":\"a\"}\n");
        assert_eq!(text(&path), "{\"kind\":\"b\"}\n");
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(&there).unwrap();
    }
}
