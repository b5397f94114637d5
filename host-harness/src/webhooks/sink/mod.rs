//! Where events go: each is handed on, written and remembered, once.
//!
//! In this order, so that a process that dies in between loses nothing and
//! writes nothing twice: hand on, append to the file, remember, answer. What was
//! written and not remembered is found at the file's end at the next start; what
//! was remembered and not answered is a repeat when it comes again. Only the
//! handing on can happen twice, when the process dies right after it.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::forward::{Forward, Sender};
use super::journal::{Entry, Journal, Sum, sum};
use super::lines::Lines;
use super::{Reply, WebhookError, wall_ms};
use crate::audit::escape_json;

/// How long tokens are kept at least, so that a later start with a larger age
/// takes nothing twice.
const KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// The names of events, as the component writes them.
const KINDS: [&str; 11] = [
    "application-created",
    "candidate-hired",
    "candidate-stage-change",
    "candidate-archive-change",
    "candidate-deleted",
    "interview-created",
    "interview-updated",
    "interview-deleted",
    "contact-created",
    "contact-updated",
    "other",
];

/// What of an event matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    kind: String,
    event: String,
    #[serde(default)]
    id: Option<String>,
    triggered_at: u64,
    token: String,
    /// Read no further than it must be: not all JSON is a `Value`.
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

impl Event {
    fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// As it is remembered. What happened is compared by its meaning, so that
    /// the same delivery has the same digest in later versions.
    fn entry(&self, max_age_ms: u64) -> Entry {
        let text = self.data.as_ref().map_or("null", |data| data.get());
        let data = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let what = serde_json::to_vec(&(&self.event, &self.id, data)).unwrap_or_default();
        Entry {
            token: sum(self.token.as_bytes()),
            event: sum(&what),
            until: self.triggered_at.saturating_add(max_age_ms.max(KEPT_MS)),
        }
    }
}

/// Takes events.
pub struct Sink {
    store: Arc<Mutex<Store>>,
    sender: Option<Sender>,
    max_age_ms: u64,
}

struct Store {
    output: Output,
    journal: Journal,
    /// Tokens of deliveries that are being handed on.
    under_way: HashSet<Sum>,
}

enum Output {
    File(Lines),
    Stdout,
    /// Only handed on.
    Nothing,
}

