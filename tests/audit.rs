//! The record: every call and every request, and nobody's data in it.

use lever_host::audit::{Decision, Kind, Record};
use lever_host::runtime::CallError;
use serde_json::json;

use crate::support::{Rig, agent, host_config, opportunity, user};

fn calls(rig: &Rig) -> Vec<Record> {
    rig.audit.records().into_iter().filter(|record| matches!(record.kind, Kind::Call)).collect()
}

#[tokio::test]
async fn a_list_over_several_pages_is_one_call_and_its_requests() {
    let rig = Rig::new().await;
    let reader = agent(&["opportunities=read"]);
    let all = rig.call_as(&reader, "opportunities.list-all", json!([{}])).await.unwrap();
    let count = all["items"].as_array().unwrap().len() as u64;
    let records = rig.audit.records();
    let requests = rig.sent().len();
    assert_eq!(records.len(), requests + 1);
    for request in records.iter().filter(|record| matches!(record.kind, Kind::Request)) {
        assert_eq!(request.route.as_deref(), Some("/opportunities"));
        assert_eq!((request.method.as_deref(), request.status), (Some("GET"), Some(200)));
        assert_eq!(request.rule, "opportunities=read");
    }
    let call = calls(&rig).pop().unwrap();
    assert_eq!((call.records, call.attempts), (Some(count), Some(requests as u32)));
    assert!(matches!(call.decision, Decision::Allowed));
    assert_eq!(
        call.text,
        format!("sourcer read {count} opportunities: allowed by opportunities=read")
    );
    assert_eq!(call.component.len(), 16);
}

#[tokio::test]
async fn a_refusal_is_recorded_like_an_allowance() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let reader = agent(&["opportunities=read"]);
    let refused = rig.call_as(&reader, "opportunities.update-stage", json!([id, "offer"])).await;
    assert!(refused.is_err());
    let record = calls(&rig).pop().unwrap();
    assert!(matches!(record.decision, Decision::Refused));
    assert_eq!(record.function, "opportunities.update-stage");
    assert_eq!(record.attempts.unwrap_or(0), 0);
    assert!(record.text.contains("sourcer") && record.text.contains("refused"), "{}", record.text);
}

#[tokio::test]
async fn no_line_holds_an_id_a_name_a_query_a_body_or_a_secret() {
    let rig = Rig::new().await;
    let (id, by) = (opportunity(&rig), user(&rig));
    let person = rig.mock.store().opportunity(&id).unwrap();
    rig.ok("opportunities.list-page", json!([{ "email": person["emails"], "tag": ["Sekret"] }]))
        .await;
    rig.ok("opportunities.get", json!([id])).await;
    rig.ok("notes.create", json!([id, { "value": "Sekret text" }, null, by])).await;
    rig.err("notes.get", json!([id, "Sekret-note"])).await;
    let _ = rig.call("raw.get", json!(["/Sekret/path"])).await;
    let text = serde_json::to_string(&rig.audit.records()).unwrap();
    assert!(rig.audit.records().len() >= 10);
    for private in [
        id.as_str(),
        by.as_str(),
        person["name"].as_str().unwrap(),
        person["emails"][0].as_str().unwrap(),
        "Sekret",
        lever_host::mock::API_KEY,
        "Basic ",
    ] {
        assert!(!text.contains(private), "{private} is in the audit:\n{text}");
    }
}

#[tokio::test]
async fn a_change_has_a_line_before_it_leaves_and_a_read_has_none() {
    let rig = Rig::new().await;
    let (id, by) = (opportunity(&rig), user(&rig));
    rig.ok("notes.create", json!([id, { "value": "x" }, null, by])).await;
    let records = rig.audit.records();
    let [intent, write, call] = records.as_slice() else { panic!("{records:#?}") };
    let kinds = [intent.kind, write.kind, call.kind];
    assert_eq!(kinds, [Kind::Intent, Kind::Request, Kind::Call]);
    for record in [intent, write] {
        assert_eq!((record.request, record.method.as_deref()), (Some(1), Some("POST")));
        assert_eq!(record.route.as_deref(), Some("/opportunities/{opportunity}/notes"));
        assert_eq!((record.agent.as_str(), &record.call), ("sourcer", &call.call));
        assert_eq!(record.ids["opportunity"], id[..8]);
    }
    assert_eq!(intent.status, None);
    assert!(write.status.is_some_and(|status| status < 300), "{write:?}");
    assert_eq!(
        call.text,
        format!("sourcer added a note to opportunity {}: allowed by notes=full", &id[..8])
    );
    rig.ok("notes.list-page", json!([id, {}])).await;
    let kinds: Vec<Kind> = rig.audit.records()[3..].iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [Kind::Request, Kind::Call]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_change_leaves_without_its_line() {
    let rig = Rig::new().await;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("full-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    // A disk that is full from the second call on.
    let audit = lever_host::audit::Audit::to_file(&path).unwrap();
    let host = lever_host::runtime::Host::new(host_config(&rig.mock), audit).unwrap();
    let id = opportunity(&rig);
    let args = [json!(id), json!({ "value": "x" }), json!(null), json!(user(&rig))];
    let lever = host.load(lever_host::embedded::COMPONENT).unwrap();
    let call = async || host.call(&lever, &rig.agent, "notes", "create", &args).await;
    call().await.unwrap();
    let notes = rig.mock.store().notes(&id).len();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    rig.mock.clear_requests();
    for _ in 0..2 {
        let error = call().await.unwrap_err();
        assert!(matches!(error, CallError::Audit(..)), "{error}");
        assert!(error.to_string().ends_with("; nothing was changed"), "{error}");
    }
    assert_eq!(rig.sent(), Vec::<String>::new());
    assert_eq!(rig.mock.store().notes(&id).len(), notes);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn what_does_not_exist_or_does_not_fit_is_invalid_and_no_rule_decided_on_it() {
    let rig = Rig::new().await;
    let rows = [
        ("notes.nope", json!([]), "sourcer called notes.nope, which the component does not have"),
        ("nope.get", json!([]), "sourcer called nope.get, which the component does not have"),
        ("notes.get", json!(["x"]), "sourcer called notes.get with arguments that do not fit"),
        ("notes.get", json!([1, 2]), "sourcer called notes.get with arguments that do not fit"),
    ];
    for (function, args, text) in rows {
        let error = rig.call(function, args).await.unwrap_err();
        assert!(matches!(error, CallError::Usage(_)), "{error}");
        let record = rig.audit.records().pop().unwrap();
        assert_eq!((record.decision, record.rule.as_str()), (Decision::Invalid, ""));
        assert_eq!(record.text, text);
    }
    assert!(rig.mock.requests().is_empty());
}
