//! Every fault against every kind of function: the right error, the right
//! outcome, no change twice, and a host that goes on. A call that does not end
//! is one that its host ends, with an error that no row has.
//!
//! What is right stands in `rules`, written without a look at the guest.

mod deadline;
mod kinds;
mod rules;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use lever_host::mock::{Content, Effect, Fault};
use lever_host::runtime::CallError;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::Rig;
use kinds::{ALL, Call, Kind, READING_BACK};
use rules::{Class, Expected, expected};

/// A fault, and the class that it belongs to.
type Row = (Fault, Class);

/// Rows tried at the same time: most of the time is waiting.
const AT_ONCE: usize = 12;

/// Shorter than any wait of a fault, longer than any answer of the mock.
const IMPATIENT: [(&str, &str); 2] =
    [("LEVER_FIRST_BYTE_TIMEOUT_MS", "3000"), ("LEVER_BETWEEN_BYTES_TIMEOUT_MS", "3000")];

/// Above the largest answer that is sound.
const LARGEST: [(&str, &str); 1] = [("LEVER_MAX_ANSWER_BYTES", "12000000")];

/// The least that can be set. One wait in some hundreds is as short, so that a
/// fault that stays may be met twice.
const NO_WAIT: &str = "1";

fn status(code: u16, headers: &[(&str, &str)]) -> Fault {
    let body = Content::Json(json!({ "code": "X", "message": "why" }));
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Fault::new(Effect::Status { code, body, headers: headers.collect() })
}

fn page(code: u16, body: Content) -> Fault {
    Fault::new(Effect::Status { code, body, headers: Vec::new() })
}

fn body(text: impl Into<String>) -> Fault {
    Fault::new(Effect::Body(text.into())).applied()
}

