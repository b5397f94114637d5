//! Documents with their bytes, and what their names imply.
//!
//! Reads names only, never a document.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Extensions Lever documents for uploads (`js` included, though it looks like a slip), with their
/// media types.
const KINDS: [(&str, &str); 7] = [
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("doc", "application/msword"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("js", "text/javascript"),
];

/// Bytes under a name.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub name: String,
    pub bytes: Bytes,
}

/// A document the account keeps.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub document: Document,
    pub uploaded_at: u64,
    /// None where it was never processed.
    pub status: Option<&'static str>,
    /// Whether size and time are strings, as some of Lever's examples have them.
    pub is_text: bool,
}

impl Stored {
    /// A file that just came in.
    pub fn new(name: &str, bytes: Bytes, uploaded_at: u64) -> Self {
        let status = Some(if bytes.is_empty() { "error" } else { status(name) });
        let document = Document { name: name.to_owned(), bytes };
        Self { document, uploaded_at, status, is_text: false }
    }

    fn number(&self, number: u64) -> Value {
        if self.is_text { json!(number.to_string()) } else { json!(number) }
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

/// The status of a processed file: pictures and scripts have no text.
fn status(name: &str) -> &'static str {
    match extension(name).as_str() {
        "jpg" | "png" | "js" => "unsupported",
        _ => "processed",
    }
}

/// The extensions Lever takes.
pub(crate) fn extensions() -> String {
    KINDS.map(|(extension, _)| extension).join(", ")
}

/// Seeded bytes that look like a PDF and contain this label.
pub(crate) fn pdf(label: &str) -> Bytes {
    Bytes::from(format!("%PDF-1.4\n% {label}\n\u{0}\u{ff}\r\n--not-a-boundary\r\n%%EOF\n"))
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
        }
    }
}
