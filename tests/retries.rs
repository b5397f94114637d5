//! Faults: what is sent again, what is not, and what the caller is told.

use lever_host::mock::{Content, Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, opportunity, user};

fn status(code: u16) -> Effect {
    Effect::Status {
        code,
        body: Content::Json(json!({ "code": "X", "message": "why" })),
        headers: vec![],
    }
}

#[tokio::test]
async fn a_note_whose_answer_is_lost_exists_once_and_the_error_says_unknown() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().notes(&id).len();
    rig.mock.inject(
        Fault::new(Effect::ResetAfter).method("POST").path("/opportunities/*/notes").always(),
    );
    let error = rig.err("notes.create", json!([id, { "value": "Once" }, null, user(&rig)])).await;
    assert_eq!(error["outcome"], "unknown", "{error}");
    assert_eq!(error["kind"], "connection");
    assert!(error["message"].as_str().unwrap().contains("read the record"), "{error}");
    assert_eq!(rig.mock.store().notes(&id).len(), before + 1);
    assert_eq!(rig.sent().len(), 1, "{}", rig.mock.describe());
}

#[tokio::test]
async fn a_create_is_sent_once_whatever_goes_wrong() {
    // Fault, is the note there afterwards, what the error must say.
    let rows = [
        (Fault::new(Effect::ResetBefore), false, "unknown"),
        (Fault::new(Effect::ResetAfter), true, "unknown"),
        (Fault::new(Effect::CloseMidHead), true, "unknown"),
        (Fault::new(Effect::TruncatedBody { chunked: false }), true, "applied"),
        (Fault::new(Effect::TruncatedBody { chunked: true }), true, "applied"),
        (Fault::new(Effect::InvalidJson), true, "applied"),
        (Fault::new(Effect::EmptyBody), true, "unknown"),
        (Fault::new(Effect::Body(r#"{"ok":false,"error":{}}"#.to_owned())), false, "unknown"),
        (Fault::new(Effect::Body("{}".to_owned())).applied(), true, "unknown"),
        (Fault::new(status(500)), false, "unknown"),
        (Fault::new(status(502)).applied(), true, "unknown"),
        (Fault::new(status(503)), false, "unknown"),
        (Fault::new(status(504)), false, "unknown"),
        (Fault::new(status(408)), false, "unknown"),
        (Fault::new(status(400)), false, "not-applied"),
        (Fault::new(status(401)), false, "not-applied"),
        (Fault::new(status(403)), false, "not-applied"),
        (Fault::new(status(404)), false, "not-applied"),
        (Fault::new(status(422)), false, "not-applied"),
    ];
    let rig = Rig::new().await;
    for (fault, is_there, outcome) in rows {
        let id = opportunity(&rig);
        let before = rig.mock.store().notes(&id).len();
        let told = format!("{fault:?}");
        rig.mock.inject(fault.method("POST").always());
        let error =
            rig.err("notes.create", json!([id, { "value": "Once" }, null, user(&rig)])).await;
        rig.mock.clear_faults();
        assert_eq!(error["outcome"], outcome, "{told}: {error}");
        let after = rig.mock.store().notes(&id).len();
        assert_eq!(after - before, usize::from(is_there), "{told}");
        let posts = rig.sent().iter().filter(|line| line.starts_with("POST")).count();
        assert_eq!(posts, 1, "{told}");
    }
}

#[tokio::test]
async fn a_create_waits_out_a_429() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.mock.inject(Fault::new(status(429)).method("POST").times(2));
    rig.ok("notes.create", json!([id, { "value": "Once" }, null, user(&rig)])).await;
    assert_eq!(rig.sent().len(), 3);
}

#[tokio::test]
async fn reads_and_absolute_writes_outlive_a_passing_fault() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let effects = [
        status(500),
        status(502),
        status(503),
        status(504),
        Effect::ResetBefore,
        Effect::ResetAfter,
        Effect::CloseMidHead,
        Effect::TruncatedBody { chunked: true },
    ];
    for effect in effects {
        let told = format!("{effect:?}");
        rig.mock.inject(Fault::new(effect.clone()).method("GET"));
        rig.ok("stages.get", json!(["offer"])).await;
        assert_eq!(rig.sent().len(), 2, "{told}");
        rig.mock.inject(Fault::new(effect).method("PUT"));
        let moved = rig.ok("opportunities.update-stage", json!([id, "offer", user(&rig)])).await;
        assert_eq!(moved["stage"]["id"], "offer", "{told}");
    }
}

#[tokio::test]
async fn a_delete_that_took_effect_unseen_is_a_success() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let note = rig.ok("notes.create", json!([id, { "value": "x" }])).await;
    rig.mock.inject(Fault::new(Effect::ResetAfter).method("DELETE"));
    rig.ok("notes.delete", json!([id, note["id"]])).await;
    let deletes = rig.mock.requests();
    assert_eq!(deletes.iter().map(|seen| seen.status).collect::<Vec<_>>(), [None, Some(404)]);
}

