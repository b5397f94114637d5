//! The audit: one line of JSON for each call and each request, allowed or refused, and one more
//! before each request that may change something.
//!
//! It records names, counts and decisions, never whole ids, query values, bodies, headers or
//! secrets; what it is given as a route has to be a template, and of an id it keeps the first 8
//! digits. A record that cannot be written is an error, so that nothing happens unrecorded
//! unnoticed.

mod escape;
mod record;
mod sentence;
pub(crate) mod trail;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::{LogFile, is_removed};

pub use escape::{escape, escape_json};
pub use record::{Decision, Kind, Record};

/// How often a line is written that went to a file which was removed meanwhile.
const TRIES: u32 = 3;

/// Where records go. Clones write to the same file.
///
/// ```
/// use lever_host::audit::Audit;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("audit.jsonl");
/// let audit = Audit::to_file(&path)?;
/// # drop(audit);
/// # assert!(path.exists());
/// let for_tests = Audit::in_memory();
/// assert!(for_tests.records().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Audit {
    sink: Sink,
}

#[derive(Debug, Clone)]
enum Sink {
    None,
    Memory(Arc<Mutex<Vec<Record>>>),
    File(Arc<Log>),
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    state: Mutex<Tail>,
}

#[derive(Debug)]
struct Tail {
    log: LogFile,
    /// Whether the last line may be without its end, after a write that failed halfway.
    is_broken: bool,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
#[error("the audit {} cannot be written: {cause}", path.display())]
pub struct AuditError {
    path: PathBuf,
    /// What the system said; part of the message, so it is no `source` to print again.
    cause: io::Error,
}

impl Audit {
    /// Appends to a file, which is made for its owner alone when it is not there.
    ///
    /// The file is followed by its path: after it was moved away or removed, the next record begins
    /// a new one. A last line without its end, from a process that died, is ended first.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened for writing.
    pub fn to_file(path: impl AsRef<Path>) -> io::Result<Audit> {
        let path = path.as_ref();
        let log = LogFile::append_to(path)?;
        let is_broken = log.is_regular() && lacks_end(path)?;
        let audit = Audit {
            sink: Sink::File(Arc::new(Log {
                path: path.to_owned(),
                state: Mutex::new(Tail { log, is_broken }),
            })),
        };
        audit.ready().map_err(|error| error.cause)?;
        Ok(audit)
    }

    /// Keeps the records in memory, for tests and demonstrations.
    pub fn in_memory() -> Audit {
        Audit { sink: Sink::Memory(Arc::default()) }
    }

    /// Records nothing.
    pub fn none() -> Audit {
        Audit { sink: Sink::None }
    }

    /// Whether records can be written as far as is known; asked before a call starts. A file that
    /// was moved away or removed is made anew.
    ///
    /// # Errors
    ///
    /// When the path leads to nothing that can be written, or the write before failed and the file
    /// still takes nothing.
    pub fn ready(&self) -> Result<(), AuditError> {
        match &self.sink {
            Sink::None | Sink::Memory(_) => Ok(()),
            Sink::File(log) => {
                lock(&log.state).at_its_path(&log.path).map_err(|cause| log.error(cause))
            }
        }
    }

    /// Writes one record; time and text are filled in when they are empty, and everything is
    /// escaped.
    ///
    /// # Errors
    ///
    /// When the place takes it not or only in part; the caller refuses what the record was about,
    /// or fails.
    pub fn write(&self, record: Record) -> Result<(), AuditError> {
        match &self.sink {
            Sink::None => Ok(()),
            Sink::Memory(records) => {
                lock(records).push(record.completed());
                Ok(())
            }
            Sink::File(log) => log.write(&record.completed()).map(drop),
        }
    }

    /// The same, and returns when the record will survive the machine. It is written when the first
    /// poll returns, so records stay in their order; dropping the future leaves it written.
    ///
    /// # Errors
    ///
    /// When that cannot be said of it.
    pub async fn write_synced(&self, record: Record) -> Result<(), AuditError> {
        let Sink::File(log) = &self.sink else { return self.write(record) };
        let record = record.completed();
        for _ in 0..TRIES {
            let Some(file) = log.write(&record)? else { return Ok(()) };
            let synced = tokio::task::spawn_blocking(move || {
                file.sync_data()?;
                is_removed(&file)
            });
            let is_removed = synced.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            if !is_removed.map_err(|cause| log.error(cause))? {
                return Ok(());
            }
        }
        Err(log.error(io::Error::other("it is removed again and again")))
    }

