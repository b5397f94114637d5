//! Feedback templates: the fields of feedback forms.
//!
//! A change replaces the template and gives every field a new id, so that ids kept elsewhere go
//! stale.

use serde_json::{Map, Value, json};

use crate::account::records::text;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::Unused;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, read, write};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::cursor::Part;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};
use crate::random::Random;

const SCOPE: Names = &["feedback_templates"];

const TEMPLATES: &str = "/feedback_templates";
const TEMPLATE: &str = "/feedback_templates/:template";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "feedback_templates",
    rows: &[
        read(SCOPE, TEMPLATES, PAGE, &[], list),
        read(SCOPE, TEMPLATE, ONE, &[], get),
        write("POST", SCOPE, TEMPLATES, Unused, &[], Json(KEYS), create),
        write("PUT", SCOPE, TEMPLATE, Unused, &[], Json(KEYS), update),
        write("DELETE", SCOPE, TEMPLATE, Unused, &[], Nothing, delete),
    ],
    records: Some(|state| state.all().iter().map(Template::view).collect()),
    seed: Some(seed),
};

/// What a body may hold.
const KEYS: &[&str] = &[
    "text",
    "instructions",
    "group",
    "fields/*/id",
    "fields/*/type",
    "fields/*/text",
    "fields/*/description",
    "fields/*/required",
    "fields/*/prompt",
    "fields/*/language",
    "fields/*/options/*/text",
    "fields/*/options/*/optionId",
    "fields/*/options/*/description",
    "fields/*/scores/*/text",
    "fields/*/scores/*/description",
];

/// The types a field of a feedback form can have.
const TYPES: [&str; 11] = [
    "code",
    "date",
    "dropdown",
    "multiple-choice",
    "multiple-select",
    "score-system",
    "score",
    "scorecard",
    "text",
    "textarea",
    "yes-no",
];

/// The default options of a score system.
const SCORES: [&str; 4] = ["4 - Strong Hire", "3 - Hire", "2 - No Hire", "1 - Strong No Hire"];

/// What templates can be grouped by: id and name.
#[derive(Clone, Debug)]
pub(crate) struct Group(pub Value);

/// A feedback template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub id: String,
    pub title: String,
    pub group: Value,
    pub instructions: String,
    /// Without values.
    pub fields: Vec<Value>,
    pub stage: Value,
    pub created_at: Option<u64>,
    pub updated_at: Option<u64>,
    /// Only these can be deleted.
    pub made_by_api: bool,
}

impl Template {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "text": self.title,
            "group": self.group,
            "instructions": self.instructions,
            "fields": self.fields,
            "stage": self.stage,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        })
    }
}

fn find<'s>(state: &'s State, call: &Call) -> Result<&'s Template, Failure> {
    let mut templates = state.all::<Template>().iter();
    templates
        .find(|template| template.id == call.id(0))
        .ok_or(Failure::NoRecord("Feedback template"))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let rows = state.all::<Template>().iter().map(|template| {
        let key = vec![Part::Text(template.title.clone()), Part::Text(template.id.clone())];
        (key, call.select(template.view()))
    });
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, call.select(find(state, call)?.view())))
}

/// What can be chosen, or the rows that are scored: texts with descriptions.
fn texts(field: &Fields, name: &str) -> Result<Option<Vec<Value>>, Failure> {
    let Some(items) = field.children(name)? else {
        return Ok(None);
    };
    if items.is_empty() {
        return Err(field.refuse(name, "Must not be empty."));
    }
    let items = items.iter().map(|item| {
        let mut whole = Map::new();
        whole.insert("text".to_owned(), json!(item.need_filled("text")?));
        for name in ["optionId", "description"] {
            if let Some(value) = item.text(name)? {
                whole.insert(name.to_owned(), json!(value));
            }
        }
        Ok(Value::Object(whole))
    });
    items.collect::<Result<_, Failure>>().map(Some)
}

/// A field as a template holds it, still without an id.
fn field(given: &Fields) -> Result<Value, Failure> {
    let kind = given.one_of("type", &TYPES)?;
    let kind = kind.ok_or_else(|| Failure::missing(given.pointer("type")))?;
    let mut field = Map::new();
    let mut set = |name: &str, value: Value| field.insert(name.to_owned(), value);
    set("type", json!(kind));
    set("text", json!(given.need_filled("text")?));
    set("description", json!(given.text("description")?.unwrap_or_default()));
    set("required", json!(given.flag("required")?.unwrap_or(false)));
    if let Some(prompt) = given.text("prompt")? {
        set("prompt", json!(prompt));
    }
    if let Some(language) = given.text("language")? {
        set("language", json!(language));
    }
    let needed =
        |name: &str| texts(given, name)?.ok_or_else(|| Failure::missing(given.pointer(name)));
    match kind {
        "dropdown" | "multiple-choice" | "multiple-select" => {
            set("options", json!(needed("options")?));
        }
        "score-system" => {
            let usual = || SCORES.map(|score| json!({"text": score})).to_vec();
            set("options", json!(texts(given, "options")?.unwrap_or_else(usual)));
        }
        "scorecard" => {
            set("scores", json!(needed("scores")?));
        }
        _ => {}
    }
    Ok(Value::Object(field))
}

