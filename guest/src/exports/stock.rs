//! The calls that most functions of the WIT are.
//!
//! What depends on the type of a result is a few lines of each; the rest is one
//! piece of code for all of them. Written out in every function it took 120 KiB
//! more.

use crate::bindings::exports::ats::lever::types::DownloadedFile;
use crate::core::error::Error;
use crate::core::http::query;
use crate::core::http::request::Route;
use crate::core::json::record::{Read, Target, Write};
use crate::core::read::pager::{Limit, PageRequests};
use crate::core::read::rows::{AllFound, Found, Page};
use crate::edge::Host;

/// One page of a list.
pub fn page<P: Page + Default>(
    route: &Route,
    ids: &[&str],
    query: &dyn Write,
    cursor: Option<String>,
) -> Result<P, Error> {
    let mut page = P::default();
    list_into(&mut page, route, ids, query, (cursor, Limit::Page))?;
    Ok(page)
}

/// A list to its end, or to so many items.
pub fn all<P: Page + Default>(
    route: &Route,
    ids: &[&str],
    query: &dyn Write,
    max_items: Option<u32>,
) -> Result<P, Error> {
    let mut page = P::default();
    list_into(&mut page, route, ids, query, (None, Limit::Items(max_items)))?;
    Ok(page)
}

#[inline(never)]
fn list_into(
    page: &mut dyn Page,
    route: &Route,
    ids: &[&str],
    query: &dyn Write,
    (cursor, limit): (Option<String>, Limit),
) -> Result<(), Error> {
    let requests = PageRequests::new(route, ids, query, cursor, limit);
    Host::open()?.client().list_into(page, requests?)
}

/// A list of each of many records.
pub fn lists<F: Found>(
    route: &Route,
    ids: Vec<String>,
    query: &dyn Write,
) -> Result<Vec<F>, Error> {
    let mut found: Vec<F> = ids.into_iter().map(F::new).collect();
    lists_into(&mut found, route, query)?;
    Ok(found)
}

#[inline(never)]
fn lists_into(found: &mut dyn AllFound, route: &Route, query: &dyn Write) -> Result<(), Error> {
    Host::open()?.client().lists_into(found, route, query)
}

/// Each of many records.
pub fn records<F: Found>(
    route: &Route,
    ids: Vec<String>,
    query: &dyn Write,
) -> Result<Vec<F>, Error> {
    let mut found: Vec<F> = ids.into_iter().map(F::new).collect();
    Host::open()?.client().records_into(&mut found, route, query)?;
    Ok(found)
}

/// One record.
pub fn read<R: Read>(route: &Route, ids: &[&str], query: &dyn Write) -> Result<R, Error> {
    let mut record = R::default();
    read_into(&mut record, route, ids, query)?;
    Ok(record)
}

#[inline(never)]
fn read_into(
    record: &mut dyn Target,
    route: &Route,
    ids: &[&str],
    query: &dyn Write,
) -> Result<(), Error> {
    Host::open()?.client().read_into(record, route, ids, query)
}

/// A request without a body, whose response is the whole record.
pub fn act<R: Read>(route: &Route, ids: &[&str]) -> Result<R, Error> {
    Host::open()?.client().act(route, ids, Vec::new())
}

/// A file.
pub fn download(route: &Route, ids: &[&str], query: &dyn Write) -> Result<DownloadedFile, Error> {
    let query = query::pairs(route, query);
    Host::open()?.client().download(route, ids, query?)
}

/// A removal.
#[inline(never)]
pub fn remove(route: &Route, ids: &[&str]) -> Result<(), Error> {
    Host::open()?.client().remove(route, ids, Vec::new())
}

/// A removal that Lever makes only in somebody's name.
#[inline(never)]
pub fn remove_as(route: &Route, ids: &[&str], perform_as: Option<String>) -> Result<(), Error> {
    Host::open()?.client().remove_as(route, ids, perform_as)
}
