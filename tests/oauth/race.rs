//! Fifty callers in four processes that all need a new token at once.
//!
//! The processes are this test program again: told by its environment, a test is a process of
//! callers and no test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lever_host::audit::Audit;
use lever_host::credentials::login::{Login, TokenFile};
use lever_host::embedded::COMPONENT;
use lever_host::mock::{Config, Effect, Fault, Mock};
use lever_host::runtime::{Host, HostConfig};

use super::browser::{Folder, asked, connect, let_it_end, read, sign_in};
use crate::support::{agent, cache};

/// What makes a process of callers: the API, the token file and how many there are.
const CALLERS: &str = "LEVER_TEST_CALLERS";

const PROCESSES: [usize; 4] = [13, 13, 12, 12];

/// Runs the callers that the environment names, all at once when a line comes on standard input.
async fn call(job: &str) {
    let parts: Vec<&str> = job.split('|').collect();
    let [url, path, count] = parts[..] else { panic!("{job}") };
    let upstream: lever_host::upstream::Upstream = url.parse().unwrap();
    let login = Login::open(TokenFile::at(path), &upstream, connect(&Audit::none())).unwrap();
    let config = HostConfig {
        upstream,
        allow_loopback: true,
        credential: Some(login.into()),
        cache_dir: Some(cache()),
        ..HostConfig::default()
    };
    let host = Arc::new(Host::new(config, Audit::none()).unwrap());
    let lever = host.load(COMPONENT).unwrap();
    let agent = Arc::new(agent(&["stages=read"]));
    println!("ready");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let callers: Vec<_> = (0..count.parse().unwrap())
        .map(|_| {
            let (host, lever, agent) = (Arc::clone(&host), Arc::clone(&lever), Arc::clone(&agent));
            tokio::spawn(async move {
                host.call(&lever, &agent, "stages", "list-page", &[]).await.map(drop)
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    host.settle().await;
}

fn start(test: &str, mock: &Mock, file: &TokenFile, callers: usize) -> Child {
    let job = format!("{}|{}|{callers}", mock.base_url(), file.path().display());
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CALLERS, job)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts the processes, lets them call at once, and sees all of them succeed.
async fn race(test: &'static str, mock: &Mock, file: &TokenFile) {
    let mut children: Vec<Child> =
        PROCESSES.iter().map(|callers| start(test, mock, file, *callers)).collect();
    let ended = tokio::task::spawn_blocking(move || {
        let mut outputs: Vec<_> = children
            .iter_mut()
            .map(|child| BufReader::new(child.stdout.take().expect("it is piped")).lines())
            .collect();
        for output in &mut outputs {
            let mut lines = output.by_ref().map(Result::unwrap);
            assert!(lines.any(|line| line.ends_with("ready")), "it did not get ready");
        }
        for child in &mut children {
            child.stdin.take().expect("it is piped").write_all(b"go\n").unwrap();
        }
        let said = outputs.into_iter().flat_map(|output| output.map(Result::unwrap));
        let said: Vec<String> = said.collect();
        let codes: Vec<_> = children.iter_mut().map(|child| child.wait().unwrap()).collect();
        (codes, said)
    });
    let (codes, said) = ended.await.unwrap();
    assert!(codes.iter().all(|code| code.success()), "{}", said.join("\n"));
}

async fn rig() -> (Mock, Folder) {
    let config = Config { rate: None, opportunities: 5, ..Config::default() };
    let (mock, folder) = (Mock::start(config).await.unwrap(), Folder::new());
    sign_in(&mock, &folder.file(), &["stages:read:admin"]).await;
    // Long enough for everybody to come and wait.
    mock.inject(Fault::new(Effect::Delay(Duration::from_millis(300))).path("/oauth/token"));
    (mock, folder)
}

fn statuses(mock: &Mock) -> (usize, usize) {
    let requests = mock.requests();
    let count = |status| {
        let of = |seen: &&lever_host::mock::Seen| {
            seen.path == "/v1/stages" && seen.status == Some(status)
        };
        requests.iter().filter(of).count()
    };
    (count(200), count(401))
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_in_four_processes_renew_an_ended_token_once() {
    if let Ok(job) = std::env::var(CALLERS) {
        return call(&job).await;
    }
    let (mock, folder) = rig().await;
    let file = folder.file();
    let before = read(&file);
    let_it_end(&mock, &file).await;
    let test = "oauth::race::fifty_callers_in_four_processes_renew_an_ended_token_once";
    race(test, &mock, &file).await;
    assert_eq!(asked(&mock), 1, "{}", mock.describe());
    assert_eq!(statuses(&mock), (50, 0));
    let after = read(&file);
    assert_ne!(after.refresh_token, before.refresh_token);
    let bearer = format!("Bearer {}", after.access_token.secret());
    let requests = mock.requests();
    let mut calls = requests.iter().filter(|seen| seen.path == "/v1/stages");
    assert!(calls.all(|seen| seen.header("authorization") == Some(&bearer)));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_in_four_processes_renew_a_refused_token_once() {
    if let Ok(job) = std::env::var(CALLERS) {
        return call(&job).await;
    }
    let (mock, folder) = rig().await;
    let file = folder.file();
    mock.revoke_token(read(&file).access_token.secret());
    let test = "oauth::race::fifty_callers_in_four_processes_renew_a_refused_token_once";
    race(test, &mock, &file).await;
    assert_eq!(asked(&mock), 1, "{}", mock.describe());
    let (good, refused) = statuses(&mock);
    assert_eq!(good, 50, "{}", mock.describe());
    assert!((1..=50).contains(&refused), "{refused}");
}
