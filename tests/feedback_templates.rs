//! `feedback-templates`: the forms that interviewers fill.

use serde_json::{Value, json};

use crate::support::{Rig, id, ids, items, refused_locally};

fn new() -> Value {
    json!({
        "text": "Boats", "instructions": "Be fair.",
        "fields": [
            { "type": "score-system", "text": "Rating", "required": true,
              "options": [{ "text": "4 - Strong Hire" }, { "text": "1 - Strong No Hire" }] },
            { "type": "textarea", "text": "Notes" },
        ],
    })
}

fn stored(rig: &Rig, id: &str) -> Option<Value> {
    let templates = rig.mock.store().feedback_templates();
    templates.into_iter().find(|template| template["id"] == id)
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let page = rig.ok("feedback-templates.list-page", json!([{ "limit": 2 }])).await;
    assert_eq!(items(&page).len(), 2);
    assert!(items(&page)[0]["fields"].is_array());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let all = rig.ok("feedback-templates.list-all", json!([{ "limit": 2 }])).await;
    let (mut found, mut known) = (ids(items(&all)), ids(&rig.mock.store().feedback_templates()));
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let templates = rig.mock.store().feedback_templates();
    let known = templates.iter().find(|it| it["group"].is_object()).unwrap();
    let found = rig.ok("feedback-templates.get", json!([known["id"]])).await;
    assert_eq!(found["group"]["name"], known["group"]["name"]);
    let named = rig.ok("feedback-templates.get", json!([known["id"], ["text"]])).await;
    assert_eq!((&named["text"], &named["group"]), (&known["text"], &Value::Null));
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let made = rig.ok("feedback-templates.create", json!([new()])).await;
    assert_eq!(stored(&rig, &id(&made)).unwrap()["text"], "Boats");
    assert_eq!(made["fields"].as_array().unwrap().len(), 2);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let group = id(&rig.mock.store().groups()[0]);
    let mut grouped = new();
    grouped["group"] = json!(group);
    let made = rig.ok("feedback-templates.create", json!([grouped])).await;
    let before = stored(&rig, &id(&made)).unwrap();
    let change = json!({ "text": "Sails", "clear": ["instructions"] });
    let changed = rig.ok("feedback-templates.update", json!([made["id"], change])).await;
    assert_eq!(changed["text"], "Sails");
    let after = stored(&rig, &id(&made)).unwrap();
    assert_eq!(after["group"], before["group"], "what is read as an object goes back as an id");
    let texts = |template: &Value| -> Vec<String> {
        let fields = template["fields"].as_array().unwrap().iter();
        fields.map(|field| format!("{} {}", field["type"], field["text"])).collect()
    };
    assert_eq!(texts(&after), texts(&before));
    assert_ne!(after["instructions"], before["instructions"]);
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let made = rig.ok("feedback-templates.create", json!([new()])).await;
    rig.ok("feedback-templates.delete", json!([made["id"]])).await;
    assert!(stored(&rig, &id(&made)).is_none());
    let own = rig.mock.store().own_feedback_templates();
    let templates = rig.mock.store().feedback_templates();
    let product = templates.iter().map(id).find(|id| !own.contains(id)).unwrap();
    let error = rig.err("feedback-templates.delete", json!([product])).await;
    assert_eq!(error["outcome"], "not-applied");
}

#[tokio::test]
async fn a_template_without_exactly_one_score_system_is_refused() {
    let rig = Rig::new().await;
    let made = rig.ok("feedback-templates.create", json!([new()])).await;
    let with = |fields: Value| json!({ "text": "x", "fields": fields });
    let text = json!({ "type": "text", "text": "x" });
    let system = new()["fields"][0].clone();
    refused_locally(
        &rig,
        &[
            ("feedback-templates.create", json!([with(json!([text]))]), "score-system"),
            ("feedback-templates.create", json!([with(json!([system, system]))]), "score-system"),
            (
                "feedback-templates.update",
                json!([made["id"], { "fields": [text] }]),
                "score-system",
            ),
            (
                "feedback-templates.update",
                json!([made["id"], { "clear": ["text"] }]),
                "instructions",
            ),
        ],
    )
    .await;
}
