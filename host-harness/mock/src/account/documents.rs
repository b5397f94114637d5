//! Documents with their bytes: what their names say of them, and which are taken.
//!
//! Looks at names only; nothing here reads a document.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::http::form::Part;
use crate::http::reply::{Answer, Failure};

/// Extensions Lever documents for uploads (`js` included, though it looks like a slip), with their media types.
const KINDS: [(&str, &str); 7] = [
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("doc", "application/msword"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("js", "text/javascript"),
];

/// What a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    Resume,
    File,
    Offer,
}

/// Bytes under a name.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub shelf: Shelf,
    pub name: String,
    pub bytes: Bytes,
}

/// A document the account keeps.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub document: Document,
    pub uploaded_at: u64,
    /// None of those that nobody looked at.
    pub status: Option<&'static str>,
    /// Whether size and time come as text, as some of Lever's examples have them.
    pub is_spelt: bool,
}

impl Stored {
    /// A file that just came in.
    pub fn new(shelf: Shelf, name: &str, bytes: Bytes, uploaded_at: u64) -> Self {
        let status = Some(if bytes.is_empty() { "error" } else { status(name) });
        let document = Document { shelf, name: name.to_owned(), bytes };
        Self { document, uploaded_at, status, is_spelt: false }
    }

    fn number(&self, number: u64) -> Value {
        if self.is_spelt { json!(number.to_string()) } else { json!(number) }
    }

    /// Everything about it but where it is.
    pub fn view(&self) -> Map<String, Value> {
        let fields = [
            ("name", json!(self.document.name)),
            ("ext", json!(extension(&self.document.name))),
            ("uploadedAt", self.number(self.uploaded_at)),
            ("status", json!(self.status)),
            ("size", self.number(self.document.bytes.len() as u64)),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// Hands it out, unless it could not be processed.
    pub fn download(&self) -> Result<Answer, Failure> {
        match self.status {
            Some("error") => Err(Failure::Unprocessable),
            _ => Ok(Answer::Document(self.document.clone())),
        }
    }
}

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

/// What follows the last dot of a name, in lower case; empty without one.
pub(crate) fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_lowercase())
}

/// The media type of a name; None where Lever does not take such files.
pub(crate) fn media_type(name: &str) -> Option<&'static str> {
    let extension = extension(name);
    KINDS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
}

/// What becomes of a file once Lever has looked at it: pictures and scripts have no text to find.
fn status(name: &str) -> &'static str {
    match extension(name).as_str() {
        "jpg" | "png" | "js" => "unsupported",
        _ => "processed",
    }
}

/// Refuses a file of a kind Lever does not take.
///
/// # Errors
/// Its name does not end as one of the known kinds.
pub(crate) fn check(name: &str, field: &str) -> Result<(), Failure> {
    match media_type(name) {
        Some(_) => Ok(()),
        None => {
            let known = KINDS.map(|(extension, _)| extension).join(", ");
            Err(Failure::Field(format!("Unsupported file type; known are {known}."), {
                format!("/{field}")
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_a_file_is() {
        let rows = [
            ("a.pdf", Some("application/pdf"), "processed"),
            ("a.b.TXT", Some("text/plain"), "processed"),
            ("photo.PNG", Some("image/png"), "unsupported"),
            ("a.exe", None, "processed"),
            ("pdf", None, "processed"),
            ("", None, "processed"),
        ];
        for (name, kind, expected) in rows {
            assert_eq!((media_type(name), status(name)), (kind, expected), "{name}");
            assert_eq!(check(name, "file").is_ok(), kind.is_some(), "{name}");
        }
    }
}
