//! Files to Lever: for an application to come, or onto an opportunity.

use crate::bindings::exports::ats::lever::types::NewFile;
use crate::bindings::exports::ats::lever::uploads::UploadedFile;
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::http::multipart::{self, Part};
use crate::core::http::query::Pairs;
use crate::core::http::request::{Request, Route};
use crate::core::json::record::Read;
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::uploads as route;

/// Uploads a file for an application to come.
///
/// # Errors
///
/// A file that Lever would not take, or whatever kept it from being sent.
pub fn upload<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    file: NewFile,
) -> Result<UploadedFile, Error> {
    upload_part(lever, part(file)?)
}

/// Puts a file on a record.
///
/// # Errors
///
/// As for [`upload`], and when nobody is named.
pub fn upload_to<T: Transport, C: Clock, R: Read>(
    lever: &mut Client<'_, T, C>,
    route: &Route,
    ids: &[&str],
    file: NewFile,
    perform_as: Option<String>,
) -> Result<R, Error> {
    let query = lever.in_name_of(perform_as)?;
    send_part(lever, route, ids, query, part(file)?)
}

/// Uploads what was found to be sound.
///
/// # Errors
///
/// Whatever kept it from being sent.
pub fn upload_part<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    part: Part,
) -> Result<UploadedFile, Error> {
    send_part(lever, &route::UPLOAD, &[], Vec::new(), part)
}

fn send_part<T: Transport, C: Clock, R: Read>(
    lever: &mut Client<'_, T, C>,
    route: &Route,
    ids: &[&str],
    query: Pairs,
    part: Part,
) -> Result<R, Error> {
    let body = Some(multipart::form(vec![part], lever.boundary()));
    lever.answered(Request { query, body, ..route.request(ids)? })
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
