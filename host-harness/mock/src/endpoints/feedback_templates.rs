//! Feedback templates: what a feedback form asks.
//!
//! A change replaces the template and gives every field a new id, so that ids kept elsewhere go stale.

use serde_json::{Map, Value, json};

use crate::account::state::{State, text};
use crate::endpoints::opportunities::select;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// What a body may hold.
pub(crate) const KEYS: &[&str] = &[
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

/// The types a feedback form can ask with.
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

/// What a score system offers where the body says nothing else.
pub(crate) const SCORES: [&str; 4] =
    ["4 - Strong Hire", "3 - Hire", "2 - No Hire", "1 - Strong No Hire"];

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
    let mut templates = state.templates.iter();
    templates
        .find(|template| template.id == call.id(0))
        .ok_or(Failure::NoRecord("Feedback template"))
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let rows = state.templates.iter().map(|template| {
        let key = vec![Part::Text(template.title.clone()), Part::Text(template.id.clone())];
        (key, select(template.view(), call))
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Data(200, select(find(state, call)?.view(), call)))
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
            if let Some(said) = item.text(name)? {
                whole.insert(name.to_owned(), json!(said));
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

/// What a body says of a template, whole, with new ids for its fields.
fn said(state: &mut State, call: &Call) -> Result<Template, Failure> {
    let body = call.body()?;
    let title = body.need_filled("text")?.to_owned();
    let group = match body.text("group")? {
        None => Value::Null,
        Some(id) => {
            let known = state.groups.iter().find(|group| text(group, "id") == id);
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

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let template = said(state, call)?;
    let template = Template { id: state.random.uuid(), ..template };
    let view = template.view();
    state.templates.push(template);
    Ok(Answer::Data(201, view))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let before = find(state, call)?.clone();
    let said = said(state, call)?;
    let after = Template {
        title: said.title,
        group: said.group,
        instructions: said.instructions,
        fields: said.fields,
        updated_at: Some(call.now),
        ..before
    };
    let view = after.view();
    if let Some(place) = state.templates.iter_mut().find(|place| place.id == after.id) {
        *place = after;
    }
    Ok(Answer::Data(200, view))
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    if !find(state, call)?.made_by_api {
        let message = "Only templates created through the API can be deleted.";
        return Err(Failure::Forbidden(message.to_owned()));
    }
    state.templates.retain(|template| template.id != call.id(0));
    Ok(Answer::Empty)
}
