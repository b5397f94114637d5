//! A change of one field leaves every other field as it was, whatever Lever
//! replaces for it: one row for each field of each change record of the WIT.

mod subjects;

use std::collections::BTreeSet;

use lever_host::catalog::Catalog;
use lever_host::embedded;
use serde_json::{Value, json};

use crate::support::Rig;
use subjects::{Subject, all};

/// One field given another value, and where in the record that shows.
pub struct Row {
    /// The field in the change, or in the list of it that stands before the dot.
    pub field: &'static str,
    pub value: Value,
    /// JSON pointers into the stored record; what is there after the change, if
    /// that can be told.
    pub shows: Vec<(&'static str, Option<Value>)>,
}

/// Functions that take a change record, with the name of that parameter: by the
/// text of the WIT, so that a new one cannot be forgotten.
fn changing() -> BTreeSet<(String, String)> {
    let files = embedded::WIT.iter().filter(|(path, _)| !path.contains('/'));
    let functions = files.flat_map(|(path, text)| {
        let interface = path.trim_end_matches(".wit");
        text.lines().filter_map(move |line| {
            let (name, rest) = line.trim().split_once(": func(")?;
            let (params, _) = rest.split_once(") ->")?;
            let mut params = params.split(", ").filter_map(|param| param.split_once(": "));
            let is_change = |kind: &str| {
                kind.trim_start_matches("list<").trim_end_matches('>').ends_with("-change")
            };
            let (param, _) = params.find(|(_, kind)| is_change(kind))?;
            Some((format!("{interface}.{}", name.trim_start_matches('%')), param.to_owned()))
        })
    });
    functions.collect()
}

/// The fields of a record in the schema; those of a record in a list of changes
/// behind the list's name.
fn fields(schema: &Value, prefix: &str) -> BTreeSet<String> {
    let properties = schema["properties"].as_object().expect("a change is a record");
    let fields = properties.iter().flat_map(|(name, schema)| {
        let items = &schema["items"];
        match name.starts_with("change-") && items["properties"].is_object() {
            true => fields(items, &format!("{name}.")),
            // Which record it is, is not a change of it.
            false if name == "id" => BTreeSet::new(),
            false => BTreeSet::from([format!("{prefix}{name}")]),
        }
    });
    fields.collect()
}

#[test]
fn every_field_of_every_change_record_has_a_row() {
    let rows = subjects::fields();
    let mut derived = BTreeSet::new();
    for (function, param) in changing() {
        let known = Catalog::embedded().function_by_id(&function).expect("it is listed");
        let param = known.params.iter().find(|it| it.name == param).expect("it takes one");
        let schema = match param.schema["items"].is_object() {
            true => &param.schema["items"],
            false => &param.schema,
        };
        derived.extend(fields(schema, "").into_iter().map(|field| format!("{function} {field}")));
    }
    assert!(derived.len() > 50, "{derived:?}");
    assert_eq!(rows, derived);
}

/// The record without what may differ.
fn without(mut record: Value, shows: &[(&str, Option<Value>)], always: &[&str]) -> Value {
    let pointers = shows.iter().map(|(pointer, _)| *pointer).chain(always.iter().copied());
    for pointer in pointers.chain(["/updatedAt"]) {
        if let Some(value) = record.pointer_mut(pointer) {
            *value = Value::Null;
        }
    }
    record
}

#[tokio::test]
async fn a_change_of_one_field_leaves_every_other_field_as_it_was() {
    let mut wrong = Vec::new();
    let rig = Rig::new().await;
    for make in all() {
        let Subject { function, rows, change, record, always } = make(&rig).await;
        for Row { field, value, shows } in rows {
            let before = record(&rig);
            let (list, name) = field.split_once('.').unwrap_or(("", field));
            let result = rig.call(function, change(list, json!({ name: value }))).await;
            let after = record(&rig);
            if result.is_err() {
                wrong.push(format!("{function} {field}: {result:?}"));
            }
            for (pointer, expected) in &shows {
                let found = after.pointer(pointer).cloned().unwrap_or_default();
                if expected.as_ref().is_some_and(|expected| *expected != found) {
                    wrong.push(format!("{function} {field}: {pointer} is {found}"));
                }
            }
            let (before, after) = (without(before, &shows, always), without(after, &shows, always));
            if before != after {
                wrong.push(format!("{function} {field}: from {before}\nto {after}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_change_that_mentions_nothing_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    for (function, _) in changing().into_iter().filter(|(_, param)| param == "change") {
        let known = Catalog::embedded().function_by_id(&function).expect("it is listed");
        let args: Value = known
            .params
            .iter()
            .map(|param| if param.name == "change" { json!({}) } else { json!("x") })
            .collect();
        let error = rig.err(&function, args).await;
        let told = (&error["kind"], &error["outcome"]);
        assert_eq!(told, (&json!("invalid-input"), &json!("not-sent")), "{function} {error}");
        let message = error["message"].as_str().expect("errors have messages");
        assert!(message.contains("mentions nothing"), "{function}: {message}");
        assert!(rig.sent().is_empty(), "{function}: {}", rig.mock.describe());
    }
}
