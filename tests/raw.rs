//! `raw`: any read under the same policy, its JSON as it came.

use lever_host::runtime::CallError;
use serde_json::{Value, json};

use crate::support::{Rig, agent};

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let text = rig.ok("raw.get", json!(["/postings", [{ "name": "limit", "value": "2" }]])).await;
    let answer: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    let tags = rig.ok("raw.get", json!(["/tags"])).await;
    assert!(tags.as_str().unwrap().contains("\"data\""));
}

#[tokio::test]
async fn a_path_needs_its_own_grant_besides() {
    let rig = Rig::new().await;
    let raw_alone = agent(&["raw=read"]);
    let refused = rig.call_as(&raw_alone, "raw.get", json!(["/postings"])).await;
    assert!(matches!(refused, Err(CallError::Refused(_))), "{refused:?}");
    assert!(rig.sent().is_empty());
}

#[tokio::test]
async fn no_path_leaves_the_api() {
    let rig = Rig::new().await;
    for path in ["/../users", "//evil", "/postings/%2e%2e", "https://x/", "/postings?x=1", "", "/"]
    {
        let error = rig.err("raw.get", json!([path])).await;
        assert_eq!(error["kind"], "invalid-input", "{path}");
        assert!(rig.sent().is_empty(), "{path}");
    }
}
