//! Files that come in with a form or go out as a download.

use crate::account::documents::{Stored, extensions, media_type};
use crate::http::form::Part;
use crate::http::reply::{Failure, Reply};
use crate::http::response::Download;

/// The only file of a form, in a field of this name, of a kind Lever takes.
///
/// # Errors
/// None, several, or one of another kind.
pub(crate) fn only<'p>(files: &'p [Part], field: &str) -> Result<(&'p Part, &'p str), Failure> {
    let mut fitting = files.iter().filter(|part| part.field == field);
    let refuse = |message: &str| Failure::Field(message.to_owned(), format!("/{field}"));
    let part = fitting.next().ok_or_else(|| refuse("Required field is missing."))?;
    if fitting.next().is_some() {
        return Err(refuse("Only one file is allowed."));
    }
    let name = part.file_name.as_deref().unwrap_or_default();
    check(name, field)?;
    Ok((part, name))
}

/// Refuses a file of a kind Lever does not take.
///
/// # Errors
/// Its name does not end as one of the known kinds.
pub(crate) fn check(name: &str, field: &str) -> Result<(), Failure> {
    match media_type(name) {
        Some(_) => Ok(()),
        None => {
            let known = extensions();
            Err(Failure::Field(format!("Unsupported file type; known are {known}."), {
                format!("/{field}")
            }))
        }
    }
}

/// A document to be downloaded, unless it could not be processed.
///
/// # Errors
/// `Unprocessable`.
pub(crate) fn download(stored: &Stored, is_redirected: bool) -> Result<Reply, Failure> {
    if stored.status == Some("error") {
        return Err(Failure::Unprocessable);
    }
    let name = stored.document.name.clone();
    let media_type = media_type(&name).unwrap_or("application/octet-stream");
    let file = Download { name, media_type, bytes: stored.document.bytes.clone() };
    Ok(Reply::Download { file, is_redirected })
}
