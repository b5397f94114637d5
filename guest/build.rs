//! Turns the WIT into Rust: the bindings, with Lever's JSON rules on every
//! record, and one route for each function.
//!
//! Nothing here names a record or an endpoint, apart from the two short tables
//! of exceptions.

// The ban is for the component; a build script is made of its environment.
#![allow(clippy::disallowed_methods)]

#[path = "build/outline.rs"]
mod outline;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use wit_bindgen_core::wit_parser::{
    Field, Function, InterfaceId, PackageId, Resolve, SizeAlign, Type, TypeDef, TypeDefKind,
    TypeId, TypeOwner,
};
use wit_bindgen_core::{Files, WorldGenerator as _};

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

/// The field for what the others do not carry, which is no key of Lever's.
const UNKNOWN: &str = "other";

/// Lists that Lever keys by one of their items' fields.
const KEYED: &[&str] = &["offer.signatures"];

fn main() -> Result<()> {
    let wit = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit)?;
    let world = resolve.select_world(&[package], Some("lever"))?;
    // The `wasi` crate binds the imports; ours are the exports.
    resolve.worlds[world].imports.clear();

    let mut rules = Rules::default();
    rules.sizes.fill(&resolve);
    for (interface, types, functions) in interfaces(&resolve, package) {
        for id in types.iter().copied() {
            rules.layout(&resolve, &interface, id)?;
            rules.type_(&resolve, &interface, &resolve.types[id])?;
        }
        rules.routes(&resolve, &interface, &types, &functions)?;
    }

    let options =
        wit_bindgen_rust::Opts { generate_all: true, pub_export_macro: true, ..Default::default() };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, bindings) = files.iter().next().context("no bindings were generated")?;
    let bindings = outline::shared(std::str::from_utf8(bindings)?)?;
    std::fs::write(out.join("bindings.rs"), bindings)?;
    std::fs::write(out.join("records.rs"), rules.records)?;
    std::fs::write(out.join("routes.rs"), rules.routes)?;
    Ok(())
}

type Interface<'a> = (String, Vec<TypeId>, Vec<&'a Function>);

fn interfaces(resolve: &Resolve, package: PackageId) -> Vec<Interface<'_>> {
    let named = |(name, id): (&String, &InterfaceId)| {
        let interface = &resolve.interfaces[*id];
        (
            name.clone(),
            interface.types.values().copied().collect(),
            interface.functions.values().collect(),
        )
    };
    resolve.packages[package].interfaces.iter().map(named).collect()
}

#[derive(Default)]
struct Rules {
    sizes: SizeAlign,
    records: String,
    routes: String,
}

impl Rules {
    /// Writes how a record or an enum lies in memory.
    fn layout(&mut self, resolve: &Resolve, interface: &str, id: TypeId) -> Result<()> {
        let definition = &resolve.types[id];
        let name = definition.name.as_deref().context("a type has no name")?;
        let path = rust_path(interface, name);
        match &definition.kind {
            TypeDefKind::Enum(_) => writeln!(self.records, "crate::abi::cases!({path});")?,
            TypeDefKind::Record(record) => {
                let ty = Type::Id(id);
                let size = self.sizes.size(&ty).size_wasm32();
                let align = self.sizes.align(&ty).align_wasm32();
                write!(self.records, "crate::abi::record!({size} {align} {path} {{ ")?;
                for field in &record.fields {
                    let kind = rust_type(resolve, &field.ty)?;
                    write!(self.records, "{}: {kind}, ", rust_name(&field.name))?;
                }
                writeln!(self.records, "}});")?;
            }
            _ => {}
        }
        Ok(())
    }

