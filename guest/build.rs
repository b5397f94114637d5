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

use anyhow::{Context, Result, bail};
use wit_bindgen_core::wit_parser::{
    Function, InterfaceId, PackageId, Resolve, SizeAlign, Type, TypeDef, TypeDefKind, TypeId,
    TypeOwner,
};
use wit_bindgen_core::{Files, WorldGenerator as _};

/// Where Lever's name is not the camel case (records) or snake case (queries)
/// of ours.
const JSON_NAMES: &[(&str, &str)] = &[
    ("created-opportunity.opportunity", "data"),
    ("user-query.access-role", "accessRole[]"),
    ("user-query.include-deactivated", "includeDeactivated"),
];

/// Interfaces whose JSON is in snake case: OAuth's, which is not of Lever's
/// making.
const SNAKE: &[&str] = &["oauth"];

/// Records that never are JSON of Lever's: the error is ours, and an event is
/// put together from a checked delivery.
const NOT_JSON: &[&str] = &["error", "webhook-event"];

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
        for id in types {
            rules.layout(&resolve, &interface, id)?;
            rules.type_(&resolve, &interface, &resolve.types[id])?;
        }
        rules.routes(&interface, &functions)?;
    }

    let options = wit_bindgen_rust::Opts {
        additional_type_attributes: rules.types,
        additional_member_attributes: rules.members,
        generate_all: true,
        pub_export_macro: true,
        ..Default::default()
    };
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
    types: Vec<(String, String)>,
    members: Vec<(String, String)>,
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
        let selector = format!("ats:lever/{interface}@0.1.0/{name}");
        match &definition.kind {
            TypeDefKind::Enum(_) | TypeDefKind::Type(_) => {}
            TypeDefKind::Record(_) if NOT_JSON.contains(&name) => {}
            TypeDefKind::Record(record) if name.ends_with("-ref") => {
                let [_, object] = record.fields.as_slice() else {
                    bail!("{interface}.{name}: a reference is an id and an optional object");
                };
                let (path, field) = (rust_path(interface, name), rust_name(&object.name));
                writeln!(self.records, "crate::core::record::reference!({path}, {field});")?;
            }
            TypeDefKind::Record(record) => {
                self.types.push((selector.clone(), "#[derive(serde::Serialize)]".into()));
                if name.ends_with("-page") {
                    let path = rust_path(interface, name);
                    let item = rust_path(interface, name.trim_end_matches("-page"));
                    writeln!(self.records, "crate::core::pager::page!({path}, {item});")?;
                }
                write!(
                    self.records,
                    "crate::core::record::record!({} {{ ",
                    rust_path(interface, name)
                )?;
                for (place, field) in record.fields.iter().enumerate() {
                    let json = json_name(interface, name, &field.name);
                    let (kind, absent) = shape(resolve, &field.ty);
                    let attribute = format!("#[serde(rename = {json:?}{absent})]");
                    self.members.push((format!("{selector}.{}", field.name), attribute));
                    write!(self.records, "{place} {} {json:?} {kind}, ", rust_name(&field.name))?;
                }
                writeln!(self.records, "}});")?;
            }
            other => bail!("{interface}.{name}: {} is not used in this world", other.as_str()),
        }
        Ok(())
    }

    /// Writes one `Route` for each function, from the last line of its doc.
    fn routes(&mut self, interface: &str, functions: &[&Function]) -> Result<()> {
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
            writeln!(
                lines,
                "    /// `{route}`\n    pub const {constant}: Route = Route {{ name: {id:?}, \
                 method: Method::{method}, segments: &[{}], scope: {scope:?} }};",
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

/// How a field is read, and what is said to serde's `Serialize`: empty lists and
/// absent options are left out, open JSON is carried as it came.
fn shape(resolve: &Resolve, ty: &Type) -> (&'static str, &'static str) {
    let Type::Id(id) = ty else { return ("plain", "") };
    match &resolve.types[*id].kind {
        TypeDefKind::List(_) => ("list", ", skip_serializing_if = \"Vec::is_empty\""),
        TypeDefKind::Option(Type::Id(inner)) if is_json(resolve, *inner) => (
            "open",
            ", serialize_with = \"crate::core::json::open\", skip_serializing_if = \"Option::is_none\"",
        ),
        TypeDefKind::Option(_) => ("plain", ", skip_serializing_if = \"Option::is_none\""),
        _ => ("plain", ""),
    }
}

fn is_json(resolve: &Resolve, id: TypeId) -> bool {
    let definition = &resolve.types[id];
    match &definition.kind {
        TypeDefKind::Type(Type::Id(next)) => is_json(resolve, *next),
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
