//! The outcomes of a decision: the rule that allowed it, or a refusal that says what to grant.
//!
//! Messages name functions, permissions and grants only. No id, query value or path as sent by the
//! component appears, since refusals are recorded and shown to the component's caller.

use std::fmt;

use super::Agent;
use super::grants::Level;
use crate::catalog::{Access, Function, Scope};

/// The grant that allowed something, as the command line writes it: `opportunities=read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(pub(super) String);

impl Rule {
    /// The rule's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A call or request that is not allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What decided, such as `no grant for opportunities`.
    pub rule: String,
    /// What was refused, why, and which grant would allow it.
    pub message: String,
    /// The path of a refused request with everything that may be an id blanked.
    pub route: Option<String>,
    /// The smallest grant of a resource that would allow it, such as
    /// `opportunities=full`; absent where no grant would.
    pub grant: Option<String>,
}

impl Refusal {
    /// A refusal that no grant can lift: the request itself is not acceptable.
    pub(super) fn request(rule: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { rule: rule.to_owned(), message: message.into(), ..Refusal::default() }
    }

    /// A refusal for want of the permission `needed`; `subject` is what was tried.
    pub(super) fn for_want_of(
        agent: &Agent,
        subject: &str,
        needed: &Scope,
        function: Option<&Function>,
    ) -> Refusal {
        let resource = &needed.resource;
        let (rule, has) = match agent.grants.level(resource) {
            Some(Level::Read) => {
                (format!("only {resource}=read"), format!("has only `{resource}=read`"))
            }
            Some(level) => (format!("{resource}={level}"), format!("has `{resource}={level}`")),
            None => (format!("no grant for {resource}"), format!("has no grant for {resource}")),
        };
        let level = match needed.access {
            Access::Read => "read",
            Access::Write => "full",
        };
        let name = &agent.name;
        let mut message = format!(
            "{subject} needs the permission {needed}, and agent `{name}` {has}; to allow it, add {}",
            grant(name, "grants", resource, level, ""),
        );
        if let Some(function) = function.filter(|function| offers_single_grant(function)) {
            let id = function.id();
            message.push_str(&format!(", or `--grant {id}=allow` for this function alone"));
        }
        Refusal { rule, message, route: None, grant: Some(format!("{resource}={level}")) }
    }

    /// A refusal of a function that is not in the catalog; `nearest` is one of the catalog with a
    /// similar name.
    pub(super) fn foreign(
        agent: &Agent,
        interface: &str,
        function: &str,
        nearest: Option<&str>,
    ) -> Refusal {
        let (interface, function) = (shown(interface), shown(function));
        let rule = match agent.grants.foreign_level(&interface) {
            Some(level) => format!("foreign:{interface}={level}"),
            None => format!("no grant for foreign:{interface}"),
        };
        let meant = nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default();
        let message = format!(
            "`{interface}.{function}` is not a function of the Lever component{meant}, and agent \
             `{name}` has no grant for it; to allow it, add {}, or `--grant \
             foreign:{interface}=full` for the whole interface",
            grant(&agent.name, "foreign", &format!("{interface}.{function}"), "allow", "foreign:"),
            name = agent.name,
        );
        let grant = Some(format!("foreign:{interface}.{function}=allow"));
        Refusal { rule, message, route: None, grant }
    }

    /// A refusal of a function that is called as one of ours, of a component that the policy does
    /// not pin.
    pub(super) fn not_pinned(
        agent: &Agent,
        digest: &str,
        interface: &str,
        function: &str,
    ) -> Refusal {
        let message = format!(
            "`{interface}.{function}` is of another component than those that agent `{name}` is pinned to; to pin this \
             one, add \"sha256:{digest}\" to `components` under [agents.{name}] in the policy; to allow it as a \
             foreign function, add {}",
            grant(&agent.name, "foreign", &format!("{interface}.{function}"), "allow", "foreign:"),
            name = agent.name,
        );
        Refusal { rule: "another component".to_owned(), message, ..Refusal::default() }
    }

    pub(super) fn at(mut self, route: String) -> Refusal {
        self.route = Some(route);
        self
    }
}

/// The grant as the command line and as a policy take it.
fn grant(agent: &str, table: &str, key: &str, value: &str, prefix: &str) -> String {
    let quoted = if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() };
    let agent = if agent.contains('.') { format!("\"{agent}\"") } else { agent.to_owned() };
    format!(
        "`--grant {prefix}{key}={value}` (in a policy: `{quoted} = \"{value}\"` under \
         [agents.{agent}.{table}])"
    )
}

/// Whether a grant of the function alone is enough to use it: `raw.get` needs the permission of
/// each path besides.
fn offers_single_grant(function: &Function) -> bool {
    !function.reads_any_path()
}

/// A name from outside, bounded and escaped.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}
