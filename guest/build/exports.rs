//! The functions of the WIT: a stock call where signature and route say which, or
//! else the function of that name in `src/resources/<interface>.rs`.
//!
//! A function of that name wins over the stock call, for what is special to one
//! resource.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use wit_bindgen_core::wit_parser::{Function, Param, Resolve, Type, TypeDef, TypeDefKind};

use crate::names::{rust_name, rust_path, rust_type, snake};
use crate::routes::Line;

/// The implementation of an interface, whose module of special functions has this
/// source.
pub fn interface(
    resolve: &Resolve,
    interface: &str,
    functions: &[&Function],
    special: &str,
) -> Result<String> {
    if functions.is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("impl {} for Lever {{\n", rust_path(interface, "guest"));
    for function in functions {
        let id = format!("{interface}.{}", function.name);
        let line = Line::of(&id, function)?;
        let mut parameters = Vec::new();
        for Param { name, ty, .. } in &function.params {
            parameters.push(format!("{}: {}", rust_name(name), rust_type(resolve, ty)?));
        }
        let body = if is_defined(special, &snake(&function.name)) {
            delegation(interface, function, &line)
        } else {
            match stock(resolve, interface, function, &line) {
                Ok(call) => call,
                Err(lack) => bail!(
                    "{id} is not a stock call: {lack}. Write `pub fn {}` in \
                     src/resources/{}.rs.",
                    snake(&function.name),
                    snake(interface)
                ),
            }
        };
        let Some(result) = ok_type(resolve, function) else {
            bail!("{id} does not return a result");
        };
        let result = result.map_or(Ok("()".to_owned()), |ok| rust_type(resolve, &ok))?;
        writeln!(
            text,
            "    fn {}({}) -> Result<{result}, Error> {{ {body} }}",
            snake(&function.name),
            parameters.join(", ")
        )?;
    }
    text.push_str("}\n");
    Ok(text)
}

/// Whether the source has a public function of this name.
fn is_defined(source: &str, name: &str) -> bool {
    source.lines().any(|line| {
        let function = line.strip_prefix("pub fn ").and_then(|rest| rest.strip_prefix(name));
        function.is_some_and(|rest| rest.starts_with(['(', '<']))
            || line.starts_with("pub use ") && line.ends_with(&format!("::{name};"))
    })
}

/// A call of the special function: texts by reference, all else by value.
fn delegation(interface: &str, function: &Function, line: &Line<'_>) -> String {
    let pass = |param: &Param| {
        let by = if param.ty == Type::String { "&" } else { "" };
        format!(", {by}{}", rust_name(&param.name))
    };
    let arguments: String = function.params.iter().map(pass).collect();
    let path = format!("crate::resources::{}::{}", snake(interface), snake(&function.name));
    match line.method {
        Some(_) => format!("{path}(&mut Host::open()?.client(){arguments})"),
        None => format!("{path}(local(){arguments})"),
    }
}

/// The stock call for a function, or what it lacks to be one.
fn stock(
    resolve: &Resolve,
    interface: &str,
    function: &Function,
    line: &Line<'_>,
) -> Result<String, String> {
    let Some(method) = line.method else { return Err("it sends nothing".into()) };
    if line.is_first_of_many {
        return Err("it sends more than one request".into());
    }
    let ok = ok_type(resolve, function).flatten();
    let constant = snake(&function.name).to_uppercase();
    let route = format!("&routes::{}::{constant}", snake(interface));
    let ids = line.ids();
    let found = ok.and_then(|ok| list_item(resolve, &ok)).map(|item| is_result(resolve, &item));
    if method == "GET" && found == Some(true) {
        return many(resolve, function, &route, &ids);
    }
    let (given, rest) = function.params.split_at_checked(ids.len()).unwrap_or_default();
    if given.len() != ids.len()
        || given.iter().zip(&ids).any(|(param, id)| param.name != *id || param.ty != Type::String)
    {
        return Err("its first parameters are not the ids of its route, as strings".into());
    }
    let given: Vec<String> = given.iter().map(|id| format!("&{}", rust_name(&id.name))).collect();
    let target = format!("{route}, &[{}]", given.join(", "));
    match (method, ok) {
        ("GET", Some(ok)) if named(resolve, &ok).is_some_and(|name| name.ends_with("-page")) => {
            list(resolve, rest, &target)
        }
        ("GET", Some(ok)) if named(resolve, &ok) == Some("downloaded-file") => {
            Ok(format!("stock::download({target}, &{})", parameters(resolve, rest)?))
        }
        ("GET", Some(ok)) if is_record(resolve, &ok) => {
            Ok(format!("stock::read({target}, &{})", parameters(resolve, rest)?))
        }
        ("POST", Some(ok)) if is_record(resolve, &ok) && rest.is_empty() => {
            Ok(format!("stock::act({target})"))
        }
        ("DELETE", None) => match rest {
            [] => Ok(format!("stock::remove({target})")),
            [user] if user.name == "perform-as" => {
                Ok(format!("stock::remove_as({target}, perform_as)"))
            }
            _ => Err("a removal takes its ids, and `perform-as` at most".into()),
        },
        _ => Err(format!("no stock call is a {method} with these parameters and this result")),
    }
}

