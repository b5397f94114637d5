//! The decision on one outgoing request, made on its parts after they were brought into one form.
//!
//! It looks at method, address, path and query, never at what the component calls itself; bodies
//! are not read. What is admitted is written anew, so what was judged is what is sent.

use http::{HeaderName, Method, Uri, header};

use super::decide::{Caller, unknown_route};
use super::path::{self, Oddity};
use super::query::Query;
use super::{Agent, Refusal, Rule};
use crate::catalog::{Catalog, Function, Route};
use crate::upstream::Upstream;

/// The longest path with query that is looked at; Node's servers take 16 KiB for the whole head.
const LONGEST: usize = 16 * 1024;

/// The reads of records that say whether they are confidential.
const TELLING: [&str; 7] = [
    "/opportunities",
    "/opportunities/deleted",
    "/opportunities/{opportunity}",
    "/postings",
    "/postings/{posting}",
    "/requisitions",
    "/requisitions/{requisition}",
];

/// The function on whose behalf requests go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallScope {
    id: String,
    foreign: bool,
}

impl CallScope {
    /// The scope of a call to `interface.function`, of the catalog or of a component that is not
    /// ours.
    pub fn new(interface: &str, function: &str) -> CallScope {
        CallScope { id: format!("{interface}.{function}"), foreign: false }
    }

    /// The scope of a call to a component that is not ours, whatever its functions are called.
    pub fn foreign(interface: &str, function: &str) -> CallScope {
        CallScope { foreign: true, ..CallScope::new(interface, function) }
    }

    /// The function of the catalog that it is.
    pub fn function<'c>(&self, catalog: &'c Catalog) -> Option<&'c Function> {
        catalog.function_by_id(&self.id).filter(|_| !self.foreign)
    }

    /// `interface.function`.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What of a request the decision is made on.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The method.
    pub method: &'a Method,
    /// The scheme, such as `https`.
    pub scheme: &'a str,
    /// Host and port as the component wrote them.
    pub authority: &'a str,
    /// Path and query as the component wrote them.
    pub path_and_query: &'a str,
}

impl<'a> Outgoing<'a> {
    /// The parts of a request; a missing part is empty and therefore refused.
    pub fn new(method: &'a Method, uri: &'a Uri) -> Outgoing<'a> {
        Outgoing {
            method,
            scheme: uri.scheme_str().unwrap_or_default(),
            authority: uri.authority().map_or("", |authority| authority.as_str()),
            path_and_query: uri.path_and_query().map_or("", |path| path.as_str()),
        }
    }
}

impl Outgoing<'_> {
    /// Whether it goes to this server, whatever its path.
    pub fn is_for(&self, upstream: &Upstream) -> bool {
        upstream.check(self.scheme, self.authority).is_ok()
    }
}

/// A request that may be sent, in the form in which it must be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted<'c> {
    /// The route it belongs to.
    pub route: &'c Route,
    /// The grant that allowed it.
    pub rule: Rule,
    /// Path, with the upstream's prefix, and query; a fixed `perform_as` is in it.
    pub path_and_query: String,
}

/// Whether a header of the component's may go out; all others are dropped.
///
/// A list of what is harmless, since servers and proxies know many headers that name another
/// method, path, host or identity (`x-http-method-override`, `x-original-url`, `forwarded`,
/// `authorization`, `cookie`).
pub fn allows_header(name: &HeaderName) -> bool {
    [
        header::ACCEPT,
        header::ACCEPT_LANGUAGE,
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::USER_AGENT,
    ]
    .contains(name)
}

