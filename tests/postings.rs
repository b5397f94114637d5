//! `postings`: jobs, changes that lose nothing, and applying.

use serde_json::{Value, json};

use crate::support::{Rig, base64, body, id, ids, items, refused_locally, user};

const DAY: u64 = 86_400_000;

fn in_state(rig: &Rig, state: &str) -> Value {
    let postings = rig.mock.store().postings();
    postings.into_iter().find(|posting| posting["state"] == state).expect("there is one")
}

fn posting(rig: &Rig, id: &str) -> Value {
    let postings = rig.mock.store().postings();
    postings.into_iter().find(|posting| posting["id"] == id).expect("it is there")
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let query = json!([{
        "limit": 3, "state": "published", "distribution-channel": ["public", "internal"],
        "expand": ["owner", "followers"],
    }]);
    let page = rig.ok("postings.list-page", query).await;
    assert!(items(&page).iter().all(|posting| posting["state"] == "published"));
    assert!(items(&page)[0]["owner"]["user"]["name"].is_string());
    assert!(items(&page)[0]["followers"][0]["user"]["name"].is_string());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let all = rig.ok("postings.list-all", json!([{ "limit": 4 }])).await;
    let mut known = rig.mock.store().postings();
    known.retain(|posting| posting["confidentiality"] == "non-confidential");
    let mut known = ids(&known);
    let mut found = ids(items(&all));
    known.sort();
    found.sort();
    assert_eq!(found, known);
}

#[tokio::test]
async fn every_filter_reaches_lever_under_its_own_name() {
    let rig = Rig::new().await;
    let query = json!({
        "limit": 9, "include": ["text"], "expand": ["user"], "state": "draft",
        "distribution-channel": ["public"], "confidentiality": "non-confidential", "group": "team",
        "team": ["a"], "department": ["b"], "location": ["c"], "commitment": ["d"], "level": ["e"],
        "tag": ["f", "g"],
    });
    let fields = query.as_object().unwrap().len();
    rig.ok("postings.list-page", json!([query])).await;
    let seen = &rig.mock.requests()[0];
    let mut names: Vec<&str> = seen.pairs.iter().map(|(name, _)| name.as_str()).collect();
    // The host asks for what tells it which records are confidential.
    assert_eq!(names.pop(), Some("include"));
    names.dedup();
    assert_eq!(names.len(), fields, "{names:?}");
    rig.ok("postings.list-page", json!([{ "updated-at-start": 1, "updated-at-end": 2 }])).await;
    let seen = &rig.mock.requests()[0];
    assert_eq!(
        (seen.values("updated_at_start"), seen.values("updated_at_end")),
        (vec!["1"], vec!["2"])
    );
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let known = in_state(&rig, "published");
    let found =
        rig.ok("postings.get", json!([known["id"], [], ["hiringManager"], "external"])).await;
    assert_eq!(found["text"], known["text"]);
    assert_eq!(found["content"]["description-html"], known["content"]["descriptionHtml"]);
    assert_eq!(rig.mock.requests()[0].values("distribution"), ["external"]);
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let new = json!({
        "text": "Boat Builder", "state": "draft", "tags": ["boats"],
        "categories": { "team": "Platform", "location": "Lisbon", "all-locations": ["Lisbon"] },
        "content": { "description-html": "<div>Build boats.</div>", "closing-posting-html": "<div>Bye</div>" },
        "salary-range": { "min": 27.5, "max": 40, "currency": "EUR", "interval": "per-hour-wage" },
    });
    let made = rig.ok("postings.create", json!([new, user(&rig)])).await;
    let seen = &rig.mock.requests()[0];
    assert_eq!(seen.values("perform_as"), [user(&rig)]);
    assert_eq!(body(seen)["salaryRange"]["max"], json!(40), "a whole number has no fraction");
    assert_eq!(posting(&rig, &id(&made))["text"], "Boat Builder");
    assert_eq!(made["salary-range"]["min"], json!(27.5));
    assert_eq!(made["salary-range"]["max"], json!(40), "nor has one in a result");
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let before = in_state(&rig, "internal");
    let change = json!({ "text": "Data Analyst, Finance" });
    let changed = rig.ok("postings.update", json!([before["id"], change, user(&rig)])).await;
    assert_eq!(changed["text"], "Data Analyst, Finance");
    let after = posting(&rig, before["id"].as_str().unwrap());
    for kept in ["state", "urls", "categories", "content", "tags"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    let methods: Vec<_> = rig.mock.requests().iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(methods, ["GET", "POST"]);
}

#[tokio::test]
async fn a_part_of_the_content_or_of_the_categories_leaves_the_rest() {
    let rig = Rig::new().await;
    let before = in_state(&rig, "published");
    let change = json!({
        "content": { "description-html": "<div>New.</div>" }, "categories": { "team": "Sails" },
        "clear": ["tags"],
    });
    rig.ok("postings.update", json!([before["id"], change, user(&rig)])).await;
    let after = posting(&rig, before["id"].as_str().unwrap());
    assert_eq!(after["categories"]["team"], "Sails");
    assert_eq!(after["categories"]["location"], before["categories"]["location"]);
    assert_eq!(after["content"]["closingHtml"], before["content"]["closingHtml"]);
    assert_eq!(after["content"]["lists"], before["content"]["lists"]);
    assert_eq!((&after["tags"], &after["state"]), (&json!([]), &json!("published")));
}

#[tokio::test]
pub async fn get_apply_questions() {
    let rig = Rig::new().await;
    let posting = id(&in_state(&rig, "published"));
    let known = rig.mock.store().apply_questions(&posting).unwrap();
    let found = rig.ok("postings.get-apply-questions", json!([posting, "external"])).await;
    assert_eq!(found["id"], json!(posting));
    let names = |fields: &Value| -> Vec<String> {
        let fields = fields.as_array().unwrap().iter();
        fields.map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&found["personal-information"]), names(&known["personalInformation"]));
}

