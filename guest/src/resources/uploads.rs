//! Files on their way into an application.

use super::{Error, Lever, with_lever};
use crate::bindings::exports::ats::lever::types::NewFile;
use crate::bindings::exports::ats::lever::uploads::{Guest, UploadedFile};

impl Guest for Lever {
    fn upload(file: NewFile) -> Result<UploadedFile, Error> {
        with_lever(|lever| lever.upload_file(file))
    }
}