impl Agent {
    /// Whether this request may go out on behalf of `call`, and in which form.
    ///
    /// # Errors
    ///
    /// With the refusal, which names the grant that is missing or the oddity that no grant can
    /// allow.
    pub fn may_send<'c>(
        &self,
        catalog: &'c Catalog,
        upstream: &Upstream,
        call: &CallScope,
        request: &Outgoing<'_>,
    ) -> Result<Admitted<'c>, Refusal> {
        upstream.check(request.scheme, request.authority).map_err(|reason| {
            Refusal::request(
                "not the API's address",
                format!("a request was refused: {reason}; only {upstream} may be called"),
            )
        })?;
        if request.path_and_query.len() > LONGEST {
            return Err(odd("it is longer than 16 KiB"));
        }
        let (raw_path, raw_query) =
            request.path_and_query.split_once('?').unwrap_or((request.path_and_query, ""));
        let path = path::normalise(raw_path).map_err(odd)?;
        let segments = below(upstream.prefix(), &path).ok_or_else(|| {
            Refusal::request(
                "outside the API's path",
                format!("a request was refused: its path is not below `{}/`", upstream.prefix()),
            )
        })?;

        let Some(route) = catalog.route(request.method, &segments) else {
            return Err(unknown_route(
                request.method,
                &catalog.blank(&segments),
                other_method(catalog, &segments),
            ));
        };
        if is_other_route_in_lower_case(catalog, route, &segments) {
            return Err(odd(
                "a segment differs from a fixed word of another path by upper case alone",
            )
            .at(route.template.clone()));
        }
        let caller = match call.function(catalog) {
            Some(function) => Caller::Ours(function),
            None => Caller::Foreign(&call.id),
        };
        let rule = self
            .may_use(catalog, caller, route)
            .map_err(|refusal| refusal.at(route.template.clone()))?;
        let mut query =
            Query::parse(raw_query).map_err(|oddity| odd(oddity).at(route.template.clone()))?;
        self.judge_expansions(catalog, route, &query)
            .and_then(|()| self.judge_query(route, &mut query))
            .map_err(|refusal| refusal.at(route.template.clone()))?;

        let mut path_and_query = path;
        query.write_to(&mut path_and_query);
        Ok(Admitted { route, rule, path_and_query })
    }

    /// What an expansion shows takes the permission of its own read.
    fn judge_expansions(
        &self,
        catalog: &Catalog,
        route: &Route,
        query: &Query,
    ) -> Result<(), Refusal> {
        query.all("expand").try_for_each(|name| match catalog.expansion(name) {
            Some(scope) => self.may_show(&format!("`{route}`"), name, scope),
            None => Err(Refusal::request(
                "unknown expansion",
                format!(
                    "`{route}` asks to `expand` a field that is not known here, so no grant can allow it; each name \
                     is a parameter of its own, as in `expand=stage&expand=owner`"
                ),
            )),
        })
    }

    /// The refusal of a record that this agent may not see, or of what belongs to it.
    pub fn withholds(&self, route: &Route) -> Refusal {
        Refusal::request(
            "confidential = false",
            format!(
                "`{route}` leads to a confidential record, and agent `{name}` may not see those; to allow it, set \
                 `confidential = true` under [agents.{name}] in the policy",
                name = self.name
            ),
        )
        .at(route.template.clone())
    }

    fn judge_query(&self, route: &Route, query: &mut Query) -> Result<(), Refusal> {
        let asks_for_all =
            query.get("confidentiality").is_some_and(|value| value != "non-confidential");
        if asks_for_all && !self.confidential {
            return Err(Refusal::request(
                "confidential = false",
                format!(
                    "`{route}` asks for confidential records, and agent `{name}` may not see them; ask for \
                     `non-confidential`, or set `confidential = true` under [agents.{name}] in the policy",
                    name = self.name
                ),
            ));
        }
        // An answer that leaves the field out does not tell.
        let tells = TELLING.contains(&route.template.as_str()) && route.method == Method::GET;
        let leaves_out = || {
            query.all("include").next().is_some()
                && !query.all("include").any(|name| name == "confidentiality")
        };
        if tells && !self.confidential && leaves_out() {
            query.push("include", "confidentiality");
        }
        if let Some(user) = &self.perform_as {
            // Lever would attribute the change to the posting's owner instead.
            if query.get("perform_as_posting_owner").is_some_and(|value| value != "false") {
                return Err(Refusal::request(
                    "perform-as",
                    format!(
                        "`{route}` acts for the posting's owner, and agent `{}` acts for one fixed user; leave \
                         `perform-as-posting-owner` out",
                        self.name
                    ),
                ));
            }
            match query.get("perform_as") {
                Some(given) if given == user => {}
                Some(_) => {
                    return Err(Refusal::request(
                        "perform-as",
                        format!(
                            "`{route}` names another user than the one that agent `{}` acts for; leave `perform-as` \
                             out, the host adds it",
                            self.name
                        ),
                    ));
                }
                None if route.is_write() => query.push("perform_as", user),
                None => {}
            }
        }
        Ok(())
    }
}

fn odd(oddity: Oddity) -> Refusal {
    Refusal::request(
        "malformed request",
        format!("a request was refused: {oddity}; no grant can allow it"),
    )
}

/// The segments below the prefix, compared by segments: `/v1x` and `/v1` itself are not below
/// `/v1`.
fn below<'p>(prefix: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let rest = path.strip_prefix(prefix)?.strip_prefix('/')?;
    Some(rest.split('/').collect())
}

/// Whether a server that ignores case would take this request for another one:
/// `/opportunities/Deleted`.
fn is_other_route_in_lower_case(catalog: &Catalog, route: &Route, segments: &[&str]) -> bool {
    if !segments.iter().any(|segment| segment.bytes().any(|b| b.is_ascii_uppercase())) {
        return false;
    }
    catalog
        .route_ignoring_case(&route.method, segments)
        .is_some_and(|other| !other.is_same_as(route))
}

fn other_method<'c>(catalog: &'c Catalog, segments: &[&str]) -> Option<&'c Route> {
    [Method::GET, Method::POST, Method::PUT, Method::DELETE]
        .iter()
        .find_map(|method| catalog.route(method, segments))
}

#[cfg(test)]
mod tests;
