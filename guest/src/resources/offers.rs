//! Offers made to candidates.

use super::{Error, Lever, with_lever};
use crate::bindings::exports::ats::lever::offers::{Guest, OfferPage, OfferQuery, OffersResult};
use crate::bindings::exports::ats::lever::types::DownloadedFile;
use crate::core::query::chosen;
use crate::routes::offers as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: OfferQuery,
        cursor: Option<String>,
    ) -> Result<OfferPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: OfferQuery,
        max_items: Option<u32>,
    ) -> Result<OfferPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: OfferQuery,
    ) -> Result<Vec<OffersResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<OfferPage, _>(route, opportunities, &query))
    }

    fn download(
        opportunity: String,
        offer: String,
        status: Option<String>,
    ) -> Result<DownloadedFile, Error> {
        let query = chosen([("status", status)]);
        with_lever(|lever| lever.download(&route::DOWNLOAD, &[&opportunity, &offer], query))
    }
}
