//! Why opportunities are archived.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::archive_reasons::{
    ArchiveReason, ArchiveReasonPage, ArchiveReasonQuery, Guest,
};
use crate::routes::archive_reasons as route;

impl Guest for Lever {
    fn list_page(
        query: ArchiveReasonQuery,
        cursor: Option<String>,
    ) -> Result<ArchiveReasonPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(
        query: ArchiveReasonQuery,
        max_items: Option<u32>,
    ) -> Result<ArchiveReasonPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &query, max_items))
    }

    fn get(archive_reason: String, include: Vec<String>) -> Result<ArchiveReason, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&archive_reason], &Fields::of(include)))
    }
}
