//! `users`: active ones unless asked for all.

use serde_json::{Value, json};

use crate::support::{Rig, id, refused_locally};

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

fn stored(rig: &Rig, id: &str) -> Value {
    let users = rig.mock.store().users();
    users.into_iter().find(|user| user["id"] == id).expect("it is there")
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let new = json!({ "name": "Remy Castellan", "email": "remy@harborlight.example", "job-title": "Sourcer" });
    let made = rig.ok("users.create", json!([new])).await;
    assert_eq!(made["access-role"], "interviewer");
    assert_eq!(stored(&rig, &id(&made))["jobTitle"], "Sourcer");
    let again = rig.err("users.create", json!([new])).await;
    assert_eq!((&again["kind"], &again["outcome"]), (&json!("rejected"), &json!("not-applied")));
    let message = again["message"].as_str().unwrap();
    assert!(message.contains("already exists") && !message.contains("remy@"), "{message}");
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let users = rig.mock.store().users();
    let whole = |user: &&Value| {
        user["deactivatedAt"].is_null()
            && ["externalDirectoryId", "jobTitle", "linkedContactIds"]
                .iter()
                .all(|f| !user[*f].is_null())
    };
    let before = users.iter().find(whole).expect("there is one");
    let change = json!({ "job-title": "Chief Sourcer", "clear": ["externalDirectoryId"] });
    let changed = rig.ok("users.update", json!([before["id"], change])).await;
    assert_eq!(changed["job-title"], "Chief Sourcer");
    let after = stored(&rig, &id(before));
    for kept in ["name", "email", "accessRole", "linkedContactIds", "photo", "managerId"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert!(after["externalDirectoryId"].is_null());
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test]
pub async fn deactivate() {
    let rig = Rig::new().await;
    let user = id(&rig.mock.store().users()[1]);
    let gone = rig.ok("users.deactivate", json!([user])).await;
    assert!(gone["deactivated-at"].is_u64());
    assert!(!stored(&rig, &user)["deactivatedAt"].is_null());
}

#[tokio::test]
pub async fn reactivate() {
    let rig = Rig::new().await;
    let users = rig.mock.store().users();
    let user = users.iter().find(|user| !user["deactivatedAt"].is_null()).unwrap();
    let back = rig.ok("users.reactivate", json!([user["id"]])).await;
    assert_eq!(back["deactivated-at"], Value::Null);
    assert!(stored(&rig, &id(user))["deactivatedAt"].is_null());
}

#[tokio::test]
async fn a_field_that_every_user_has_cannot_be_emptied() {
    let rig = Rig::new().await;
    let user = id(&rig.mock.store().users()[0]);
    let change = json!([user, { "clear": ["email"] }]);
    refused_locally(&rig, &[("users.update", change, "photo, externalDirectoryId")]).await;
}
