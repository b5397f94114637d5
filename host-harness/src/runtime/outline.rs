//! A component that is not compiled yet: what it imports and exports, by name,
//! and whether compiling it keeps within bounds.
//!
//! Compiling takes time and memory out of all proportion to some components'
//! sizes, so whoever may not call them learns that from this, and what no tool
//! makes of any program is refused here.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::{
    Encoding, FunctionBody, Operator, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

use super::HostError;
use super::component::{interface_of, invalid};
use super::error::CallError;
use crate::audit::escape;

/// Bytes of a component. CPython with its library takes 40 MiB.
const SIZE: u64 = 64 << 20;

/// Functions of all its modules. CPython has 20,000.
const FUNCTIONS: u64 = 200_000;

/// Bytes of one function; large interpreters' loops take 200 KiB.
const FUNCTION_SIZE: u64 = 1 << 20;

/// Locals of one function, and of all together. Compiled without any
/// optimisation, large functions have some thousands.
const LOCALS: u64 = 10_000;
const ALL_LOCALS: u64 = 2_000_000;

/// Blocks within each other in one function: a `match` has one for each arm.
const NESTING: u64 = 5_000;

/// Types of the component and its modules.
const TYPES: u64 = 50_000;

/// Modules and components within it. A Rust component has four.
const PARTS: u64 = 500;

/// Names of a component's own making.
#[derive(Debug, Default)]
pub struct Outline {
    /// What it imports, with packages and versions.
    pub imports: Vec<String>,
    exports: Vec<Export>,
}

#[derive(Debug)]
struct Export {
    name: String,
    functions: Vec<String>,
}

