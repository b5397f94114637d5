//! Files on an opportunity.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::files::{File, FilePage, FileQuery, FilesResult, Guest};
use crate::bindings::exports::ats::lever::types::{DownloadedFile, NewFile};
use crate::routes::files as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: FileQuery,
        cursor: Option<String>,
    ) -> Result<FilePage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: FileQuery,
        max_items: Option<u32>,
    ) -> Result<FilePage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: FileQuery,
    ) -> Result<Vec<FilesResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<FilePage, _>(route, opportunities, &query))
    }

    fn get(opportunity: String, file: String) -> Result<File, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&opportunity, &file], &Fields::of(vec![])))
    }

    fn upload(
        opportunity: String,
        file: NewFile,
        perform_as: Option<String>,
    ) -> Result<File, Error> {
        with_lever(|lever| lever.upload_to(&route::UPLOAD, &[&opportunity], file, perform_as))
    }

    fn download(opportunity: String, file: String) -> Result<DownloadedFile, Error> {
        with_lever(|lever| lever.download(&route::DOWNLOAD, &[&opportunity, &file], vec![]))
    }

    fn delete(opportunity: String, file: String, perform_as: Option<String>) -> Result<(), Error> {
        with_lever(|lever| lever.remove_as(&route::DELETE, &[&opportunity, &file], perform_as))
    }
}
