//! `panels`: changes that lose nothing, though Lever replaces them whole.

use serde_json::{Value, json};

use crate::support::{
    Rig, first, id, ids, items, listed_for_many, opportunity, refused_locally, user,
};

fn new(rig: &Rig, interviews: usize) -> Value {
    let one = |n: usize| {
        json!({
            "subject": format!("Round {n}"), "interviewers": [{ "id": user(rig) }],
            "date": 1_800_000_000_000_u64, "duration": 45,
        })
    };
    let interviews: Vec<Value> = (1..=interviews).map(one).collect();
    json!({ "timezone": "Europe/Lisbon", "note": "On site", "interviews": interviews })
}

async fn made(rig: &Rig) -> (String, Value) {
    let opportunity = opportunity(rig);
    let panel = rig.ok("panels.create", json!([opportunity, new(rig, 2), user(rig)])).await;
    (opportunity, panel)
}

fn panel(rig: &Rig, opportunity: &str, id: &str) -> Value {
    let panels = rig.mock.store().panels(opportunity);
    panels.into_iter().find(|panel| panel["id"] == id).expect("it is there")
}

fn seeded(rig: &Rig, is_ours: bool) -> (String, Value) {
    first(rig, |store, id| {
        let mut panels = store.panels(id).into_iter();
        panels.find(|panel| panel["externallyManaged"] == is_ours)
    })
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, known) = seeded(&rig, false);
    let query = json!({ "expand": ["user", "stage"] });
    let page = rig.ok("panels.list-page", json!([opportunity, query])).await;
    let found = items(&page).iter().find(|panel| panel["id"] == known["id"]).unwrap();
    assert!(found["user"]["user"]["name"].is_string());
    assert!(found["stage"]["stage"]["text"].is_string());
    assert_eq!(
        found["interviews"].as_array().unwrap().len(),
        known["interviews"].as_array().unwrap().len()
    );
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, _) = seeded(&rig, false);
    let all = rig.ok("panels.list-all", json!([opportunity, { "limit": 1 }])).await;
    assert_eq!(items(&all).len(), rig.mock.store().panels(&opportunity).len());
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("panels.list-for-many", json!({ "limit": 1 }), |store, id| store.panels(id))
        .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = seeded(&rig, false);
    let found = rig.ok("panels.get", json!([opportunity, known["id"]])).await;
    assert_eq!((&found["start"], &found["end"]), (&known["start"], &known["end"]));
    assert_eq!(found["externally-managed"], false);
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let (opportunity, made) = made(&rig).await;
    assert_eq!(made["externally-managed"], true);
    let stored = panel(&rig, &opportunity, &id(&made));
    assert_eq!(stored["interviews"].as_array().unwrap().len(), 2);
    assert_eq!(rig.mock.requests()[0].values("perform_as"), [user(&rig)]);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let (opportunity, made) = made(&rig).await;
    let before = panel(&rig, &opportunity, &id(&made));
    let own: Vec<String> = ids(made["interviews"].as_array().unwrap());
    let added = new(&rig, 1)["interviews"][0].clone();
    let change = json!({
        "timezone": "Europe/Paris", "remove-interviews": [own[0]], "add-interviews": [added],
        "change-interviews": [{ "id": own[1], "location": "Room 3" }],
    });
    let changed =
        rig.ok("panels.update", json!([opportunity, made["id"], change, user(&rig)])).await;
    assert_eq!(changed["timezone"], "Europe/Paris");
    let after = panel(&rig, &opportunity, &id(&made));
    assert_eq!(after["note"], before["note"]);
    let interviews = after["interviews"].as_array().unwrap();
    assert_eq!(interviews.len(), 2);
    let kept = interviews.iter().find(|it| it["id"] == json!(own[1])).expect("it keeps its id");
    assert_eq!((&kept["location"], &kept["subject"]), (&json!("Room 3"), &json!("Round 2")));
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test]
async fn a_panel_made_in_the_product_is_left_alone() {
    let rig = Rig::new().await;
    let (opportunity, known) = seeded(&rig, false);
    let change = json!([opportunity, known["id"], { "note": "x" }, user(&rig)]);
    let error = rig.err("panels.update", change).await;
    assert_eq!((&error["kind"], &error["outcome"]), (&json!("rejected"), &json!("not-applied")));
    assert_eq!(rig.sent().len(), 1, "nothing is written");
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let (opportunity, made) = made(&rig).await;
    rig.ok("panels.delete", json!([opportunity, made["id"], user(&rig)])).await;
    assert!(!ids(&rig.mock.store().panels(&opportunity)).contains(&id(&made)));
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_written() {
    let rig = Rig::new().await;
    let (opportunity, made) = made(&rig).await;
    let own: Vec<String> = ids(made["interviews"].as_array().unwrap());
    let update = |change: Value| json!([opportunity, made["id"], change, user(&rig)]);
    refused_locally(
        &rig,
        &[
            ("panels.create", json!([opportunity, new(&rig, 1)]), "perform-as"),
            ("panels.create", json!([opportunity, new(&rig, 0), "u"]), "no interviews"),
            ("panels.update", update(json!({ "remove-interviews": own })), "delete the panel"),
            ("panels.update", update(json!({ "remove-interviews": ["x"] })), "\"x\""),
            ("panels.update", update(json!({ "clear": ["timezone"] })), "note, externalUrl"),
            ("panels.delete", json!([opportunity, made["id"]]), "perform-as"),
        ],
    )
    .await;
}
