//! What each record of the WIT is in JSON and in memory, as calls of the macros that
//! implement it.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use wit_bindgen_core::wit_parser::{Field, Resolve, SizeAlign, Type, TypeDef, TypeDefKind, TypeId};

use crate::names::{camel, rust_name, rust_path, rust_type, snake};

/// Where Lever's name is not the camel case (records) or snake case (queries)
/// of ours.
const JSON_NAMES: &[(&str, &str)] = &[
    ("created-opportunity.opportunity", "data"),
    ("posting-query.distribution-channel", "distributionChannel"),
    ("user-query.access-role", "accessRole[]"),
    ("user-query.include-deactivated", "includeDeactivated"),
];

/// Interfaces whose JSON is in snake case: OAuth's, which is not of Lever's
/// making.
const SNAKE: &[&str] = &["oauth"];

/// Records that never are JSON of Lever's: errors are ours, an event is put
/// together from a checked delivery, files are bytes, and answers are written
/// as their questions demand.
const NOT_JSON: &[&str] = &[
    "error",
    "skipped",
    "webhook-event",
    "new-file",
    "downloaded-file",
    "field-value",
    "new-feedback",
    "feedback-change",
    "set-answers",
    "survey-answer",
    "survey-answers",
    "new-application",
];

/// The field for what the others do not carry, which is not a key of Lever's.
const UNKNOWN: &str = "other";

/// Lists that Lever keys by one of their items' fields.
const KEYED: &[&str] = &["offer.signatures"];

/// The records, one macro call after the other.
pub struct Records {
    sizes: SizeAlign,
    text: String,
}

impl Records {
    /// None yet.
    pub fn new(resolve: &Resolve) -> Self {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve);
        Records { sizes, text: String::new() }
    }

    /// Adds a type of an interface.
    pub fn add(&mut self, resolve: &Resolve, interface: &str, id: TypeId) -> Result<()> {
        self.layout(resolve, interface, id)?;
        self.json(resolve, interface, &resolve.types[id])
    }

    /// All of them.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Writes how a record or an enum lies in memory.
    fn layout(&mut self, resolve: &Resolve, interface: &str, id: TypeId) -> Result<()> {
        let definition = &resolve.types[id];
        let name = definition.name.as_deref().context("a type has no name")?;
        let path = rust_path(interface, name);
        match &definition.kind {
            TypeDefKind::Enum(_) => writeln!(self.text, "crate::abi::cases!({path});")?,
            TypeDefKind::Record(record) => {
                let ty = Type::Id(id);
                let size = self.sizes.size(&ty).size_wasm32();
                let align = self.sizes.align(&ty).align_wasm32();
                write!(self.text, "crate::abi::record!({size} {align} {path} {{ ")?;
                for field in &record.fields {
                    let kind = rust_type(resolve, &field.ty)?;
                    write!(self.text, "{}: {kind}, ", rust_name(&field.name))?;
                }
                writeln!(self.text, "}});")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes how a type is read and written as JSON.
    fn json(&mut self, resolve: &Resolve, interface: &str, definition: &TypeDef) -> Result<()> {
        let name = definition.name.as_deref().context("a type has no name")?;
        match &definition.kind {
            TypeDefKind::Enum(_) | TypeDefKind::Type(_) => {}
            TypeDefKind::Record(record) if name.ends_with("-result") => {
                let [id, items, rest @ ..] = record.fields.as_slice() else {
                    bail!("{interface}.{name}: a result is an id, what was found, and an error");
                };
                let found = rust_type(resolve, &items.ty)?;
                ensure!(
                    found.ends_with('>'),
                    "{interface}.{name}: what was found is a list or an option"
                );
                let one = if found.starts_with("Option") { ", one" } else { "" };
                let rest: Vec<&str> = rest.iter().map(|field| field.name.as_str()).collect();
                let expected: &[&str] =
                    if one.is_empty() { &["skipped", "error"] } else { &["error"] };
                ensure!(rest == expected, "{interface}.{name} ends in {}", expected.join(", "));
                let (path, id, items) =
                    (rust_path(interface, name), rust_name(&id.name), rust_name(&items.name));
                writeln!(
                    self.text,
                    "crate::core::read::rows::found!({path}, {id}, {items}{one});"
                )?;
            }
            TypeDefKind::Record(_) if NOT_JSON.contains(&name) => {}
            TypeDefKind::Record(record) if name.ends_with("-ref") => {
                let [_, object] = record.fields.as_slice() else {
                    bail!("{interface}.{name}: a reference is an id and an optional object");
                };
                let (path, field) = (rust_path(interface, name), rust_name(&object.name));
                writeln!(self.text, "crate::core::json::record::reference!({path}, {field});")?;
            }
            TypeDefKind::Record(record) => {
                if name.ends_with("-page") {
                    let path = rust_path(interface, name);
                    let item = rust_path(interface, name.trim_end_matches("-page"));
                    writeln!(self.text, "crate::core::read::rows::page!({path}, {item});")?;
                }
                let path = rust_path(interface, name);
                write!(self.text, "crate::core::json::record::record!({path} {{ ")?;
                let (unknown, fields): (Vec<_>, Vec<_>) =
                    record.fields.iter().partition(|field| field.name == UNKNOWN);
                let (json, other): (Vec<&Field>, Vec<&Field>) =
                    fields.iter().partition(|field| is_json(resolve, &field.ty));
                for (index, field) in json.into_iter().enumerate() {
                    let json = json_name(interface, name, &field.name);
                    let kind = shape(resolve, name, field);
                    write!(self.text, "{index} {} {json:?} {kind}, ", rust_name(&field.name))?;
                }
                write!(self.text, "}} besides ")?;
                for field in other {
                    write!(self.text, "{} ", rust_name(&field.name))?;
                }
                for field in unknown {
                    write!(self.text, "; other {}", rust_name(&field.name))?;
                }
                writeln!(self.text, ");")?;
            }
            other => bail!("{interface}.{name}: {} is not used in this world", other.as_str()),
        }
        Ok(())
    }
}

fn json_name(interface: &str, record: &str, field: &str) -> String {
    let selector = format!("{record}.{field}");
    match JSON_NAMES.iter().find(|(ours, _)| *ours == selector) {
        Some((_, theirs)) => (*theirs).into(),
        None if record.ends_with("-query") || SNAKE.contains(&interface) => snake(field),
        None => camel(field),
    }
}

/// How a field is read and written.
fn shape(resolve: &Resolve, record: &str, field: &Field) -> &'static str {
    let selector = format!("{record}.{}", field.name);
    let Type::Id(id) = field.ty else { return "plain" };
    match &resolve.types[id].kind {
        TypeDefKind::List(_) if KEYED.contains(&selector.as_str()) => "keyed",
        TypeDefKind::List(_) => "list",
        TypeDefKind::Option(Type::Id(inner)) if is_open(resolve, *inner) => "open",
        _ => "plain",
    }
}

/// Whether JSON holds the field, rather than our own code or a file's bytes.
fn is_json(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return true };
    let definition = &resolve.types[*id];
    match &definition.kind {
        TypeDefKind::Type(next) | TypeDefKind::List(next) | TypeDefKind::Option(next) => {
            is_json(resolve, next)
        }
        _ => !definition.name.as_deref().is_some_and(|name| NOT_JSON.contains(&name)),
    }
}

fn is_open(resolve: &Resolve, id: TypeId) -> bool {
    let definition = &resolve.types[id];
    match &definition.kind {
        TypeDefKind::Type(Type::Id(next)) => is_open(resolve, *next),
        _ => definition.name.as_deref() == Some("json"),
    }
}
