//! What `expand` shows in place of ids, and the permission of each.
//!
//! Read from the types of the WIT: a field of type `user-ref` is expanded by the field's name in
//! Lever's JSON, and shows what `GET /users/{user}` reads. A name that a query documents and no
//! field explains makes the catalog invalid, so that no expansion is without a permission.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use wit_parser::{Function, InterfaceId, Record, Resolve, Type, TypeDefKind, TypeId};

use super::CatalogError;
use super::route::{Scope, Segment, Table};

/// The parameter of Lever's, and the field and parameter of the WIT.
const EXPAND: &str = "expand";

/// What the types of references end in.
const REFERENCE: &str = "-ref";

/// Names of `expand`, each with the permission of what it shows.
#[derive(Debug, Default)]
pub(super) struct Expansions(BTreeMap<String, Scope>);

impl Expansions {
    /// Those of all references in these interfaces.
    pub(super) fn of(
        resolve: &Resolve,
        interfaces: &[InterfaceId],
        routes: &Table,
    ) -> Result<Expansions, CatalogError> {
        let mut found = Expansions::default();
        for (interface, _, record) in records(resolve, interfaces) {
            for field in &record.fields {
                let Some(shown) = referenced(resolve, &field.ty) else { continue };
                let scope = scope_of_read(routes, &shown).ok_or_else(|| {
                    let reason = format!("no route `GET …/{{{shown}}}` tells its permission");
                    unexplained(interface, &field.name, reason)
                })?;
                found.add(interface, &camel(&field.name), scope)?;
            }
        }
        Ok(found)
    }

    /// Adds a name; the same name shows the same everywhere.
    pub(super) fn add(
        &mut self,
        place: &str,
        name: &str,
        scope: &Scope,
    ) -> Result<(), CatalogError> {
        let known = self.0.entry(name.to_owned()).or_insert_with(|| scope.clone());
        match known == scope {
            true => Ok(()),
            false => Err(unexplained(place, name, format!("shows both {known} and {scope}"))),
        }
    }

    /// The permission of what this name shows.
    pub(super) fn scope(&self, name: &str) -> Option<&Scope> {
        self.0.get(name)
    }

    /// The names that a function's `expand` takes by its documentation: that of the query it takes,
    /// or of the interface's first query that can expand.
    pub(super) fn documented(
        &self,
        resolve: &Resolve,
        interface: InterfaceId,
        function: &Function,
    ) -> Result<Vec<String>, CatalogError> {
        let names = |record: &Record| -> Option<Vec<String>> {
            let field = record.fields.iter().find(|field| field.name == EXPAND)?;
            let docs = field.docs.contents.as_deref().unwrap_or_default();
            Some(docs.split('`').skip(1).step_by(2).map(str::to_owned).collect())
        };
        let taken: BTreeSet<TypeId> =
            function.params.iter().filter_map(|param| named(resolve, &param.ty)).collect();
        let queries: Vec<(TypeId, Vec<String>)> = records(resolve, &[interface])
            .filter_map(|(_, id, record)| Some((id, names(record)?)))
            .collect();
        let by_itself = function.params.iter().any(|param| param.name == EXPAND);
        let own = queries.iter().find(|(id, _)| taken.contains(id));
        let found = own.or_else(|| queries.first().filter(|_| by_itself));
        let found = found.map(|(_, names)| names.clone()).unwrap_or_default();
        match found.iter().find(|name| self.scope(name).is_none()) {
            None => Ok(found),
            Some(name) => {
                let reason = "is not a reference in any record".to_owned();
                Err(unexplained(&function.name, name, reason))
            }
        }
    }
}

fn unexplained(place: &str, name: &str, reason: String) -> CatalogError {
    CatalogError::Expansion { place: place.to_owned(), name: name.to_owned(), reason }
}

/// The records of interfaces: the interface's name, the type and what is in it.
fn records<'r>(
    resolve: &'r Resolve,
    interfaces: &'r [InterfaceId],
) -> impl Iterator<Item = (&'r str, TypeId, &'r Record)> {
    interfaces.iter().flat_map(move |id| {
        let interface = &resolve.interfaces[*id];
        let name = interface.name.as_deref().unwrap_or_default();
        interface.types.values().filter_map(move |id| match &resolve.types[*id].kind {
            TypeDefKind::Record(record) => Some((name, *id, record)),
            _ => None,
        })
    })
}

/// The type of this name, without the names that other interfaces use it by.
fn named(resolve: &Resolve, ty: &Type) -> Option<TypeId> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(next @ Type::Id(_)) => named(resolve, next),
        _ => Some(*id),
    }
}

/// What a field holds a reference to, or references: `user` for `list<user-ref>`.
fn referenced(resolve: &Resolve, ty: &Type) -> Option<String> {
    let id = named(resolve, ty)?;
    match &resolve.types[id].kind {
        TypeDefKind::Option(item) | TypeDefKind::List(item) => referenced(resolve, item),
        TypeDefKind::Record(_) => {
            resolve.types[id].name.as_deref()?.strip_suffix(REFERENCE).map(str::to_owned)
        }
        _ => None,
    }
}

/// The permission of the read whose path ends in this parameter.
fn scope_of_read<'r>(routes: &'r Table, parameter: &str) -> Option<&'r Scope> {
    let ends = |segment: Option<&Segment>| matches!(segment, Some(Segment::Parameter(name)) if name == parameter);
    let mut reads = routes.all().iter().filter(|route| route.method == Method::GET);
    reads.find(|route| ends(route.segments.last())).map(|route| &route.scope)
}

/// A name of the WIT as Lever writes it.
fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