    fn type_(&mut self, resolve: &Resolve, interface: &str, definition: &TypeDef) -> Result<()> {
        let name = definition.name.as_deref().context("a type has no name")?;
        match &definition.kind {
            TypeDefKind::Enum(_) | TypeDefKind::Type(_) => {}
            TypeDefKind::Record(record) if name.ends_with("-result") => {
                let [id, items, rest @ ..] = record.fields.as_slice() else {
                    bail!("{interface}.{name}: a result is an id, what was found, and an error");
                };
                let found = rust_type(resolve, &items.ty)?;
                let item = found.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
                let item = item.context("what was found is a list or an option")?;
                let one = if found.starts_with("Option") { ", one" } else { "" };
                let rest: Vec<&str> = rest.iter().map(|field| field.name.as_str()).collect();
                let expected: &[&str] =
                    if one.is_empty() { &["skipped", "error"] } else { &["error"] };
                ensure!(rest == expected, "{interface}.{name} ends in {}", expected.join(", "));
                let (path, id, items) =
                    (rust_path(interface, name), rust_name(&id.name), rust_name(&items.name));
                writeln!(
                    self.records,
                    "crate::core::many::outcome!({path}, {id}, {items}, {item}{one});"
                )?;
            }
            TypeDefKind::Record(_) if NOT_JSON.contains(&name) => {}
            TypeDefKind::Record(record) if name.ends_with("-ref") => {
                let [_, object] = record.fields.as_slice() else {
                    bail!("{interface}.{name}: a reference is an id and an optional object");
                };
                let (path, field) = (rust_path(interface, name), rust_name(&object.name));
                writeln!(self.records, "crate::core::record::reference!({path}, {field});")?;
            }
            TypeDefKind::Record(record) => {
                if name.ends_with("-page") {
                    let path = rust_path(interface, name);
                    let item = rust_path(interface, name.trim_end_matches("-page"));
                    writeln!(self.records, "crate::core::pager::page!({path}, {item});")?;
                }
                let path = rust_path(interface, name);
                write!(self.records, "crate::core::record::record!({path} {{ ")?;
                let (unknown, fields): (Vec<_>, Vec<_>) =
                    record.fields.iter().partition(|field| field.name == UNKNOWN);
                let (json, other): (Vec<&Field>, Vec<&Field>) =
                    fields.iter().partition(|field| is_json(resolve, &field.ty));
                for (place, field) in json.into_iter().enumerate() {
                    let json = json_name(interface, name, &field.name);
                    let kind = shape(resolve, name, field);
                    write!(self.records, "{place} {} {json:?} {kind}, ", rust_name(&field.name))?;
                }
                write!(self.records, "}} besides ")?;
                for field in other {
                    write!(self.records, "{} ", rust_name(&field.name))?;
                }
                for field in unknown {
                    write!(self.records, "; other {}", rust_name(&field.name))?;
                }
                writeln!(self.records, ");")?;
            }
            other => bail!("{interface}.{name}: {} is not used in this world", other.as_str()),
        }
        Ok(())
    }

    /// Writes one `Route` for each function, from the last line of its doc.
    fn routes(
        &mut self,
        resolve: &Resolve,
        interface: &str,
        types: &[TypeId],
        functions: &[&Function],
    ) -> Result<()> {
        let mut lines = String::new();
        for function in functions {
            let id = format!("{interface}.{}", function.name);
            let docs = function.docs.contents.as_deref().unwrap_or_default();
            let line = docs.lines().last().unwrap_or_default();
            let mut quoted = line.split('`').skip(1).step_by(2);
            let (Some(route), Some(scope)) = (quoted.next(), quoted.next()) else {
                bail!(
                    "{id}: the last line of the doc must be its route, such as `GET /x` `x:read`"
                );
            };
            let Some((method, path)) = route.split_once(" /") else {
                continue; // `local`
            };
            let method = match method {
                "GET" => "Get",
                "POST" => "Post",
                "PUT" => "Put",
                "DELETE" => "Delete",
                other => bail!("{id}: unknown method {other} in its route"),
            };
            let segments: Vec<String> = path.split('/').map(segment).collect();
            let constant = snake(&function.name).to_uppercase();
            // Where Lever's documents differ, the first is its own list's.
            let scope = scope.split(" or ").next().unwrap_or_default();
            let query = query(resolve, types, function);
            let expand = field(&query, "expand").map(quoted_words).unwrap_or_default();
            let limit = field(&query, "limit").is_some();
            writeln!(
                lines,
                "    /// `{route}`\n    pub const {constant}: Route = Route {{ name: {id:?}, \
                 method: Method::{method}, segments: &[{}], scope: {scope:?}, \
                 expand: &{expand:?}, limit: {limit} }};",
                segments.join(", ")
            )?;
        }
        let module = snake(interface);
        if !lines.is_empty() {
            write!(
                self.routes,
                "/// Routes of `{interface}`.\npub mod {module} {{\n    use super::*;\n{lines}}}\n"
            )?;
        }
        Ok(())
    }
}

