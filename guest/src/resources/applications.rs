//! Candidacies for postings.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::applications::{
    Application, ApplicationPage, ApplicationQuery, ApplicationsResult, DeletedApplicationPage,
    DeletedApplicationQuery, Guest,
};
use crate::core::postings::check_span;
use crate::routes::applications as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: ApplicationQuery,
        cursor: Option<String>,
    ) -> Result<ApplicationPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: ApplicationQuery,
        max_items: Option<u32>,
    ) -> Result<ApplicationPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: ApplicationQuery,
    ) -> Result<Vec<ApplicationsResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<ApplicationPage, _>(route, opportunities, &query))
    }

    fn get(
        opportunity: String,
        application: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Application, Error> {
        let ids = [opportunity.as_str(), application.as_str()];
        with_lever(|lever| lever.read(&route::GET, &ids, &Fields { include, expand }))
    }

    fn list_deleted(
        query: DeletedApplicationQuery,
        cursor: Option<String>,
    ) -> Result<DeletedApplicationPage, Error> {
        check_span(query.deleted_at_start, query.deleted_at_end)?;
        with_lever(|lever| lever.page(&route::LIST_DELETED, &[], &query, cursor))
    }

    fn list_all_deleted(
        query: DeletedApplicationQuery,
        max_items: Option<u32>,
    ) -> Result<DeletedApplicationPage, Error> {
        check_span(query.deleted_at_start, query.deleted_at_end)?;
        with_lever(|lever| lever.all(&route::LIST_ALL_DELETED, &[], &query, max_items))
    }
}