    /// The records kept in memory, oldest first.
    pub fn records(&self) -> Vec<Record> {
        match &self.sink {
            Sink::Memory(records) => lock(records).clone(),
            Sink::None | Sink::File(_) => Vec::new(),
        }
    }
}

impl Log {
    /// Writes one line; returns the file it went to, where that can be synced.
    fn write(&self, record: &Record) -> Result<Option<Arc<File>>, AuditError> {
        let mut line = Vec::with_capacity(512);
        serde_json::to_writer(&mut line, record).map_err(|error| self.error(error.into()))?;
        line.push(b'\n');
        let mut tail = lock(&self.state);
        let written = tail.at_its_path(&self.path).and_then(|()| tail.append(&line));
        written.map_err(|cause| self.error(cause))?;
        Ok(tail.log.is_regular().then(|| Arc::clone(tail.log.file())))
    }

    fn error(&self, cause: io::Error) -> AuditError {
        AuditError { path: self.path.clone(), cause }
    }
}

impl Tail {
    /// Sees to it that the next line goes to the file that stands at the path, and begins there as
    /// a line.
    fn at_its_path(&mut self, path: &Path) -> io::Result<()> {
        if self.log.follow()? {
            self.is_broken = self.log.is_regular() && lacks_end(path)?;
        }
        if self.is_broken { self.append(b"\n") } else { Ok(()) }
    }

    /// One write for one line, which the system appends as a whole among processes that share the
    /// file.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let result = (&**self.log.file()).write_all(line);
        self.is_broken = result.is_err();
        result
    }
}

/// An id that joins a call's records, different for every call of every process.
pub fn call_id() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_millisecond();
    format!("{now:x}-{:x}-{call:x}", std::process::id())
}

fn lacks_end(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// A thread that panicked while it held the lock left whole records behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(function: &str) -> Record {
        Record {
            agent: "sourcer".into(),
            function: function.into(),
            rule: "a=read".into(),
            ..Record::default()
        }
    }

    fn temporary(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("lever-host-audit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[test]
    fn a_file_has_one_record_on_each_line() {
        let path = temporary("lines");
        let audit = Audit::to_file(&path).unwrap();
        audit.write(record("a.b")).unwrap();
        audit.clone().write(record("c\nd")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let records: Vec<Record> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].function, "c\\nd");
        assert!(
            records[0].time.ends_with('Z') && records[0].time.len() == 24,
            "{}",
            records[0].time
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_line_cut_off_by_a_crash_does_not_spoil_the_next() {
        let path = temporary("cut");
        std::fs::write(&path, "{\"time\":\"20").unwrap();
        Audit::to_file(&path).unwrap().write(record("a.b")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let last: Record = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((text.lines().count(), last.function.as_str()), (2, "a.b"));
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_an_error_and_stays_one() {
        let audit = Audit::to_file("/dev/full").unwrap();
        let error = audit.write(record("a.b")).unwrap_err().to_string();
        assert!(error.starts_with("the audit /dev/full cannot be written: "), "{error}");
        assert!(audit.ready().is_err());
        assert!(audit.write(record("a.b")).is_err());
        assert!(audit.write_synced(record("a.b")).await.is_err());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_was_moved_removed_or_replaced_is_made_anew_at_its_path() {
        let (path, old) = (temporary("moved"), temporary("old"));
        let audit = Audit::to_file(&path).unwrap();
        audit.write(record("a.a")).unwrap();
        std::fs::rename(&path, &old).unwrap();
        audit.write(record("a.b")).unwrap();
        std::fs::remove_file(&path).unwrap();
        audit.write_synced(record("a.c")).await.unwrap();
        let functions = |path: &Path| -> Vec<String> {
            let text = std::fs::read_to_string(path).unwrap();
            let record = |line| serde_json::from_str::<Record>(line).unwrap().function;
            text.lines().map(record).collect()
        };
        assert_eq!((functions(&old), functions(&path)), (vec!["a.a".into()], vec!["a.c".into()]));

        // The other one was cut off in the middle of a line.
        std::fs::write(&old, "{\"time\":\"20").unwrap();
        std::fs::rename(&old, &path).unwrap();
        audit.write(record("a.d")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\"time\":\"20\n{"), "{text}");

        // Where nothing can be written, nothing is taken as written.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(audit.ready().is_err());
        assert!(audit.write(record("a.e")).is_err());
        assert!(audit.write_synced(record("a.e")).await.is_err());
        std::fs::remove_dir(&path).unwrap();
        audit.ready().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_nobody_reads_is_an_error_and_no_wait() {
        let path = temporary("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(Audit::to_file(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_place_that_cannot_be_opened_is_an_error_at_once() {
        assert!(Audit::to_file("/nonexistent/audit.jsonl").is_err());
        assert!(Audit::to_file(std::env::temp_dir()).is_err());
    }

    #[test]
    fn memory_keeps_what_was_written_and_none_keeps_nothing() {
        let audit = Audit::in_memory();
        audit.clone().write(record("a.b")).unwrap();
        assert_eq!(audit.records().len(), 1);
        let none = Audit::none();
        none.write(record("a.b")).unwrap();
        assert!(none.records().is_empty());
    }

    #[test]
    fn call_ids_differ() {
        assert_ne!(call_id(), call_id());
    }
}