/// A page of a list, or all of it.
fn list(resolve: &Resolve, rest: &[Param], target: &str) -> Result<String, String> {
    let (query, end) = match rest {
        [query, end] if named(resolve, &query.ty).is_some_and(|it| it.ends_with("-query")) => {
            (format!("&{}", rust_name(&query.name)), end)
        }
        [end] => ("&NO_PARAMETERS".to_owned(), end),
        _ => return Err("a list takes its ids, a query record, and where it ends".into()),
    };
    match end.name.as_str() {
        "cursor" => Ok(format!("stock::page({target}, {query}, cursor)")),
        "max-items" => Ok(format!("stock::all({target}, {query}, max_items)")),
        other => Err(format!("a list ends with `cursor` or `max-items`, not with `{other}`")),
    }
}

/// Many records, or a list of each of them.
fn many(
    resolve: &Resolve,
    function: &Function,
    route: &str,
    ids: &[&str],
) -> Result<String, String> {
    let [first, rest @ ..] = function.params.as_slice() else {
        return Err("it takes no list of ids".into());
    };
    if ids.len() != 1 || list_item(resolve, &first.ty) != Some(Type::String) {
        return Err("it does not take the one id of its route as a list of strings".into());
    }
    let target = format!("{route}, {}", rust_name(&first.name));
    match rest {
        [query] if named(resolve, &query.ty).is_some_and(|name| name.ends_with("-query")) => {
            Ok(format!("stock::lists({target}, &{})", rust_name(&query.name)))
        }
        _ => Ok(format!("stock::records({target}, &{})", parameters(resolve, rest)?)),
    }
}

/// Parameters that go into the query under their own names.
fn parameters(resolve: &Resolve, params: &[Param]) -> Result<String, String> {
    let mut text = String::new();
    for Param { name, ty, .. } in params {
        let inner = list_item(resolve, ty).or_else(|| option_item(resolve, ty));
        if !matches!(inner, Some(Type::String | Type::Bool)) {
            return Err(format!("`{name}` is not a list or an option of strings"));
        }
        text += &format!("({:?}, &{}), ", snake(name), rust_name(name));
    }
    Ok(format!("Parameters(&[{text}])"))
}

/// What a function returns when all went well.
fn ok_type(resolve: &Resolve, function: &Function) -> Option<Option<Type>> {
    match &definition(resolve, &function.result?)?.kind {
        TypeDefKind::Result(result) => Some(result.ok),
        _ => None,
    }
}

fn definition<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a TypeDef> {
    match ty {
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::Type(next) => definition(resolve, next),
            _ => Some(&resolve.types[*id]),
        },
        _ => None,
    }
}

fn named<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a str> {
    definition(resolve, ty)?.name.as_deref()
}

fn is_record(resolve: &Resolve, ty: &Type) -> bool {
    definition(resolve, ty).is_some_and(|it| matches!(it.kind, TypeDefKind::Record(_)))
}

fn is_result(resolve: &Resolve, ty: &Type) -> bool {
    is_record(resolve, ty) && named(resolve, ty).is_some_and(|name| name.ends_with("-result"))
}

fn list_item(resolve: &Resolve, ty: &Type) -> Option<Type> {
    match definition(resolve, ty)?.kind {
        TypeDefKind::List(item) => Some(item),
        _ => None,
    }
}

fn option_item(resolve: &Resolve, ty: &Type) -> Option<Type> {
    match definition(resolve, ty)?.kind {
        TypeDefKind::Option(item) => Some(item),
        _ => None,
    }
}
