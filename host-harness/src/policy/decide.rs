//! The decision on a function, and the part of it that the decision on a request shares.
//!
//! A grant on a resource opens every function under that permission; a grant on a function opens
//! that function and the requests of its route line, for that function only.

use http::Method;

use super::Agent;
use super::grants::nearest;
use super::refusal::{Refusal, Rule, shown};
use super::wire::CallScope;
use crate::catalog::{Catalog, Function, Route, Scope};

impl Agent {
    /// Whether the agent may call this function.
    ///
    /// All requests of the function have to be allowed, so that none fails halfway for want of a
    /// grant.
    ///
    /// # Errors
    ///
    /// With the refusal, which names the grant that is missing.
    pub fn may_call(
        &self,
        interface: &str,
        function: &str,
        catalog: &Catalog,
    ) -> Result<Rule, Refusal> {
        let Some(found) = catalog.function(interface, function) else {
            return self.may_call_foreign(interface, function, catalog);
        };
        let id = found.id();
        if self.grants.allows_function(&id) {
            return Ok(Rule(format!("{id}=allow")));
        }
        let subject = format!("`{id}`");
        let own = (&found.scope, found.also.as_ref());
        let routes = found.routes.iter().map(|route| (&route.scope, route.also.as_ref()));
        for (scope, also) in std::iter::once(own).chain(routes) {
            if self.rule_for(scope, also).is_none() {
                return Err(Refusal::for_want_of(self, &subject, scope, Some(found)));
            }
        }
        self.rule_for(&found.scope, found.also.as_ref())
            .ok_or_else(|| Refusal::for_want_of(self, &subject, &found.scope, Some(found)))
    }

    /// Whether the agent may see what a call of a catalog's function asks to `expand`, by Lever's
    /// names.
    ///
    /// A name that is not known is left to the function, which refuses it with those it takes, and
    /// to the decision on the request.
    ///
    /// # Errors
    ///
    /// With the refusal, which names the grant that is missing.
    pub fn may_expand<'n>(
        &self,
        function: &Function,
        names: impl IntoIterator<Item = &'n str>,
        catalog: &Catalog,
    ) -> Result<(), Refusal> {
        names.into_iter().filter_map(|name| Some((name, catalog.expansion(name)?))).try_for_each(
            |(name, scope)| self.may_show(&format!("`{}`", function.id()), name, scope),
        )
    }

    /// Whether the agent may see what `expand` of this name shows; `subject` is what asks for it.
    pub(super) fn may_show(&self, subject: &str, name: &str, scope: &Scope) -> Result<(), Refusal> {
        match self.rule_for(scope, None) {
            Some(_) => Ok(()),
            None => {
                let subject = format!("{subject} with `expand` of `{name}`");
                Err(Refusal::for_want_of(self, &subject, scope, None))
            }
        }
    }

    /// Whether the agent may call this function of a component of this digest.
    ///
    /// Where the policy pins components, the functions of any other are foreign, even if they are
    /// called like ours.
    ///
    /// # Errors
    ///
    /// As [`Agent::may_call`].
    pub fn may_call_of(
        &self,
        digest: &str,
        interface: &str,
        function: &str,
        catalog: &Catalog,
    ) -> Result<Rule, Refusal> {
        if self.trusts(digest) {
            return self.may_call(interface, function, catalog);
        }
        let refused = |refusal: Refusal| match catalog.function(interface, function) {
            Some(_) => Refusal::not_pinned(self, digest, interface, function),
            None => refusal,
        };
        self.may_call_foreign(interface, function, catalog).map_err(refused)
    }

    /// The scope of a call to a component of this digest.
    pub fn scope(&self, digest: &str, interface: &str, function: &str) -> CallScope {
        match self.trusts(digest) {
            true => CallScope::new(interface, function),
            false => CallScope::foreign(interface, function),
        }
    }

    /// Whether a component of this digest may pass as the Lever component.
    fn trusts(&self, digest: &str) -> bool {
        self.components.is_empty() || self.components.iter().any(|pinned| pinned == digest)
    }

    fn may_call_foreign(
        &self,
        interface: &str,
        function: &str,
        catalog: &Catalog,
    ) -> Result<Rule, Refusal> {
        let id = format!("{interface}.{function}");
        if self.grants.allows_foreign_function(&id) {
            return Ok(Rule(format!("foreign:{id}=allow")));
        }
        if self.grants.foreign_level(interface) == Some(super::Level::Full) {
            return Ok(Rule(format!("foreign:{interface}=full")));
        }
        let known: Vec<String> = catalog.functions().iter().map(Function::id).collect();
        Err(Refusal::foreign(self, interface, function, nearest(&id, &known)))
    }

    /// The grant on a resource that covers a permission.
    ///
    /// Where Lever's documents name two resources, the first that the policy mentions decides:
    /// `notes = "off"` keeps notes shut whatever `opportunities` says.
    pub(super) fn rule_for(&self, scope: &Scope, also: Option<&Scope>) -> Option<Rule> {
        let mut both = std::iter::once(scope).chain(also);
        let (scope, level) =
            both.find_map(|scope| Some((scope, self.grants.level(&scope.resource)?)))?;
        level.covers(scope.access).then(|| Rule(format!("{}={level}", scope.resource)))
    }

    /// Whether a route may be sent on behalf of a function: `None` stands for one that is not in
    /// the catalog.
    pub(super) fn may_use(
        &self,
        catalog: &Catalog,
        caller: Caller<'_>,
        route: &Route,
    ) -> Result<Rule, Refusal> {
        match caller {
            Caller::Ours(function) => {
                if !function.sends(route) {
                    return Err(Refusal::request(
                        "not a request of this function",
                        format!(
                            "`{}` tried to send `{route}`, which is none of its requests; call the function made for \
                             it, or check that the component is the one you built",
                            function.id()
                        ),
                    ));
                }
                let id = function.id();
                if self.grants.allows_function(&id) && !function.reads_any_path() {
                    return Ok(Rule(format!("{id}=allow")));
                }
                self.rule_for(&route.scope, route.also.as_ref()).ok_or_else(|| {
                    let single = (!function.reads_any_path()).then_some(function);
                    Refusal::for_want_of(self, &format!("`{route}`"), &route.scope, single)
                })
            }
            Caller::Foreign(id) => {
                if let Some(rule) = self.rule_for(&route.scope, route.also.as_ref()) {
                    return Ok(rule);
                }
                let granted = self.grants.functions().find(|id| {
                    catalog
                        .function_by_id(id)
                        .is_some_and(|function| !function.reads_any_path() && function.sends(route))
                });
                granted.map(|id| Rule(format!("{id}=allow"))).ok_or_else(|| {
                    let subject = format!("`{route}`, sent by `{}`,", shown(id));
                    Refusal::for_want_of(self, &subject, &route.scope, None)
                })
            }
        }
    }
}

/// On whose behalf a request goes out.
#[derive(Clone, Copy)]
pub(super) enum Caller<'a> {
    Ours(&'a Function),
    Foreign(&'a str),
}

/// What a refusal of an unknown request says; `similar` is the method the path does exist for.
pub(super) fn unknown_route(method: &Method, path: &str, similar: Option<&Route>) -> Refusal {
    let method = shown(method.as_str());
    let message = match similar {
        Some(route) => format!(
            "`{method} {path}` is not a request of the Lever API that this host knows; this path is known for {}",
            route.method
        ),
        None => format!(
            "`{method} {path}` is not a request of the Lever API that this host knows, so no grant can allow it"
        ),
    };
    Refusal::request("unknown request", message).at(path.to_owned())
}
