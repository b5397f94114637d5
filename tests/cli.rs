//! The command line that scripts rely on: exit codes, and what goes where.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lever_host::mock::{API_KEY, Config, Mock};
use serde_json::Value;

/// The binary with a clean environment, its cache among the tests' files.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command
        .env_clear()
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null());
    command
}

/// Runs it against a mock and gives code, standard output and standard error.
pub async fn run(mock: &Mock, args: &[&str]) -> (i32, String, String) {
    let mut command = command();
    command.env("LEVER_API_KEY", API_KEY).args([
        "--base-url",
        &mock.base_url(),
        "--allow-loopback",
    ]);
    command.args(args);
    told(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap())
}

pub fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

async fn mock() -> Mock {
    Mock::start(Config { rate: None, ..Config::default() }).await.unwrap()
}

pub fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn call_prints_json_and_exits_0() {
    let mock = mock().await;
    let (code, out, err) =
        run(&mock, &["--grant", "stages=read", "call", "stages", "list-all"]).await;
    assert_eq!(code, 0, "{err}");
    let page: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), mock.store().stages().len());
    assert_eq!(err, "", "nothing but the result, when piped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_component_is_json_on_stderr_and_exits_2() {
    let mock = mock().await;
    let args = ["--grant", "stages=read", "call", "stages", "get", "\"nope\""];
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let error: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(error["kind"], "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_shows_the_grant_and_exits_3() {
    let mock = mock().await;
    let (code, out, err) = run(&mock, &["call", "stages", "list-all"]).await;
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("--grant stages=read"), "{err}");
    assert!(mock.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_exits_4() {
    let latency = std::time::Duration::from_secs(5);
    let mock = Mock::start(Config { rate: None, latency, ..Config::default() }).await.unwrap();
    let policy = file(
        "limit.toml",
        "[agents.slow.grants]\nstages = \"read\"\n[agents.slow.limits]\ncall-timeout = \"1s\"\n",
    );
    let args =
        ["--policy", policy.to_str().unwrap(), "--agent", "slow", "call", "stages", "list-all"];
    let (code, _, err) = run(&mock, &args).await;
    assert_eq!(code, 4, "{err}");
    for said in
        ["`call-timeout` of 1 s", "hint: `call-timeout` under [agents.slow.limits]", "--jsonl"]
    {
        assert!(err.contains(said), "{said}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_exits_1_and_says_what_is_right() {
    let mock = mock().await;
    let grant = ["--grant", "stages=read"];
    let rows: [(&[&str], &str); 8] = [
        (&["call", "stages", "get", "offer"], "\"offer\""),
        (&["call", "stages", "get"], "stage"),
        (&["call", "stages", "list-page", "{\"limt\":3}"], "limt"),
        (&["call", "stages", "list-page", "{\"limit\":\"3\"}"], "limit"),
        (&["call", "stages", "fetch"], "list-all"),
        (&["call", "stage", "get", "\"x\""], "stages"),
        (&["cal"], "call"),
        (&["--grant", "stages=write", "tools"], "full"),
    ];
    for (args, named) in rows {
        let args: Vec<&str> = grant.iter().chain(args).copied().collect();
        let (code, out, err) = run(&mock, &args).await;
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {err}");
        assert!(err.contains(named), "{args:?}: {err}");
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_lists_what_is_granted_and_nothing_else() {
    let mock = mock().await;
    let (code, out, _) = run(&mock, &["--grant", "notes=read", "tools", "--json"]).await;
    assert_eq!(code, 0);
    let tools: Value = serde_json::from_str(&out).unwrap();
    let names: Vec<&str> =
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["notes_list-page", "notes_list-all", "notes_list-for-many", "notes_get"]);
    let (code, table, _) = run(&mock, &["--grant", "notes=read", "tools"]).await;
    assert_eq!(code, 0);
    assert!(table.contains("notes.get") && !table.contains("notes.create"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_does_the_main_job_and_checks_it() {
    let output = tokio::task::spawn_blocking(|| command().arg("demo").output()).await.unwrap();
    let (code, out, err) = told(output.unwrap());
    assert_eq!(code, 0, "{out}\n{err}");
    for said in ["opportunities", "refused", "sourcer"] {
        assert!(out.contains(said), "{out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_can_be_checked_and_a_decision_explained() {
    let mock = mock().await;
    let good = file("good.toml", "[agents.a.grants]\nnotes = \"full\"\n");
    let (code, out, err) = run(&mock, &["policy", "check", good.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("notes=full"), "{out}");
    let bad = file("bad.toml", "[agents.a.grants]\nnots = \"full\"\n");
    let (code, _, err) = run(&mock, &["policy", "check", bad.to_str().unwrap()]).await;
    assert_eq!(code, 1);
    assert!(err.contains("nots") && err.contains("notes"), "{err}");
    let args = ["--grant", "notes=read", "policy", "explain", "notes", "create"];
    let (code, out, _) = run(&mock, &args).await;
    assert_eq!(code, 0);
    assert!(out.contains("refused") && out.contains("notes=full"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_file_is_shown_as_a_table() {
    let mock = mock().await;
    let audit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit.jsonl");
    let _ = std::fs::remove_file(&audit);
    let audit = audit.to_str().unwrap();
    let call = ["--audit", audit, "--grant", "stages=read", "call", "stages"];
    run(&mock, &[&call[..], &["list-all"]].concat()).await;
    run(&mock, &["--audit", audit, "call", "users", "list-all"]).await;
    let lines = std::fs::read_to_string(audit).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(!lines.contains(API_KEY));
    let (code, table, _) = run(&mock, &["audit", "show", audit]).await;
    assert_eq!(code, 0);
    for said in ["stages.list-all", "allowed", "refused", "stages=read"] {
        assert!(table.contains(said), "{said}:\n{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_can_be_written_out_and_run_from_the_file() {
    let mock = mock().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("written.wasm");
    let path = path.to_str().unwrap();
    let (code, _, err) = run(&mock, &["component", "--out", path]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(std::fs::read(path).unwrap(), lever_host::embedded::COMPONENT);
    let args =
        ["--component", path, "--grant", "stages=read", "call", "stages", "get", "\"offer\""];
    assert_eq!(run(&mock, &args).await.0, 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_written_component_replaces_neither_files_nor_links_unless_that_is_said() {
    let mock = mock().await;
    let directory = tempfile::tempdir().unwrap();
    let (theirs, link) = (directory.path().join("theirs"), directory.path().join("link"));
    std::fs::write(&theirs, b"theirs").unwrap();
    std::os::unix::fs::symlink(&theirs, &link).unwrap();
    for command in [&["component"][..], &["webhooks", "component"]] {
        for path in [&theirs, &link] {
            let args = [command, &["--out", path.to_str().unwrap()]].concat();
            let (code, _, err) = run(&mock, &args).await;
            assert_eq!(code, 1, "{args:?}");
            assert!(err.contains("is there already; --force replaces it"), "{args:?}: {err}");
        }
    }
    assert!(link.is_symlink());
    let args = ["component", "--force", "--out", link.to_str().unwrap()];
    assert_eq!(run(&mock, &args).await.0, 0);
    assert!(!link.is_symlink(), "the link itself is replaced");
    assert_eq!(std::fs::read(&link).unwrap(), lever_host::embedded::COMPONENT);
    assert_eq!(std::fs::read(&theirs).unwrap(), b"theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_in_no_output() {
    let mock = mock().await;
    let key = "s3cret-key-of-nobody";
    for args in [
        &["call", "stages", "list-all"][..],
        &["--grant", "stages=read", "call", "stages", "list-all"],
    ] {
        let mut command = command();
        command.env("LEVER_API_KEY", key).args([
            "--base-url",
            &mock.base_url(),
            "--allow-loopback",
        ]);
        command.env("RUST_BACKTRACE", "1").env("RUST_LOG", "trace").args(args);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let (code, out, err) = told(output.unwrap());
        assert!(code == 2 || code == 3, "{code} {err}");
        assert!(!out.contains(key) && !err.contains(key), "{out}{err}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_place_of_a_file_is_an_error_and_keeps_nobody_waiting() {
    let mock = mock().await;
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (pipe, place) = (pipe.to_str().unwrap(), place.path().to_str().unwrap());
    let call = ["--grant", "stages=read", "call", "stages", "list-all"];
    for (option, said) in [
        ("--audit", "it is a pipe or a socket; give a regular file"),
        ("--credential-file", "it is not a regular file"),
        ("--token-file", "it is not a regular file"),
        ("--component", "it is not a regular file"),
    ] {
        let (code, out, err) = run(&mock, &[&[option, pipe], &call[..]].concat()).await;
        assert_eq!((code, out.as_str()), (1, ""), "{option}: {err}");
        assert!(err.contains(said) && err.contains(pipe), "{option}: {err}");
    }
    let policy = ["--policy", pipe, "--agent", "a", "call", "stages", "list-all"];
    let (code, _, err) = run(&mock, &policy).await;
    assert_eq!(code, 1);
    assert!(err.contains("it is not a regular file"), "{err}");
    let upload = ["--grant", "files=full", "call", "--files", place, "files", "upload", "\"o\""];
    let file = [r#"{"name":"cv.pdf","content":{"file":"pipe"}}"#];
    let (code, _, err) = run(&mock, &[&upload[..], &file].concat()).await;
    assert_eq!(code, 1);
    assert!(err.contains("expected a file, got a directory, a pipe or a device"), "{err}");
    assert!(mock.requests().is_empty(), "{}", mock.describe());
    let mut trusting = command();
    trusting.env("LEVER_API_KEY", API_KEY).args(["--base-url", "https://127.0.0.1:9/v1"]);
    trusting.args(["--allow-loopback", "--ca-file", pipe]).args(call);
    let ended = tokio::task::spawn_blocking(move || trusting.output());
    let (code, _, err) = told(ended.await.unwrap().unwrap());
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("it is not a regular file"), "{err}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_says_that_the_change_was_made() {
    let mock = mock().await;
    let id = format!("{:?}", mock.store().opportunity_ids().remove(0));
    let rows: [(&[&str], &str); 2] = [
        (&["notes", "create", &id, r#"{"value":"x"}"#], "do not repeat it"),
        (&["stages", "list-all"], "the result could not be written"),
    ];
    for (call, said) in rows {
        let mut command = command();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.env("LEVER_API_KEY", API_KEY).stdout(full).stderr(Stdio::piped());
        command.args(["--base-url", &mock.base_url(), "--allow-loopback", "--grant"]);
        command.args(["notes=full", "--grant", "stages=read", "call"]).args(call);
        let ended = tokio::task::spawn_blocking(move || {
            command.spawn().and_then(std::process::Child::wait_with_output)
        });
        let (code, _, err) = told(ended.await.unwrap().unwrap());
        assert_eq!(code, 4, "{err}");
        assert!(err.contains(said) && err.contains("No space left"), "{err}");
    }
    assert_eq!(mock.requests().iter().filter(|seen| seen.is_applied).count(), 1);
}
