//! What the component can do, read from its WIT: functions, their routes and the permission of
//! each.
//!
//! The route lines of the WIT are the one source; this module invents no route and decides nothing
//! about agents. A function without a valid route line makes the whole catalog invalid, so nothing
//! can be exported unguarded.

mod expansion;
mod line;
mod parts;
mod route;
pub mod schema;
mod shape;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::Method;
use serde_json::Value;
use wit_parser::{Resolve, UnresolvedPackageGroup, WorldItem};

use expansion::Expansions;

pub use line::LineError;
use line::Listed;

pub use parts::Parts;
pub use route::{Access, Route, Scope, Segment};
pub use shape::Shape;

/// All functions of one component with the requests they may send.
#[derive(Debug)]
pub struct Catalog {
    functions: Vec<Function>,
    by_id: BTreeMap<String, usize>,
    routes: route::Table,
    expansions: Expansions,
}

/// One exported function.
#[derive(Debug, Clone)]
pub struct Function {
    /// The interface's name, such as `opportunities`.
    pub interface: String,
    /// The function's name, such as `update-stage`.
    pub name: String,
    /// The first paragraph of its documentation.
    pub summary: String,
    /// Its documentation without the route line.
    pub docs: String,
    /// What it sends, the main request first; empty when it sends nothing.
    pub routes: Vec<Route>,
    /// The permission of the main request, or of the function itself when it sends nothing.
    pub scope: Scope,
    /// The permission that another of Lever's documents names in its place.
    pub also: Option<Scope>,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// The names that its `expand` takes, in Lever's spelling; empty when it has none.
    pub expand: Vec<String>,
    /// What it answers, if anything.
    pub result: Option<Shape>,
}

/// One parameter of a function.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name in kebab-case.
    pub name: String,
    /// Whether a call must give it: options, lists and records of such may be left out.
    pub required: bool,
    /// The JSON Schema of its value.
    pub schema: Value,
}

/// Why a set of WIT files is not a catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The files are not valid WIT.
    #[error("the WIT cannot be read: {0}")]
    Wit(String),
    /// A function's last documentation line is not a route line.
    #[error("{function}: {error}")]
    RouteLine {
        /// `interface.function`, or the interface alone.
        function: String,
        /// What is wrong with the line.
        error: LineError,
    },
    /// Two lines give one request different permissions.
    #[error("{function}: `{request}` is `{here}` here and `{there}` elsewhere")]
    ScopeConflict {
        /// Where the second line stands.
        function: String,
        /// The request's method and path.
        request: String,
        /// The permission in this line.
        here: Scope,
        /// The permission in the line before.
        there: Scope,
    },
    /// One path would match two routes and neither is the more literal one.
    #[error(
        "{function}: `{request}` and `{other}` match the same paths and neither is more literal"
    )]
    Ambiguous {
        /// Where the second line stands.
        function: String,
        /// The request of this line.
        request: String,
        /// The request of the line before.
        other: String,
    },
    /// A name of `expand` whose permission is not known, or is two.
    #[error("{place}: `expand` of `{name}` {reason}")]
    Expansion {
        /// The interface or function.
        place: String,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Param {
    /// Whether it is a list of strings, such as ids.
    pub fn is_list_of_texts(&self) -> bool {
        self.schema["type"] == "array" && self.schema["items"]["type"] == "string"
    }

    /// Whether its value may be an object.
    pub fn takes_object(&self) -> bool {
        schema::takes_object(&self.schema)
    }
}

impl Function {
    /// The function's name as policies and audit records write it: `opportunities.update-stage`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.interface, self.name)
    }

    /// The function's name among an agent's tools: `opportunities_update-stage`. Model APIs take
    /// letters, digits, `_` and `-`, at most 64 of them.
    pub fn tool_name(&self) -> String {
        format!("{}_{}", self.interface, self.name)
    }

    /// Whether it changes something at Lever.
    pub fn is_write(&self) -> bool {
        self.scope.access == Access::Write || self.routes.iter().any(Route::is_write)
    }

    /// Whether it may send any read of the catalog (`raw.get`), each under the permission of its
    /// path.
    pub fn reads_any_path(&self) -> bool {
        self.routes.iter().any(Route::is_any_path)
    }

    /// Whether `route` is one of the requests this function is documented to send.
    pub fn sends(&self, route: &Route) -> bool {
        if self.reads_any_path() {
            return route.method == Method::GET;
        }
        self.routes.iter().any(|own| own.is_same_as(route))
    }
}

