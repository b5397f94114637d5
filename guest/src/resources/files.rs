//! Files on an opportunity.

use crate::bindings::exports::ats::lever::files::File;
use crate::bindings::exports::ats::lever::types::NewFile;
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::send::scheduler::{Clock, Transport};
use crate::resources::uploads;
use crate::routes::files as route;

/// Puts a file on an opportunity.
///
/// # Errors
///
/// A file that Lever would not take, nobody to do it in the name of, or whatever kept it
/// from being sent.
pub fn upload<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    file: NewFile,
    perform_as: Option<String>,
) -> Result<File, Error> {
    uploads::upload_to(lever, &route::UPLOAD, &[opportunity], file, perform_as)
}
