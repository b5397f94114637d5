//! Reads without a function of their own.

use crate::bindings::exports::ats::lever::raw::QueryParameter;
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::raw as route;

/// Any path, its response as it came.
///
/// # Errors
///
/// As for [`Client::raw`].
pub fn get<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    path: &str,
    query: Vec<QueryParameter>,
) -> Result<String, Error> {
    let query = query.into_iter().map(|pair| (pair.name, pair.value)).collect();
    lever.raw(path, query, route::GET.scope)
}
