//! A login against an authorization server that does as the test says; the clock is moved by hand.

mod failures;
mod file;
mod sharing;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::session::Clock;
use super::stored::tests::{login, token};
use super::*;
use crate::audit::{Audit, AuditError, Record};
use crate::upstream::Upstream;

/// When the clock starts.
const START: Millis = 1_767_225_600_000;

/// A directory of the test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lever-oauth-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn file(&self) -> TokenFile {
        TokenFile::at(self.0.join("oauth.json"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An authorization server, as many handles of it as processes use it.
#[derive(Clone)]
struct Fake(Arc<Inner>);

struct Inner {
    now: AtomicU64,
    /// What comes back, in order; fresh tokens when there is nothing left.
    answers: Mutex<VecDeque<Result<Token, Failure>>>,
    /// The refresh tokens received, in order.
    received: Mutex<Vec<String>>,
    /// One place for each refresh token received.
    arrivals: Semaphore,
    /// An answer waits for a place here.
    gate: Semaphore,
    /// Where records go; nowhere when absent.
    audit: Mutex<Option<Audit>>,
}

impl Fake {
    fn new() -> Fake {
        Fake(Arc::new(Inner {
            now: AtomicU64::new(START),
            answers: Mutex::default(),
            received: Mutex::default(),
            arrivals: Semaphore::new(0),
            gate: Semaphore::new(1000),
            audit: Mutex::default(),
        }))
    }

    /// A server whose answers wait until the gate is opened.
    fn closed() -> Fake {
        let fake = Fake::new();
        fake.0.gate.forget_permits(1000);
        fake
    }

    fn open_gate(&self) {
        self.0.gate.add_permits(1000);
    }

    fn will(&self, answer: Result<Token, Failure>) {
        self.0.answers.lock().unwrap().push_back(answer);
    }

    fn received(&self) -> Vec<String> {
        self.0.received.lock().unwrap().clone()
    }

    /// Returns when the next refresh token has come.
    async fn arrival(&self) {
        let arrival = self.0.arrivals.acquire();
        let arrival = tokio::time::timeout(std::time::Duration::from_secs(10), arrival).await;
        arrival.expect("somebody asks").unwrap().forget();
    }

    fn wait(&self, seconds: u64) {
        self.0.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn now(&self) -> Millis {
        self.0.now.load(Ordering::SeqCst)
    }

    fn clock(&self) -> Clock {
        let fake = self.clone();
        Arc::new(move || fake.now())
    }

    fn connect(&self) -> Connect {
        let fake = self.clone();
        Arc::new(move |place| {
            assert_eq!(place.url, "https://auth.example");
            Ok(Box::new(fake.clone()) as Box<dyn Server>)
        })
    }

    /// What another process would hold.
    fn open(&self, file: &TokenFile) -> Result<Login, LoginError> {
        Login::with_clock(file.clone(), &api(), self.connect(), self.clock())
    }
}

impl Server for Fake {
    fn authorize_url<'a>(&'a self, _: &'a Authorize) -> Answering<'a, String> {
        unreachable!("a login in use asks for no other")
    }

    fn exchange_code<'a>(&'a self, _: &'a App, _: &'a Secret) -> Answering<'a, Token> {
        unreachable!("a login in use has no code")
    }

    fn refresh<'a>(&'a self, app: &'a App, refresh_token: &'a Secret) -> Answering<'a, Token> {
        Box::pin(async move {
            assert_eq!(app.client_secret.secret(), "client-s3cret");
            let number = {
                let mut received = self.0.received.lock().unwrap();
                received.push(refresh_token.secret().to_owned());
                received.len() + 1
            };
            self.0.arrivals.add_permits(1);
            self.0.gate.acquire().await.unwrap().forget();
            let scripted = self.0.answers.lock().unwrap().pop_front();
            scripted.unwrap_or_else(|| Ok(fresh(number)))
        })
    }

    fn write_records(&self) -> Result<(), AuditError> {
        let audit = self.0.audit.lock().unwrap().clone();
        audit.map_or(Ok(()), |audit| audit.write(Record::default()))
    }
}

fn api() -> Upstream {
    "https://api.example/v1".parse().unwrap()
}

/// Tokens of that number, good for an hour.
fn fresh(number: usize) -> Token {
    token(&format!("access-{number}"), Some(&format!("refresh-{number}")), 3600)
}

async fn store(file: &TokenFile, stored: &Stored) {
    let lock = file.lock(std::time::Duration::ZERO).await.unwrap();
    file.write(&lock, stored).unwrap();
}

/// A login with tokens of an hour in a file of its own.
async fn rig() -> (Folder, TokenFile, Fake, Login) {
    let (folder, fake) = (Folder::new(), Fake::new());
    let file = folder.file();
    store(&file, &login(START, 3600)).await;
    let opened = fake.open(&file).unwrap();
    (folder, file, fake, opened)
}

fn read(file: &TokenFile) -> Stored {
    file.read().unwrap().unwrap().0
}
