//! `lever-host auth`, and calls by the login it made, as scripts see them.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use lever_host::credentials::login::{Renewal, TokenFile};
use lever_host::mock::{API_KEY, CLIENT_ID, CLIENT_SECRET, Config, Effect, Fault, Mock};

use super::browser::{Folder, asked, edit, let_it_end, lines, read, sign_in, until, visit};

async fn mock() -> Mock {
    let config = Config { rate: None, opportunities: 5, ..Config::default() };
    Mock::start(config).await.unwrap()
}

/// The binary in an environment of its own, whose configuration is the folder.
fn command(mock: &Mock, folder: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command
        .env_clear()
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_CONFIG_HOME", &folder.0)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .args(["--base-url", &mock.base_url(), "--allow-loopback"])
        .args(["--audit", folder.0.join("audit.jsonl").to_str().unwrap()])
        .args(args);
    command
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

async fn finished(mut command: Command) -> (i32, String, String) {
    told(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap())
}

async fn run(mock: &Mock, folder: &Folder, args: &[&str]) -> (i32, String, String) {
    finished(command(mock, folder, args)).await
}

const STAGES: [&str; 5] = ["--grant", "stages=read", "call", "stages", "list-page"];

/// Where the login is kept by default.
fn usual(folder: &Folder) -> TokenFile {
    TokenFile::at(folder.0.join("lever-host").join("oauth.json"))
}

fn make(folder: &Folder) {
    std::fs::create_dir_all(&folder.0).unwrap();
}

/// Logs in by the command line, with a browser that opens the address it prints.
async fn log_in(mock: &Mock, folder: &Folder, args: &[&str]) -> (i32, String, String) {
    let secret = folder.0.join("secret");
    std::fs::write(&secret, format!("{CLIENT_SECRET}\n")).unwrap();
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).unwrap();
    let login = ["auth", "login", "--client-id", CLIENT_ID, "--client-secret-file"];
    let redirect = ["--redirect-uri", "http://127.0.0.1:0/back"];
    let all = [&login[..], &[secret.to_str().unwrap()], &redirect, args].concat();
    let mut child =
        command(mock, folder, &all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (lines, mut coming) = tokio::sync::mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let _ = lines.send(line.unwrap());
        }
    });
    let mut printed = Vec::new();
    while let Some(line) = coming.recv().await {
        if let Some(url) = line.trim().strip_prefix("http").map(|_| line.trim().to_owned()) {
            let query = url.split_once('?').unwrap().1;
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let (_, uri) = pairs.find(|(name, _)| name == "redirect_uri").unwrap();
            mock.register_redirect(&uri);
            visit(&url).await;
        }
        printed.push(line);
    }
    reading.join().unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let (code, _, err) = told(output.await.unwrap().unwrap());
    (code, printed.join("\n"), err)
}

