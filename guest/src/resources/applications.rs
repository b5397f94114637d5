//! Candidacies for postings.

use crate::bindings::exports::ats::lever::applications::{
    DeletedApplicationPage, DeletedApplicationQuery,
};
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::rules;
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::applications as route;

/// One page of the deleted applications.
///
/// # Errors
///
/// A span that Lever does not take, or whatever kept the page from being read.
pub fn list_deleted<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: DeletedApplicationQuery,
    cursor: Option<String>,
) -> Result<DeletedApplicationPage, Error> {
    rules::check_span(query.deleted_at_start, query.deleted_at_end)?;
    lever.page(&route::LIST_DELETED, &[], &query, cursor)
}

/// All deleted applications.
///
/// # Errors
///
/// As for [`list_deleted`].
pub fn list_all_deleted<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: DeletedApplicationQuery,
    max_items: Option<u32>,
) -> Result<DeletedApplicationPage, Error> {
    rules::check_span(query.deleted_at_start, query.deleted_at_end)?;
    lever.all(&route::LIST_ALL_DELETED, &[], &query, max_items)
}
