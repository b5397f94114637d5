//! Writes through a storm of faults, each compared with what became of it in
//! the mock's account and with the requests that the mock applied.
//!
//! Each worker has opportunities and records of its own and one write under way,
//! so that a change is nobody else's.

mod steps;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lever_host::catalog::Catalog;
use lever_host::mock::{Content, Effect, Fault};
use serde_json::json;

use super::Rig;
use super::random::Random;
use steps::Worker;

/// What a storm came to.
#[derive(Default)]
pub struct Tally {
    /// Calls by function and what they said of the change.
    pub calls: BTreeMap<(&'static str, String), usize>,
    /// Of `unknown` ones, those that were there.
    pub unknown_and_there: usize,
    /// What was not true, with all that is needed to look into it.
    pub lies: Vec<String>,
    /// What each call said, by the mark that its request carried.
    marks: BTreeMap<String, (&'static str, String)>,
}

impl Tally {
    pub fn count(&self) -> usize {
        self.calls.values().sum()
    }

    /// Functions that were called, each once.
    pub fn functions(&self) -> Vec<&'static str> {
        let mut functions: Vec<_> = self.calls.keys().map(|(function, _)| *function).collect();
        functions.dedup();
        functions
    }

    fn add(&mut self, other: Tally) {
        for (key, count) in other.calls {
            *self.calls.entry(key).or_default() += count;
        }
        self.unknown_and_there += other.unknown_and_there;
        self.lies.extend(other.lies);
        self.marks.extend(other.marks);
    }

    /// Compares what was said with the requests that the mock applied.
    fn compare(&mut self, rig: &Rig) {
        let mut applied: BTreeMap<String, BTreeMap<(String, String), usize>> = BTreeMap::new();
        for seen in rig.mock.requests().into_iter().filter(|seen| seen.is_applied) {
            for mark in marks(&seen.body) {
                let request = (seen.method.clone(), seen.path.clone());
                *applied.entry(mark).or_default().entry(request).or_default() += 1;
            }
        }
        for (mark, (function, said)) in &self.marks {
            let requests = applied.get(mark);
            // A file that is uploaded for an application is not a change by itself.
            let is_main = |path: &str| *function == "uploads.upload" || !path.ends_with("/uploads");
            let changes: Vec<_> =
                requests.into_iter().flatten().filter(|((_, path), _)| is_main(path)).collect();
            let doubled =
                changes.iter().any(|((method, _), count)| method == "POST" && **count > 1);
            let is_true = match said.as_str() {
                "ok" | "applied" => !changes.is_empty(),
                "not-sent" | "not-applied" | "limit, nothing sent" => changes.is_empty(),
                _ => true,
            };
            if doubled || !is_true {
                self.lies.push(format!("{function} {mark}: {said}, and Lever applied {changes:?}"));
            }
        }
    }
}

/// The marks in a body.
fn marks(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let mut marks: Vec<String> = text
        .split("mark-")
        .skip(1)
        .filter_map(|rest| rest.split_once('.').map(|(mark, _)| format!("mark-{mark}.")))
        .collect();
    marks.sort();
    marks.dedup();
    marks
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((function, outcome), count) in &self.calls {
            writeln!(f, "{function:<30} {outcome:<20} {count:>6}")?;
        }
        write!(
            f,
            "{} writes of {} functions; of the unknown ones {} were there",
            self.count(),
            self.functions().len(),
            self.unknown_and_there
        )
    }
}

/// Functions that change something at Lever. The authorization server is not
/// reached from an agent's instance.
pub fn functions() -> Vec<String> {
    let all = Catalog::embedded().functions().iter().filter(|function| function.is_write());
    all.map(|function| function.id()).filter(|id| !id.starts_with("oauth.")).collect()
}

/// One of all faults that an honest server and a bad network can show.
pub fn fault(random: &mut Random) -> Fault {
    let status = |code, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let body = Content::Json(json!({ "code": "X", "message": "why" }));
        Fault::new(Effect::Status { code, body, headers: headers.collect() })
    };
    let fault = match random.below(28) {
        0 => status(429, &[]),
        1 => status(429, &[("retry-after", "0")]),
        2 => status(500, &[]),
        3 => status(500, &[]).applied(),
        4 => status(502, &[]),
        5 => status(503, &[]),
        6 => status(503, &[("retry-after", "0")]).applied(),
        7 => status(504, &[]).applied(),
        8 => status(408, &[]),
        9 => status(408, &[]).applied(),
        10 => status(400, &[]),
        11 => status(403, &[]),
        12 => status(422, &[]),
        13 => Fault::new(Effect::ResetBefore),
        14 => Fault::new(Effect::ResetAfter),
        15 => Fault::new(Effect::CloseMidHead),
        16 => Fault::new(Effect::TruncatedBody { chunked: false }),
        17 => Fault::new(Effect::TruncatedBody { chunked: true }),
        18 => Fault::new(Effect::BadChunk),
        19 => Fault::new(Effect::WrongContentLength),
        20 => Fault::new(Effect::InvalidJson),
        21 => Fault::new(Effect::EmptyBody),
        22 => Fault::new(Effect::Gzip),
        23 => Fault::new(Effect::HtmlPage),
        24 => Fault::new(Effect::HtmlPage).applied(),
        25 => Fault::new(Effect::Delay(Duration::from_secs(5))),
        26 => Fault::new(Effect::StallBody { after: 5, every: Duration::from_secs(5) }),
        _ => Fault::new(Effect::Body(r#"{"data":7}"#.to_owned())).applied(),
    };
    fault.times(1 + random.below(3)).skip(random.below(5) / 3)
}

/// A rig for a storm: short timeouts, and room for a few tries.
pub async fn rig() -> Rig {
    Rig::unpaced(&[
        ("LEVER_FIRST_BYTE_TIMEOUT_MS", "700"),
        ("LEVER_BETWEEN_BYTES_TIMEOUT_MS", "700"),
        ("LEVER_MAX_WAIT_MS", "1500"),
    ])
    .await
}

/// Makes at least `writes` writes, `parallel` at a time. The same seed draws the
/// same faults; how they meet is up to the network.
pub async fn writes(rig: &Arc<Rig>, writes: usize, parallel: usize, seed: u64) -> Tally {
    let ids = rig.mock.store().opportunity_ids();
    let parallel = parallel.min(ids.len());
    let workers = (0..parallel).map(|number| {
        let own = ids.iter().skip(number).step_by(parallel).cloned().collect();
        let share = writes / parallel + usize::from(number < writes % parallel);
        let random = Random(seed ^ ((number as u64) << 32));
        tokio::spawn(Worker::new(Arc::clone(rig), number, own, random).run(share))
    });
    let mut tally = Tally::default();
    for worker in workers.collect::<Vec<_>>() {
        tally.add(worker.await.expect("no worker panics"));
    }
    tally.compare(rig);
    tally
}
