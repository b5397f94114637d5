//! Making rows.

use super::{Actor, Handler, Row};
use crate::http::payload::Takes::{self, Nothing};

pub(crate) type Names = &'static [&'static str];

/// The query of a usual list.
pub(crate) const PAGE: Names = &["limit", "offset", "include"];

/// The query of a single record.
pub(crate) const ONE: Names = &["include"];

pub(crate) const fn read(
    scope: Names,
    path: &'static str,
    query: Names,
    expand: Names,
    handler: Handler,
) -> Row {
    let (method, actor, takes) = ("GET", Actor::None, Nothing);
    Row { method, path, scope, actor, query, expand, takes, handler }
}

pub(crate) const fn write(
    method: &'static str,
    scope: Names,
    path: &'static str,
    actor: Actor,
    query: Names,
    takes: Takes,
    handler: Handler,
) -> Row {
    Row { method, path, scope, actor, query, expand: &[], takes, handler }
}
