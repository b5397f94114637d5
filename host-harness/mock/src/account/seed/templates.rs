//! Seeded feedback templates: those of a usual account, one with every type of field, one made through the API.

use serde_json::{Value, json};

use super::DAY;
use crate::account::state::State;
use crate::endpoints::feedback_templates::{SCORES, Template};
use crate::random::Random;

/// A field of this type, as a template holds it.
fn field(random: &mut Random, kind: &str, title: &str, required: bool) -> Value {
    let mut field = json!({
        "id": random.uuid(),
        "type": kind,
        "text": title,
        "description": "",
        "required": required,
    });
    let more = match kind {
        "score-system" => json!({
            "prompt": "Select one",
            "options": SCORES.map(|score| json!({"text": score})),
        }),
        "dropdown" => json!({
            "prompt": "Pick a step",
            "options": [{"text": "Advance"}, {"text": "Hold"}, {"text": "Reject"}],
        }),
        "multiple-choice" => json!({"options": [{"text": "cake"}, {"text": "pie"}]}),
        "multiple-select" => {
            json!({"options": [{"text": "Go"}, {"text": "Rust"}, {"text": "C++"}]})
        }
        "scorecard" => json!({
            "scores": [
                {"text": "Debugging", "description": "Finds root causes"},
                {"text": "Communication", "description": ""},
            ],
        }),
        "code" => json!({"language": "python"}),
        "currency" => json!({"currency": "USD"}),
        "university" => json!({"prompt": "Choose one"}),
        _ => json!({}),
    };
    if let (Some(map), Value::Object(more)) = (field.as_object_mut(), more) {
        map.extend(more);
    }
    field
}

type Ask = (&'static str, &'static str, bool);

/// What the phone screen asks: type, text, required.
const SCREEN: [Ask; 7] = [
    ("score-system", "Rating", true),
    ("scorecard", "Skills", false),
    ("score", "Systems depth", false),
    ("dropdown", "Recommended next step", false),
    ("yes-no", "Would you interview again?", false),
    ("code", "Longest run", false),
    ("textarea", "Notes / Comments", false),
];

/// Every type that holds a value, also those that only other forms offer nowadays.
const EVERYTHING: [Ask; 14] = [
    ("score-system", "Rating", true),
    ("code", "Longest run", false),
    ("currency", "Compensation", false),
    ("date", "Start date", true),
    ("dropdown", "Next step", false),
    ("file-upload", "Whiteboard photo", false),
    ("multiple-choice", "Dessert", false),
    ("multiple-select", "Languages", true),
    ("score", "Depth", false),
    ("scorecard", "Skills", false),
    ("text", "One word", false),
    ("textarea", "Comments", false),
    ("university", "University", false),
    ("yes-no", "Eligible?", true),
];

const EXERCISE: [Ask; 3] =
    [("score-system", "Rating", true), ("code", "Solution", true), ("text", "Link", false)];

const BARE: [Ask; 1] = [("score-system", "Rating", false)];

fn template(random: &mut Random, title: &str, asks: &[Ask]) -> Template {
    Template {
        id: random.uuid(),
        title: title.to_owned(),
        group: Value::Null,
        instructions: String::new(),
        fields: asks.iter().map(|ask| field(random, ask.0, ask.1, ask.2)).collect(),
        stage: Value::Null,
        created_at: None,
        updated_at: None,
        made_by_api: false,
    }
}

/// Adds groups and templates.
pub(crate) fn add(state: &mut State, epoch: u64) {
    let stage = state.stages.get(5).map(|stage| stage.view()).unwrap_or_default();
    let random = &mut state.random;
    let groups = ["Engineering", "Sales"].map(|name| json!({"id": random.uuid(), "name": name}));
    let screen = template(random, "Phone screen", &SCREEN);
    let everything = template(random, "Everything", &EVERYTHING);
    let exercise = template(random, "Exercise", &EXERCISE);
    // Two of one name: only the id tells them apart.
    let again = template(random, "Phone screen", &BARE);
    state.templates = vec![
        Template {
            group: groups.first().cloned().unwrap_or_default(),
            instructions: "Fill in every required field.".to_owned(),
            stage,
            created_at: Some(epoch - 500 * DAY),
            updated_at: Some(epoch - 470 * DAY),
            ..screen
        },
        everything,
        Template {
            instructions: "Was the code run?\nSay so.".to_owned(),
            created_at: Some(epoch - 90 * DAY),
            made_by_api: true,
            ..exercise
        },
        again,
    ];
    state.groups = groups.to_vec();
}
