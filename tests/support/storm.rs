//! Writes through a storm of faults, each compared with what became of it in
//! the mock's account.
//!
//! Each worker has opportunities of its own and one write under way, so that a
//! change is nobody else's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lever_host::mock::{Content, Effect, Fault};
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::random::Random;
use super::{Rig, user};

/// What a storm came to.
#[derive(Default)]
pub struct Tally {
    /// Calls by function and what they said of the change.
    pub calls: BTreeMap<(&'static str, String), usize>,
    /// Of `unknown` ones, those that were there.
    pub unknown_and_there: usize,
    /// What was not true, with all that is needed to look into it.
    pub lies: Vec<String>,
}

impl Tally {
    pub fn count(&self) -> usize {
        self.calls.values().sum()
    }

    fn add(&mut self, other: Tally) {
        for (key, count) in other.calls {
            *self.calls.entry(key).or_default() += count;
        }
        self.unknown_and_there += other.unknown_and_there;
        self.lies.extend(other.lies);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((function, outcome), count) in &self.calls {
            writeln!(f, "{function:<30} {outcome:<20} {count:>6}")?;
        }
        write!(
            f,
            "{} writes; of the unknown ones {} were there",
            self.count(),
            self.unknown_and_there
        )
    }
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

/// Makes `writes` writes, `parallel` at a time. The same seed draws the same
/// faults; how they meet is up to the network.
pub async fn writes(rig: &Arc<Rig>, writes: usize, parallel: usize, seed: u64) -> Tally {
    let ids = rig.mock.store().opportunity_ids();
    let parallel = parallel.min(ids.len());
    let workers = (0..parallel).map(|worker| {
        let own = ids.iter().skip(worker).step_by(parallel).cloned().collect();
        let share = writes / parallel + usize::from(worker < writes % parallel);
        let random = Random(seed ^ ((worker as u64) << 32));
        let worker = Worker { rig: Arc::clone(rig), worker, own, random, tally: Tally::default() };
        tokio::spawn(worker.run(share))
    });
    let mut tally = Tally::default();
    for worker in workers.collect::<Vec<_>>() {
        tally.add(worker.await.expect("no worker panics"));
    }
    tally
}

struct Worker {
    rig: Arc<Rig>,
    worker: usize,
    own: Vec<String>,
    random: Random,
    tally: Tally,
}

impl Worker {
    async fn run(mut self, share: usize) -> Tally {
        let mut number = 0;
        while number < share {
            let id = self.random.of(&self.own).clone();
            self.stir(&id);
            number += self.write(&id, number, share - number).await;
        }
        self.tally
    }

    /// Leaves faults in the way of what comes next.
    fn stir(&mut self, id: &str) {
        for _ in 0..self.random.below(3) {
            let fault = fault(&mut self.random).path(&format!("/opportunities/{id}/**"));
            self.rig.mock.inject(fault);
        }
    }

    /// Makes one write or, for a removal, two.
    async fn write(&mut self, id: &str, number: usize, left: usize) -> usize {
        let mark = format!("mark {} {number}", self.worker);
        match self.random.below(4) {
            0 => {
                self.create(id, &mark).await;
                1
            }
            1 => {
                let args = json!([id, [mark], user(&self.rig)]);
                let is_there = |rig: &Rig| {
                    let record = rig.mock.store().opportunity(id).expect("it is there");
                    let tags = record["tags"].as_array().cloned().unwrap_or_default();
                    tags.iter().filter(|tag| **tag == mark.as_str()).count()
                };
                self.call("opportunities.add-tags", args, is_there).await;
                1
            }
            2 => {
                let stage = |rig: &Rig| {
                    rig.mock.store().opportunity(id).expect("it is there")["stage"].clone()
                };
                let now = stage(&self.rig);
                let stages = self.rig.mock.store().stages();
                let other: Vec<&Value> =
                    stages.iter().map(|stage| &stage["id"]).filter(|id| **id != now).collect();
                let target = (*self.random.of(&other)).clone();
                let args = json!([id, target, user(&self.rig)]);
                let is_there = |rig: &Rig| usize::from(stage(rig) == target);
                self.call("opportunities.update-stage", args, is_there).await;
                1
            }
            _ => {
                let made = self.create(id, &mark).await;
                if let (Some(note), true) = (made, left > 1) {
                    self.stir(id);
                    let is_gone = |rig: &Rig| {
                        let notes = rig.mock.store().notes(id);
                        usize::from(notes.iter().all(|other| other["id"] != note))
                    };
                    self.call("notes.delete", json!([id, note]), is_gone).await;
                    return 2;
                }
                1
            }
        }
    }

    async fn create(&mut self, id: &str, mark: &str) -> Option<Value> {
        let count = |rig: &Rig| {
            let notes = rig.mock.store().notes(id);
            let fields = notes.iter().filter_map(|note| note["fields"].as_array()).flatten();
            fields.filter(|field| field["value"] == mark).count()
        };
        let args = json!([id, { "value": mark }, null, user(&self.rig)]);
        let made = self.call("notes.create", args, count).await?;
        Some(made["id"].clone())
    }

    /// Makes one call and compares what it says with what is there.
    async fn call(
        &mut self,
        function: &'static str,
        args: Value,
        found: impl Fn(&Rig) -> usize,
    ) -> Option<Value> {
        let mut agent: Agent = self.rig.agent.clone();
        if self.random.below(20) == 0 {
            agent.limits.call_timeout = Duration::from_millis(20 + self.random.next() % 400);
        }
        let before = found(&self.rig);
        let result = self.rig.call_as(&agent, function, args.clone()).await;
        let found = found(&self.rig);
        let said = said(&result);
        let is_true = before == 0
            && match said.as_str() {
                "ok" | "applied" => found == 1,
                "not-sent" | "not-applied" | "limit, nothing sent" => found == 0,
                "unknown" | "limit, unknown" => found <= 1,
                _ => false,
            };
        if !is_true {
            self.tally.lies.push(format!(
                "{function} {args}: {said}, {before} before and {found} after: {result:?}"
            ));
        }
        if said.ends_with("unknown") {
            self.tally.unknown_and_there += found;
        }
        *self.tally.calls.entry((function, said)).or_default() += 1;
        result.ok()
    }
}

/// What a caller is told of the change.
fn said(result: &Result<Value, CallError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(CallError::Component(error)) => error["outcome"].as_str().unwrap_or("none").to_owned(),
        Err(CallError::Limit(limit)) if limit.contains("may have been made") => {
            "limit, unknown".to_owned()
        }
        Err(CallError::Limit(_)) => "limit, nothing sent".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}
