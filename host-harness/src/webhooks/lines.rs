//! The file of the events: one JSON object a line, each there as a whole or not
//! at all.
//!
//! The file may be moved away at any time; the next event begins a new one. It
//! decides nothing about what is written.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::files::LogFile;

/// How far back lines are looked at when the file is opened: several of the
/// largest events.
const BACK: u64 = 8 << 20;

/// What every line begins with.
const START: &[u8] = b"{\"kind\":\"";

/// A file that lines are appended to.
#[derive(Debug)]
pub struct Lines {
    log: LogFile,
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
        let log = LogFile::read_and_append_to(path)?;
        let mut file = &**log.file();
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
            return Err(io::Error::other("it ends with something that is not an event"));
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(&cut).is_ok() {
            file.write_all(b"\n")?;
            lines.push(cut);
        } else if !cut.is_empty() {
            file.set_len(length - cut.len() as u64)?;
        }
        file.sync_all()?;
        Ok((Self { log, broken: None }, lines))
    }

    /// Appends a line and returns when it will survive the machine.
    ///
    /// # Errors
    ///
    /// When that cannot be said; the line is not there, or is taken away before
    /// the next one.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.follow()?;
        let mut file = &**self.log.file();
        let now = file.metadata()?.len();
        if let Some(length) = self.broken {
            // Shorter by now when somebody else cut it.
            file.set_len(length.min(now))?;
            self.broken = None;
        }
        let before = file.metadata()?.len();
        let written = file.write_all(&[line, b"\n"].concat()).and_then(|()| file.sync_data());
        if written.is_err() {
            self.broken = file.set_len(before).is_err().then_some(before);
        }
        written
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.log.path()
    }

    /// Goes on with the file that stands at the path, if it is another one.
    ///
    /// # Errors
    ///
    /// When that cannot be opened.
    pub fn follow(&mut self) -> io::Result<()> {
        if self.log.follow()? {
            self.broken = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

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
            assert!(
                Lines::open(&path).unwrap_err().to_string().contains("not an event"),
                "{other}"
            );
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