/// Runs every kind against each row, with a fault that passes and one that
/// stays, and shows all that is not as it must be.
async fn hold(settings: &'static [(&str, &str)], rows: Vec<Row>) {
    let both = rows
        .into_iter()
        .flat_map(|(fault, class)| [(fault.clone(), class, true), (fault, class, false)]);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let rows = both.map(|(fault, class, again)| {
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            let _place = places.acquire().await;
            row(settings, fault, class, again).await
        })
    });
    let mut wrong = Vec::new();
    for row in rows.collect::<Vec<_>>() {
        wrong.extend(row.await.expect("no row panics"));
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn row(settings: &[(&str, &str)], fault: Fault, class: Class, again: bool) -> Vec<String> {
    let wait = if again { "2000" } else { NO_WAIT };
    let rig = Rig::unpaced(&[settings, &[("LEVER_MAX_WAIT_MS", wait)]].concat()).await;
    let mut wrong = Vec::new();
    for (n, kind) in ALL.into_iter().enumerate() {
        let call = Call::new(&rig, kind, n).await;
        let fault = call.hit(fault.clone());
        let cell = fault.clone();
        rig.mock.clear_requests();
        rig.mock.inject(if again { fault } else { fault.always() });
        let result = rig.call(kind.function(), call.args.clone()).await;
        rig.mock.clear_faults();
        // Some answers take long to be written out, so nothing is unless it is wrong.
        let mut check = |is_right: bool, what: &dyn Debug| {
            if !is_right {
                wrong.push(start_of(&(kind, again, &cell), 300) + "\n    " + &start_of(what, 600));
            }
        };
        let requests = rig.mock.requests();
        // A list goes on behind the page that was hit; only those before count.
        let hits = requests.iter().filter(|seen| seen.method == kind.method());
        let first = hits.clone().next().map(|seen| seen.query.clone());
        let sent = hits.clone().filter(|seen| Some(&seen.query) == first.as_ref()).count();
        let found = Expected { error: error(&result), sent, most: sent };
        let must = expected(kind, class, again);
        let sent = if (must.sent..=must.most).contains(&sent) { must.sent } else { sent };
        let found = Expected { sent, most: must.most, ..found };
        check(found == must, &("must be", &must, "is", &found, &result));
        if !kind.is_read() {
            let applied = requests.iter().filter(|seen| seen.is_applied).count();
            check(kind.method() != "POST" || applied <= 1, &("applied", applied));
            let found = call.found(&rig);
            let is_true = is_true(must.error.map(|(_, outcome)| outcome), found);
            check(is_true, &("is there", found));
        }
        let after = rig.call("stages.list-page", json!([])).await;
        check(after.is_ok(), &("afterwards", after));
    }
    wrong
}

/// The start of what a value looks like.
fn start_of(value: &dyn Debug, length: usize) -> String {
    format!("{value:?}").chars().take(length).collect()
}

/// Kind and outcome of an error as words that live on.
fn error(result: &Result<Value, CallError>) -> Option<(&'static str, &'static str)> {
    let word =
        |value: &Value| -> &'static str { value.as_str().unwrap_or("none").to_owned().leak() };
    match result {
        Ok(_) => None,
        Err(CallError::Component(error)) => Some((word(&error["kind"]), word(&error["outcome"]))),
        Err(_) => Some(("of the host", "none")),
    }
}

/// Whether an outcome is true of a change that is there so many times.
fn is_true(outcome: Option<&str>, found: usize) -> bool {
    match outcome {
        None | Some("applied") => found == 1,
        Some("not-sent" | "not-applied") => found == 0,
        _ => found <= 1,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses() {
    use Class::{Blocked, Doubtful, NotLever, Refused, Throttled};
    let ask = |wait| status(429, &[("retry-after", wait)]);
    hold(
        &[],
        vec![
            (status(429, &[]), Throttled),
            (ask("0"), Throttled),
            (ask("1"), Throttled),
            (ask("Wed, 21 Oct 2015 07:28:00 GMT"), Throttled),
            (ask("soon"), Throttled),
            (page(429, Content::Html), Throttled),
            (status(500, &[]), Doubtful("unavailable")),
            (status(500, &[]).applied(), Doubtful("unavailable")),
            (status(502, &[]), Doubtful("unavailable")),
            (page(502, Content::Html).applied(), Doubtful("unavailable")),
            (status(503, &[("retry-after", "0")]), Doubtful("unavailable")),
            (page(504, Content::Empty), Doubtful("unavailable")),
            (status(504, &[]).applied(), Doubtful("unavailable")),
            (status(408, &[]), Doubtful("timeout")),
            (status(408, &[]).applied(), Doubtful("timeout")),
            (status(400, &[]), Refused("rejected")),
            (status(422, &[]), Refused("rejected")),
            (page(403, Content::Html), Blocked("forbidden")),
            (page(404, Content::Html).applied(), Blocked("not-found")),
            (status(401, &[]), Refused("unauthorized")),
            (status(404, &[]), Refused("not-found")),
            (status(302, &[("location", "http://127.0.0.1:1/v1/x")]), NotLever),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections() {
    use Class::{BrokenOff, Doubtful};
    hold(
        &[],
        vec![
            (Fault::new(Effect::ResetBefore), Doubtful("connection")),
            (Fault::new(Effect::ResetAfter), Doubtful("connection")),
            (Fault::new(Effect::CloseMidHead), Doubtful("connection")),
            (Fault::new(Effect::Delay(Duration::from_millis(100))), Class::Harmless),
            (Fault::new(Effect::TruncatedBody { chunked: false }), BrokenOff),
            (Fault::new(Effect::TruncatedBody { chunked: true }), BrokenOff),
            (Fault::new(Effect::BadChunk), BrokenOff),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays() {
    let long = Duration::from_secs(60);
    hold(
        &IMPATIENT,
        vec![
            (Fault::new(Effect::Delay(long)), Class::Doubtful("timeout")),
            (Fault::new(Effect::StallBody { after: 9, every: long }), Class::BrokenOff),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies() {
    use Class::{Empty, Harmless, NoEnvelope, NotLever, Undocumented, Unreadable};
    let deep = "[".repeat(100_000);
    let malformed = || Unreadable("malformed-answer");
    let plain = |effect| Fault::new(effect);
    hold(
        &LARGEST,
        vec![
            (plain(Effect::WrongContentLength), malformed()),
            (plain(Effect::InvalidJson), malformed()),
            (plain(Effect::EmptyBody), Empty),
            (plain(Effect::Gzip), Harmless),
            (plain(Effect::EndlessBody), Unreadable("too-large")),
            (body(format!("{{\"data\":{deep}")), malformed()),
            (body("{\"data\": \u{1}}"), NotLever),
            (body(format!("{{\"data\":{deep}{},\"next\":[]}}", "]".repeat(100_000))), Undocumented),
            (body("{}"), NoEnvelope),
            (body(r#"{"data":null}"#), NoEnvelope),
            (body(r#"{"data":7}"#), NoEnvelope),
            (plain(Effect::Body(r#"{"ok":false,"error":{}}"#.to_owned())), NoEnvelope),
            (body(r#"{"ok":false,"error":{"message":"why"}}"#), NoEnvelope),
            (body(r#"{"data":[{"id":[7]}],"next":[]}"#), Undocumented),
            (body(r#"{"data":{"id":{"id":"a"}},"next":[]}"#), Undocumented),
            (plain(Effect::HtmlPage), NotLever),
            (plain(Effect::HtmlPage).applied(), NotLever),
            (plain(Effect::ExtraKeys), Harmless),
            (plain(Effect::NullLists), Harmless),
            (plain(Effect::DeepNesting(100_000)), Harmless),
            // A slow list reads in up to 14 requests, each with such a text.
            (plain(Effect::LongText(2 << 20)), Harmless),
            (plain(Effect::StallBody { after: usize::MAX, every: Duration::ZERO }), Harmless),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_record_cannot_be_read_again_is_applied() {
    let code = |code| Effect::Status { code, body: Content::Empty, headers: Vec::new() };
    let rows = [
        (code(429), "rate-limited", true),
        (code(500), "unavailable", true),
        (code(503), "unavailable", true),
        (code(408), "timeout", true),
        (Effect::ResetBefore, "connection", true),
        (Effect::CloseMidHead, "connection", true),
        (Effect::TruncatedBody { chunked: true }, "connection", true),
        (Effect::BadChunk, "connection", true),
        (code(401), "unauthorized", false),
        (code(403), "forbidden", false),
        (code(404), "not-found", false),
        (Effect::HtmlPage, "malformed-answer", false),
        (Effect::EmptyBody, "malformed-answer", false),
        (Effect::InvalidJson, "malformed-answer", false),
        (Effect::Body(r#"{"data":[]}"#.to_owned()), "malformed-answer", false),
        (Effect::EndlessBody, "too-large", false),
    ];
    for again in [true, false] {
        let wait = if again { "2000" } else { NO_WAIT };
        let settings = [LARGEST.as_slice(), &[("LEVER_MAX_WAIT_MS", wait)]].concat();
        let rig = Rig::unpaced(&settings).await;
        let kinds = rows.iter().flat_map(|row| READING_BACK.map(|kind| (row, kind)));
        for (n, ((effect, kind_of_error, passes), kind)) in kinds.enumerate() {
            let call = Call::new(&rig, kind, n).await;
            rig.mock.clear_requests();
            let fault = call.hit_read_back(effect.clone());
            rig.mock.inject(if again { fault } else { fault.always() });
            let result = rig.call(kind.function(), call.args.clone()).await;
            rig.mock.clear_faults();
            let must = (!again || !passes).then_some((*kind_of_error, "applied"));
            assert_eq!(error(&result), must, "{kind:?} {effect:?} {result:?}");
            assert_eq!(call.found(&rig), 1, "{kind:?} {effect:?}");
            let changes = rig.mock.requests().iter().filter(|seen| seen.method != "GET").count();
            assert_eq!(changes, 1, "{kind:?} {effect:?}");
        }
    }
}

#[tokio::test]
async fn a_download_is_whole_or_not_at_all() {
    let rig =
        Rig::unpaced(&[IMPATIENT.as_slice(), &LARGEST, &[("LEVER_MAX_WAIT_MS", NO_WAIT)]].concat())
            .await;
    let long = Duration::from_secs(60);
    let rows = [
        (Fault::new(Effect::TruncatedBody { chunked: false }), "connection"),
        (Fault::new(Effect::TruncatedBody { chunked: true }), "connection"),
        (Fault::new(Effect::BadChunk), "connection"),
        (Fault::new(Effect::StallBody { after: 9, every: long }), "connection"),
        (Fault::new(Effect::Delay(long)), "timeout"),
        (Fault::new(Effect::ResetBefore), "connection"),
        (Fault::new(Effect::CloseMidHead), "connection"),
        (Fault::new(Effect::EndlessBody), "too-large"),
        (page(503, Content::Html), "unavailable"),
        (page(403, Content::Html), "forbidden"),
    ];
    let (opportunity, offer) = crate::support::first(&rig, |store, id| {
        store.offers(id).into_iter().find(|offer| offer["status"] == "signed")
    });
    let args = json!([opportunity, offer["id"]]);
    let whole = rig.ok("offers.download", args.clone()).await;
    for place in ["/opportunities/*/offers/*/download", "/storage/**"] {
        for (fault, kind) in &rows {
            // Of a redirection only the head is of use.
            let of_body = format!("{fault:?}").contains("StallBody");
            if place != "/storage/**" && of_body {
                continue;
            }
            rig.mock.inject(fault.clone().path(place).always());
            let error = rig.err("offers.download", args.clone()).await;
            rig.mock.clear_faults();
            assert_eq!(error["kind"], *kind, "{place} {fault:?} {error}");
            assert_eq!(error["outcome"], "not-applied", "{place} {fault:?} {error}");
            let message = error["message"].as_str().expect("it has one");
            assert!(!message.contains("/storage/"), "{message}");
        }
        rig.mock.inject(Fault::new(Effect::Gzip).path(place));
        for _ in 0..2 {
            assert_eq!(rig.ok("offers.download", args.clone()).await, whole, "{place}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let gone = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
    drop(listener);
    let rig = Rig::unpaced(&[("LEVER_MAX_WAIT_MS", NO_WAIT)]).await;
    let there = Call::new(&rig, Kind::Delete, 0).await;
    let config = lever_host::runtime::HostConfig {
        upstream: gone.parse().expect("it is a URL"),
        settings: vec![("LEVER_MAX_WAIT_MS".into(), NO_WAIT.into())],
        ..crate::support::host_config(&rig.mock)
    };
    let audit = lever_host::audit::Audit::in_memory();
    let host = lever_host::runtime::Host::new(config, audit.clone()).expect("the host starts");
    let lever = host.load(lever_host::embedded::COMPONENT).expect("the component loads");
    for (n, kind) in ALL.into_iter().enumerate() {
        let args = match kind {
            Kind::Delete => there.args.clone(),
            _ => Call::new(&rig, kind, n).await.args,
        };
        let (interface, name) = kind.function().split_once('.').expect("a function");
        let args = args.as_array().expect("a list").clone();
        let result = host.call(&lever, &rig.agent, interface, name, &args).await;
        let told = error(&result);
        // Of a read that was tried twice, only that it changed nothing is said.
        let is_right = told == Some(("connection", "not-sent"))
            || (kind.is_read() && told == Some(("connection", "not-applied")));
        assert!(is_right, "{kind:?} {result:?}");
        let record = audit.records().pop().expect("calls are recorded");
        assert_eq!(record.outcome.as_deref(), told.map(|(_, outcome)| outcome), "{kind:?}");
    }
    assert_eq!(host.requests_sent(), 0);
}

#[tokio::test]
async fn cursors_that_lever_does_not_take_end_the_list() {
    let rig = Rig::unpaced(&[("LEVER_MAX_WAIT_MS", NO_WAIT)]).await;
    // Such a list is begun anew once.
    let rows = [
        (Effect::ExpiredCursor, "rejected", 4),
        (Effect::ForeignCursor, "rejected", 4),
        (Effect::RepeatCursor, "malformed-answer", 4),
    ];
    for (effect, kind, sent) in rows {
        rig.mock.inject(Fault::new(effect.clone()).always());
        let error = rig.err("opportunities.list-all", json!([{ "limit": 5 }])).await;
        rig.mock.clear_faults();
        assert_eq!(error["kind"], kind, "{effect:?} {error}");
        assert_eq!(error["outcome"], "not-applied", "{effect:?} {error}");
        assert_eq!(rig.sent().len(), sent, "{effect:?}");
        let whole = rig.ok("opportunities.list-all", json!([{ "limit": 5 }])).await;
        let all = rig.mock.store().opportunity_ids().len();
        assert_eq!(whole["items"].as_array().map(Vec::len), Some(all));
    }
}
