//! A process that is told to end, or killed, while a change is under way.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lever_host::audit::{Kind, Record};
use lever_host::mock::{API_KEY, Config, Effect, Fault, Mock};

/// How long something may take that takes a fraction of it.
const LONG: Duration = Duration::from_secs(60);

/// A call of `lever-host` in a process of its own, killed when dropped.
struct Call {
    child: Child,
    audit: PathBuf,
}

impl Call {
    fn start(mock: &Mock, function: [&str; 2], args: &[&str]) -> Call {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("stopped-{}-{count}.jsonl", std::process::id());
        let audit = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&audit);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
        command.env_clear().env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("LEVER_API_KEY", API_KEY).arg("--audit").arg(&audit);
        command.args(["--base-url", &mock.base_url(), "--allow-loopback"]);
        command.args(["--grant", "opportunities=full", "--grant", "notes=full"]);
        command.args(["--grant", "stages=read", "call"]);
        command.args(function).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Call { child: command.spawn().unwrap(), audit }
    }

    fn create(mock: &Mock) -> Call {
        let id = mock.store().opportunity_ids().remove(0);
        Call::start(mock, ["notes", "create"], &[&format!("{id:?}"), r#"{"value":"x"}"#])
    }

    /// A change that reads once more what it has changed.
    fn add_tags(mock: &Mock) -> Call {
        let id = mock.store().opportunity_ids().remove(0);
        Call::start(mock, ["opportunities", "add-tags"], &[&format!("{id:?}"), r#"["x"]"#])
    }

    fn records(&self) -> Vec<Record> {
        let text = std::fs::read_to_string(&self.audit).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < LONG, "{:?}", self.records());
            tokio::task::yield_now().await;
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Its end: the exit code, what it said, and what it recorded.
    async fn end(mut self) -> (Option<i32>, String, Vec<Record>) {
        let mut child = std::mem::replace(&mut self.child, Command::new("true").spawn().unwrap());
        drop(child.stdin.take());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output());
        let Output { status, stderr, .. } = output.await.unwrap().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap(), self.records())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.audit);
    }
}

async fn mock(latency: Duration) -> Mock {
    Mock::start(Config { rate: None, latency, ..Config::default() }).await.unwrap()
}

fn kinds(records: &[Record]) -> Vec<Kind> {
    records.iter().map(|record| record.kind).collect()
}

fn show(audit: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    let output = command.args(["audit", "show"]).arg(audit).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Under `nohup` the tests' processes have been told not to mind it.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|it| it & 1 == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_way_is_answered_and_told_before_the_process_ends() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        if signal == "-HUP" && is_hangup_ignored() {
            continue;
        }
        let mock = mock(Duration::from_secs(1)).await;
        let call = Call::add_tags(&mock);
        call.until(|| !mock.requests().is_empty()).await;
        assert_eq!(kinds(&call.records()), [Kind::Intent], "it is there before the request");
        call.signal(signal);
        let (ended, said, records) = call.end().await;
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("stopped: ") && said.contains("do not repeat it"), "{said}");
        assert_eq!(kinds(&records), [Kind::Intent, Kind::Request, Kind::Call], "{records:?}");
        assert!(records[1].status.is_some_and(|status| status < 300), "{:?}", records[1]);
        let last = &records[2];
        assert_eq!(
            (last.error.as_deref(), last.outcome.as_deref()),
            (Some("stopped"), Some("applied"))
        );
        assert!(last.text.contains("opportunity"), "{}", last.text);
        assert_eq!(mock.requests().len(), 1, "nothing more was sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_its_last_answer_completes_ends_with_its_result() {
    let mock = mock(Duration::from_secs(1)).await;
    let call = Call::create(&mock);
    call.until(|| !mock.requests().is_empty()).await;
    call.signal("-TERM");
    let (ended, said, records) = call.end().await;
    assert_eq!(ended, Some(0), "{said}");
    assert!(said.contains("Stopping") && !said.contains("error"), "{said}");
    assert_eq!(kinds(&records), [Kind::Intent, Kind::Request, Kind::Call], "{records:?}");
    assert_eq!((records[2].error.as_deref(), records[2].records), (None, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_under_way_is_not_waited_for() {
    let mock = mock(Duration::from_secs(600)).await;
    let call = Call::start(&mock, ["stages", "list-all"], &[]);
    call.until(|| !mock.requests().is_empty()).await;
    call.signal("-TERM");
    let (ended, said, records) = call.end().await;
    assert_eq!(ended, Some(143), "{said}");
    assert!(said.contains("stopped: ") && said.contains("nothing was changed"), "{said}");
    assert_eq!(kinds(&records), [Kind::Request, Kind::Call], "{records:?}");
    assert_eq!(records[1].error.as_deref(), Some("stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_the_audit_shows_what_has_no_end() {
    for signals in [&["-TERM", "-INT"][..], &["-KILL"]] {
        let mock = mock(Duration::ZERO).await;
        mock.inject(Fault::new(Effect::Delay(Duration::from_secs(600))));
        let mut call = Call::create(&mock);
        call.until(|| !mock.requests().is_empty()).await;
        for signal in signals {
            call.signal(signal);
            if *signal == "-TERM" {
                // Of two at once either could be the first.
                let mut line = String::new();
                BufReader::new(call.child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
                assert!(line.starts_with("Stopping; "), "{line}");
            }
        }
        let audit = call.audit.with_extension("kept");
        std::fs::copy(&call.audit, &audit).unwrap();
        let (ended, said, records) = call.end().await;
        let expected = if signals.len() == 1 { None } else { Some(130) };
        assert_eq!(ended, expected, "{said}");
        assert_eq!(kinds(&records), [Kind::Intent], "{records:?}");
        let shown = show(&audit);
        let row = shown.trim_end();
        assert_eq!(row.lines().count(), 1, "{shown}");
        assert!(row.contains("POST /opportunities/{opportunity}/notes"), "{row}");
        assert!(row.ends_with("it may have been made, no end was recorded"), "{row}");
        std::fs::remove_file(&audit).unwrap();
    }
}
