//! The fields that Lever replaces, and random records and changes of them.

use serde_json::{Map, Value, json};

use super::super::texts;
use crate::support::random::Random;

pub(super) type Object = Map<String, Value>;

/// How a field that is read is written.
pub(super) type Back = fn(&Value) -> Value;

/// A field of a replacement, by Lever's documentation.
pub(super) struct Field {
    name: &'static str,
    /// Whether it may be left out, which empties it.
    may_go: bool,
    back: Back,
}

pub(super) const fn stays(name: &'static str) -> Field {
    Field { name, may_go: false, back: Value::clone }
}

pub(super) const fn goes(name: &'static str) -> Field {
    Field { name, may_go: true, back: Value::clone }
}

pub(super) const USER: &[Field] = &[
    stays("name"),
    stays("email"),
    stays("accessRole"),
    goes("photo"),
    goes("externalDirectoryId"),
    goes("linkedContactIds"),
    goes("jobTitle"),
    goes("managerId"),
];

pub(super) const TEMPLATE: &[Field] = &[
    stays("text"),
    goes("instructions"),
    Field { name: "group", may_go: true, back: |group| group["id"].clone() },
    stays("fields"),
];

pub(super) const INTERVIEW: &[Field] = &[
    stays("panel"),
    goes("subject"),
    goes("note"),
    Field { name: "interviewers", may_go: false, back: interviewers },
    stays("date"),
    stays("duration"),
    goes("location"),
    goes("feedbackTemplate"),
    goes("feedbackReminder"),
];

pub(super) const PANEL: &[Field] = &[
    stays("applications"),
    stays("timezone"),
    goes("feedbackReminder"),
    goes("note"),
    goes("externalUrl"),
];

/// Of an interviewer, Lever takes the id and the template.
pub(super) fn interviewers(read: &Value) -> Value {
    let only = |one: &Value| {
        let mut written = Object::new();
        for name in ["id", "feedbackTemplate"] {
            if !one[name].is_null() {
                written.insert(name.to_owned(), one[name].clone());
            }
        }
        Value::Object(written)
    };
    read.as_array().map(|all| all.iter().map(only).collect()).unwrap_or_default()
}

/// A value as Lever may have it.
pub(super) fn value(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => json!(random.next()),
        2 => json!([texts::any(random)]),
        3 => json!([]),
        4 => json!({ "id": texts::word(random), "name": texts::any(random) }),
        5 => json!(random.below(2) == 0),
        _ => json!(texts::any(random)),
    }
}

/// A record with some of these fields, and with others that nobody writes.
pub(super) fn read(random: &mut Random, table: &[Field]) -> Object {
    let mut record = Object::new();
    for field in table {
        if random.below(5) > 0 {
            let value = match field.name {
                "interviewers" => people(random, 1),
                "duration" => json!(1 + random.below(90)),
                "group" => json!({ "id": texts::word(random), "name": texts::any(random) }),
                "fields" => {
                    json!([{ "type": "score-system", "text": texts::any(random) }, { "type": "text" }])
                }
                _ => value(random),
            };
            record.insert(field.name.to_owned(), value);
        }
    }
    for name in ["id", "createdAt", "urls", "username"] {
        record.insert(name.to_owned(), value(random));
    }
    record
}

pub(super) fn people(random: &mut Random, least: usize) -> Value {
    let one = |random: &mut Random| {
        json!({
            "id": texts::word(random), "email": "a@b", "name": texts::any(random),
            "feedbackTemplate": if random.below(2) == 0 { Value::Null } else { json!("t") },
        })
    };
    (0..least + random.below(3)).map(|_| one(random)).collect()
}

/// A change of some of these fields: texts, or what the name says.
pub(super) fn change(random: &mut Random, table: &[Field]) -> Object {
    let mut change = Object::new();
    for field in table.iter().filter(|field| field.name != "panel") {
        if random.below(4) == 0 {
            let value = match field.name {
                "interviewers" => json!([{ "id": texts::word(random) }]),
                "linkedContactIds" | "applications" => json!([texts::word(random)]),
                "fields" => json!([{ "type": random.of(&["score-system", "text"]), "text": "x" }]),
                "date" => json!(random.next() >> 20),
                "duration" => json!(random.below(3)),
                _ => json!(texts::any(random)),
            };
            change.insert(field.name.to_owned(), value);
        }
    }
    let mut clear = Vec::new();
    for field in table {
        if (field.may_go && random.below(8) == 0) || random.below(40) == 0 {
            clear.push(field.name);
        }
    }
    change.insert("clear".to_owned(), json!(clear));
    change
}

pub(super) fn clear(change: &Object) -> Vec<&str> {
    change["clear"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether what is to be emptied can be, and is not given as well.
pub(super) fn is_clear_sound(change: &Object, table: &[Field]) -> bool {
    clear(change).iter().all(|name| {
        table.iter().any(|field| field.name == *name && field.may_go) && !change.contains_key(*name)
    })
}

/// What must be written.
pub(super) fn whole(current: &Object, change: &Object, table: &[Field]) -> Object {
    let mut whole = Object::new();
    for field in table {
        let there = current.get(field.name).filter(|value| !value.is_null());
        let value = match change.get(field.name) {
            Some(given) => Some(given.clone()),
            None if clear(change).contains(&field.name) => None,
            None => there.map(field.back),
        };
        whole.extend(value.map(|value| (field.name.to_owned(), value)));
    }
    whole
}
