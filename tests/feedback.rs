//! `feedback`: answers are checked against the template, or against the form.

use serde_json::{Value, json};

use crate::support::{
    Rig, body, first, id, ids, items, listed_for_many, opportunity, refused_locally, user,
};

/// A template with most types of field that feedback has, and sound answers.
fn template(rig: &Rig) -> (Value, Vec<Value>) {
    let mut templates = rig.mock.store().feedback_templates();
    // Types that feedback no longer offers stay in old templates.
    let is_old = |field: &Value| field["type"] == "file-upload";
    templates.retain(|template| !template["fields"].as_array().unwrap().iter().any(is_old));
    let count = |template: &Value| template["fields"].as_array().map_or(0, Vec::len);
    let template = templates.into_iter().max_by_key(count).expect("there are templates");
    let answers = template["fields"].as_array().unwrap().iter().map(answer).collect();
    (template, answers)
}

fn answer(field: &Value) -> Value {
    let option = field["options"][0]["text"].clone();
    let rows = field["scores"].as_array().map_or(0, Vec::len);
    let mut value = json!({ "id": field["id"] });
    let (part, given) = match field["type"].as_str().unwrap() {
        "date" => ("date", json!(1_767_225_600_000_u64)),
        "currency" => ("number", json!(50_000)),
        "score" => ("number", json!(3)),
        "scorecard" => ("scores", json!(vec![json!({ "score": 4, "comment": "good" }); rows])),
        "multiple-select" => ("choices", json!([option])),
        "dropdown" | "multiple-choice" | "score-system" => ("text", option),
        "yes-no" => ("text", json!("no")),
        _ => ("text", json!("Solid.")),
    };
    value[part] = given;
    value
}

async fn made(rig: &Rig) -> (String, Value, Value) {
    let opportunity = opportunity(rig);
    let (template, answers) = template(rig);
    let new = json!({ "base-template-id": template["id"], "field-values": answers });
    let form = rig.ok("feedback.create", json!([opportunity, new, user(rig)])).await;
    (opportunity, template, form)
}

fn stored(rig: &Rig, opportunity: &str, id: &str) -> Value {
    let forms = rig.mock.store().feedback(opportunity);
    forms.into_iter().find(|form| form["id"] == id).expect("it is there")
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, known) = first(&rig, |store, id| store.feedback(id).into_iter().next());
    let page = rig.ok("feedback.list-page", json!([opportunity, { "expand": ["user"] }])).await;
    let found = items(&page).iter().find(|form| form["id"] == known["id"]).unwrap();
    assert_eq!(found["type"], known["type"]);
    assert!(found["user"]["user"]["name"].is_string());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, known) =
        first(&rig, |store, id| Some(store.feedback(id)).filter(|forms| !forms.is_empty()));
    let all = rig.ok("feedback.list-all", json!([opportunity, { "limit": 1 }])).await;
    let (mut found, mut known) = (ids(items(&all)), ids(&known));
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("feedback.list-for-many", json!({ "limit": 1 }), |store, id| {
        store.feedback(id)
    })
    .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = first(&rig, |store, id| store.feedback(id).into_iter().next());
    let found = rig.ok("feedback.get", json!([opportunity, known["id"]])).await;
    assert_eq!(
        found["fields"].as_array().unwrap().len(),
        known["fields"].as_array().unwrap().len()
    );
    assert_eq!(found["base-template-id"], known["baseTemplateId"]);
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let (opportunity, template, form) = made(&rig).await;
    assert_eq!(form["base-template-id"], template["id"]);
    let stored = stored(&rig, &opportunity, &id(&form));
    for (field, asked) in
        stored["fields"].as_array().unwrap().iter().zip(template["fields"].as_array().unwrap())
    {
        assert!(!field["value"].is_null(), "{}: {field}", asked["type"]);
    }
    assert_eq!(rig.sent().len(), 2);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let (opportunity, _, form) = made(&rig).await;
    let before = stored(&rig, &opportunity, &id(&form));
    let fields = form["fields"].as_array().unwrap();
    let text = fields.iter().find(|field| field["type"] == "textarea").expect("it has one");
    let change = json!({ "field-values": [{ "id": text["id"], "text": "Better than that." }] });
    let args = json!([opportunity, form["id"], change, user(&rig)]);
    let changed = rig.ok("feedback.update", args).await;
    assert_eq!(changed["base-template-id"], form["base-template-id"], "it is read again");
    let after = stored(&rig, &opportunity, &id(&form));
    for (new, old) in
        after["fields"].as_array().unwrap().iter().zip(before["fields"].as_array().unwrap())
    {
        match new["id"] == text["id"] {
            true => assert_eq!(new["value"], "Better than that."),
            false => assert_eq!(new["value"], old["value"], "{}", old["type"]),
        }
    }
    assert_eq!(rig.sent().len(), 3);
    assert!(body(&rig.mock.requests()[1])["fieldValues"].is_array());
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let (opportunity, _, form) = made(&rig).await;
    rig.ok("feedback.delete", json!([opportunity, form["id"], user(&rig)])).await;
    let read = rig.ok("feedback.get", json!([opportunity, form["id"]])).await;
    assert!(read["deleted-at"].is_u64(), "Lever still shows it");
}

#[tokio::test]
async fn what_does_not_fit_the_template_is_refused_before_anything_is_written() {
    let rig = Rig::new().await;
    let opportunity = opportunity(&rig);
    let (template, answers) = template(&rig);
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut answers = answers.clone();
        change(&mut answers);
        json!([opportunity, { "base-template-id": template["id"], "field-values": answers }, "u"])
    };
    let place = |kind: &str| {
        let fields = template["fields"].as_array().unwrap();
        fields.iter().position(|field| field["type"] == kind)
    };
    let system = place("score-system").unwrap();
    let mut rows = vec![
        (with(&|answers| answers[system]["text"] = json!("5 - Perfect")), "score-system"),
        (with(&|answers| answers.push(json!({ "id": "no-such-field" }))), "no-such-field"),
        (with(&|answers| answers.push(answers[0].clone())), "twice"),
        (
            with(&|answers| answers[system] = json!({ "id": answers[system]["id"], "number": 3 })),
            "`text`",
        ),
        (with(&|answers| answers.clear()), "required"),
    ];
    for (kind, value, named) in [
        ("score", json!({ "number": 7 }), "1 to 4"),
        ("scorecard", json!({ "scores": [] }), ""),
        ("yes-no", json!({ "text": "maybe" }), "`yes` or `no`"),
        ("date", json!({ "text": "tomorrow" }), "`date`"),
        ("multiple-select", json!({ "choices": ["no such option"] }), "option"),
    ] {
        if let Some(place) = place(kind).filter(|_| !named.is_empty()) {
            let args = with(&|answers| {
                let mut value = value.clone();
                value["id"] = answers[place]["id"].clone();
                answers[place] = value;
            });
            rows.push((args, named));
        }
    }
    for (args, named) in rows {
        refused_locally(&rig, &[("feedback.create", args, named)]).await;
    }
    let half = json!([opportunity, { "base-template-id": template["id"], "panel": "p" }, "u"]);
    refused_locally(
        &rig,
        &[
            ("feedback.create", half, "together"),
            ("feedback.create", json!([opportunity, { "base-template-id": "t" }]), "perform-as"),
            ("feedback.update", json!([opportunity, "f", {}]), "perform-as"),
            ("feedback.delete", json!([opportunity, "f"]), "perform-as"),
        ],
    )
    .await;
}
