//! The route of each function, from the last line of its documentation.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use wit_bindgen_core::wit_parser::{Field, Function, Resolve, Type, TypeDefKind, TypeId};

use crate::names::snake;

/// A route line: what a function sends first, and the permission that takes.
pub struct Line<'a> {
    /// As in `GET`; nothing where the function sends nothing.
    pub method: Option<&'a str>,
    /// From the slash on.
    pub path: &'a str,
    /// As in `notes:read`.
    pub scope: &'a str,
    /// Whether it sends requests of other routes as well.
    pub is_first_of_many: bool,
}

impl<'a> Line<'a> {
    /// That of a function, which is called `id` in errors.
    pub fn of(id: &str, function: &'a Function) -> Result<Self> {
        let docs = function.docs.contents.as_deref().unwrap_or_default();
        let line = docs.lines().last().unwrap_or_default();
        let mut quoted = line.split('`').skip(1).step_by(2);
        let (Some(route), Some(scope)) = (quoted.next(), quoted.next()) else {
            bail!("{id}: the last line of the doc must be its route, such as `GET /x` `x:read`");
        };
        // Where Lever's documents differ, the first is its own list's.
        let scope = scope.split(" or ").next().unwrap_or_default();
        let (method, path) = match route.split_once(" /") {
            Some((method, _)) => (Some(method), route.get(method.len() + 1..).unwrap_or_default()),
            None => (None, ""),
        };
        if let Some(method) = method
            && !["GET", "POST", "PUT", "DELETE"].contains(&method)
        {
            bail!("{id}: unknown method {method} in its route");
        }
        Ok(Line { method, path, scope, is_first_of_many: quoted.next().is_some() })
    }

    /// The names of the ids in the path.
    pub fn ids(&self) -> Vec<&'a str> {
        self.path.split('/').filter_map(id_name).collect()
    }
}

/// The name in a segment such as `{stage}`.
fn id_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// A module of the constants of an interface's functions.
pub fn module(
    resolve: &Resolve,
    interface: &str,
    types: &[TypeId],
    functions: &[&Function],
) -> Result<String> {
    let mut lines = String::new();
    for function in functions {
        let id = format!("{interface}.{}", function.name);
        let line = Line::of(&id, function)?;
        let method = match line.method {
            Some("GET") => "Get",
            Some("POST") => "Post",
            Some("PUT") => "Put",
            Some(_) => "Delete",
            None => continue,
        };
        let segment = |text: &str| match id_name(text) {
            Some(name) => format!("Segment::Id({name:?})"),
            None => format!("Segment::Word({text:?})"),
        };
        let segments: Vec<String> = line.path.split('/').skip(1).map(segment).collect();
        let query = query(resolve, types, function);
        let expand = field(&query, "expand").map(quoted_words).unwrap_or_default();
        let limit = field(&query, "limit").is_some();
        writeln!(
            lines,
            "    /// `{} {}`\n    pub const {}: Route = Route {{ name: {id:?}, \
             method: Method::{method}, segments: &[{}], scope: {:?}, \
             expand: &{expand:?}, limit: {limit} }};",
            line.method.unwrap_or_default(),
            line.path,
            snake(&function.name).to_uppercase(),
            segments.join(", "),
            line.scope,
        )?;
    }
    if lines.is_empty() {
        return Ok(lines);
    }
    let module = snake(interface);
    Ok(format!("/// Routes of `{interface}`.\npub mod {module} {{\n    use super::*;\n{lines}}}\n"))
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
