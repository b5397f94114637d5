//! What must hold for any input: nothing panics, and nothing is taken for what
//! it is not.
//!
//! `PROPTEST_CASES=1000000` tries as many; seeds that failed are kept in
//! `mod.regressions` and tried first.

mod answers;
mod applications;
mod authorize;
mod calls;
mod downloads;
mod forms;
mod guest;
mod paths;
mod records;
mod texts;

use std::sync::OnceLock;

use lever::bindings::exports::ats::lever::{
    archive_reasons::ArchiveReason, notes::Note, opportunities::Opportunity, stages::Stage,
    types::ErrorKind, users::User,
};
use lever::core::error::Error;
use lever::core::http::refusal::refused;
use lever::core::http::request::{Effect, Method, Request};
use lever::core::http::response::Response;
use lever::core::json::data;
use lever::resources::webhook_events::decode_at;
use lever_host::catalog::Catalog;
use lever_host::policy::Policy;
use lever_host::runtime::CallError;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::support::Rig;
use crate::support::random::Random;

fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Every recorded answer and delivery.
fn fixtures() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures");
        let files = [root.to_owned(), format!("{root}/webhooks")]
            .into_iter()
            .flat_map(|folder| std::fs::read_dir(folder).expect("fixtures are there"))
            .map(|entry| entry.expect("it is readable").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut files: Vec<_> = files.collect();
        files.sort();
        files.iter().map(|path| std::fs::read_to_string(path).expect("it is text")).collect()
    })
}

const TOKENS: [&str; 24] = [
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "-0.0",
    "18446744073709551616",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\ud800",
    "\\u0000",
    "\u{1b}[2J",
    "\u{202e}",
    "[[[[[[[[",
    "{\"id\":",
];

/// A text with a few of its bytes taken away, doubled, or replaced.
fn mutated(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.below(5) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(20)).min(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, random.of(&TOKENS).bytes())),
            2 => drop(bytes.splice(at..end, random.of(&TOKENS).bytes())),
            3 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next() as u8),
        }
    }
    bytes
}

/// Replaces some values by others of any type.
fn reshape(value: &mut Value, random: &mut Random) {
    if random.below(25) == 0 {
        *value = [
            Value::Null,
            json!(""),
            json!("x"),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!([]),
            json!({}),
            json!([null]),
            json!({ "id": null }),
            json!({ "id": "a" }),
            json!([["a"]]),
            json!(true),
        ][random.below(13)]
        .clone();
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| reshape(item, random)),
        Value::Object(map) => map.values_mut().for_each(|item| reshape(item, random)),
        _ => {}
    }
}

/// The text without what is read although JSON does not have it: raw control
/// characters, and bytes that are not UTF-8.
fn mended(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.replace(|c: char| c.is_ascii_control(), " ")
}

fn check(body: &[u8], result: Result<(), Error>) {
    match result {
        Ok(()) => {
            serde_json::from_str::<IgnoredAny>(&mended(body))
                .expect("only JSON is taken for an answer");
        }
        Err(error) => {
            let message = error.message;
            assert_eq!(error.kind, ErrorKind::MalformedAnswer, "{message}");
            assert!(message.chars().count() < 2_000 && !message.contains('@'), "{message}");
            assert!(!message.contains(|c: char| c.is_control() || c == '\u{202e}'), "{message:?}");
        }
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn no_answer_makes_a_decoder_panic_or_tell_a_value(seed: u64) {
        let mut random = Random(seed);
        let text = random.of(fixtures()).as_str();
        let body = if random.below(2) == 0 {
            mutated(text, &mut random)
        } else {
            let mut value: Value = serde_json::from_str(text).expect("fixtures are JSON");
            reshape(&mut value, &mut random);
            // Single records stand in no envelope.
            let value = if value.get("data").is_none() { json!({ "data": value }) } else { value };
            value.to_string().into_bytes()
        };
        let response = Response { status: 200, body, ..Response::default() };
        let body = &response.body;
        check(body, data::<Opportunity>(&response, Effect::Read).map(drop));
        check(body, data::<Vec<Opportunity>>(&response, Effect::Read).map(drop));
        check(body, data::<Vec<Stage>>(&response, Effect::Read).map(drop));
        check(body, data::<Note>(&response, Effect::Create).map(drop));
        check(body, data::<User>(&response, Effect::Read).map(drop));
        check(body, data::<ArchiveReason>(&response, Effect::Read).map(drop));
        let note = Request::to(Method::Post, "/opportunities/o/notes".to_owned(), "notes:write");
        let error = refused(&Response { status: 400, ..response }, &note);
        assert!(error.message.chars().count() < 2_000);
        assert!(!error.message.contains(|c: char| c.is_control()), "{:?}", error.message);
    }

    #[test]
    fn no_delivery_passes_but_a_signed_one(seed: u64) {
        let mut random = Random(seed);
        let text = random.of(fixtures()).as_str();
        let body = mutated(text, &mut random);
        let vectors: Value =
            serde_json::from_str(include_str!("../fixtures/webhooks/_signature_vectors.json")).expect("JSON");
        let token = vectors["signatureToken"].as_str().expect("a text");
        if let Ok(event) = decode_at(&body, token, Some(u64::MAX), 0) {
            // What is signed is as it was sent; Lever signs nothing else.
            let sent: Value = serde_json::from_str(text).expect("fixtures are JSON");
            assert_eq!(sent["token"], event.token.as_str());
            assert_eq!(sent["triggeredAt"], event.triggered_at);
            serde_json::from_str::<IgnoredAny>(&mended(&body)).expect("only JSON passes");
        }
        assert!(decode_at(&body, "another token", Some(u64::MAX), 0).is_err());
    }

    #[test]
    fn no_text_makes_the_policy_parser_panic_or_grant(seed: u64) {
        const POLICY: &str = include_str!("../../host-harness/README.md");
        const MORE: &str =
            "\n[agents.other]\neeo = false\ndownload-hosts = [\"files.example.com\", \"*.s.example.com\"]\n";
        let (_, rest) = POLICY.split_once("```toml\n").expect("the README has a policy");
        let (policy, _) = rest.split_once("```").expect("it ends");
        let mut random = Random(seed);
        let text = mutated(&format!("{policy}{MORE}"), &mut random);
        let text = String::from_utf8_lossy(&text);
        match Policy::parse(&text) {
            Ok(policy) => {
                // Only a text with a grant for it lets anyone in.
                for agent in policy.agents() {
                    let may = agent.may_call("users", "list-all", Catalog::embedded()).is_ok();
                    assert!(!may || text.contains("users"), "{text}");
                    // Nor does any but a plain name lead a download anywhere.
                    for host in &agent.download_hosts {
                        let name = host.strip_prefix("*.").unwrap_or(host);
                        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b);
                        assert!(name.bytes().all(plain), "{host:?} of {text}");
                    }
                }
            }
            Err(error) => assert!(error.to_string().chars().count() < 4_000, "{error}"),
        }
    }
}

