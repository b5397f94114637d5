//! The record: every call and every request, and nobody's data in it.

use lever_host::audit::{Decision, Kind, Record};
use serde_json::json;

use crate::support::{Rig, agent, opportunity, user};

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
