//! The pace of several processes with one key: they share Lever's bucket, whatever becomes of one
//! of them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lever_host::mock::{API_KEY, Config, Mock, Rate};

/// Requests of each process.
const EACH: usize = 16;

async fn limited() -> Mock {
    let config = Config {
        latency: Duration::from_millis(120),
        rate: Some(Rate { per_second: 10, burst: 20, retry_after: None }),
        ..Config::default()
    };
    Mock::start(config).await.unwrap()
}

/// A process that sends a request for each of many ids, with its state in this directory.
fn process(mock: &Mock, state: &Path) -> Child {
    let ids: Vec<String> = mock.store().opportunity_ids().into_iter().take(EACH).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command.env_clear().env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("XDG_STATE_HOME", state).env("LEVER_API_KEY", API_KEY);
    command.args(["--base-url", &mock.base_url(), "--allow-loopback", "--grant", "notes=read"]);
    command.args(["call", "notes", "list-for-many"]).arg(serde_json::json!(ids).to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn ended(child: Child) -> (Option<i32>, String) {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let output = output.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn refused(mock: &Mock) -> usize {
    mock.requests().iter().filter(|seen| seen.status == Some(429)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_of_which_one_is_killed_get_no_429() {
    let mock = limited().await;
    let state = tempfile::tempdir().unwrap();
    let mut processes: Vec<Child> = (0..4).map(|_| process(&mock, state.path())).collect();
    // Killed while it has requests in flight: the burst is gone then, and each answer takes 120 ms.
    let busy = async {
        while mock.requests().len() < 24 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), busy).await.expect("they send requests");
    let mut killed = processes.remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    for process in processes {
        let (code, errors) = ended(process).await;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
    }
    assert_eq!(refused(&mock), 0, "{}", mock.describe());
    assert!(mock.requests().len() >= 3 * EACH, "{}", mock.describe());

    // One after the other: what the ones before left of the burst, and no more.
    for _ in 0..2 {
        let (code, errors) = ended(process(&mock, state.path())).await;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
    }
    assert_eq!(refused(&mock), 0, "{}", mock.describe());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_state_cannot_be_written_it_is_said_once_and_the_call_is_made_without_a_burst() {
    let mock = limited().await;
    let started = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::write(&state, "a file").unwrap();
    let before = started.elapsed();
    let (code, errors) = ended(process(&mock, &state)).await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        errors.starts_with("warning: the pace is not shared with other processes: "),
        "{errors}"
    );
    // A burst of 16 would end 1.5 s sooner. From the process's start, since a slow
    // machine delays the first request and may not delay the last.
    let last = mock.requests().last().unwrap().at;
    assert!(last - before >= Duration::from_millis(100) * (EACH as u32 - 1));
    assert_eq!(refused(&mock), 0, "{}", mock.describe());
}
