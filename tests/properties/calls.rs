//! Every function of the component, called with arguments that fit its types and
//! mean harm: none breaks down, and no error or record tells more than it may.

use lever_host::catalog::{Catalog, Function};
use lever_host::runtime::CallError;
use serde_json::{Map, Value, json};

use super::texts;
use crate::support::Rig;
use crate::support::random::Random;

/// In every text that is made up here, and in no record.
const CANARY: &str = "canary";

/// Calls in one run, unless `LEVER_CALLS` says otherwise.
const CALLS: usize = 1200;

/// Ids and other words that lead deeper than random ones.
fn known(rig: &Rig) -> Vec<String> {
    let store = rig.mock.store();
    let mut words: Vec<String> = [
        "daily",
        "published",
        "internal",
        "applied",
        "score-system",
        "text",
        "yes",
        "no",
        "Europe/Lisbon",
        "clear",
        "note",
        "jobTitle",
        "tags",
        "candidateHired",
        "https://hooks.example/x",
        "opportunities:read:admin",
        "/postings",
        "fullName",
        "email",
        "sent",
        "signed",
        "all",
        "stage",
        "applications",
        "cv.pdf",
        "text/plain",
    ]
    .map(str::to_owned)
    .into();
    let ids = store.opportunity_ids().into_iter().take(6).collect::<Vec<_>>();
    for id in &ids {
        let records = [
            store.notes(id),
            store.files(id),
            store.panels(id),
            store.interviews(id),
            store.feedback(id),
            store.offers(id),
            store.resumes(id),
        ];
        words
            .extend(records.iter().flatten().filter_map(|it| it["id"].as_str()).map(str::to_owned));
    }
    let account = [
        store.users(),
        store.postings(),
        store.stages(),
        store.archive_reasons(),
        store.feedback_templates(),
    ];
    words.extend(
        account
            .iter()
            .flat_map(|all| all.iter().take(4))
            .filter_map(|it| it["id"].as_str())
            .map(str::to_owned),
    );
    words.extend(ids);
    words
}

/// Mostly a word that is known.
fn text(random: &mut Random, known: &[String]) -> String {
    match random.below(12) {
        0 => format!("{CANARY}{}", texts::hostile(random)),
        1 => format!("{CANARY}{}", "\u{202e}x".repeat(random.below(2000))),
        _ => random.of(known).clone(),
    }
}

/// A value that fits a schema.
fn value(schema: &Value, random: &mut Random, known: &[String]) -> Value {
    if let Some(all) = schema["enum"].as_array() {
        return random.of(all).clone();
    }
    if let Some(all) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return value(&all[0], random, known);
    }
    let (kind, is_optional) = match &schema["type"] {
        Value::Array(kinds) => (kinds[0].as_str().unwrap_or_default(), true),
        kind => (kind.as_str().unwrap_or_default(), false),
    };
    if is_optional && random.below(4) > 0 {
        return Value::Null;
    }
    match kind {
        "string" => json!(text(random, known)),
        "boolean" => json!(random.below(2) == 0),
        "number" => json!(random.of(&[0.0, 1.0, 4.0, -1.5, 1e300])),
        "integer" => {
            let most = schema["maximum"].as_u64().unwrap_or(u64::MAX);
            json!(*random.of(&[0, 1, 5, 100, 1_767_225_600_000, u64::MAX]).min(&most))
        }
        "array" => {
            (0..random.below(8) / 3).map(|_| value(&schema["items"], random, known)).collect()
        }
        "object" => {
            let mut object = Map::new();
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(name.clone(), value(schema, random, known));
            }
            Value::Object(object)
        }
        other => panic!("{other} in {schema}"),
    }
}

fn arguments(function: &Function, random: &mut Random, known: &[String]) -> Value {
    function.params.iter().map(|param| value(&param.schema, random, known)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_function_breaks_down_or_tells_what_it_was_given() {
    let rig = Rig::unpaced(&[("LEVER_MAX_WAIT_MS", "1")]).await;
    let calls = std::env::var("LEVER_CALLS").ok().and_then(|it| it.parse().ok()).unwrap_or(CALLS);
    let (mut random, known) = (Random(11), known(&rig));
    let functions = Catalog::embedded().functions();
    let (mut succeeded, mut failed) = (0, 0);
    for n in 0..calls {
        let function = &functions[n % functions.len()];
        let args = arguments(function, &mut random, &known);
        let shown = || format!("{} {:.3000}", function.id(), args.to_string());
        match rig.call(&function.id(), args.clone()).await {
            Ok(_) => succeeded += 1,
            Err(CallError::Component(error)) => {
                failed += 1;
                let message = error["message"].as_str().expect("errors have messages");
                assert!(message.len() <= 2048, "{}: {message}", shown());
                assert!(!message.contains(texts::steers), "{}: {message:?}", shown());
            }
            Err(CallError::Refused(_)) => failed += 1,
            Err(other) => panic!("{}: {other}", shown()),
        }
    }
    assert!(succeeded > calls / 20 && failed > calls / 20, "{succeeded} {failed}");
    println!("{succeeded} succeeded, {failed} failed");
    for record in rig.audit.records() {
        let line = serde_json::to_string(&record).expect("records are JSON");
        assert!(
            line.len() < 3000 && !line.contains(CANARY) && !line.contains(texts::steers),
            "{line:.3000}"
        );
    }
}