#[tokio::test]
async fn when_only_the_read_back_fails_the_change_counts_as_applied() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    for effect in [status(403), status(404), Effect::InvalidJson, Effect::HtmlPage] {
        rig.mock.inject(Fault::new(effect.clone()).method("GET").always());
        let error = rig.err("opportunities.add-tags", json!([id, ["t"], user(&rig)])).await;
        rig.mock.clear_faults();
        assert_eq!(error["outcome"], "applied", "{effect:?} {error}");
    }
}

#[tokio::test]
async fn answers_that_are_no_answers_are_told_apart() {
    let rig = Rig::new().await;
    let body = |text: &str| Effect::Body(text.to_owned());
    let rows = [
        (Effect::HtmlPage, "malformed-answer"),
        (Effect::EmptyBody, "malformed-answer"),
        (Effect::InvalidJson, "malformed-answer"),
        (body(r#"{"data":null}"#), "malformed-answer"),
        (body(r#"{"data":[{"text":"no id"}],"next":[1]}"#), "malformed-answer"),
        (body("[]"), "malformed-answer"),
        (Effect::Status { code: 301, body: Content::Empty, headers: vec![] }, "malformed-answer"),
        (Effect::Status { code: 403, body: Content::Html, headers: vec![] }, "forbidden"),
        (Effect::Status { code: 422, body: Content::Empty, headers: vec![] }, "rejected"),
    ];
    for (effect, kind) in rows {
        rig.mock.inject(Fault::new(effect.clone()).always());
        let error = rig.err("stages.list-page", json!([])).await;
        rig.mock.clear_faults();
        assert_eq!(error["kind"], kind, "{effect:?} {error}");
        assert!(!error["message"].as_str().unwrap().contains('<'), "{error}");
    }
}

#[tokio::test]
async fn a_decode_error_names_the_place_and_never_the_value() {
    let rig = Rig::new().await;
    let body = r#"{"data":{"id":{"secret":"Ana Lindgren"},"text":"Ana Lindgren"}}"#;
    rig.mock.inject(Fault::new(Effect::Body(body.to_owned())));
    let error = rig.err("stages.get", json!(["a"])).await;
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("data.id") && !message.contains("Ana"), "{message}");
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let rig = Rig::new().await;
    rig.mock.inject(Fault::new(Effect::EndlessBody).always());
    // By the component, which is well before the host would end the call.
    let error = rig.err("stages.list-page", json!([])).await;
    assert_eq!(error["kind"], "too-large", "{error}");
    rig.mock.clear_faults();
    rig.ok("stages.list-page", json!([])).await;
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_is_handed_to_the_caller() {
    let rig = Rig::new().await;
    let headers = vec![("retry-after".to_owned(), "3600".to_owned())];
    let limited = Effect::Status { code: 429, body: Content::Empty, headers };
    rig.mock.inject(Fault::new(limited).always());
    let error = rig.err("stages.get", json!(["offer"])).await;
    assert_eq!(
        (&error["kind"], &error["retry-after-ms"]),
        (&json!("rate-limited"), &json!(3_600_000))
    );
    assert_eq!(rig.sent().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_not_to_have_been_reached() {
    let rig = Rig::new().await;
    let gone = rig.mock.base_url();
    let Rig { mock, .. } = rig;
    drop(mock);
    let config = lever_host::runtime::HostConfig {
        upstream: gone.parse().unwrap(),
        allow_loopback: true,
        cache_dir: Some(crate::support::cache()),
        settings: vec![("LEVER_MAX_WAIT_MS".into(), "300".into())],
        ..Default::default()
    };
    let host = lever_host::runtime::Host::new(config, lever_host::audit::Audit::none()).unwrap();
    let lever = host.load(lever_host::embedded::COMPONENT).unwrap();
    let agent = crate::support::agent(&["notes=full"]);
    let args = [json!("o"), json!({ "value": "x" })];
    let result = host.call(&lever, &agent, "notes", "create", &args).await;
    let Err(lever_host::runtime::CallError::Component(error)) = result else {
        panic!("{result:?}");
    };
    let expected: (Value, Value) = (json!("connection"), json!("not-sent"));
    assert_eq!((&error["kind"], &error["outcome"]), (&expected.0, &expected.1), "{error}");
}