impl Sink {
    /// Opens the files and brings the journal up to the events written.
    pub fn open(
        jsonl: Option<PathBuf>,
        seen: Option<PathBuf>,
        forward: Option<Forward>,
        max_age_ms: u64,
        now: u64,
    ) -> Result<Self, WebhookError> {
        let fail = |path: &Path, error: std::io::Error| WebhookError::File {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let seen = seen.or_else(|| jsonl.as_ref().map(|path| beside(path)));
        let mut journal = match &seen {
            Some(path) => Journal::open(path, now).map_err(|error| fail(path, error))?,
            None => Journal::in_memory(),
        };
        let output = match &jsonl {
            Some(path) => {
                let (lines, written) = Lines::open(path).map_err(|error| fail(path, error))?;
                let events = written.iter().filter_map(|line| Event::read(line));
                for entry in events.map(|event| event.entry(max_age_ms)) {
                    if entry.until >= now && journal.find(&entry.token).is_none() {
                        let seen = seen.as_deref().unwrap_or(path);
                        journal.add(entry, now).map_err(|error| fail(seen, error))?;
                    }
                }
                Output::File(lines)
            }
            None if forward.is_some() => Output::Nothing,
            None => Output::Stdout,
        };
        let store = Store { output, journal, under_way: HashSet::new() };
        let sender = forward.map(Sender::new).transpose()?;
        Ok(Self { store: Arc::new(Mutex::new(store)), sender, max_age_ms })
    }

    /// Opens files anew that were moved away.
    pub async fn reopen(&self) -> Result<(), WebhookError> {
        let store = Arc::clone(&self.store);
        let reopened = tokio::task::spawn_blocking(move || lock(&store).follow(wall_ms())).await;
        let (path, error) = match reopened {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failed)) => failed,
            Err(error) => (PathBuf::new(), std::io::Error::other(error)),
        };
        Err(WebhookError::File { path, reason: error.to_string() })
    }

    /// Says why nothing could be handed on, where that can be said now.
    pub async fn check(&self) -> Result<(), WebhookError> {
        match &self.sender {
            Some(sender) => sender.check().await.map_err(WebhookError::Forward),
            None => Ok(()),
        }
    }

    /// Takes one event as the component forwards it. Whoever drops the future
    /// may have it taken all the same.
    pub async fn take(&self, event: Bytes) -> Reply {
        let Some(read) = Event::read(&event) else {
            return Reply::new(400, "no-event");
        };
        let kind = KINDS.into_iter().find(|kind| *kind == read.kind);
        let entry = read.entry(self.max_age_ms);
        let taken = match begin(&self.store, &entry) {
            Err(known) => known,
            Ok(place) => self.go_on(event, entry, place).await,
        };
        Reply { kind, ..taken }
    }

    async fn go_on(&self, event: Bytes, entry: Entry, place: Claim) -> Reply {
        if let Some(sender) = &self.sender {
            match sender.post(event.clone()).await {
                Some(200..=299) => {}
                Some(409) => return Reply::new(409, "altered"),
                _ => return Reply::new(503, "not-forwarded"),
            }
        }
        // The disk may take its time. Once begun it comes to its end, even if
        // nobody waits any more.
        let written = tokio::task::spawn_blocking(move || {
            let written = lock(&place.store).commit(&event, entry);
            drop(place);
            written
        });
        match written.await {
            Ok(Ok(())) => Reply::new(200, "accepted"),
            Ok(Err(())) | Err(_) => Reply::new(503, "not-written"),
        }
    }
}

/// A delivery under way; it is over when this is dropped.
struct Claim {
    store: Arc<Mutex<Store>>,
    token: Sum,
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.store).under_way.remove(&self.token);
    }
}

/// Begins with a delivery, unless it is known.
fn begin(store: &Arc<Mutex<Store>>, entry: &Entry) -> Result<Claim, Reply> {
    let mut inner = lock(store);
    match inner.journal.find(&entry.token) {
        Some(event) if event == entry.event => return Err(Reply::new(200, "repeat")),
        Some(_) => return Err(Reply::new(409, "altered")),
        None => {}
    }
    if !inner.under_way.insert(entry.token) {
        return Err(Reply::new(503, "busy"));
    }
    Ok(Claim { store: Arc::clone(store), token: entry.token })
}

impl Store {
    /// Opens files anew that were moved away; the error comes with the file it is about.
    fn follow(&mut self, now: u64) -> Result<(), (PathBuf, std::io::Error)> {
        if let Output::File(lines) = &mut self.output {
            lines.follow().map_err(|error| (lines.path().to_owned(), error))?;
        }
        match self.journal.follow(now) {
            Ok(_) => Ok(()),
            Err(error) => Err((self.journal.path().to_owned(), error)),
        }
    }

    /// Writes an event and remembers it.
    fn commit(&mut self, event: &[u8], entry: Entry) -> Result<(), ()> {
        let text = String::from_utf8_lossy(event);
        let line = escape_json(&text);
        let written = match &mut self.output {
            Output::Nothing => Ok(()),
            Output::File(lines) => lines.append(line.as_bytes()),
            Output::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush())
            }
        };
        written.map_err(|error| eprintln!("warning: an event was not written: {error}"))?;
        if let Err(error) = self.journal.add(entry, wall_ms()) {
            // It is there and must not be written again; this process knows.
            eprintln!("warning: the tokens of taken deliveries cannot be written: {error}");
        }
        Ok(())
    }
}

/// A thread that panicked while it held the lock left a whole store behind.
fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file of the tokens beside that of the events.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(".seen");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
