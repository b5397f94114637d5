//! The OAuth scopes that an agent's grants take: what to ask a Super Admin for, and no more.

use std::collections::BTreeMap;

use super::{Agent, Level};
use crate::catalog::{Access, Catalog, Function, Route, Scope};

/// Above this many, Lever's documentation advises to think again: most apps need 5 to 8.
pub const MANY_SCOPES: usize = 8;

/// The most scopes that Lever takes.
pub const MOST_SCOPES: usize = 20;

/// Resources that Lever's list of scopes only lets read.
const READ_ONLY: [&str; 13] = [
    "applications",
    "archive-reasons",
    "audit-events",
    "diversity-surveys",
    "eeo-responses",
    "eeo-responses-pii",
    "offers",
    "referrals",
    "resumes",
    "sources",
    "stages",
    "tags",
    "tasks",
];

/// The smallest set of scopes, by Lever's list, with which everything works that the agent may do.
///
/// Writing includes reading. Without `offline_access`, which is for keeping the grant and not for
/// an agent.
pub fn oauth_scopes(agent: &Agent, catalog: &Catalog) -> Vec<String> {
    let mut most: BTreeMap<String, Access> = BTreeMap::new();
    let routes = catalog.routes().iter().filter(|route| is_used(agent, catalog, route));
    for scope in routes.map(|route| of(agent, route)).chain(expanded(agent, catalog)) {
        let access = most.entry(scope.resource.replace('-', "_")).or_insert(scope.access);
        *access = (*access).max(scope.access);
    }
    let mut scopes: Vec<String> =
        most.iter().map(|(resource, access)| format!("{resource}:{access}:admin")).collect();
    if agent.confidential {
        scopes.push("confidential:access:admin".to_owned());
    }
    scopes
}

/// The permission by the name that the agent was granted it, as far as Lever's own list has that:
/// there, an application to a posting is a write to postings.
fn of<'r>(agent: &Agent, route: &'r Route) -> &'r Scope {
    let both = || std::iter::once(&route.scope).chain(&route.also);
    let is_mentioned = |scope: &&Scope| agent.grants.level(&scope.resource).is_some();
    let is_listed = |scope: &&Scope| {
        scope.access == Access::Read || !READ_ONLY.contains(&scope.resource.as_str())
    };
    let granted = both().find(is_mentioned).filter(is_listed);
    granted.or_else(|| both().find(is_listed)).unwrap_or(&route.scope)
}

/// What the agent may `expand` in anything that it may call.
fn expanded<'c>(agent: &Agent, catalog: &'c Catalog) -> impl Iterator<Item = &'c Scope> {
    let may_call =
        |function: &&Function| agent.may_call(&function.interface, &function.name, catalog).is_ok();
    let names =
        catalog.functions().iter().filter(may_call).flat_map(|function| function.expand.iter());
    let scopes = names.filter_map(|name| catalog.expansion(name));
    scopes.filter(|scope| agent.rule_for(scope, None).is_some())
}

/// Whether anything that the agent may call sends this request.
fn is_used(agent: &Agent, catalog: &Catalog, route: &Route) -> bool {
    // A token is asked for at another server.
    if route.scope.resource == "oauth" {
        return false;
    }
    let is_granted = || agent.rule_for(&route.scope, route.also.as_ref()).is_some();
    let may_call =
        |function: &&Function| agent.may_call(&function.interface, &function.name, catalog).is_ok();
    let ours = catalog
        .functions()
        .iter()
        .filter(may_call)
        .any(|function| function.sends(route) && (!function.reads_any_path() || is_granted()));
    let foreign = agent.grants.to_arguments().iter().any(|grant| {
        grant.starts_with("foreign:") && !grant.ends_with(&format!("={}", Level::Off))
    });
    ours || (foreign && is_granted())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(grants: &[&str]) -> Vec<String> {
        let grants: Vec<String> = grants.iter().map(|grant| (*grant).to_owned()).collect();
        oauth_scopes(&Agent::from_grants("a", &grants).unwrap(), Catalog::embedded())
    }

    #[test]
    fn an_agent_needs_what_its_functions_send_and_no_more() {
        let rows: [(&[&str], &[&str]); 14] = [
            (&[], &[]),
            (&["opportunities=read"], &["opportunities:read:admin"]),
            (
                &["notes=full", "opportunities=read"],
                &["notes:write:admin", "opportunities:read:admin"],
            ),
            (&["notes=off", "opportunities=read"], &["opportunities:read:admin"]),
            (
                &["stages=full", "archive-reasons=read"],
                &["archive_reasons:read:admin", "stages:read:admin"],
            ),
            (&["opportunities.update-stage=allow"], &["opportunities:write:admin"]),
            (&["postings.apply=allow"], &["postings:write:admin", "uploads:write:admin"]),
            (
                &["applications=full", "postings=read", "uploads=full"],
                &["applications:read:admin", "postings:write:admin", "uploads:write:admin"],
            ),
            (&["webhook-events=read", "oauth=full", "raw=read", "roles=read"], &[]),
            (&["raw=read", "tags=read"], &["tags:read:admin"]),
            (&["foreign:probe=full", "users=read"], &["users:read:admin"]),
            // What an expansion shows, although no function of its own reads it.
            (
                &["opportunities=read", "contact=read"],
                &["contact:read:admin", "opportunities:read:admin"],
            ),
            (&["stages=read", "contact=read"], &["stages:read:admin"]),
            (&["opportunities=read", "contact=off"], &["opportunities:read:admin"]),
        ];
        for (grants, expected) in rows {
            assert_eq!(scopes(grants), expected, "{grants:?}");
        }
    }

    #[test]
    fn confidential_records_have_a_scope_of_their_own() {
        let mut agent = Agent::from_grants("a", &["stages=read".to_owned()]).unwrap();
        agent.confidential = true;
        assert_eq!(
            oauth_scopes(&agent, Catalog::embedded()),
            ["stages:read:admin", "confidential:access:admin"]
        );
    }
}
