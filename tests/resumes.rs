//! `resumes`: what Lever read out of them, and the bytes.

use serde_json::{Value, json};

use crate::support::{Rig, bytes, first, id, ids, items, listed_for_many, sorted};

fn resume(rig: &Rig, status: &str) -> (String, Value) {
    first(rig, |store, id| {
        store.resumes(id).into_iter().find(|resume| resume["file"]["status"] == status)
    })
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, _) = resume(&rig, "processed");
    let page = rig.ok("resumes.list-page", json!([opportunity, { "uploaded-at-start": 1 }])).await;
    assert_eq!(sorted(ids(items(&page))), sorted(ids(&rig.mock.store().resumes(&opportunity))));
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, _) = resume(&rig, "processed");
    let all = rig.ok("resumes.list-all", json!([opportunity, { "limit": 1 }])).await;
    assert_eq!(sorted(ids(items(&all))), sorted(ids(&rig.mock.store().resumes(&opportunity))));
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("resumes.list-for-many", json!({ "limit": 1 }), |store, id| store.resumes(id))
        .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = first(&rig, |store, id| {
        store.resumes(id).into_iter().find(|it| !it["parsedData"]["positions"][0].is_null())
    });
    let found = rig.ok("resumes.get", json!([opportunity, known["id"]])).await;
    let (ours, theirs) =
        (&found["parsed-data"]["positions"][0], &known["parsedData"]["positions"][0]);
    for field in ["org", "title", "summary", "location"] {
        assert_eq!(ours[field], theirs[field], "{field}");
    }
    assert_eq!(ours["start"]["year"], theirs["start"]["year"]);
    let named = rig.ok("resumes.get", json!([opportunity, known["id"], ["createdAt"]])).await;
    assert_eq!((&named["created-at"], &named["file"]), (&known["createdAt"], &Value::Null));
}

#[tokio::test]
pub async fn download() {
    let rig = Rig::new().await;
    let (opportunity, known) = resume(&rig, "processed");
    let found = rig.ok("resumes.download", json!([opportunity, known["id"]])).await;
    assert_eq!(bytes(&found["content"]), rig.mock.store().resume_bytes(&id(&known)).unwrap());
    assert!(found["content-type"].is_string());
}

#[tokio::test]
async fn a_file_that_lever_could_not_process_is_told_as_such() {
    let rig = Rig::new().await;
    let (opportunity, known) = resume(&rig, "error");
    let error = rig.err("resumes.download", json!([opportunity, known["id"]])).await;
    assert_eq!((&error["kind"], &error["status"]), (&json!("rejected"), &json!(422)));
}
