//! Writes by processes of their own that are killed at any moment, each held to
//! what it left behind: its note at most once, at least once where it said so,
//! and never without a line in its audit.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lever_host::audit::{Kind, Record};
use lever_host::mock::{API_KEY, Config, Mock};
use serde_json::json;

use crate::account;
use crate::support::random::Random;

/// How long the mock takes to answer, so that many die in between.
const LATENCY: Duration = Duration::from_millis(40);

/// The outcome of all processes.
#[derive(Debug, Default)]
struct Tally {
    processes: u32,
    killed: u32,
    /// Notes of killed processes.
    made: u32,
    /// Requests that a killed process has announced and not ended.
    open: u32,
}

/// Runs one after the other until then. What it returns is wrong.
pub async fn processes(end: Instant, seed: u64) -> Vec<String> {
    let config = Config { rate: None, latency: LATENCY, opportunities: 20, ..Config::default() };
    let mock = Mock::start(config).await.expect("loopback can be bound");
    let run = move || one_by_one(&mock, end, seed);
    tokio::task::spawn_blocking(run).await.expect("nothing panics")
}

fn one_by_one(mock: &Mock, end: Instant, seed: u64) -> Vec<String> {
    let audit = std::env::temp_dir().join(format!("lever-killed-{}.jsonl", std::process::id()));
    let mut random = Random(seed);
    let ids = mock.store().opportunity_ids();
    let (mut tally, mut wrong) = (Tally::default(), Vec::new());
    while Instant::now() < end {
        let _ = std::fs::remove_file(&audit);
        let id = random.of(&ids).clone();
        let mark = format!("killed-{}", tally.processes);
        let child = start(mock, &audit, &id, &mark);
        let status = killed(child, &audit, &mut random);
        tally.processes += 1;
        // A request that was on its way arrives.
        sleep(2 * LATENCY);
        let notes = account::notes(mock, &id, &mark).len() as u32;
        wrong.extend(judge(&mut tally, &mark, status, notes, &records(&audit)));
    }
    let _ = std::fs::remove_file(&audit);
    println!("processes that write and are killed: {tally:?}");
    if tally.killed == 0 {
        wrong.push("no process was killed".to_owned());
    }
    wrong
}

fn start(mock: &Mock, audit: &Path, id: &str, mark: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).env("LEVER_API_KEY", API_KEY);
    command.args(["--base-url", &mock.base_url(), "--allow-loopback", "--grant", "notes=full"]);
    command.arg("--audit").arg(audit).args(["call", "notes", "create"]);
    command.arg(json!(id).to_string()).arg(json!({ "value": mark }).to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary is there")
}

/// Kills it at some moment after its first line, or lets it come to its end.
fn killed(mut child: Child, audit: &Path, random: &mut Random) -> ExitStatus {
    let moment = Duration::from_micros(random.below(100_000) as u64);
    let is_spared = random.below(8) == 0;
    while std::fs::metadata(audit).map_or(0, |it| it.len()) == 0 {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return status;
        }
        sleep(Duration::from_millis(1));
    }
    if !is_spared {
        sleep(moment);
        let _ = child.kill();
    }
    child.wait().expect("it can be waited for")
}

fn records(audit: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(audit).unwrap_or_default();
    // The last line may be cut off.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn judge(
    tally: &mut Tally,
    mark: &str,
    status: ExitStatus,
    notes: u32,
    records: &[Record],
) -> Option<String> {
    let count = |kind: Kind| {
        let is_write = |record: &&Record| record.method.as_deref() == Some("POST");
        records.iter().filter(|record| record.kind == kind).filter(is_write).count()
    };
    let (announced, ended) = (count(Kind::Intent), count(Kind::Request));
    let was_killed = status.code().is_none();
    tally.killed += u32::from(was_killed);
    if was_killed {
        tally.made += notes;
        tally.open += u32::from(announced > ended);
    }
    let wrong = match (notes, was_killed) {
        (2.., _) => "was written twice",
        (0, false) if status.success() => "was lost",
        (1, _) if announced == 0 => "was written without a line in the audit",
        (_, false) if !status.success() => "failed though nothing was wrong",
        (_, false) if ended != 1 => "ended without a line for its end",
        (_, _) if announced > 1 => "was sent more than once",
        _ => return None,
    };
    Some(format!("{mark} {wrong}: {status}, {notes} notes, {announced} announced, {ended} ended"))
}
