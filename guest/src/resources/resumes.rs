//! Resumes on an opportunity.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::resumes::{
    Guest, Resume, ResumePage, ResumeQuery, ResumesResult,
};
use crate::bindings::exports::ats::lever::types::DownloadedFile;
use crate::routes::resumes as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: ResumeQuery,
        cursor: Option<String>,
    ) -> Result<ResumePage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: ResumeQuery,
        max_items: Option<u32>,
    ) -> Result<ResumePage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: ResumeQuery,
    ) -> Result<Vec<ResumesResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<ResumePage, _>(route, opportunities, &query))
    }

    fn get(opportunity: String, resume: String, include: Vec<String>) -> Result<Resume, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&opportunity, &resume], &Fields::of(include)))
    }

    fn download(opportunity: String, resume: String) -> Result<DownloadedFile, Error> {
        with_lever(|lever| lever.download(&route::DOWNLOAD, &[&opportunity, &resume], vec![]))
    }
}
