//! What was called, what the audit says and what the mock saw, against each
//! other.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use lever_host::audit::{Decision, Kind, Record};
use lever_host::mock::Mock;
use lever_host::policy::REDIRECTED;

use crate::worker::Counts;

/// The requests that the mock saw, taken out of it before they pile up.
#[derive(Default)]
pub struct Seen {
    requests: u64,
    fetched: u64,
    statuses: BTreeMap<u16, u64>,
    /// 429 that no fault made.
    overrun: u64,
}

impl Seen {
    pub fn take(&mut self, mock: &Mock) {
        // Those still undecided stay for the next time.
        for seen in mock.take_requests() {
            self.requests += 1;
            if let Some(status) = seen.status {
                *self.statuses.entry(status).or_default() += 1;
            }
            self.overrun += u64::from(seen.status == Some(429) && seen.fault.is_none());
        }
        self.fetched += mock.take_storage_requests().len() as u64;
    }
}

/// The requests of the audit to one server.
#[derive(Default)]
struct Written {
    requests: u64,
    /// Of them, those that nobody waited for.
    cut: u64,
    statuses: BTreeMap<u16, u64>,
}

/// What is wrong, if anything.
pub fn verdict(counts: &Counts, seen: &Seen, log: &str) -> Vec<String> {
    let (mut calls, mut attempts, mut refused) = (0_u64, 0_u64, 0_u64);
    let (mut api, mut storage) = (Written::default(), Written::default());
    let mut ends = BTreeMap::<String, u64>::new();
    for line in log.lines() {
        let record: Record = serde_json::from_str(line).expect("the audit is whole");
        let is_allowed = record.decision == Decision::Allowed;
        if record.kind == Kind::Call {
            calls += 1;
            refused += u64::from(!is_allowed);
            attempts += u64::from(record.attempts.unwrap_or_default());
            *ends.entry(record.error.unwrap_or_else(|| "ok".to_owned())).or_default() += 1;
        } else if record.kind == Kind::Request
            && is_allowed
            && record.outcome.as_deref() != Some("not-sent")
        {
            let is_download = record.route.as_deref() == Some(REDIRECTED);
            let written = if is_download { &mut storage } else { &mut api };
            written.requests += 1;
            written.cut += u64::from(record.error.as_deref() == Some("abandoned"));
            if let Some(status) = record.status {
                *written.statuses.entry(status).or_default() += 1;
            }
        }
    }
    let load = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let made = load(&counts.calls);
    println!("{made} calls, {calls} in the audit, {refused} refused");
    println!(
        "requests to the API: {} in the audit, {} at the mock, {} cut off; downloads: {}, {}, {}",
        api.requests, seen.requests, api.cut, storage.requests, seen.fetched, storage.cut
    );
    println!("calls by end: {ends:?}");
    println!("answers by status: {:?}", api.statuses);
    for (function, said) in counts.said().iter() {
        println!("{function:<28} {said:?}");
    }
    let mut wrong = counts.lies();
    let mut check = |is_right: bool, what: String| {
        if !is_right {
            wrong.push(what);
        }
    };
    check(calls == made, format!("{made} calls, {calls} in the audit"));
    check(
        refused == load(&counts.refused),
        format!("{} calls refused, {refused} in the audit", load(&counts.refused)),
    );
    let written = api.requests + storage.requests;
    check(attempts == written, format!("{attempts} requests by calls, {written} by requests"));
    for (name, written, at) in [("API", &api, seen.requests), ("storage", &storage, seen.fetched)] {
        check(
            (at..=at + written.cut).contains(&written.requests),
            format!("{name}: {} requests in the audit, {at} at the mock", written.requests),
        );
    }
    for (status, count) in &api.statuses {
        let sent = seen.statuses.get(status).copied().unwrap_or_default();
        check(*count <= sent, format!("{count} answers {status} in the audit, {sent} of the mock"));
    }
    check(seen.overrun == 0, format!("{} requests over the pace", seen.overrun));
    for (name, count) in [("stuck", &counts.stuck), ("broken", &counts.broken)] {
        check(load(count) == 0, format!("{} calls {name}", load(count)));
    }
    wrong
}