/// The signature is over the token and the time without anything in between: the
/// same one is good for every place to cut, and only the age tells them apart.
#[test]
fn a_signature_is_good_for_one_token_and_time() {
    let vectors: Value =
        serde_json::from_str(include_str!("../fixtures/webhooks/_signature_vectors.json"))
            .expect("JSON");
    let key = vectors["signatureToken"].as_str().expect("a text");
    let mut cut = 0;
    for vector in vectors["vectors"].as_array().expect("a list") {
        let at = vector["triggeredAt"].as_u64().expect("a time");
        let whole = format!("{}{at}", vector["token"].as_str().expect("a text"));
        for place in 0..=whole.len() {
            let (token, time) = whole.split_at(place);
            // A number has one spelling.
            let Some(time) = time.parse::<u64>().ok().filter(|it| it.to_string() == time) else {
                continue;
            };
            let body = json!({
                "event": "candidateHired", "triggeredAt": time, "token": token,
                "signature": vector["signature"],
            });
            let decoded = decode_at(body.to_string().as_bytes(), key, None, at);
            assert_eq!(decoded.is_ok(), time == at, "{token:?} {time}");
            cut += usize::from(time != at);
        }
    }
    assert!(cut > 50, "{cut}");
}

/// Any JSON, sometimes what a function takes.
fn any_json(random: &mut Random, depth: usize) -> Value {
    const NAMES: [&str; 8] = ["limit", "tag", "value", "values", "name", "value", "id", "a-b"];
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.next()),
        3 => json!(-(random.below(1 << 40) as i64)),
        4 => json!(random.below(1000) as f64 / 7.0),
        5 => json!(random.of(&TOKENS)),
        6 => json!("x"),
        7 => (0..random.below(4)).map(|_| any_json(random, depth - 1)).collect(),
        _ => {
            let pair = |_| (random.of(&NAMES).to_string(), any_json(random, depth - 1));
            Value::Object((0..3).map(pair).collect())
        }
    }
}

#[tokio::test]
async fn no_argument_breaks_a_component_down() {
    let rig = Rig::unpaced(&[("LEVER_MAX_WAIT_MS", "1")]).await;
    let functions: Vec<String> =
        Catalog::embedded().functions().iter().map(|function| function.id()).collect();
    let mut random = Random(7);
    let mut usage = 0;
    for _ in 0..600 {
        let function = random.of(&functions).clone();
        let args: Value = (0..random.below(4)).map(|_| any_json(&mut random, 3)).collect();
        match rig.call(&function, args.clone()).await {
            Err(CallError::Usage(message)) => {
                usage += 1;
                assert!(message.chars().count() < 1_000, "{message}");
            }
            Err(CallError::Trap(cause) | CallError::Limit(cause)) => {
                panic!("{function} {args}: {cause}")
            }
            _ => {}
        }
    }
    assert!((100..600).contains(&usage), "{usage} of 600 did not fit");
}

/// A property that one way only is ever met holds nothing.
#[test]
fn both_ways_are_met_again_and_again() {
    type Tried = fn(&mut Random) -> bool;
    let rows: [(&str, Tried); 13] = [
        ("a redirection is followed", downloads::follow),
        ("a file is sent", forms::upload),
        ("a user is changed", records::user),
        ("a template is changed", records::template),
        ("an interview is changed", records::interview),
        ("a panel is changed", records::panel),
        ("a posting is changed", records::posting),
        ("an answer is accepted", answers::accepted),
        ("a form is changed", answers::kept),
        ("an application is sent", applications::sent),
        ("an address is made", authorize::read),
        ("a path is let out", paths::slashes),
        ("a path that ends in a slash is let out", paths::ends_in_a_slash),
    ];
    for (what, tried) in rows {
        let met = (0..3_000).filter(|seed| tried(&mut Random(*seed))).count();
        println!("{what}: {met} of 3000");
        assert!((20..2_980).contains(&met), "{what}: {met} of 3000");
    }
}