impl Catalog {
    /// The catalog of the component built into this program, parsed once.
    ///
    /// # Panics
    ///
    /// When the embedded WIT is invalid, which a test of this crate rules out.
    pub fn embedded() -> &'static Catalog {
        static EMBEDDED: LazyLock<Catalog> = LazyLock::new(|| {
            Catalog::from_wit(crate::embedded::WIT).expect("the embedded WIT is a valid catalog")
        });
        &EMBEDDED
    }

    /// Reads the catalog from WIT files: pairs of the path below `wit/` and the text, dependencies
    /// under `deps/`.
    ///
    /// # Errors
    ///
    /// When the files are not valid WIT, or a route line is missing, malformed or in conflict with
    /// another.
    pub fn from_wit(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
        let (resolve, package) = resolve(files)?;
        let mut interfaces = Vec::new();
        for world in resolve.packages[package].worlds.values() {
            for item in resolve.worlds[*world].exports.values() {
                match item {
                    WorldItem::Interface { id, .. } if !interfaces.contains(id) => {
                        interfaces.push(*id)
                    }
                    _ => {}
                }
            }
        }

        let mut functions: Vec<Function> = Vec::new();
        let mut routes = route::Table::default();
        let mut listed = Vec::new();
        for id in &interfaces {
            let interface = &resolve.interfaces[*id];
            let interface_name = interface.name.as_deref().unwrap_or_default();
            for function in interface.functions.values() {
                let place = format!("{interface_name}.{}", function.name);
                let docs = function.docs.contents.as_deref().unwrap_or_default().trim_end();
                let (docs, last) = docs.rsplit_once('\n').unwrap_or(("", docs));
                let parsed = line::parse(last)
                    .map_err(|error| CatalogError::RouteLine { function: place.clone(), error })?;
                for route in &parsed.routes {
                    routes.add(route, &place)?;
                }
                functions.push(Function {
                    interface: interface_name.to_owned(),
                    name: function.name.clone(),
                    summary: first_paragraph(docs),
                    docs: docs.trim().to_owned(),
                    routes: parsed.routes,
                    scope: parsed.scope,
                    also: parsed.also,
                    result: function.result.and_then(|ty| Shape::of_result(&resolve, &ty)),
                    params: function
                        .params
                        .iter()
                        .map(|param| Param {
                            name: param.name.clone(),
                            required: schema::is_required(&resolve, &param.ty),
                            schema: schema::of(&resolve, &param.ty),
                        })
                        .collect(),
                    expand: Vec::new(),
                });
            }
            // The reads that a function taking any path opens are listed in its interface's
            // documentation.
            if !functions
                .iter()
                .any(|function| function.interface == interface_name && function.reads_any_path())
            {
                continue;
            }
            let docs = interface.docs.contents.as_deref().unwrap_or_default();
            for text in docs.lines().filter(|text| text.trim_start().starts_with('`')) {
                let place = interface_name.to_owned();
                let parsed = line::parse_listed(text)
                    .map_err(|error| CatalogError::RouteLine { function: place.clone(), error })?;
                match parsed {
                    Listed::Read(route) => routes.add(&route, &place)?,
                    Listed::Expansion(name, scope) => listed.push((place, name, scope)),
                }
            }
        }
        let mut expansions = Expansions::of(&resolve, &interfaces, &routes)?;
        for (place, name, scope) in &listed {
            expansions.add(place, name, scope)?;
        }
        let in_order = interfaces
            .iter()
            .flat_map(|id| resolve.interfaces[*id].functions.values().map(|it| (*id, it)));
        for (function, (id, wit)) in functions.iter_mut().zip(in_order) {
            function.expand = expansions.documented(&resolve, id, wit)?;
        }
        let by_id =
            functions.iter().enumerate().map(|(at, function)| (function.id(), at)).collect();
        Ok(Catalog { functions, by_id, routes, expansions })
    }

    /// All functions in the order of the WIT.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The function of this name, if the component has it.
    pub fn function(&self, interface: &str, name: &str) -> Option<&Function> {
        self.function_by_id(&format!("{interface}.{name}"))
    }

    /// The function of this id (`opportunities.update-stage`), if the component has it.
    pub fn function_by_id(&self, id: &str) -> Option<&Function> {
        self.by_id.get(id).and_then(|at| self.functions.get(*at))
    }

    /// Every request that may appear on the wire, each once.
    pub fn routes(&self) -> &[Route] {
        self.routes.all()
    }

    /// The route a request belongs to; a literal segment wins over a parameter.
    pub fn route(&self, method: &Method, segments: &[&str]) -> Option<&Route> {
        self.routes.find(method, segments)
    }

    /// As [`Catalog::route`] for a server that ignores the case of fixed words.
    pub fn route_ignoring_case(&self, method: &Method, segments: &[&str]) -> Option<&Route> {
        self.routes.find_by(method, segments, str::eq_ignore_ascii_case)
    }

    /// The permission of what `expand` shows by this name, in Lever's spelling; none when the name
    /// is not known.
    pub fn expansion(&self, name: &str) -> Option<&Scope> {
        self.expansions.scope(name)
    }

    /// A path for the record: what is not a fixed segment of any route is blanked, so that ids never
    /// appear.
    pub fn blank(&self, segments: &[&str]) -> String {
        self.routes.blank(segments)
    }
}

fn resolve(files: &[(&str, &str)]) -> Result<(Resolve, wit_parser::PackageId), CatalogError> {
    let mut main = wit_parser::SourceMap::new();
    let mut dependencies: BTreeMap<&str, wit_parser::SourceMap> = BTreeMap::new();
    for (path, text) in files {
        match path.strip_prefix("deps/") {
            None => main.push_str(path, *text),
            Some(rest) => dependencies
                .entry(rest.split('/').next().unwrap_or(rest))
                .or_default()
                .push_str(path, *text),
        }
    }
    let parse = |map: wit_parser::SourceMap| -> Result<UnresolvedPackageGroup, CatalogError> {
        map.parse().map_err(|(map, error)| CatalogError::Wit(error.render(&map)))
    };
    let main = parse(main)?;
    let dependencies = dependencies.into_values().map(parse).collect::<Result<Vec<_>, _>>()?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_groups(main, dependencies)
        .map_err(|error| CatalogError::Wit(format!("{error:#}")))?;
    Ok((resolve, package))
}

fn first_paragraph(docs: &str) -> String {
    docs.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
