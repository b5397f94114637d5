//! The form of a WIT type and name in Rust.

use std::collections::HashSet;

use wit_parser::{Docs, Resolve, Result_, Type, TypeDefKind, TypeId, TypeOwner};

/// The types of the WIT.
#[derive(Clone, Copy)]
pub struct Forms<'a>(pub &'a Resolve);

impl Forms<'_> {
    /// A type's form in Rust, where it has one.
    pub fn rust(self, ty: &Type) -> Option<String> {
        let id = match ty {
            Type::Id(id) => *id,
            Type::Bool => return Some("bool".into()),
            Type::U8 => return Some("u8".into()),
            Type::U16 => return Some("u16".into()),
            Type::U32 => return Some("u32".into()),
            Type::U64 => return Some("u64".into()),
            Type::S8 => return Some("i8".into()),
            Type::S16 => return Some("i16".into()),
            Type::S32 => return Some("i32".into()),
            Type::S64 => return Some("i64".into()),
            Type::F32 => return Some("f32".into()),
            Type::F64 => return Some("f64".into()),
            Type::Char => return Some("char".into()),
            Type::String => return Some("String".into()),
            Type::ErrorContext => return None,
        };
        let definition = &self.0.types[id];
        match &definition.kind {
            TypeDefKind::Type(next) => return self.rust(next),
            TypeDefKind::List(Type::U8) => return Some("::bytes::Bytes".into()),
            TypeDefKind::List(item) => return Some(format!("Vec<{}>", self.rust(item)?)),
            TypeDefKind::Option(some) => return Some(format!("Option<{}>", self.rust(some)?)),
            kind => parts(kind)?.iter().try_for_each(|part| self.rust(part).map(drop))?,
        }
        let (TypeOwner::Interface(owner), Some(name)) = (definition.owner, &definition.name) else {
            return None;
        };
        let interface = self.0.interfaces[owner].name.as_deref()?;
        Some(format!("crate::types::{}::{}", snake(interface), pascal(name)))
    }

    /// The sides of a `result`.
    pub fn result(self, ty: Type) -> Option<Result_> {
        let Type::Id(id) = ty else { return None };
        match &self.0.types[id].kind {
            TypeDefKind::Type(next) => self.result(*next),
            TypeDefKind::Result(result) => Some(result.clone()),
            _ => None,
        }
    }

    /// Adds this type and all in it.
    pub fn reach(self, ty: &Type, found: &mut HashSet<TypeId>) {
        if let Type::Id(id) = ty
            && found.insert(*id)
        {
            let parts = parts(&self.0.types[*id].kind).unwrap_or_default();
            parts.iter().for_each(|part| self.reach(part, found));
        }
    }

    /// Whether something of this type may be made of nothing.
    pub fn has_default(self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return true };
        match &self.0.types[*id].kind {
            TypeDefKind::List(_) | TypeDefKind::Option(_) => true,
            kind @ (TypeDefKind::Record(_) | TypeDefKind::Type(_)) => {
                parts(kind).is_some_and(|parts| parts.iter().all(|part| self.has_default(part)))
            }
            _ => false,
        }
    }

    /// Whether this is a record with a field of that name.
    pub fn has_field(self, ty: &Type, name: &str) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.0.types[*id].kind {
            TypeDefKind::Type(next) => self.has_field(next, name),
            TypeDefKind::Record(record) => record.fields.iter().any(|field| field.name == name),
            _ => false,
        }
    }

    /// Whether there may be a number in it that JSON has no form for.
    pub fn has_floats(self, ty: &Type) -> bool {
        match ty {
            Type::Id(id) => {
                let parts = parts(&self.0.types[*id].kind).unwrap_or_default();
                parts.iter().any(|part| self.has_floats(part))
            }
            other => matches!(other, Type::F32 | Type::F64),
        }
    }
}

/// The types that a type is made of; none where it has no form in Rust here.
fn parts(kind: &TypeDefKind) -> Option<Vec<Type>> {
    Some(match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Enum(_) => Vec::new(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => vec![*ty],
        _ => return None,
    })
}

/// Docs as Rust has them.
pub fn docs(docs: &Docs) -> String {
    let lines = docs.contents.iter().flat_map(|text| text.trim_end().lines());
    lines.map(|line| format!("/// {line}\n")).collect()
}

/// A name of the WIT as one of a field, a parameter or a module.
pub fn snake(kebab: &str) -> String {
    match kebab {
        "as" | "async" | "await" | "box" | "break" | "const" | "continue" | "crate" | "do"
        | "dyn" | "else" | "enum" | "extern" | "false" | "final" | "fn" | "for" | "gen" | "if"
        | "impl" | "in" | "let" | "loop" | "match" | "mod" | "move" | "mut" | "priv" | "pub"
        | "ref" | "return" | "static" | "struct" | "trait" | "true" | "try" | "type" | "unsafe"
        | "use" | "where" | "while" | "yield" => format!("r#{kebab}"),
        "self" | "super" => format!("{kebab}_"),
        _ => kebab.replace('-', "_"),
    }
}

/// A name of the WIT as one of a type or a case.
pub fn pascal(kebab: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    kebab.split('-').map(capital).collect()
}