/// A posting with a question set of which something is required, and sound
/// answers to all its questions.
fn application(rig: &Rig) -> (String, Value) {
    let store = rig.mock.store();
    let postings = store.postings().into_iter().filter(|posting| posting["state"] == "published");
    let with_questions = |posting: &Value| {
        let questions = store.apply_questions(posting["id"].as_str()?)?;
        let sets = questions["customQuestions"].as_array()?.clone();
        let fields = |set: &Value| set["fields"].as_array().cloned().unwrap_or_default();
        sets.iter()
            .any(|set| fields(set).iter().any(|field| field["required"] == true))
            .then_some(questions)
    };
    let (posting, questions) = postings
        .filter_map(|posting| Some((id(&posting), with_questions(&posting)?)))
        .next()
        .expect("a published posting asks something");
    let answer = |field: &Value| {
        let option = field["options"][0]["text"].clone();
        let mut value = json!({ "id": field["id"] });
        let (part, given) = match field["type"].as_str().unwrap() {
            "multiple-select" => ("choices", json!([option])),
            "dropdown" | "multiple-choice" => ("text", option),
            "yes-no" => ("text", json!("yes")),
            "file-upload" => ("file", json!({ "name": "task.txt", "content": "Tasks" })),
            _ => ("text", json!("I like boats.")),
        };
        value[part] = given;
        value
    };
    let is_external = |set: &&Value| {
        set["distribution"].as_array().is_some_and(|for_whom| for_whom.contains(&json!("external")))
    };
    let sets: Vec<Value> = questions["customQuestions"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_external)
        .map(|set| {
            let fields: Vec<Value> = set["fields"].as_array().unwrap().iter().map(answer).collect();
            json!({ "id": set["id"], "fields": fields })
        })
        .collect();
    let mut person = vec![
        json!({ "name": "fullName", "value": "Remy Castellan" }),
        json!({ "name": "email", "value": "remy.castellan@example.com" }),
    ];
    for field in questions["personalInformation"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        if field["required"] == true && !["fullName", "email", "resume"].contains(&name) {
            person.push(json!({ "name": name, "value": "x" }));
        }
    }
    let application = json!({
        "personal-information": person, "custom-questions": sets,
        "resume": { "name": "cv 2.pdf", "content": base64(b"%PDF-1.7 \x00\xff") },
        "timezone": "America/Los_Angeles", "origin": "applied",
    });
    (posting, application)
}

#[tokio::test]
pub async fn apply() {
    let rig = Rig::new().await;
    let (posting, application) = application(&rig);
    let before = rig.mock.store().opportunity_ids().len();
    let applied = rig.ok("postings.apply", json!([posting, application, true])).await;
    let made = rig.mock.store().application(applied["application-id"].as_str().unwrap()).unwrap();
    assert_eq!(made["name"], "Remy Castellan");
    assert_eq!(made["timezone"], "America/Los_Angeles");
    assert_eq!(rig.mock.store().opportunity_ids().len(), before + 1);
    let seen = rig.mock.requests();
    assert_eq!(seen.last().unwrap().values("send_confirmation_email"), ["true"]);
    let upload = &rig.mock.store().uploads()[0];
    assert_eq!(upload["filename"], "cv 2.pdf");
    let bytes = rig.mock.store().upload_bytes(upload["id"].as_str().unwrap()).unwrap();
    assert_eq!(bytes, b"%PDF-1.7 \x00\xff");
    let sent: Vec<String> = rig.sent();
    assert!(sent[0].starts_with("GET ") && sent.last().unwrap().ends_with("/apply"), "{sent:?}");
}

