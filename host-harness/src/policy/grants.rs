//! Grants: levels by resource, single functions, and interfaces of components that are not ours.
//!
//! It knows which names exist and which values they take; it does not decide about calls. A name
//! that is not known is refused with the nearest one, since a misspelt grant that is silently
//! ignored looks like a broken agent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::PolicyError;
use crate::catalog::{Access, Catalog};

/// What an agent was granted; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    resources: BTreeMap<String, Level>,
    functions: BTreeSet<String>,
    foreign: BTreeMap<String, Level>,
    foreign_functions: BTreeSet<String>,
}

/// How far a grant on a resource goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing, said explicitly.
    Off,
    /// Reading.
    Read,
    /// Reading and changing.
    Full,
}

impl Level {
    /// Whether this level is enough for `access`.
    pub fn covers(self, access: Access) -> bool {
        match access {
            Access::Read => self >= Level::Read,
            Access::Write => self == Level::Full,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Off => "off",
            Level::Read => "read",
            Level::Full => "full",
        })
    }
}

/// Lever's own permissions (its list of OAuth scopes), whether or not the component has functions
/// for them yet, so that a policy may be written ahead of them.
const LEVER_RESOURCES: [&str; 32] = [
    "applications",
    "archive-reasons",
    "audit-events",
    "contact",
    "diversity-surveys",
    "eeo-responses",
    "eeo-responses-pii",
    "feedback",
    "feedback-templates",
    "files",
    "form-templates",
    "forms",
    "groups",
    "interviews",
    "notes",
    "offers",
    "opportunities",
    "panels",
    "permissions",
    "postings",
    "referrals",
    "requisition-fields",
    "requisitions",
    "resumes",
    "roles",
    "sources",
    "stages",
    "tags",
    "tasks",
    "uploads",
    "users",
    "webhooks",
];

/// Before the name of a foreign interface on the command line.
const FOREIGN: &str = "foreign:";

impl Grants {
    /// The level on a resource; `None` when the policy does not mention it.
    pub fn level(&self, resource: &str) -> Option<Level> {
        self.resources.get(resource).copied()
    }

    /// Whether the function of this id was granted by its own name.
    pub fn allows_function(&self, id: &str) -> bool {
        self.functions.contains(id)
    }

    /// The level on the interface of a component that is not ours.
    pub fn foreign_level(&self, interface: &str) -> Option<Level> {
        self.foreign.get(interface).copied()
    }

    /// Whether the function of a component that is not ours was granted by its own name.
    pub fn allows_foreign_function(&self, id: &str) -> bool {
        self.foreign_functions.contains(id)
    }

