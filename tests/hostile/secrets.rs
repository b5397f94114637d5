//! The host's credential: nowhere that a component, its caller or a reader of
//! the audit could find it.

use lever_host::mock::Fault;
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::{BASIC, KEY, Rig, memories};

/// The forms a credential could be found in.
fn forms() -> [String; 3] {
    [KEY.to_owned(), BASIC.to_owned(), format!("Basic {BASIC}")]
}

/// A text in pieces, so that it is not in the memory of whoever looks for it.
fn pieces(text: &str) -> Vec<String> {
    let pieces = text.as_bytes().chunks(5);
    pieces.map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}

#[tokio::test]
async fn its_environment_is_the_address_of_the_api_and_nothing_else() {
    let mut rig = Rig::new().await;
    assert_eq!(
        rig.says("environment", json!([])).await,
        format!("LEVER_BASE_URL={}", rig.mock.base_url())
    );
    rig.agent.perform_as = Some("8d49b010-cc6a-4f40-ace5-e86061c677ed".to_owned());
    assert_eq!(
        rig.says("environment", json!([])).await,
        format!(
            "LEVER_BASE_URL={}\nLEVER_PERFORM_AS=8d49b010-cc6a-4f40-ace5-e86061c677ed",
            rig.mock.base_url()
        )
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_does_not_find_the_credential_in_its_own_memory() {
    let rig = Rig::new().await;
    let message = rig.message("GET", "/v1/opportunities?limit=1");
    for form in forms() {
        let said = rig.says("search", json!([pieces(&form), message])).await;
        assert!(said.starts_with("found 0 times in "), "{said}");
        assert!(!said.ends_with(" of 0"), "{said}");
    }
    // What is there is found: the search works.
    let said = rig.says("search", json!([pieces(&rig.mock.base_url())])).await;
    assert!(said.starts_with("found ") && !said.starts_with("found 0 "), "{said}");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_cannot_write_into_the_audit() {
    let rig = Rig::new().await;
    let error = json!({
        "kind": "canary",
        "message": "canary \u{1b}[2J",
        "outcome": "applied to canary",
        "status": 70_000,
    });
    match rig.attack("confess", json!([error])).await {
        Err(failure @ CallError::Component(_)) => {
            // Its caller gets its words, unable to steer a terminal.
            let shown = "the component returned an error: canary \\u{1b}[2J";
            assert_eq!(failure.to_string(), shown);
        }
        other => panic!("{other:?}"),
    }
    let records = rig.audit.records();
    let [call] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(
        (call.error.as_deref(), &call.outcome, call.status),
        (Some("component"), &None, None)
    );

    // Words that Lever's component has are understood, whoever says them.
    let error = json!({ "kind": "timeout", "message": "", "outcome": "unknown", "status": 504 });
    rig.attack("confess", json!([error])).await.expect_err("it fails");
    let call = rig.audit.records().remove(1);
    assert_eq!(call.error.as_deref(), Some("timeout"));
    assert_eq!((call.outcome.as_deref(), call.status), (Some("unknown"), Some(504)));
    rig.is_unharmed().await;
}

#[tokio::test]
async fn the_credential_is_in_no_memory_no_record_and_no_error() {
    // Something of the component's own, to see that memories are searched.
    let control = "Basic of-its-own".to_owned();
    let needles: Vec<String> = forms().into_iter().chain([control.clone()]).collect();
    let watch = memories::Watch::for_any_of(&needles);
    let rig = Rig::tuned(Some(watch.tune())).await;
    let grants = ["opportunities=full", "notes=full", "stages=read", "users=read", "raw=read"];
    let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
    let sourcer = Agent::from_grants("sourcer", &grants).expect("the grants are well formed");
    let id = rig.mock.store().opportunity_ids().remove(0);
    let user = rig.mock.store().users()[0]["id"].clone();

    let mut outcomes: Vec<Result<Value, CallError>> = Vec::new();
    let ours = [
        ("stages", "list-all", json!([])),
        ("opportunities", "get", json!([id])),
        ("opportunities", "get", json!(["no-such-id"])),
        ("notes", "create", json!([id, { "value": "a note" }, null, user])),
        ("archive-reasons", "list-all", json!([])),
        ("raw", "get", json!(["/users", []])),
        ("raw", "get", json!(["/../users", []])),
    ];
    for (interface, function, args) in ours {
        let args = args.as_array().expect("an array of arguments");
        outcomes.push(rig.host.call(&rig.lever, &sourcer, interface, function, args).await);
    }
    for code in [401, 403, 404, 302] {
        rig.mock.inject(Fault::status(code));
        outcomes.push(rig.host.call(&rig.lever, &sourcer, "stages", "list-all", &[]).await);
    }
    assert!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() >= 3, "{outcomes:?}");
    assert!(outcomes.iter().filter(|outcome| outcome.is_err()).count() >= 4, "{outcomes:?}");

    let mut own = rig.message("GET", "/v1/opportunities");
    own["headers"] = json!([["authorization", control]]);
    let theirs = [
        ("request", json!([own])),
        ("demand", json!([rig.message("GET", "/v1/users")])),
        ("chase", json!([rig.message("GET", "/v1/opportunities")])),
        ("environment", json!([])),
        ("quit", json!([1])),
        ("break-down", json!(["panic"])),
        ("break-down", json!(["unreachable"])),
    ];
    for (function, args) in theirs {
        outcomes.push(rig.attack(function, args).await);
    }

    let mut told = String::new();
    for outcome in &outcomes {
        told.push_str(&format!("{outcome:?}\n{outcome:#?}\n"));
        if let Err(error) = outcome {
            told.push_str(&format!("{error}\n"));
        }
    }
    told.push_str(&format!("{:?}\n{:?}\n{:?}", rig.audit, rig.agent, rig.audit.records()));
    told.push_str(&serde_json::to_string(&rig.audit.records()).expect("records are JSON"));
    for form in forms() {
        assert!(!told.contains(&form), "{told}");
    }
    // It did go out, though.
    let basic = format!("Basic {BASIC}");
    assert!(rig.mock.requests().iter().all(|seen| seen.header("authorization") == Some(&basic)));
    rig.is_unharmed().await;

    drop(rig);
    assert!(watch.instances() >= outcomes.len(), "{} instances", watch.instances());
    assert_eq!(watch.found(), [control]);
}