#[tokio::test]
async fn an_application_that_does_not_fit_leaves_nothing_at_lever() {
    let rig = Rig::new().await;
    let (posting, sound) = application(&rig);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut application = sound.clone();
        change(&mut application);
        json!([posting, application])
    };
    let rows = [
        (changed(&|a| a["custom-questions"] = json!([])), "required"),
        (changed(&|a| a["personal-information"] = json!([])), "fullName"),
        (changed(&|a| a["custom-questions"][0]["fields"].as_array_mut().unwrap().reverse()), ""),
        (changed(&|a| a["custom-questions"][0]["id"] = json!("other")), "\"other\""),
        (changed(&|a| a["resume"]["name"] = json!("a\nb.pdf")), "file name"),
        (changed(&|a| a["resume"]["name"] = json!("a\"b.pdf")), "file name"),
        (changed(&|a| a["urls"] = json!([{ "name": "Myspace", "value": "x" }])), "\"Myspace\""),
    ];
    for (args, named) in rows {
        refused_locally(&rig, &[("postings.apply", args, named)]).await;
    }
    assert!(rig.mock.store().uploads().is_empty());
}

#[tokio::test]
async fn eeo_answers_take_a_grant_of_their_own_at_the_wire() {
    let mut rig = Rig::new().await;
    let (posting, mut application) = application(&rig);
    let questions = rig.mock.store().apply_questions(&posting).unwrap();
    let gender = questions["eeoQuestions"]["gender"]["options"][0]["text"].clone();
    application["eeo-responses"] = json!({ "gender": gender });
    rig.agent.eeo = false;
    let result = rig.call("postings.apply", json!([posting, application])).await;
    let Err(lever_host::runtime::CallError::Refused(refusal)) = result else {
        panic!("{result:?}")
    };
    assert!(refusal.message.contains("eeo = true"), "{}", refusal.message);
    let applied = rig.sent().iter().filter(|line| line.starts_with("POST /postings")).count();
    assert_eq!(applied, 0, "{}", rig.mock.describe());
    rig.agent.eeo = true;
    rig.ok("postings.apply", json!([posting, application])).await;
}

fn span(rig: &Rig) -> Value {
    let deleted = rig.mock.store().deleted_postings();
    let latest = deleted.iter().filter_map(|it| it["deletedAt"].as_u64()).max().unwrap();
    json!({ "deleted-at-start": latest - 20 * DAY, "deleted-at-end": latest + 1 })
}

#[tokio::test]
pub async fn list_deleted() {
    let rig = Rig::new().await;
    let page = rig.ok("postings.list-deleted", json!([span(&rig)])).await;
    assert!(items(&page)[0]["deleted-at"].is_u64());
}

#[tokio::test]
pub async fn list_all_deleted() {
    let rig = Rig::new().await;
    let mut query = span(&rig);
    query["limit"] = json!(1);
    let all = rig.ok("postings.list-all-deleted", json!([query])).await;
    assert!(!items(&all).is_empty());
    assert_eq!(rig.sent().len(), items(&all).len());
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let range = json!({ "text": "x", "salary-range": { "min": 1, "max": 2 } });
    refused_locally(
        &rig,
        &[
            ("postings.list-page", json!([{ "updated-at-start": 1, "state": "draft" }]), "state"),
            ("postings.list-all", json!([{ "updated-at-end": 1, "tag": ["x"] }]), "tag"),
            ("postings.list-page", json!([{ "expand": ["stage"] }]), "\"stage\""),
            ("postings.get", json!(["p", [], ["contact"]]), "\"contact\""),
            ("postings.create", json!([{ "text": "x" }]), "perform-as"),
            ("postings.create", json!([range, user(&rig)]), "salary-range"),
            ("postings.update", json!(["p", { "text": "x" }]), "perform-as"),
            (
                "postings.list-deleted",
                json!([{ "deleted-at-start": 0, "deleted-at-end": 31 * DAY }]),
                "30",
            ),
        ],
    )
    .await;
}
