//! The grammar of route lines: `` `PUT /a/{b}` `resource:write` ``, then more, or `` `local`
//! `resource:read` ``.
//!
//! It accepts exactly that and nothing near it: a line that only resembles a route line must stop
//! the build, since an allow-list is made from it.

use http::Method;

use super::route::{Access, Route, Scope, Segment};

/// What is wrong with a route line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// There is no documentation, or its last line is prose.
    #[error(
        "the last line of its documentation is not a route line such as \"`GET /stages/{{stage}}` `stages:read`\""
    )]
    Missing,
    /// The line starts like a route line and is none.
    #[error("the route line is malformed at {0:?}: {1}")]
    Malformed(String, &'static str),
}

/// The content of one route line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) routes: Vec<Route>,
    pub(super) scope: Scope,
    pub(super) also: Option<Scope>,
}

pub(super) fn parse(text: &str) -> Result<Line, LineError> {
    let text = text.trim();
    if !text.starts_with('`') {
        return Err(LineError::Missing);
    }
    let mut routes = Vec::new();
    let mut scopes = Vec::new();
    for item in text.split(", then ") {
        let (request, scope) = quoted_pair(item)?;
        let (scope, also) = parse_permission(scope)?;
        if request == "local" {
            if text.contains(", then ") {
                return Err(bad(item, "`local` stands alone"));
            }
        } else {
            routes.push(parse_route(request, &scope, also.as_ref())?);
        }
        scopes.push((scope, also));
    }
    let (scope, also) = scopes.into_iter().next().ok_or(LineError::Missing)?;
    Ok(Line { routes, scope, also })
}

/// One line of the list in the documentation of an interface that reads any path.
#[derive(Debug)]
pub(super) enum Listed {
    /// A read of one path.
    Read(Route),
    /// A name of `expand` that no record of the WIT has, and the permission of what it shows.
    Expansion(String, Scope),
}

/// `` `GET /a/{b}` `a:read` `` or `` `expand=name` `b:read` ``.
pub(super) fn parse_listed(text: &str) -> Result<Listed, LineError> {
    let (request, scope) = quoted_pair(text.trim())?;
    let (scope, also) = parse_permission(scope)?;
    if let Some(name) = request.strip_prefix("expand=") {
        return match is_literal(name) && also.is_none() && scope.access == Access::Read {
            true => Ok(Listed::Expansion(name.to_owned(), scope)),
            false => Err(bad(text, "an expansion is one word and takes one `read` permission")),
        };
    }
    let route = parse_route(request, &scope, also.as_ref())?;
    if route.is_write() || route.is_any_path() {
        return Err(bad(text, "only reads of one path may be listed here"));
    }
    Ok(Listed::Read(route))
}

fn quoted_pair(item: &str) -> Result<(&str, &str), LineError> {
    item.strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'))
        .and_then(|inner| inner.split_once("` `"))
        .filter(|(request, scope)| !request.contains('`') && !scope.contains('`'))
        .ok_or_else(|| bad(item, "expected a request and a permission, each in backticks"))
}

/// One permission, or two with " or " between.
fn parse_permission(text: &str) -> Result<(Scope, Option<Scope>), LineError> {
    match text.split_once(" or ") {
        None => Ok((parse_scope(text)?, None)),
        Some((one, other)) => {
            let (one, other) = (parse_scope(one)?, parse_scope(other)?);
            if one.access != other.access || one.resource == other.resource {
                return Err(bad(text, "the two permissions differ in their resource alone"));
            }
            Ok((one, Some(other)))
        }
    }
}

fn parse_scope(text: &str) -> Result<Scope, LineError> {
    let (resource, access) = text
        .split_once(':')
        .ok_or_else(|| bad(text, "a permission is `resource:read` or `resource:write`"))?;
    if !is_kebab(resource) {
        return Err(bad(text, "a resource is written in kebab-case"));
    }
    let access = match access {
        "read" => Access::Read,
        "write" => Access::Write,
        _ => return Err(bad(text, "a permission ends in `read` or `write`")),
    };
    Ok(Scope { resource: resource.to_owned(), access })
}

