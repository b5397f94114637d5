//! `interviews`: changes that lose nothing, though Lever replaces them whole.

use serde_json::{Value, json};

use crate::support::{
    Rig, body, first, id, ids, items, listed_for_many, opportunity, refused_locally, user,
};

/// An opportunity with a panel that was made through the API.
async fn with_panel(rig: &Rig) -> (String, Value) {
    let opportunity = opportunity(rig);
    let interviews = json!([{
        "subject": "Phone screen", "note": "Ask about boats", "interviewers": [{ "id": user(rig) }],
        "date": 1_800_000_000_000_u64, "duration": 45, "location": "By phone",
        "feedback-reminder": "once",
    }]);
    let panel =
        json!({ "timezone": "Europe/Lisbon", "interviews": interviews, "note": "First round" });
    let panel = rig.ok("panels.create", json!([opportunity, panel, user(rig)])).await;
    (opportunity, panel)
}

fn interview(rig: &Rig, opportunity: &str, id: &str) -> Value {
    let interviews = rig.mock.store().interviews(opportunity);
    interviews.into_iter().find(|interview| interview["id"] == id).expect("it is there")
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, _) = first(&rig, |store, id| {
        let interviews = store.interviews(id);
        interviews.iter().any(|it| !it["feedbackForms"][0].is_null()).then_some(())
    });
    let expand = ["feedbackForms", "user", "stage", "postings"];
    let page = rig.ok("interviews.list-page", json!([opportunity, { "expand": expand }])).await;
    let found = items(&page).iter().find(|it| !it["feedback-forms"][0].is_null()).unwrap();
    assert!(found["feedback-forms"][0]["feedback"]["fields"].is_array(), "{found}");
    assert!(found["user"]["user"]["name"].is_string());
    assert!(found["stage"]["stage"]["text"].is_string());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, known) = first(&rig, |store, id| {
        Some(store.interviews(id)).filter(|interviews| interviews.len() > 1)
    });
    let all = rig.ok("interviews.list-all", json!([opportunity, { "limit": 1 }])).await;
    let (mut found, mut known) = (ids(items(&all)), ids(&known));
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("interviews.list-for-many", json!({ "limit": 1 }), |store, id| {
        store.interviews(id)
    })
    .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = first(&rig, |store, id| store.interviews(id).into_iter().next());
    let found = rig.ok("interviews.get", json!([opportunity, known["id"]])).await;
    assert_eq!((&found["date"], &found["duration"]), (&known["date"], &known["duration"]));
    assert_eq!(found["interviewers"][0]["id"], known["interviewers"][0]["id"]);
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let (opportunity, panel) = with_panel(&rig).await;
    let new = json!({
        "panel": panel["id"], "interviewers": [{ "id": user(&rig), "feedback-template": "no-feedback" }],
        "date": 1_800_000_000_000_u64, "duration": 30,
    });
    let made = rig.ok("interviews.create", json!([opportunity, new, user(&rig)])).await;
    assert_eq!(made["panel"], panel["id"]);
    assert_eq!(interview(&rig, &opportunity, &id(&made))["duration"], 30);
    assert_eq!(rig.mock.requests()[0].values("perform_as"), [user(&rig)]);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let (opportunity, panel) = with_panel(&rig).await;
    let own = panel["interviews"][0]["id"].as_str().unwrap();
    let before = interview(&rig, &opportunity, own);
    let change = json!({ "duration": 60, "clear": ["location"] });
    let changed = rig.ok("interviews.update", json!([opportunity, own, change, user(&rig)])).await;
    assert_eq!((&changed["duration"], &changed["location"]), (&json!(60), &Value::Null));
    let after = interview(&rig, &opportunity, own);
    for kept in ["subject", "note", "date", "feedbackReminder", "feedbackTemplate", "panel"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!(ids(after["interviewers"].as_array().unwrap()), [user(&rig)]);
    assert_eq!(rig.sent().len(), 2);
    let put = &rig.mock.requests()[1];
    assert_eq!(put.method, "PUT");
    assert!(body(put)["interviewers"][0].get("name").is_none(), "only what Lever takes");
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let (opportunity, panel) = with_panel(&rig).await;
    let own = panel["interviews"][0]["id"].as_str().unwrap();
    rig.ok("interviews.delete", json!([opportunity, own, user(&rig)])).await;
    assert!(!ids(&rig.mock.store().panels(&opportunity)).contains(&id(&panel)), "the last one");
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_written() {
    let rig = Rig::new().await;
    let (opportunity, panel) = with_panel(&rig).await;
    let own = panel["interviews"][0]["id"].clone();
    let new = json!({ "panel": "p", "date": 1, "duration": 1, "interviewers": [{ "id": "u" }] });
    let with = |name: &str, value: Value| {
        let mut changed = new.clone();
        changed[name] = value;
        json!([opportunity, changed, "u"])
    };
    refused_locally(
        &rig,
        &[
            ("interviews.create", json!([opportunity, new]), "perform-as"),
            ("interviews.create", with("interviewers", json!([])), "interviewers"),
            ("interviews.create", with("duration", json!(0)), "duration"),
            ("interviews.update", json!([opportunity, own, {}]), "perform-as"),
            (
                "interviews.update",
                json!([opportunity, own, { "clear": ["date"] }, "u"]),
                "subject, note, location",
            ),
            ("interviews.delete", json!([opportunity, own]), "perform-as"),
            ("interviews.list-page", json!(["o", { "expand": ["panel"] }]), "\"panel\""),
        ],
    )
    .await;
}
