//! `lever-host webhooks serve` as a process: its command line, and what holds
//! when it is killed at any moment.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::lever::{fresh, post};
use super::serve::Folder;

/// How long something may take that takes a fraction of it.
const LONG: Duration = Duration::from_secs(60);

fn command(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command
        .env_clear()
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null());
    command.args(["webhooks", "serve", "--signature-token-file"]).arg(tokens(folder, 0o600));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The token file, with these permissions.
fn tokens(folder: &Folder, mode: u32) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.path("tokens");
    std::fs::write(&path, "first\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// A running receiver, killed when dropped.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts one and reads from its first line where it listens.
    fn start(mut command: Command, on_stderr: bool) -> Process {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        match on_stderr {
            true => BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line),
            false => BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line),
        }
        .unwrap();
        let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let address = url.unwrap_or_else(|| panic!("{line}{}", rest(&mut child)));
        Process { address: address.parse().unwrap(), child }
    }

    fn writing(folder: &Folder) -> Process {
        let mut command = command(folder);
        command.arg("--jsonl").arg(folder.jsonl());
        Process::start(command, false)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rest(child: &mut Child) -> String {
    let mut text = String::new();
    let _ = child.stderr.take().unwrap().read_to_string(&mut text);
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_a_record_is_not_taken_and_not_written_twice() {
    let folder = Folder::new();
    let mut journal = folder.jsonl().into_os_string();
    journal.push(".seen");
    let mut before = Vec::new();
    for n in 0..3 {
        let body = fresh("first", &format!("t{n}"), "o");
        let process = Process::writing(&folder);
        assert_eq!(post(process.address, &body).await, (200, "accepted".to_owned()));
        process.signal("-KILL");
        drop(process);
        // What the disk has where the kill came a moment sooner: the event is written and not
        // remembered, by half or not at all; or remembered, and its sender heard nothing.
        let remembered = std::fs::read(&journal).unwrap();
        assert!(remembered.len() > before.len(), "it was not remembered");
        let left = [before.len(), (before.len() + remembered.len()) / 2, remembered.len()][n];
        std::fs::write(&journal, &remembered[..left]).unwrap();

        let process = Process::writing(&folder);
        assert_eq!(post(process.address, &body).await, (200, "repeat".to_owned()), "{n}");
        assert_eq!(folder.events().len(), n + 1);
        drop(process);
        before = std::fs::read(&journal).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_cannot_go_into_a_pipe_that_may_keep_a_delivery_waiting() {
    let folder = Folder::new();
    let pipe = folder.path("records");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = command(&folder);
    command.arg("--jsonl").arg(folder.jsonl()).arg("--audit").arg(&pipe);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("it is a pipe or a socket; give a regular file"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_again_and_again_loses_and_doubles_nothing() {
    const DELIVERIES: usize = 120;
    let folder = Folder::new();
    let bodies: Vec<String> =
        (0..DELIVERIES).map(|n| fresh("first", &format!("t{n}"), &format!("o{n}"))).collect();
    let mut answered = [false; DELIVERIES];
    let mut kills = 0;
    // Each round is ended when a few more lines are there, at whatever point
    // that finds the others, the last one when all were answered.
    while answered.iter().any(|answered| !answered) {
        assert!(kills < 60, "{kills} kills and no end");
        let process = Process::writing(&folder);
        let before = std::fs::metadata(folder.jsonl()).map_or(0, |it| it.len());
        let address = process.address;
        let tries: Vec<_> = (0..DELIVERIES)
            .filter(|n| !answered[*n])
            .map(|n| {
                let body = bodies[n].clone();
                (n, tokio::spawn(async move { post(address, &body).await }))
            })
            .collect();
        let goal = before + 300 * 25;
        while std::fs::metadata(folder.jsonl()).map_or(0, |it| it.len()) < goal
            && tries.iter().any(|(_, one)| !one.is_finished())
        {
            tokio::task::yield_now().await;
        }
        process.signal("-KILL");
        kills += 1;
        for (n, one) in tries {
            answered[n] |= one.await.unwrap().0 == 200;
        }
    }
    assert!(kills > 2, "{kills}");
    let mut told: Vec<_> =
        folder.events().iter().map(|it| it["token"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.len(), DELIVERIES);
    told.sort();
    told.dedup();
    assert_eq!(told.len(), DELIVERIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_rotated_are_followed_at_a_hangup_and_by_every_line() {
    let folder = Folder::new();
    let (events, audit) = (folder.jsonl(), folder.path("audit.jsonl"));
    let mut command = command(&folder);
    command.arg("--jsonl").arg(&events).arg("--audit").arg(&audit);
    let mut process = Process::start(command, false);
    let lines = |path: &Path| std::fs::read_to_string(path).unwrap_or_default().lines().count();
    assert_eq!(post(process.address, &fresh("first", "a", "o")).await.0, 200);
    for path in [&events, &audit] {
        std::fs::rename(path, path.with_extension("1")).unwrap();
    }
    process.signal("-HUP");
    let start = Instant::now();
    while !events.exists() || !audit.exists() {
        assert!(start.elapsed() < LONG, "they were not made anew");
        tokio::task::yield_now().await;
    }
    // Nobody tells of this one.
    std::fs::remove_file(&audit).unwrap();
    assert_eq!(post(process.address, &fresh("first", "b", "o")).await.0, 200);
    for path in [&events, &audit] {
        assert_eq!((lines(path), lines(&path.with_extension("1"))), (1, 1), "{}", path.display());
    }
    process.signal("-TERM");
    assert!(process.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_process_answers_and_ends_in_order() {
    for signal in ["-INT", "-TERM"] {
        let folder = Folder::new();
        let mut process = Process::writing(&folder);
        assert_eq!(post(process.address, &fresh("first", "t", "o")).await.0, 200);
        process.signal(signal);
        let status = process.child.wait().unwrap();
        assert!(status.success(), "{signal} {status}");
        assert_eq!(folder.events().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_events_are_printed_and_nothing_else_is() {
    let folder = Folder::new();
    let mut process = Process::start(command(&folder), true);
    assert_eq!(post(process.address, &fresh("first", "t", "o")).await.1, "accepted");
    assert_eq!(post(process.address, &fresh("first", "t", "o")).await.1, "repeat");
    process.signal("-INT");
    assert!(process.child.wait().unwrap().success());
    let mut out = String::new();
    process.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out.lines().count(), 1, "{out}");
    let event: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(event["opportunityId"], "o");
}

#[test]
fn a_token_file_that_others_can_read_and_other_wrong_usage_end_with_1() {
    let folder = Folder::new();
    tokens(&folder, 0o600);
    let run = |args: &[&str]| {
        let mut command = command(&folder);
        let output = command.args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let rows: [(&[&str], &str); 9] = [
        (&["--forward", "https://10.1.2.3/s3cret"], "--allow-address 10.1.2.3"),
        (&["--forward", "https://127.0.0.1:1/s3cret"], "--allow-loopback"),
        (&["--forward", "https://169.254.169.254/s3cret"], "metadata address, which is not"),
        (&["--ca-file", "/nonexistent.pem", "--forward", "https://10.1.2.3"], "/nonexistent.pem"),
        (&["--max-age", "24"], "it is not a duration"),
        (&["--forward", "http://events.example.com/s3cret"], "the forward URL is not https"),
        (&["--bind", "nowhere"], "invalid"),
        (&["--jsonl", "/nonexistent/events.jsonl"], "/nonexistent/events.jsonl"),
        (&["--bind", "192.0.2.1"], "cannot listen on 192.0.2.1:0"),
    ];
    for (args, said) in rows {
        let (code, error) = run(args);
        assert_eq!(code, Some(1), "{args:?} {error}");
        assert!(error.contains(said) && !error.contains("s3cret"), "{args:?} {error}");
    }
    let mut exposed = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    exposed.args(["webhooks", "serve", "--signature-token-file"]).arg(tokens(&folder, 0o644));
    let output = exposed.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("chmod 600") && !error.contains("first"), "{error}");
}

#[test]
fn signature_tokens_come_from_the_environment_where_there_is_no_file() {
    let folder = Folder::new();
    let run = |tokens: Option<&std::ffi::OsStr>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
        command.env_clear().env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.envs(tokens.map(|tokens| ("LEVER_WEBHOOK_SIGNATURE_TOKEN", tokens)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.args(["webhooks", "serve", "--jsonl"]).arg(folder.jsonl());
        command
    };
    let process = Process::start(run(Some("first,second".as_ref())), false);
    assert!(process.address.ip().is_loopback());
    drop(process);
    let broken = std::os::unix::ffi::OsStrExt::from_bytes(b"s3cret\xff");
    let rows = [
        (None, "set LEVER_WEBHOOK_SIGNATURE_TOKEN, or give --signature-token-file"),
        (Some("".as_ref()), "the signature tokens are missing"),
        (Some("s3cret x".as_ref()), "has a character that tokens do not have"),
        (Some(broken), "LEVER_WEBHOOK_SIGNATURE_TOKEN is not UTF-8"),
    ];
    for (tokens, said) in rows {
        let output = run(tokens).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said) && !error.contains("s3cret"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_opens_rotated_files_anew_and_ends_nothing() {
    let folder = Folder::new();
    let process = Process::writing(&folder);
    assert_eq!(post(process.address, &fresh("first", "t", "o")).await.1, "accepted");
    let old = folder.path("old.jsonl");
    std::fs::rename(folder.jsonl(), &old).unwrap();
    process.signal("-HUP");
    while !folder.jsonl().exists() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(post(process.address, &fresh("first", "u", "o")).await.1, "accepted");
    let lines = |path: &Path| std::fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((lines(&old), lines(&folder.jsonl())), (1, 1));
}

#[test]
fn the_component_is_written_to_a_file() {
    let folder = Folder::new();
    let path = folder.path("lever-webhooks.wasm");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    let output = command.args(["webhooks", "component", "--out"]).arg(&path).output().unwrap();
    assert!(output.status.success());
    assert_eq!(std::fs::read(&path).unwrap(), lever_host::embedded::WEBHOOKS);
}
