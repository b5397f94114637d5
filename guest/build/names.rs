//! How the WIT's names and types are spelt in Rust and in JSON.

use anyhow::{Context, Result, bail};
use wit_bindgen_core::wit_parser::{Resolve, Type, TypeDefKind, TypeOwner};

/// A type of an interface.
pub fn rust_path(interface: &str, name: &str) -> String {
    let pascal: String = name.split('-').map(capital).collect();
    format!("exports::ats::lever::{}::{pascal}", snake(interface))
}

/// A field's type in Rust.
pub fn rust_type(resolve: &Resolve, ty: &Type) -> Result<String> {
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
pub fn rust_name(kebab: &str) -> String {
    match kebab {
        "type" => "type_".into(),
        _ => snake(kebab),
    }
}

/// `list-page` as `list_page`.
pub fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}

/// `list-page` as `listPage`.
pub fn camel(kebab: &str) -> String {
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