/// The fields of the query that a function takes; of the interface's first one
/// that can expand, where the function takes names to expand by themselves.
fn query<'a>(resolve: &'a Resolve, types: &[TypeId], function: &Function) -> Vec<&'a Field> {
    let named = |ty: &Type| match ty {
        Type::Id(id) => Some(*id),
        _ => None,
    };
    let mut own = function.params.iter().filter_map(|param| named(&param.ty));
    let is_query = |id: &TypeId| {
        resolve.types[*id].name.as_deref().is_some_and(|name| name.ends_with("-query"))
    };
    let fields = |id: TypeId| match &resolve.types[id].kind {
        TypeDefKind::Record(record) => record.fields.iter().collect(),
        _ => Vec::new(),
    };
    if let Some(id) = own.find(is_query) {
        return fields(id);
    }
    let expands = function.params.iter().any(|param| param.name == "expand");
    let mut queries = types.iter().copied().filter(is_query).map(fields);
    queries.find(|fields| expands && field(fields, "expand").is_some()).unwrap_or_default()
}

fn field<'a>(fields: &[&'a Field], name: &str) -> Option<&'a Field> {
    fields.iter().copied().find(|field| field.name == name)
}

/// What stands in backticks in a field's documentation.
fn quoted_words(field: &Field) -> Vec<String> {
    let docs = field.docs.contents.as_deref().unwrap_or_default();
    docs.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn segment(text: &str) -> String {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => format!("Segment::Id({name:?})"),
        None => format!("Segment::Word({text:?})"),
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

fn rust_path(interface: &str, name: &str) -> String {
    let pascal: String = name.split('-').map(capital).collect();
    format!("exports::ats::lever::{}::{pascal}", snake(interface))
}

/// A field's type in Rust.
fn rust_type(resolve: &Resolve, ty: &Type) -> Result<String> {
    let id = match ty {
        Type::Id(id) => *id,
        Type::String => return Ok("String".into()),
        Type::Bool => return Ok("bool".into()),
        Type::U8 => return Ok("u8".into()),
        Type::U16 => return Ok("u16".into()),
        Type::U32 => return Ok("u32".into()),
        Type::U64 => return Ok("u64".into()),
        Type::F64 => return Ok("f64".into()),
        other => bail!("{other:?} is not used in this world"),
    };
    let definition = &resolve.types[id];
    Ok(match (&definition.kind, definition.owner, definition.name.as_deref()) {
        (TypeDefKind::Type(next), ..) => rust_type(resolve, next)?,
        (TypeDefKind::List(item), ..) => format!("Vec<{}>", rust_type(resolve, item)?),
        (TypeDefKind::Option(some), ..) => format!("Option<{}>", rust_type(resolve, some)?),
        (_, TypeOwner::Interface(owner), Some(name)) => {
            let interface = resolve.interfaces[owner].name.as_deref();
            rust_path(interface.context("an interface has no name")?, name)
        }
        (other, ..) => bail!("{} is not used in this world", other.as_str()),
    })
}

/// A field's name in Rust, as the bindings write it.
fn rust_name(kebab: &str) -> String {
    match kebab {
        "type" => "type_".into(),
        _ => snake(kebab),
    }
}

fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capital(word))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