fn parse_route(text: &str, scope: &Scope, also: Option<&Scope>) -> Result<Route, LineError> {
    let (method, path) =
        text.split_once(' ').ok_or_else(|| bad(text, "expected `METHOD /path`"))?;
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        _ => return Err(bad(text, "the method is GET, POST, PUT, PATCH or DELETE")),
    };
    if method != Method::GET && scope.access == Access::Read {
        return Err(bad(text, "a request that changes something needs a `write` permission"));
    }
    let rest = path.strip_prefix('/').ok_or_else(|| bad(text, "the path starts with `/`"))?;
    let mut segments = Vec::new();
    // Lever's one path that ends in a slash is written so.
    let (words, end) = match rest.strip_suffix('/') {
        Some(words) => (words, Some(Segment::Literal(String::new()))),
        None => (rest, None),
    };
    for segment in words.split('/') {
        let segment = match segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(name) if is_kebab(name) => Segment::Parameter(name.to_owned()),
            None if is_literal(segment) => Segment::Literal(segment.to_owned()),
            _ => return Err(bad(text, "a segment is a word or a `{parameter}`")),
        };
        if matches!(segment, Segment::Parameter(_)) && segments.contains(&segment) {
            return Err(bad(text, "a parameter occurs twice"));
        }
        segments.push(segment);
    }
    segments.extend(end);
    let (scope, also) = (scope.clone(), also.cloned());
    Ok(Route { method, template: path.to_owned(), scope, also, segments })
}

fn is_kebab(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_literal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn bad(part: &str, why: &'static str) -> LineError {
    LineError::Malformed(part.to_owned(), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_line_gives_its_requests_in_order() {
        let line = parse("`PUT /a/{b}/c_d` `x-y:write`, then `GET /a/{b}` `x-y:read`").unwrap();
        let shown: Vec<_> = line.routes.iter().map(|r| format!("{r} {}", r.scope)).collect();
        assert_eq!(shown, ["PUT /a/{b}/c_d x-y:write", "GET /a/{b} x-y:read"]);
        assert_eq!(line.scope.to_string(), "x-y:write");
    }

    #[test]
    fn a_permission_may_have_a_second_name_and_a_path_a_slash_at_its_end() {
        let line = parse("`PUT /a/` `x:write or y:write`").unwrap();
        assert_eq!(
            (line.scope.to_string(), line.also.unwrap().to_string()),
            ("x:write".into(), "y:write".into())
        );
        assert_eq!(line.routes[0].segments.last(), Some(&Segment::Literal(String::new())));
    }

    #[test]
    fn local_has_a_permission_and_no_request() {
        let line = parse("`local` `webhook-events:read`").unwrap();
        assert!(line.routes.is_empty());
        assert_eq!(line.scope.to_string(), "webhook-events:read");
    }

    #[test]
    fn what_only_resembles_a_route_line_is_refused() {
        let rows = [
            "",
            "One request.",
            "`GET /a`",
            "`GET /a` `a:admin`",
            "`GET /a` `a`",
            "`GET /a` `A:read`",
            "`get /a` `a:read`",
            "`GET a` `a:read`",
            "`GET /a//` `a:read`",
            "`GET /` `a:read`",
            "`GET /a` `a:read or b:write`",
            "`GET /a` `a:read or a:read`",
            "`GET /a` `a:read or b:read or c:read`",
            "`GET /a` `a:read or `",
            "`GET //a` `a:read`",
            "`GET /a/../b` `a:read`",
            "`GET /a/{}` `a:read`",
            "`GET /{a}/{a}` `a:read`",
            "`GET /a?b=c` `a:read`",
            "`GET /a` `a:read`.",
            "`GET /a` `a:read`, `GET /b` `b:read`",
            "`GET /a` `a:read`, then ",
            "`local` `a:read`, then `GET /a` `a:read`",
            // A write under a read permission would let a read grant change data.
            "`POST /a` `a:read`",
        ];
        for row in rows {
            assert!(parse(row).is_err(), "{row:?} was accepted");
        }
    }

    #[test]
    fn the_list_of_reads_holds_reads_and_expansions_alone() {
        assert!(matches!(parse_listed("`GET /tags` `tags:read`"), Ok(Listed::Read(_))));
        assert!(parse_listed("`DELETE /tags` `tags:write`").is_err());
        assert!(parse_listed("`GET /{path}` `raw:read`").is_err());
        let expansion = parse_listed("`expand=referrer` `users:read`");
        assert!(matches!(expansion, Ok(Listed::Expansion(name, _)) if name == "referrer"));
        for row in [
            "`expand=` `users:read`",
            "`expand=a.b` `users:read`",
            "`expand=a` `users:write`",
            "`expand=a` `users:read or tags:read`",
        ] {
            assert!(parse_listed(row).is_err(), "{row} was accepted");
        }
    }
}