impl Outline {
    /// Reads a component, but for what its functions do.
    pub fn read(bytes: &[u8]) -> Result<Self, HostError> {
        within("bytes", bytes.len() as u64, SIZE)?;
        let mut tally = Tally::default();
        let mut outline = Outline::default();
        let mut exports = Vec::new();
        let mut types = None;
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut parser = Parser::new(0);
        parser.set_features(WasmFeatures::all());
        for payload in parser.parse_all(bytes) {
            let payload = payload.map_err(|error| malformed(&error))?;
            tally.count(&payload)?;
            if let ValidPayload::End(found) =
                validator.payload(&payload).map_err(|error| malformed(&error))?
            {
                types = Some(found);
            }
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } if tally.depth == 1 => {
                    return Err(HostError::Invalid("it is a core module".to_owned()));
                }
                Payload::ComponentImportSection(section) if tally.depth == 1 => {
                    for import in section {
                        let import = import.map_err(|error| malformed(&error))?;
                        outline.imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if tally.depth == 1 => {
                    for export in section {
                        let export = export.map_err(|error| malformed(&error))?;
                        exports.push(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        let types = types.ok_or_else(|| HostError::Invalid("it is cut off".to_owned()))?;
        let types = types.as_ref();
        for name in exports {
            let Some(item) = types.component_item_for_export(&name) else { continue };
            let functions = match item.ty {
                ComponentEntityType::Instance(instance) => types[instance]
                    .exports
                    .iter()
                    .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
                    .map(|(name, _)| name.clone())
                    .collect(),
                _ => Vec::new(),
            };
            outline.exports.push(Export { name, functions });
        }
        Ok(outline)
    }

    /// Whether it exports this function, in whatever package and version.
    ///
    /// # Errors
    ///
    /// Which names there are.
    pub fn check_name(&self, interface: &str, function: &str) -> Result<(), CallError> {
        let is_meant =
            |export: &&Export| export.name == interface || interface_of(&export.name) == interface;
        let found: Vec<&Export> = self.exports.iter().filter(is_meant).collect();
        let names = |names: Vec<&str>| names.join(", ");
        let export = match found.as_slice() {
            [export] => *export,
            [] => {
                let known = self.exports.iter().map(|export| interface_of(&export.name)).collect();
                return Err(no_interface(interface, &names(known)));
            }
            several => {
                let known = several.iter().map(|export| export.name.as_str()).collect();
                return Err(several_interfaces(&names(known)));
            }
        };
        if export.functions.iter().any(|name| name == function) {
            return Ok(());
        }
        let known = export.functions.iter().map(String::as_str).collect();
        Err(no_function(&export.name, function, &names(known)))
    }
}

pub fn no_interface(interface: &str, known: &str) -> CallError {
    CallError::Usage(format!(
        "the component has no interface {:?}; it has {known}",
        escape(interface)
    ))
}

pub fn several_interfaces(known: &str) -> CallError {
    CallError::Usage(format!(
        "the component has several interfaces of that name; write one of {known} in full"
    ))
}

pub fn no_function(interface: &str, function: &str, known: &str) -> CallError {
    CallError::Usage(format!(
        "{} has no function {:?}; it has {known}",
        interface_of(interface),
        escape(function)
    ))
}

fn malformed(error: &wasmparser::BinaryReaderError) -> HostError {
    invalid(&error.to_string())
}

fn within(what: &str, found: u64, most: u64) -> Result<(), HostError> {
    if found > most {
        return Err(HostError::Costly(format!(
            "it has {found} {what}, and components of more than {most} are not compiled"
        )));
    }
    Ok(())
}

/// What makes compiling take long.
#[derive(Default)]
struct Tally {
    /// Modules and components that are open.
    depth: usize,
    parts: u64,
    functions: u64,
    locals: u64,
    types: u64,
}

impl Tally {
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), HostError> {
        match payload {
            Payload::Version { .. } => {
                self.depth += 1;
                self.parts += 1;
                within("modules and components within it", self.parts, PARTS)
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::TypeSection(section) => self.types(section.count()),
            Payload::CoreTypeSection(section) => self.types(section.count()),
            Payload::ComponentTypeSection(section) => self.types(section.count()),
            Payload::FunctionSection(section) => {
                self.functions = self.functions.saturating_add(section.count().into());
                within("functions", self.functions, FUNCTIONS)
            }
            Payload::CodeSectionEntry(body) => self.function(body),
            _ => Ok(()),
        }
    }

    fn types(&mut self, count: u32) -> Result<(), HostError> {
        self.types = self.types.saturating_add(count.into());
        within("types", self.types, TYPES)
    }

    fn function(&mut self, body: &FunctionBody<'_>) -> Result<(), HostError> {
        within("bytes in one function", body.range().len() as u64, FUNCTION_SIZE)?;
        let mut locals = 0_u64;
        for group in body.get_locals_reader().map_err(|error| malformed(&error))? {
            let (count, _) = group.map_err(|error| malformed(&error))?;
            locals = locals.saturating_add(count.into());
        }
        within("locals in one function", locals, LOCALS)?;
        self.locals = self.locals.saturating_add(locals);
        within("locals in all functions", self.locals, ALL_LOCALS)?;
        let mut nesting = 0_u64;
        let mut operators = body.get_operators_reader().map_err(|error| malformed(&error))?;
        while !operators.eof() {
            match operators.read().map_err(|error| malformed(&error))? {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Try { .. }
                | Operator::TryTable { .. } => {
                    nesting += 1;
                    within("blocks within each other in one function", nesting, NESTING)?;
                }
                Operator::End => nesting = nesting.saturating_sub(1),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Outline, HostError> {
        Outline::read(&wat::parse_str(text).unwrap())
    }

    /// A component with this core module in it, in a component of its own.
    fn nested(items: &str) -> String {
        format!("(component (component (core module {items})))")
    }

    #[test]
    fn names_are_read_without_compiling() {
        let outline = read(
            r#"(component
                (import "wasi:io/poll@0.2.0" (instance))
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (instance $probe (export "run" (func $f)) (export "walk" (func $f)))
                (export "test:probe/probe@1.0.0" (instance $probe))
                (export "start" (func $f)))"#,
        )
        .unwrap();
        assert_eq!(outline.imports, ["wasi:io/poll@0.2.0"]);
        for interface in ["probe", "test:probe/probe@1.0.0"] {
            outline.check_name(interface, "walk").unwrap();
        }
        let error = outline.check_name("probe", "fly").unwrap_err().to_string();
        assert_eq!(error, "probe has no function \"fly\"; it has run, walk");
        let error = outline.check_name("start", "start").unwrap_err().to_string();
        assert_eq!(error, "start has no function \"start\"; it has ");
    }

    #[test]
    fn what_no_compiler_makes_is_refused_wherever_it_stands() {
        let locals = |count: u64| format!("(func (local {}))", "i64 ".repeat(count as usize));
        let blocks =
            |count: usize| format!("(func {} {})", "block ".repeat(count), "end ".repeat(count));
        let rows = [
            (locals(LOCALS), None),
            (locals(LOCALS + 1), Some("10001 locals in one function")),
            (locals(LOCALS).repeat(201), Some("2010000 locals in all functions")),
            (blocks(4_999), None),
            (blocks(5_001), Some("5001 blocks within each other")),
            ("(func)".repeat(200_001), Some("200001 functions")),
            ("(type (func (param i32) (result i32)))".repeat(50_001), Some("50001 types")),
            (
                format!("(func {})", "(drop (i32.const 1000000))".repeat(250_000)),
                Some("bytes in one function"),
            ),
        ];
        for (items, expected) in rows {
            let shown: String = items.chars().take(40).collect();
            match (read(&nested(&items)), expected) {
                (Ok(_), None) => {}
                (Err(HostError::Costly(message)), Some(expected)) => {
                    assert!(message.contains(expected), "{shown}: {message}");
                }
                (outcome, _) => panic!("{shown}: {outcome:?}"),
            }
        }
        let modules = format!("(component {})", "(core module)".repeat(500));
        assert!(matches!(read(&modules), Err(HostError::Costly(_))));
        let large = vec![0; (SIZE + 1) as usize];
        assert!(matches!(Outline::read(&large), Err(HostError::Costly(_))));
    }
}
