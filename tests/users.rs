//! `users`: active ones unless asked for all.

use serde_json::json;

use crate::support::Rig;

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let email = rig.mock.store().users()[0]["email"].clone();
    let page = rig.ok("users.list-page", json!([{ "email": [email] }])).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["email"], email);
    let role = json!([{ "access-role": ["super admin"], "include-deactivated": true }]);
    let admins = rig.ok("users.list-page", role).await;
    assert!(admins["items"].as_array().unwrap().iter().all(|u| u["access-role"] == "super admin"));
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let active = rig.ok("users.list-all", json!([{ "limit": 4 }])).await;
    let all = rig.ok("users.list-all", json!([{ "include-deactivated": true }])).await;
    let users = rig.mock.store().users();
    let inactive = users.iter().filter(|user| !user["deactivatedAt"].is_null()).count();
    assert!(inactive > 0);
    assert_eq!(all["items"].as_array().unwrap().len(), users.len());
    assert_eq!(active["items"].as_array().unwrap().len(), users.len() - inactive);
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let known = rig.mock.store().users()[0].clone();
    let user = rig.ok("users.get", json!([known["id"]])).await;
    for (ours, theirs) in
        [("name", "name"), ("access-role", "accessRole"), ("created-at", "createdAt")]
    {
        assert_eq!(user[ours], known[theirs], "{ours}");
    }
    let named = rig.ok("users.get", json!([known["id"], ["name"]])).await;
    assert_eq!(named["email"], serde_json::Value::Null);
    assert_eq!(named["name"], known["name"]);
}
