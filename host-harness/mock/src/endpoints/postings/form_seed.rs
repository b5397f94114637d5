//! Seeded application forms: question sets of every type a posting can ask with, EEO, consent,
//! required links.
//!
//! Also the postings that only these lists show: one for colleagues, one confidential, one in two
//! places.

use serde_json::{Value, json};

use crate::account::postings::{is_confidential, urls};
use crate::account::records::text;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::form_fields::empty;
use crate::endpoints::postings::form::Questions;
use crate::random::Random;

fn field(random: &mut Random, kind: &str, title: &str, required: bool, more: Value) -> Value {
    let mut field = json!({
        "id": random.uuid(),
        "type": kind,
        "text": title,
        "description": "",
        "required": required,
    });
    let value = empty(&field);
    if let (Some(map), Value::Object(more)) = (field.as_object_mut(), more) {
        map.extend(more);
        map.insert("value".to_owned(), value);
    }
    field
}

fn options(texts: &[&str]) -> Value {
    texts.iter().map(|text| json!({"text": text})).collect()
}

fn set(random: &mut Random, title: &str, distribution: &[&str], fields: Vec<Value>) -> Value {
    json!({
        "id": random.uuid(),
        "text": title,
        "fields": fields,
        "distribution": distribution,
    })
}

/// Everything a set can ask with.
fn screening(random: &mut Random) -> Value {
    let languages = json!({"options": options(&["Go", "Python", "Rust"])});
    let notice = json!({"options": options(&["Now", "In a month", "Later"]), "prompt": "Pick one"});
    let fields = vec![
        field(random, "textarea", "Why Harborlight?", true, json!({})),
        field(random, "multiple-select", "Which languages do you know?", false, languages),
        field(
            random,
            "university",
            "What university did you attend?",
            false,
            json!({"prompt": ""}),
        ),
        field(random, "file-upload", "Attach your take-home", false, json!({})),
        field(random, "dropdown", "When can you start?", true, notice),
        field(
            random,
            "multiple-choice",
            "Boats?",
            false,
            json!({"options": options(&["Yes", "No"])}),
        ),
        field(random, "text", "Pronouns", false, json!({})),
    ];
    set(random, "Infrastructure screening", &["external", "internal"], fields)
}

fn colleagues(random: &mut Random) -> Value {
    let fields = vec![field(random, "text", "Who is your manager?", true, json!({}))];
    set(random, "For colleagues", &["internal"], fields)
}

fn dropdown(label: &str, texts: &[&str]) -> Value {
    let options = texts.iter().map(|text| json!({"text": text, "optionId": text}));
    json!({
        "type": "dropdown",
        "text": label,
        "description": null,
        "required": false,
        "prompt": label,
        "options": options.collect::<Vec<_>>(),
        "value": null,
    })
}

fn line(label: &str) -> Value {
    json!({"type": "text", "text": label, "description": "", "required": false, "value": null})
}

fn eeo() -> Value {
    let decline = "Decline to self-identify";
    json!({
        "gender": dropdown("Gender", &["Female", "Male", decline]),
        "race": dropdown("Race", &[
            "Hispanic or Latino",
            "Two or More Races (Not Hispanic or Latino)",
            decline,
        ]),
        "veteran": dropdown("Veteran status", &["I am a veteran", "I am not a veteran", decline]),
        "disability": dropdown("Voluntary self-identification of disability", &[
            "Yes, I have a disability, or have a history/record of having a disability",
            "No, I don't have a disability, or a history/record of having a disability",
            "I don't wish to answer",
        ]),
        "disabilitySignature": line("Disability signature"),
        "disabilitySignatureDate": line("Disability signature date"),
    })
}

fn consent(random: &mut Random) -> Value {
    let policy = random.uuid();
    json!({
        "store": {
            "statement": "Harborlight may keep my data.",
            "statementHtml": "<p>Harborlight may keep my data.</p>",
            "displayState": "MANDATORY_DISCLOSURE_SHOWN",
            "compliancePolicyId": policy,
        },
        "marketing": {
            "displayState": "ASSUMED_DISCLOSURE_HIDDEN",
            "compliancePolicyId": policy,
        },
    })
}

/// A copy of the first posting under its own id, then changed.
fn posting(
    state: &mut State,
    title: &str,
    change: impl FnOnce(&mut serde_json::Map<String, Value>),
) {
    let id = state.random.uuid();
    let mut posting = state.postings.first().cloned().unwrap_or_default();
    if let Some(map) = posting.as_object_mut() {
        let created_at = map.get("createdAt").and_then(Value::as_u64).unwrap_or(0);
        map.insert("id".to_owned(), json!(id));
        map.insert("text".to_owned(), json!(title));
        map.insert("createdAt".to_owned(), json!(created_at + 300 * DAY));
        map.insert("updatedAt".to_owned(), json!(created_at + 310 * DAY));
        map.insert("urls".to_owned(), urls(&id, "published"));
        change(map);
    }
    state.postings.push(posting);
}

/// The further postings, and a form for every posting that was there before the API came.
pub(crate) fn seed(state: &mut State, _: &Seeding) {
    posting(state, "Harbour Pilot", |map| {
        map.insert("distributionChannels".to_owned(), json!(["internal"]));
    });
    posting(state, "Chief of Staff", |map| {
        map.insert("confidentiality".to_owned(), json!("confidential"));
    });
    posting(state, "Rigger", |map| {
        let categories = json!({
            "department": "Engineering",
            "level": "Senior",
            "location": "Lisbon",
            "team": "Platform",
            "commitment": "Full-time",
            "allLocations": ["Lisbon", "Remote - EU"],
        });
        map.insert("categories".to_owned(), categories);
        map.insert("state".to_owned(), json!("internal"));
        map.insert("distributionChannels".to_owned(), Value::Null);
        map.insert("salaryDescription".to_owned(), json!("Depends on the ship."));
        map.insert("salaryDescriptionHtml".to_owned(), json!("<p>Depends on the ship.</p>"));
        map.insert("requisitionCodes".to_owned(), json!(["ENG-145"]));
        map.insert("reqCode".to_owned(), json!("ENG-145"));
        let item =
            json!({"text": "Needed", "content": "<li>Knots</li><li>A head for heights</li>"});
        map.insert(
            "content".to_owned(),
            json!({
                "description": "Rig things.\n",
                "descriptionHtml": "<div>Rig <i>things</i>.</div>",
                "lists": [item],
                "closing": "Harborlight is an equal opportunity workplace.",
                "closingHtml": "<div>Harborlight is an equal opportunity workplace.</div>",
            }),
        );
    });
    let links = vec![("LinkedIn", false), ("Other", false)];
    for n in 0..state.postings.len() {
        let Some(posting) = state.postings.get(n) else { return };
        let id = text(posting, "id").to_owned();
        let is_bare = is_confidential(posting);
        let random = &mut state.random;
        let questions = match n % 5 {
            _ if is_bare => Questions { urls: links.clone(), ..Questions::default() },
            0 => Questions {
                sets: vec![screening(random)],
                eeo: Some(eeo()),
                urls: links.clone(),
                consent: consent(random),
                ..Questions::default()
            },
            1 => Questions {
                sets: vec![colleagues(random), screening(random)],
                urls: vec![("LinkedIn", true), ("GitHub", false)],
                required: vec!["phone", "resume"],
                ..Questions::default()
            },
            2 => Questions { eeo: Some(eeo()), urls: links.clone(), ..Questions::default() },
            _ => Questions { urls: links.clone(), ..Questions::default() },
        };
        state.all_mut().push(Questions { posting: id, ..questions });
    }
}