/// No output and no record holds one of these.
fn search(folder: &Folder, said: &[&String], secrets: &[&str]) {
    let audit = std::fs::read_to_string(folder.0.join("audit.jsonl")).unwrap();
    for text in said.iter().copied().chain([&audit]) {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_serves_calls_until_it_is_forgotten() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    let (code, out, err) = run(&mock, &folder, &["auth", "status"]).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("lever-host auth login"), "{err}");

    let (code, out, err) = log_in(&mock, &folder, &["--scope", "stages:read:admin"]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let first = read(&usual(&folder));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(usual(&folder).path()), 0o600);
    assert_eq!(mode(&folder.0.join("lever-host")), 0o700);

    let (code, page, err2) = run(&mock, &folder, &STAGES).await;
    assert_eq!((code, err2.as_str()), (0, ""), "{page}");
    let bearer = format!("Bearer {}", first.access_token.secret());
    let last = mock.requests().pop().unwrap();
    assert_eq!(last.header("authorization"), Some(bearer.as_str()));

    let (code, status, _) = run(&mock, &folder, &["auth", "status"]).await;
    assert_eq!(code, 0);
    for part in [&mock.base_url(), CLIENT_ID, "stages:read:admin offline_access", "by itself"] {
        assert!(status.contains(part), "{part}: {status}");
    }
    let (code, refreshed, _) = run(&mock, &folder, &["auth", "refresh"]).await;
    assert_eq!(code, 0);
    let second = read(&usual(&folder));
    assert_ne!(second.access_token, first.access_token);

    let (code, goodbye, _) = run(&mock, &folder, &["auth", "logout"]).await;
    assert_eq!(code, 0);
    assert!(!usual(&folder).path().exists());
    let (code, nothing, _) = run(&mock, &folder, &["auth", "logout"]).await;
    assert_eq!(code, 0);
    let (code, ..) = run(&mock, &folder, &STAGES).await;
    assert_eq!(code, 2, "Lever says no");
    assert_eq!(mock.requests().pop().unwrap().header("authorization"), None);

    let (one, two) = (first.refresh_token.unwrap(), second.refresh_token.unwrap());
    let secrets = [
        first.access_token.secret(),
        second.access_token.secret(),
        one.secret(),
        two.secret(),
        CLIENT_SECRET,
        "mock-code.",
    ];
    search(&folder, &[&out, &err, &page, &status, &refreshed, &goodbye, &nothing], &secrets);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scopes_the_agents_grants_are_asked_for() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    let (code, out, err) = log_in(&mock, &folder, &["--grant", "notes=full"]).await;
    assert_eq!(code, 0, "{out}{err}");
    let scopes = read(&usual(&folder)).scopes;
    assert!(scopes.contains(&"notes:write:admin".to_owned()), "{scopes:?}");
    assert!(scopes.contains(&"offline_access".to_owned()), "{scopes:?}");
    assert!(!scopes.iter().any(|scope| scope.starts_with("users")), "{scopes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_does_not_come_about_exits_1_and_stores_nothing() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    mock.refuse_authorization("access_denied", "Only Super Admins can");
    let (code, _, err) = log_in(&mock, &folder, &["--scope", "stages:read:admin"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("Only Super Admins can"), "{err}");
    assert!(!usual(&folder).path().exists());

    let begin = ["auth", "login", "--client-id", CLIENT_ID];
    let scope = ["--scope", "stages:read:admin"];
    let redirect = ["--redirect-uri", "http://127.0.0.1:0/back"];
    // Nobody comes.
    let mut waiting = command(&mock, &folder, &begin);
    waiting.args(scope).args(redirect).args(["--wait", "1"]).env("LEVER_CLIENT_SECRET", "x");
    let (code, _, err) = finished(waiting).await;
    assert_eq!(code, 1);
    assert!(err.contains("the browser did not return"), "{err}");
    // No secret, a secret that others can read, no scope, another place.
    let (code, _, err) = run(&mock, &folder, &[&begin[..], &scope].concat()).await;
    assert_eq!(code, 1);
    assert!(err.contains("LEVER_CLIENT_SECRET"), "{err}");
    let exposed = folder.0.join("exposed");
    std::fs::write(&exposed, "client-s3cret").unwrap();
    std::fs::set_permissions(&exposed, PermissionsExt::from_mode(0o644)).unwrap();
    let from = ["--client-secret-file", exposed.to_str().unwrap()];
    let (code, _, err) = run(&mock, &folder, &[&begin[..], &scope, &from].concat()).await;
    assert_eq!(code, 1);
    assert!(err.contains("chmod 600") && !err.contains("s3cret"), "{err}");
    let mut without = command(&mock, &folder, &begin);
    without.env("LEVER_CLIENT_SECRET", "x");
    let (code, _, err) = finished(without).await;
    assert_eq!(code, 1);
    assert!(err.contains("--scope"), "{err}");
    let mut closed = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    closed.env_clear().env("XDG_CONFIG_HOME", &folder.0).env("LEVER_CLIENT_SECRET", "x");
    closed.args(["--base-url", &mock.base_url()]).args(begin).args(scope);
    let (code, _, err) = finished(closed).await;
    assert_eq!(code, 1);
    assert!(err.contains("--allow-loopback"), "{err}");
    let mut elsewhere = command(&mock, &folder, &begin);
    elsewhere.args(scope).args(["--redirect-uri", "http://evil.example:80/"]);
    elsewhere.env("LEVER_CLIENT_SECRET", "x");
    let (code, _, err) = finished(elsewhere).await;
    assert_eq!(code, 1);
    assert!(err.contains("localhost"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_before_the_usual_login_and_a_named_one_before_the_key() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    sign_in(&mock, &usual(&folder), &["stages:read:admin"]).await;
    let named = folder.file();
    sign_in(&mock, &named, &["stages:read:admin"]).await;
    let bearer = |file: &TokenFile| format!("Bearer {}", read(file).access_token.secret());
    let basic = "Basic bW9jay1hcGkta2V5Og==".to_owned();
    let token_file = ["--token-file", named.path().to_str().unwrap()];
    let rows: [(&[&str], bool, String); 4] = [
        (&[], false, bearer(&usual(&folder))),
        (&[], true, basic),
        (&token_file, false, bearer(&named)),
        (&token_file, true, bearer(&named)),
    ];
    for (options, with_key, expected) in rows {
        let mut call = command(&mock, &folder, &[options, &STAGES].concat());
        if with_key {
            call.env("LEVER_API_KEY", API_KEY);
        }
        let (code, _, err) = finished(call).await;
        assert_eq!(code, 0, "{err}");
        let seen = mock.requests().pop().unwrap();
        assert_eq!(seen.header("authorization"), Some(expected.as_str()), "{options:?} {with_key}");
    }
    mock.clear_requests();
    let nowhere = folder.0.join("nowhere.json");
    let missing = ["--token-file", nowhere.to_str().unwrap()];
    let both = ["--token-file", "a", "--credential-file", "b"];
    let other = ["--base-url", "http://127.0.0.1:9/v1"];
    let rows: [(&[&str], &str); 2] = [(&missing, "not logged in"), (&both, "exclude")];
    for (options, said) in rows {
        let (code, _, err) = run(&mock, &folder, &[options, &STAGES].concat()).await;
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(said), "{err}");
    }
    // A token goes to the API it was made for and nowhere else.
    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    elsewhere.env_clear().env("XDG_CONFIG_HOME", &folder.0).args(other).args(STAGES);
    let (code, _, err) = finished(elsewhere).await;
    assert_eq!(code, 1, "{err}");
    assert!(err.contains(&mock.base_url()), "{err}");
    assert!(mock.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_login_is_told_by_status_and_by_calls() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    let first = sign_in(&mock, &usual(&folder), &["stages:read:admin"]).await;
    mock.end_logins();
    let_it_end(&mock, &usual(&folder)).await;
    let (code, status, _) = run(&mock, &folder, &["auth", "status"]).await;
    assert_eq!(code, 0, "it can be renewed as far as is known: {status}");
    let (code, out, err) = run(&mock, &folder, &STAGES).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("lever-host auth login"), "{err}");
    let (code, status, dead) = run(&mock, &folder, &["auth", "status"]).await;
    assert_eq!(code, 1);
    assert!(status.contains("refused") && dead.contains("lever-host auth login"), "{status}{dead}");
    assert_eq!(asked(&mock), 1);
    let refresh = first.refresh_token.unwrap();
    let secrets = [first.access_token.secret(), refresh.secret(), CLIENT_SECRET];
    search(&folder, &[&err, &status, &dead], &secrets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_in_a_renewal_leaves_a_doubt_that_the_next_one_tells() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    let file = usual(&folder);
    sign_in(&mock, &file, &["stages:read:admin"]).await;
    let_it_end(&mock, &file).await;
    let before = read(&file);
    // The authorization server has acted; its answer does not come in time.
    mock.inject(Fault::new(Effect::Delay(Duration::from_secs(600))).path("/oauth/token"));
    let mut child = command(&mock, &folder, &STAGES)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_decided = || mock.requests().iter().any(|seen| seen.status.is_some());
    until("the server acts", is_decided).await;
    child.kill().unwrap();
    tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();

    let after = read(&file);
    assert!(matches!(after.renewal, Renewal::Asked { .. }), "{after:?}");
    assert_eq!(after.refresh_token, before.refresh_token);
    let (code, out, err) = run(&mock, &folder, &STAGES).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    for part in ["no answer to that is known", "lever-host auth login", "lever-host auth refresh"] {
        assert!(err.contains(part), "{err}");
    }
    assert_eq!(asked(&mock), 1, "it is not sent again: {}", mock.describe());
    let (code, status, _) = run(&mock, &folder, &["auth", "status"]).await;
    assert_eq!(code, 1, "{status}");
    assert!(status.contains("no answer is known"), "{status}");
    // Told to, it is; the server takes that for theft, and the login has ended.
    let (code, _, err) = run(&mock, &folder, &["auth", "refresh"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("invalid_grant"), "{err}");
    assert_eq!(asked(&mock), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_sooner_than_its_renewal_waits_for_it() {
    let (mock, folder) = (mock().await, Folder::new());
    make(&folder);
    let file = usual(&folder);
    let first = sign_in(&mock, &file, &["stages:read:admin"]).await;
    // Still good, and soon to be renewed.
    edit(&file, |stored| {
        for time in ["issued_at", "expires_at"] {
            stored[time] = (stored[time].as_u64().unwrap() - 3_400_000).into();
        }
    })
    .await;
    mock.inject(Fault::new(Effect::Delay(Duration::from_millis(300))).path("/oauth/token"));
    let (code, _, err) = run(&mock, &folder, &STAGES).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(asked(&mock), 1, "{:?}", lines(&mock));
    let stored = read(&file);
    assert_eq!(stored.renewal, Renewal::Done);
    assert_ne!(stored.refresh_token, first.refresh_token);
}