/// The template a body describes, with new ids for its fields.
fn described(state: &mut State, call: &Call) -> Result<Template, Failure> {
    let body = call.body()?;
    let title = body.need_filled("text")?.to_owned();
    let group = match body.text("group")? {
        None => Value::Null,
        Some(id) => {
            let known =
                state.all::<Group>().iter().map(|it| &it.0).find(|group| text(group, "id") == id);
            known.cloned().ok_or_else(|| body.refuse("group", "Group was not found."))?
        }
    };
    let fields = body.need_children("fields")?;
    let mut fields = fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    let systems = fields.iter().filter(|field| text(field, "type") == "score-system").count();
    if systems != 1 {
        return Err(body.refuse("fields", "Needs exactly one field of type score-system."));
    }
    let instructions = body.text("instructions")?.unwrap_or_default().to_owned();
    for field in &mut fields {
        if let Some(map) = field.as_object_mut() {
            map.insert("id".to_owned(), json!(state.random.uuid()));
        }
    }
    Ok(Template {
        id: String::new(),
        title,
        group,
        instructions,
        fields,
        stage: Value::Null,
        created_at: Some(call.now),
        updated_at: None,
        made_by_api: true,
    })
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let template = described(state, call)?;
    let template = Template { id: state.random.uuid(), ..template };
    let view = template.view();
    state.all_mut::<Template>().push(template);
    Ok(Reply::Data(201, view))
}

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let before = find(state, call)?.clone();
    let template = described(state, call)?;
    let after = Template {
        title: template.title,
        group: template.group,
        instructions: template.instructions,
        fields: template.fields,
        updated_at: Some(call.now),
        ..before
    };
    let view = after.view();
    if let Some(slot) = state.all_mut::<Template>().iter_mut().find(|slot| slot.id == after.id) {
        *slot = after;
    }
    Ok(Reply::Data(200, view))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    if !find(state, call)?.made_by_api {
        let message = "Only templates created through the API can be deleted.";
        return Err(Failure::Forbidden(message.to_owned()));
    }
    state.all_mut::<Template>().retain(|template| template.id != call.id(0));
    Ok(Reply::Empty)
}

/// A field of this type, as a template holds it.
fn seeded_field(random: &mut Random, kind: &str, title: &str, required: bool) -> Value {
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

type FieldRow = (&'static str, &'static str, bool);

/// The fields of the phone screen: type, text, required.
const SCREEN: [FieldRow; 7] = [
    ("score-system", "Rating", true),
    ("scorecard", "Skills", false),
    ("score", "Systems depth", false),
    ("dropdown", "Recommended next step", false),
    ("yes-no", "Would you interview again?", false),
    ("code", "Longest run", false),
    ("textarea", "Notes / Comments", false),
];

/// Every type that holds a value, also those that only other forms offer nowadays.
const EVERYTHING: [FieldRow; 14] = [
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

const EXERCISE: [FieldRow; 3] =
    [("score-system", "Rating", true), ("code", "Solution", true), ("text", "Link", false)];

const BARE: [FieldRow; 1] = [("score-system", "Rating", false)];

fn template(random: &mut Random, title: &str, rows: &[FieldRow]) -> Template {
    Template {
        id: random.uuid(),
        title: title.to_owned(),
        group: Value::Null,
        instructions: String::new(),
        fields: rows.iter().map(|row| seeded_field(random, row.0, row.1, row.2)).collect(),
        stage: Value::Null,
        created_at: None,
        updated_at: None,
        made_by_api: false,
    }
}

/// Groups; the templates of a usual account, one with every type of field, one made through the
/// API.
fn seed(state: &mut State, &Seeding { epoch, .. }: &Seeding) {
    let stage = state.stages.get(5).map(|stage| stage.view()).unwrap_or_default();
    let random = &mut state.random;
    let groups = ["Engineering", "Sales"].map(|name| json!({"id": random.uuid(), "name": name}));
    let screen = template(random, "Phone screen", &SCREEN);
    let everything = template(random, "Everything", &EVERYTHING);
    let exercise = template(random, "Exercise", &EXERCISE);
    // Two of one name, which differ in their ids only.
    let again = template(random, "Phone screen", &BARE);
    let templates = [
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
    state.all_mut().extend(templates);
    state.all_mut().extend(groups.map(Group));
}
