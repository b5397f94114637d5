//! A Super Admin's browser in a few lines, and a login made with it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lever_host::audit::Audit;
use lever_host::credentials::login::{App, Connect, Endpoint, Login, Secret, Stored, TokenFile};
use lever_host::egress::Network;
use lever_host::mock::{CLIENT_ID, CLIENT_SECRET, Mock};
use lever_host::sign_in::{SignIn, SignInError, Through, Waiting, through_component};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::cache;

/// A directory of the test's own, gone at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("oauth-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    pub fn file(&self) -> TokenFile {
        TokenFile::at(self.0.join("oauth.json"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The head and the body of the answer to a GET of this address.
pub async fn get(url: &str) -> (String, String) {
    let rest = url.strip_prefix("http://").expect("loopback is http");
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, target) = rest.split_at(at);
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).await.unwrap();
    let text = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

/// Opens the address as a browser does, and says where it was sent back to and what that showed.
pub async fn visit(url: &str) -> (String, String) {
    let (head, _) = get(url).await;
    let location = head.lines().find_map(|line| line.strip_prefix("location: "));
    let location = location.unwrap_or_else(|| panic!("no redirect: {head}")).to_owned();
    let (_, page) = get(&location).await;
    (location, page)
}

/// The way to the mock's authorization server.
pub fn connect(audit: &Audit) -> Connect {
    through_component(Through {
        network: Network { allow_loopback: true, ..Network::default() },
        cache_dir: Some(cache()),
        audit: audit.clone(),
    })
}

/// A login that is about to be made; the mock knows where the browser comes back to.
pub async fn begin(
    mock: &Mock,
    file: &TokenFile,
    scopes: &[&str],
    audit: &Audit,
) -> Result<Waiting, SignInError> {
    let api = mock.base_url().parse().unwrap();
    let sign_in = SignIn {
        place: Endpoint::of(&api, None, None).unwrap(),
        api,
        app: App {
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(CLIENT_SECRET.to_owned()),
            redirect_uri: "http://127.0.0.1:0/callback".to_owned(),
        },
        scopes: scopes.iter().map(ToString::to_string).collect(),
        file: file.clone(),
    };
    let waiting = sign_in.begin(&connect(audit)).await?;
    mock.register_redirect(waiting.redirect_uri());
    Ok(waiting)
}

/// Logs in and forgets the requests it took.
pub async fn sign_in(mock: &Mock, file: &TokenFile, scopes: &[&str]) -> Stored {
    let waiting = begin(mock, file, scopes, &Audit::none()).await.unwrap();
    visit(waiting.url()).await;
    let stored = waiting.finish(Duration::from_secs(60)).await.unwrap();
    mock.clear_requests();
    stored
}

/// The login in the file, for calls to the mock.
pub fn open(mock: &Mock, file: &TokenFile, audit: &Audit) -> Login {
    Login::open(file.clone(), &mock.base_url().parse().unwrap(), connect(audit)).unwrap()
}

/// What the file says.
pub fn read(file: &TokenFile) -> Stored {
    file.read().unwrap().expect("it is there").0
}

/// Changes what the file says, as text.
pub async fn edit(file: &TokenFile, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::to_value(read(file)).unwrap();
    change(&mut value);
    let lock = file.lock(Duration::from_secs(60)).await.unwrap();
    file.write(&lock, &serde_json::from_value(value).unwrap()).unwrap();
}

/// Makes the access token's time be over, here and at the mock.
pub async fn let_it_end(mock: &Mock, file: &TokenFile) {
    let hour = Duration::from_secs(3600);
    mock.pass_time(hour);
    edit(file, |stored| {
        for time in ["issued_at", "expires_at"] {
            let millis = stored[time].as_u64().unwrap();
            stored[time] = Value::from(millis - hour.as_millis() as u64);
        }
    })
    .await;
}

/// Waits until something is so, which other tasks or processes see to.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "it did not come about that {what}");
}

/// The requests that asked for tokens.
pub fn asked(mock: &Mock) -> usize {
    mock.requests().iter().filter(|seen| seen.path == "/oauth/token").count()
}

/// Method, path and status of each request, in order.
pub fn lines(mock: &Mock) -> Vec<String> {
    let requests = mock.requests();
    let line = |seen: &lever_host::mock::Seen| {
        let status = seen.status.map_or("none".to_owned(), |status| status.to_string());
        format!("{} {} {status}", seen.method, seen.path)
    };
    requests.iter().map(line).collect()
}