    /// The resources the policy mentions.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.keys().map(String::as_str)
    }

    /// The ids of the functions granted by name.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(String::as_str)
    }

    /// Every grant as the command line writes it.
    pub fn to_arguments(&self) -> Vec<String> {
        let resources = self.resources.iter().map(|(name, level)| format!("{name}={level}"));
        let functions = self.functions.iter().map(|id| format!("{id}=allow"));
        let foreign = self.foreign.iter().map(|(name, level)| format!("{FOREIGN}{name}={level}"));
        let foreign_functions =
            self.foreign_functions.iter().map(|id| format!("{FOREIGN}{id}=allow"));
        resources.chain(functions).chain(foreign).chain(foreign_functions).collect()
    }

    /// Adds one grant from the command line.
    pub(super) fn add_argument(&mut self, text: &str) -> Result<(), PolicyError> {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            PolicyError::invalid(format!(
                "grant {text:?}: write RESOURCE=read, RESOURCE=full or INTERFACE.FUNCTION=allow, such as \
                 opportunities=read"
            ))
        })?;
        let before = self.clone();
        match key.strip_prefix(FOREIGN) {
            Some(key) => self.add_foreign(key, value),
            None => self.add(key, value),
        }
        .map_err(PolicyError::invalid)?;
        let twice = match key.strip_prefix(FOREIGN) {
            Some(key) => {
                before.foreign.get(key).is_some_and(|level| self.foreign.get(key) != Some(level))
            }
            None => before
                .resources
                .get(key)
                .is_some_and(|level| self.resources.get(key) != Some(level)),
        };
        if twice {
            return Err(PolicyError::invalid(format!(
                "`{key}` is granted twice with different values; keep one"
            )));
        }
        Ok(())
    }

    /// Adds one entry of `[agents.NAME.grants]`.
    pub(super) fn add(&mut self, key: &str, value: &str) -> Result<(), String> {
        let catalog = Catalog::embedded();
        if key.contains('.') {
            if catalog.function_by_id(key).is_none() {
                let known = catalog.functions().iter().map(|function| function.id());
                return Err(unknown("function", key, known));
            }
            if value != "allow" {
                return Err(format!(
                    "`{key}` is {value:?}; a single function is `allow` or left out"
                ));
            }
            self.functions.insert(key.to_owned());
            return Ok(());
        }
        let known = resources(catalog);
        if !known.contains(key) {
            return Err(
                match catalog.functions().iter().find(|function| function.interface == key) {
                    // The interface `contacts` is under Lever's permission `contact`.
                    Some(function) => format!(
                        "unknown resource `{key}`: the functions of `{key}` are granted by Lever's name `{}`",
                        function.scope.resource
                    ),
                    None => unknown("resource", key, known.iter().map(|name| (*name).to_owned())),
                },
            );
        }
        let level = parse_level(key, value)?;
        self.resources.insert(key.to_owned(), level);
        Ok(())
    }

    /// Adds one entry of `[agents.NAME.foreign]`.
    pub(super) fn add_foreign(&mut self, key: &str, value: &str) -> Result<(), String> {
        let (interface, function) = match key.split_once('.') {
            Some((interface, function)) => (interface, Some(function)),
            None => (key, None),
        };
        if !is_wit_name(interface) || !function.is_none_or(is_wit_name) {
            return Err(format!(
                "foreign `{}`: name the interface as in its WIT, without package and version, such as `probe` or \
                 `probe.run`",
                key.escape_debug()
            ));
        }
        if function.is_some() {
            if value != "allow" {
                return Err(format!(
                    "foreign `{key}` is {value:?}; a single function is `allow` or left out"
                ));
            }
            self.foreign_functions.insert(key.to_owned());
            return Ok(());
        }
        let level = match value {
            "off" => Level::Off,
            "full" => Level::Full,
            "read" => {
                return Err(format!(
                    "foreign `{key}` is \"read\"; nothing tells which of its functions only read, so it is `off` or \
                     `full` (what it sends to Lever still needs grants of its own)"
                ));
            }
            _ => return Err(format!("foreign `{key}` is {value:?}; it may be `off` or `full`")),
        };
        self.foreign.insert(key.to_owned(), level);
        Ok(())
    }
}

/// Every resource a grant may name.
pub(super) fn resources(catalog: &Catalog) -> BTreeSet<&str> {
    let of_functions = catalog.functions().iter().map(|function| function.scope.resource.as_str());
    let of_routes = catalog.routes().iter().map(|route| route.scope.resource.as_str());
    LEVER_RESOURCES.into_iter().chain(of_functions).chain(of_routes).collect()
}

fn parse_level(key: &str, value: &str) -> Result<Level, String> {
    match value {
        "off" => Ok(Level::Off),
        "read" => Ok(Level::Read),
        "full" => Ok(Level::Full),
        "write" => Err(format!("`{key}` is \"write\"; write `full`, which reads and changes")),
        "allow" => Err(format!(
            "`{key}` is \"allow\"; that is for one function, a resource is `off`, `read` or `full`"
        )),
        _ => Err(format!("`{key}` is {value:?}; a resource is `off`, `read` or `full`")),
    }
}

fn unknown(what: &str, given: &str, known: impl Iterator<Item = String>) -> String {
    let shown: String = given.chars().take(80).flat_map(char::escape_debug).collect();
    let known: Vec<String> = known.collect();
    let kebab = given.replace('_', "-");
    if kebab != given && known.contains(&kebab) {
        return format!("unknown {what} `{shown}`: names are in kebab-case, write `{kebab}`");
    }
    match nearest(given, &known) {
        Some(name) => format!("unknown {what} `{shown}`: did you mean `{name}`?"),
        None if known.len() <= 48 => {
            format!("unknown {what} `{shown}`; there are {}", known.join(", "))
        }
        None => format!("unknown {what} `{shown}`; `lever-host tools` lists them"),
    }
}

pub(super) fn nearest<'a>(given: &str, known: &'a [String]) -> Option<&'a str> {
    // A third of the letters: enough for slips of the finger, too little to turn one name into
    // another.
    let most = (given.chars().count() / 3).max(1);
    known
        .iter()
        .map(|name| (distance(given, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name.as_str())
}

/// Levenshtein's distance over characters, of at most the first 80.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(80).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn is_wit_name(name: &str) -> bool {
    name.len() <= 80
        && name.split('-').all(|word| {
            word.starts_with(|c: char| c.is_ascii_alphabetic())
                && word.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}
