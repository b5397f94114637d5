//! `applications`: one for an opportunity at most, and those deleted lately.

use serde_json::{Value, json};

use crate::support::{Rig, first, id, items, listed_for_many, refused_locally};

const DAY: u64 = 86_400_000;

fn applied(rig: &Rig) -> (String, Value) {
    first(rig, |store, id| {
        let opportunity = store.opportunity(id)?;
        store.application(opportunity["applications"][0].as_str()?)
    })
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, known) = applied(&rig);
    let expand = ["posting", "postingOwner", "postingHiringManager", "user"];
    let page = rig.ok("applications.list-page", json!([opportunity, { "expand": expand }])).await;
    let found = &items(&page)[0];
    assert_eq!(found["id"], known["id"]);
    assert!(found["posting"]["posting"]["text"].is_string(), "{found}");
    assert!(found["posting-owner"]["user"]["name"].is_string(), "{found}");
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, known) = applied(&rig);
    let all = rig.ok("applications.list-all", json!([opportunity, {}])).await;
    assert_eq!(items(&all).iter().map(id).collect::<Vec<_>>(), [id(&known)]);
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("applications.list-for-many", json!({ "limit": 1 }), |store, id| {
        let opportunity = store.opportunity(id).unwrap_or_default();
        let ids = opportunity["applications"].as_array().into_iter().flatten();
        ids.filter_map(|id| store.application(id.as_str()?)).collect()
    })
    .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = applied(&rig);
    let found = rig.ok("applications.get", json!([opportunity, known["id"]])).await;
    assert_eq!(found["posting"]["id"], known["posting"]);
    assert_eq!(found["type"], known["type"]);
    let named = rig.ok("applications.get", json!([opportunity, known["id"], ["type"]])).await;
    assert_eq!((&named["type"], &named["email"]), (&known["type"], &Value::Null));
}

fn span(rig: &Rig) -> (Value, usize) {
    let deleted = rig.mock.store().deleted_applications();
    let latest = deleted.iter().filter_map(|it| it["deletedAt"].as_u64()).max().unwrap();
    let start = latest - 20 * DAY;
    let within =
        deleted.iter().filter(|it| it["deletedAt"].as_u64().is_some_and(|at| at >= start)).count();
    (json!({ "deleted-at-start": start, "deleted-at-end": latest + 1 }), within)
}

#[tokio::test]
pub async fn list_deleted() {
    let rig = Rig::new().await;
    let (mut query, within) = span(&rig);
    query["limit"] = json!(1);
    let page = rig.ok("applications.list-deleted", json!([query])).await;
    assert_eq!(items(&page).len(), 1);
    assert!(items(&page)[0]["deleted-at"].is_u64());
    assert_eq!(page["next"].is_string(), within > 1);
}

#[tokio::test]
pub async fn list_all_deleted() {
    let rig = Rig::new().await;
    let (query, within) = span(&rig);
    let all = rig.ok("applications.list-all-deleted", json!([query])).await;
    assert!(within > 0);
    assert_eq!(items(&all).len(), within);
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let span = |start: u64, end: u64| json!([{ "deleted-at-start": start, "deleted-at-end": end }]);
    refused_locally(
        &rig,
        &[
            ("applications.list-deleted", span(0, 31 * DAY), "30"),
            ("applications.list-all-deleted", span(0, 31 * DAY), "30"),
            ("applications.list-deleted", span(9, 8), "before"),
            ("applications.list-page", json!(["o", { "expand": ["contact"] }]), "\"contact\""),
            ("applications.get", json!(["o", "a", [], ["stage"]]), "\"stage\""),
            ("applications.list-page", json!(["o", { "limit": 101 }]), "1 to 100"),
        ],
    )
    .await;
}
