//! The types of the WIT as Rust: how each lies in the component's memory, by
//! wasmtime's derives, and how it reads and writes as JSON, by the macros of
//! `src/value`. Only for what it is used for, which is half of the compiling.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use wit_parser::{Enum, Record, Type, TypeDefKind, TypeOwner, Variant};

use super::forms::{Forms, docs, pascal, snake};
use super::{Modules, Uses};

/// Every type that a function takes or answers, by interface.
pub fn modules(forms: Forms<'_>, uses: &Uses) -> Result<Modules> {
    let mut modules = Modules::new();
    for (id, definition) in forms.0.types.iter() {
        let (taken, answered) = (uses.taken.contains(&id), uses.answered.contains(&id));
        let (TypeOwner::Interface(owner), Some(name)) = (definition.owner, &definition.name) else {
            continue;
        };
        if !taken && !answered {
            continue;
        }
        let read = taken || uses.errors.contains(&id);
        let mut derives = vec!["Clone", "Debug", "PartialEq"];
        derives.push("::wasmtime::component::ComponentType");
        derives.extend(taken.then_some("::wasmtime::component::Lower"));
        derives.extend(answered.then_some("::wasmtime::component::Lift"));
        let one = Definition { forms, name, read, answered };
        let text = match &definition.kind {
            TypeDefKind::Record(record) => {
                let made_of_nothing =
                    record.fields.iter().all(|field| forms.has_default(&field.ty));
                derives.extend((taken && made_of_nothing).then_some("Default"));
                one.record(record)?
            }
            TypeDefKind::Enum(cases) => {
                derives.extend(["Copy", "Eq"]);
                one.cases(cases)?
            }
            TypeDefKind::Variant(variant) => one.variant(variant)?,
            TypeDefKind::Type(aliased) => {
                derives.clear();
                one.alias(aliased)?
            }
            _ => continue,
        };
        let interface = forms.0.interfaces[owner].name.as_deref();
        let module = modules.entry(interface.context("an interface has no name")?.to_owned());
        let module = module.or_default();
        if !text.is_empty() {
            module.push_str(&docs(&definition.docs));
        }
        if !derives.is_empty() {
            writeln!(module, "#[derive({})]", derives.join(", "))?;
        }
        module.push_str(&text);
    }
    Ok(modules)
}

struct Definition<'a> {
    forms: Forms<'a>,
    name: &'a str,
    /// Whether it can be read from JSON.
    read: bool,
    /// Whether it can be written as JSON.
    answered: bool,
}

impl Definition<'_> {
    fn rust(&self, ty: &Type) -> Result<String> {
        self.forms.rust(ty).with_context(|| format!("{} has no form in Rust", self.name))
    }

    fn record(&self, record: &Record) -> Result<String> {
        let ty = pascal(self.name);
        let mut text = format!("#[component(record)]\npub struct {ty} {{\n");
        let mut names = Vec::new();
        for field in &record.fields {
            let (name, field_name) = (&field.name, snake(&field.name));
            let field_ty = self.rust(&field.ty)?;
            text.push_str(&docs(&field.docs));
            writeln!(text, "#[component(name = {name:?})]\npub {field_name}: {field_ty},")?;
            names.push((name, field_name));
        }
        text.push_str("}\n");
        let written = |(name, field): &(&String, String)| format!("{name:?} {field}");
        if self.read {
            let names: Vec<_> = names.iter().map(written).collect();
            let (kebab, names) = (self.name, names.join(", "));
            writeln!(text, "crate::value::given_record!({ty} {kebab:?} {{ {names} }});")?;
        }
        if self.answered {
            // The order of the JSON.
            names.sort();
            let names = names.iter().enumerate();
            let names: Vec<_> = names.map(|(n, name)| format!("{n} {}", written(name))).collect();
            writeln!(text, "crate::value::data_record!({ty} {{ {} }});", names.join(", "))?;
        }
        Ok(text)
    }

    fn cases(&self, cases: &Enum) -> Result<String> {
        ensure!(cases.cases.len() <= 256, "{} has more than 256 cases", self.name);
        let ty = pascal(self.name);
        let mut text = format!("#[component(enum)]\n#[repr(u8)]\npub enum {ty} {{\n");
        let mut names = Vec::new();
        for case in &cases.cases {
            let (name, rust) = (&case.name, pascal(&case.name));
            writeln!(text, "{}#[component(name = {name:?})]\n{rust},", docs(&case.docs))?;
            names.push(format!("{name:?} {rust}"));
        }
        text.push_str("}\n");
        self.macros(text, "enum", &names)
    }

    fn variant(&self, variant: &Variant) -> Result<String> {
        let ty = pascal(self.name);
        let mut text = format!("#[component(variant)]\npub enum {ty} {{\n");
        let mut names = Vec::new();
        for case in &variant.cases {
            let (name, rust) = (&case.name, pascal(&case.name));
            let payload = case.ty.as_ref().map(|ty| self.rust(ty)).transpose()?;
            let (payload, value) =
                payload.map_or_else(Default::default, |ty| (format!("({ty})"), " (value)"));
            writeln!(text, "{}#[component(name = {name:?})]\n{rust}{payload},", docs(&case.docs))?;
            names.push(format!("{name:?} {rust}{value}"));
        }
        text.push_str("}\n");
        self.macros(text, "variant", &names)
    }

    fn macros(&self, mut text: String, kind: &str, names: &[String]) -> Result<String> {
        let (ty, kebab, names) = (pascal(self.name), self.name, names.join(", "));
        if self.read {
            writeln!(text, "crate::value::given_{kind}!({ty} {kebab:?} {{ {names} }});")?;
        }
        if self.answered {
            writeln!(text, "crate::value::data_{kind}!({ty} {{ {names} }});")?;
        }
        Ok(text)
    }

    /// A name for another type; nothing where an interface uses another's type
    /// by its own name.
    fn alias(&self, aliased: &Type) -> Result<String> {
        if let Type::Id(id) = aliased
            && self.forms.0.types[*id].name.as_deref() == Some(self.name)
        {
            return Ok(String::new());
        }
        Ok(format!("pub type {} = {};\n", pascal(self.name), self.rust(aliased)?))
    }
}
