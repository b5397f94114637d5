//! Makes Rust of the WIT for the host: a type for each record, enum and variant
//! that the component's functions take or answer, one for each function, and
//! the way from a function's name to it.
//!
//! Nothing here names a record or a function. What has no form in Rust here
//! (resources, streams, flags, tuples) is left out together with the functions
//! that need it; the host calls those by the component's own types.

mod definitions;

mod forms;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use wit_parser::{Function, Interface, Resolve, Type, TypeId, WorldItem};

use forms::{Forms, docs, pascal, snake};

/// The most parameters that wasmtime calls with types.
const PARAMETERS: usize = 16;

/// The source of the modules `types` and `functions`, and of `find`.
///
/// # Errors
///
/// WIT that cannot be read, or that has names this cannot tell apart.
pub fn generate(wit: &Path) -> Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let world = resolve.select_world(&[package], Some("lever"))?;
    let forms = Forms(&resolve);
    let mut written =
        Functions { forms, uses: Uses::default(), modules: Modules::new(), arms: String::new() };
    for item in resolve.worlds[world].exports.values() {
        if let WorldItem::Interface { id, .. } = item {
            written.interface(&resolve.interfaces[*id])?;
        }
    }
    let types = definitions::modules(forms, &written.uses)?;
    let mut text = String::new();
    module(&mut text, "types", "The records of the WIT, by interface.", &types)?;
    module(&mut text, "functions", "The functions of the WIT, by interface.", &written.modules)?;
    writeln!(
        text,
        "/// The function of that name, where the WIT has one.\n\
         pub(crate) fn find(interface: &str, function: &str) -> Option<&'static dyn Typed> {{\n\
         Some(match (interface, function) {{\n{}_ => return None,\n}})\n}}",
        written.arms
    )?;
    Ok(text)
}

/// What stands in the module of each interface.
type Modules = BTreeMap<String, String>;

fn module(text: &mut String, name: &str, doc: &str, modules: &Modules) -> Result<()> {
    // Names and docs are the WIT's, an interface `types` among them.
    writeln!(
        text,
        "/// {doc}\n#[allow(missing_docs, clippy::all, rustdoc::all)]\npub mod {name} {{"
    )?;
    for (interface, items) in modules {
        writeln!(text, "pub mod {} {{\n{items}}}", snake(interface))?;
    }
    writeln!(text, "}}\n")?;
    Ok(())
}

/// What the types of the WIT are used for: each needs code for that alone.
#[derive(Default)]
struct Uses {
    /// What functions take, and all in it.
    taken: HashSet<TypeId>,
    /// What functions answer, and all in it.
    answered: HashSet<TypeId>,
    /// The errors among it: these can be read from JSON besides.
    errors: HashSet<TypeId>,
}

struct Functions<'a> {
    forms: Forms<'a>,
    uses: Uses,
    modules: Modules,
    /// The way from each name to its function.
    arms: String,
}

impl Functions<'_> {
    fn interface(&mut self, interface: &Interface) -> Result<()> {
        let name = interface.name.as_deref().context("an exported interface has no name")?;
        for function in interface.functions.values() {
            let Some(text) = self.function(name, function)? else { continue };
            self.modules.entry(name.to_owned()).or_default().push_str(&text);
            let (module, ty) = (snake(name), pascal(&function.name));
            let function = &function.name;
            writeln!(
                self.arms,
                "({name:?}, {function:?}) => &Of::<functions::{module}::{ty}>::NEW,"
            )?;
        }
        Ok(())
    }

    /// A function as a type: its parameters by name, and what it answers.
    fn function(&mut self, interface: &str, function: &Function) -> Result<Option<String>> {
        let Some(result) = function.result.and_then(|ty| self.forms.result(ty)) else {
            return Ok(None);
        };
        let forms = self.forms;
        let names: Vec<&str> = function.params.iter().map(|param| param.name.as_str()).collect();
        let sides: Vec<&Type> = [&result.ok, &result.err].into_iter().flatten().collect();
        let params: Vec<&Type> = function.params.iter().map(|param| &param.ty).collect();
        let all = sides.iter().chain(&params);
        if params.len() > PARAMETERS || !all.into_iter().all(|ty| forms.rust(ty).is_some()) {
            return Ok(None);
        }
        params.iter().for_each(|ty| forms.reach(ty, &mut self.uses.taken));
        sides.iter().for_each(|ty| forms.reach(ty, &mut self.uses.answered));
        result.err.iter().for_each(|ty| forms.reach(ty, &mut self.uses.errors));

        let side =
            |ty: &Option<Type>| ty.as_ref().and_then(|ty| forms.rust(ty)).unwrap_or("()".into());
        let (mut fields, mut types, mut moved, mut given) =
            (String::new(), String::new(), String::new(), String::new());
        let mut expand = "&[]".to_owned();
        for (place, param) in function.params.iter().enumerate() {
            if param.name == "expand" {
                expand = format!("&params.{place}");
            } else if forms.has_field(&param.ty, "expand") {
                expand = format!("&params.{place}.expand");
            }
            let (name, ty) = (snake(&param.name), side(&Some(param.ty)));
            writeln!(fields, "    pub {name}: {ty},")?;
            write!(types, "{ty}, ")?;
            write!(moved, "self.{name}, ")?;
            write!(given, "given.parameter({place}, {:?})?, ", param.name)?;
        }
        Ok(Some(format!(
            "{docs}#[derive(Clone, Debug, PartialEq)]\npub struct {name} {{\n{fields}}}\n\
             impl crate::runtime::Function for {name} {{\n\
             const INTERFACE: &'static str = {interface:?};\n\
             const NAME: &'static str = {kebab:?};\n\
             const FLOATS: bool = {floats};\n\
             type Params = ({types});\n\
             type Output = {output};\n\
             type Error = {error};\n\
             fn into_params(self) -> Self::Params {{ ({moved}) }}\n\
             fn given(given: &crate::value::Arguments<'_>) -> Option<Self::Params> {{\n\
             given.only(&{names:?})?;\nSome(({given}))\n}}\n\
             fn expand(params: &Self::Params) -> &[String] {{ let _ = params; {expand} }}\n}}\n",
            docs = docs(&function.docs),
            name = pascal(&function.name),
            kebab = function.name,
            floats = sides.iter().any(|ty| forms.has_floats(ty)),
            output = side(&result.ok),
            error = side(&result.err),
        )))
    }
}
