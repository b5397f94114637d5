//! Documents with their bytes: what their names say of them, and which are taken.
//!
//! Looks at names only; nothing here reads a document.

use bytes::Bytes;

use super::answer::Failure;

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
pub(super) enum Shelf {
    Resume,
    File,
    Offer,
}

/// Bytes under a name.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub shelf: Shelf,
    pub name: String,
    pub bytes: Bytes,
}

/// What follows the last dot of a name, in lower case; empty without one.
pub(super) fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_lowercase())
}

/// The media type of a name; None where Lever does not take such files.
pub(super) fn media_type(name: &str) -> Option<&'static str> {
    let extension = extension(name);
    KINDS.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind)
}

/// What becomes of a file once Lever has looked at it: pictures and scripts have no text to find.
pub(super) fn status(name: &str) -> &'static str {
    match extension(name).as_str() {
        "jpg" | "png" | "js" => "unsupported",
        _ => "processed",
    }
}

/// Refuses a file of a kind Lever does not take.
///
/// # Errors
/// Its name does not end as one of the known kinds.
pub(super) fn check(name: &str, field: &str) -> Result<(), Failure> {
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
