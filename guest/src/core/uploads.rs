//! Files to Lever: for an application to come, or onto an opportunity.

use super::client::Client;
use super::error::Error;
use super::multipart::{self, Part};
use super::query::Pairs;
use super::record::Read;
use super::request::{Request, Route};
use super::scheduler::{Clock, Transport};
use crate::bindings::exports::ats::lever::types::NewFile;
use crate::bindings::exports::ats::lever::uploads::UploadedFile;
use crate::routes::uploads as route;

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Uploads a file for an application to come.
    ///
    /// # Errors
    ///
    /// A file that Lever would not take, or whatever kept it from being sent.
    pub fn upload_file(&mut self, file: NewFile) -> Result<UploadedFile, Error> {
        self.upload(part(file)?)
    }

    /// Puts a file on a record.
    ///
    /// # Errors
    ///
    /// As for [`upload_file`](Self::upload_file), and when nobody is named.
    pub fn upload_to<R: Read>(
        &mut self,
        route: &Route,
        ids: &[&str],
        file: NewFile,
        perform_as: Option<String>,
    ) -> Result<R, Error> {
        let query = self.in_name_of(perform_as)?;
        self.send_part(route, ids, query, part(file)?)
    }

    /// Uploads what was found to be sound.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being sent.
    pub fn upload(&mut self, part: Part) -> Result<UploadedFile, Error> {
        self.send_part(&route::UPLOAD, &[], Vec::new(), part)
    }

    fn send_part<R: Read>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: Pairs,
        part: Part,
    ) -> Result<R, Error> {
        let body = Some(multipart::form(vec![part], self.boundary()));
        self.answered(Request { query, body, ..route.request(ids)? })
    }
}

/// The one part of an upload.
///
/// # Errors
///
/// A file that Lever would not take.
pub fn part(file: NewFile) -> Result<Part, Error> {
    let NewFile { name, content_type, content } = file;
    Part::file("file", name, content_type, content)
}
