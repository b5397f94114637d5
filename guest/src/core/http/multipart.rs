//! Forms with files in them (RFC 7578): the head of each part and the bytes as
//! they are, so that a file is never copied.
//!
//! A name that two servers would read differently is refused rather than
//! escaped: some undo a backslash, some a percent sign, some neither.

use crate::core::error::{Error, shown};
use crate::core::http::body::Body;

/// The largest file that Lever takes: 30 MB.
pub const LARGEST_FILE: usize = 30_000_000;

/// The endings of the files that it takes. Its documentation names `js` as well,
/// so that this is left to it.
const ENDINGS: [&str; 7] = ["docx", "doc", "pdf", "txt", "jpg", "png", "js"];

/// The longest file name, in bytes, which is that of most file systems.
const LONGEST_NAME: usize = 255;

/// One part of a form.
pub struct Part {
    /// The field's name; ours, so a plain word with brackets at most.
    pub field: String,
    /// The file's name and content type, where it is a file.
    pub file: Option<(String, String)>,
    /// The bytes.
    pub content: Vec<u8>,
}

impl Part {
    /// A text field.
    pub fn text(field: impl Into<String>, value: impl Into<String>) -> Self {
        Part { field: field.into(), file: None, content: value.into().into_bytes() }
    }

    /// A file.
    ///
    /// # Errors
    ///
    /// A name or content type that cannot be sent as it is, or a file that is
    /// empty, larger than Lever takes, or of another kind.
    pub fn file(
        field: &str,
        name: String,
        content_type: Option<String>,
        content: Vec<u8>,
    ) -> Result<Self, Error> {
        check_name(&name)?;
        check_ending(&name)?;
        let content_type = match content_type {
            Some(given) => checked_type(given)?,
            None => type_by_ending(&name).to_owned(),
        };
        if content.is_empty() {
            return Err(Error::invalid(format!(
                "file {} is empty. Give its content.",
                shown(&name)
            )));
        }
        if content.len() > LARGEST_FILE {
            return Err(Error::invalid(format!(
                "file {} has {} bytes; Lever takes {LARGEST_FILE} at most. Make it smaller.",
                shown(&name),
                content.len()
            )));
        }
        Ok(Part { field: field.to_owned(), file: Some((name, content_type)), content })
    }
}

/// The form's body. `random` makes the boundary, which must not occur in any
/// file: nobody who wrote the file can have known it.
pub fn form(parts: Vec<Part>, random: [u64; 2]) -> Body {
    let [high, low] = random;
    let boundary = format!("lever-{high:016x}{low:016x}");
    let mut pieces = Vec::new();
    let mut head = String::new();
    for Part { field, file, content } in parts {
        head.push_str(&format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{field}\""));
        if let Some((name, content_type)) = file {
            head.push_str(&format!("; filename=\"{name}\"\r\ncontent-type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        pieces.push(std::mem::take(&mut head).into_bytes());
        pieces.push(content);
        head.push_str("\r\n");
    }
    head.push_str(&format!("--{boundary}--\r\n"));
    pieces.push(head.into_bytes());
    Body::of(format!("multipart/form-data; boundary={boundary}"), pieces)
}

/// How browsers write a quote and the ends of a line; some servers undo it.
const ESCAPES: [&str; 3] = ["%22", "%0D", "%0A"];

fn holds(name: &str, escape: &str) -> bool {
    name.as_bytes().windows(escape.len()).any(|it| it.eq_ignore_ascii_case(escape.as_bytes()))
}

fn check_name(name: &str) -> Result<(), Error> {
    let fault = if name.trim().is_empty() {
        "is empty".to_owned()
    } else if name.len() > LONGEST_NAME {
        format!("is longer than {LONGEST_NAME} bytes")
    } else if let Some(c) = name.chars().find(|c| c.is_control() || "\"\\/".contains(*c)) {
        format!("holds {c:?}, which servers do not read alike")
    } else if let Some(escape) = ESCAPES.into_iter().find(|it| holds(name, it)) {
        format!("holds {escape}, which servers do not read alike")
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("the file name {} {fault}. Give another name.", shown(name))))
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

fn check_ending(name: &str) -> Result<(), Error> {
    if ENDINGS.contains(&ending(name).as_str()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the file name {} ends in none of .docx, .doc, .pdf, .txt, .jpg and .png, which Lever takes. Give a name with the ending of what it holds, or convert it.",
        shown(name)
    )))
}

fn checked_type(given: String) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let is_type = given.split_once('/').is_some_and(|(kind, rest)| {
        !kind.is_empty() && !rest.is_empty() && given.len() <= 127 && given.chars().all(plain)
    });
    if is_type {
        return Ok(given);
    }
    Err(Error::invalid(format!(
        "content-type {} is none. Give one such as \"application/pdf\", or leave it out.",
        shown(&given)
    )))
}

/// What the ending says, for the files that Lever takes.
fn type_by_ending(name: &str) -> &'static str {
    match ending(name).as_str() {
        "pdf" => "application/pdf",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "txt" => "text/plain",
        "jpg" => "image/jpeg",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_heads_and_bytes_as_they_are() {
        let file = Part::file("file", "cv 2.pdf".into(), None, b"%PDF\r\n--x".to_vec()).unwrap();
        let body = form(vec![Part::text("emails[]", "a@b"), file], [1, 2]);
        let mark = "lever-00000000000000010000000000000002";
        assert_eq!(body.content_type, format!("multipart/form-data; boundary={mark}"));
        let text = String::from_utf8(body.pieces.concat()).unwrap();
        assert_eq!(
            text,
            format!(
                "--{mark}\r\ncontent-disposition: form-data; name=\"emails[]\"\r\n\r\na@b\r\n\
                 --{mark}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"cv 2.pdf\"\r\n\
                 content-type: application/pdf\r\n\r\n%PDF\r\n--x\r\n--{mark}--\r\n"
            )
        );
        assert_eq!(body.len(), text.len());
    }

    #[test]
    fn a_file_keeps_its_place_in_memory() {
        let content = vec![7; 1000];
        let address = content.as_ptr();
        let body = form(vec![Part::file("file", "a.txt".into(), None, content).unwrap()], [1, 2]);
        assert!(body.pieces.iter().any(|piece| piece.as_ptr() == address));
    }

    #[test]
    fn a_name_that_servers_read_differently_is_refused() {
        let long = "x".repeat(256);
        let bad = [
            "",
            " ",
            "a\"b",
            "a\nb",
            "a\r\nb",
            "a\\b",
            "../a",
            "a/b",
            "\0",
            "\u{7f}",
            "\u{85}",
            "a%22.pdf",
            "a%0d.pdf",
            "a%0A.pdf",
            long.as_str(),
        ];
        for name in bad {
            let part = Part::file("file", name.into(), None, vec![1]);
            let error = part.err().expect(name);
            assert!(error.message.contains("file name"), "{}", error.message);
        }
        for name in ["résumé.pdf", "履歴書.docx", "a;b='c' 100%.txt", "%2.doc", "....PNG", ".jpg"]
        {
            assert!(Part::file("file", name.into(), None, vec![1]).is_ok(), "{name}");
        }
    }

    #[test]
    fn content_types_are_given_or_guessed_and_never_lines() {
        let part = |name: &str, given: Option<&str>| {
            Part::file("file", name.into(), given.map(Into::into), vec![1])
                .map(|part| part.file.unwrap().1)
        };
        let rows = [
            ("a.PDF", None, Some("application/pdf")),
            ("a.js", None, Some("application/octet-stream")),
            ("a.pdf", Some("text/plain; charset=utf-8"), Some("text/plain; charset=utf-8")),
            ("a.pdf", Some("x"), None),
            ("a.pdf", Some("a/b\r\nx: y"), None),
            ("a.pdf", Some("/b"), None),
        ];
        for (name, given, expected) in rows {
            assert_eq!(part(name, given).ok().as_deref(), expected, "{name} {given:?}");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_refused_by_its_ending() {
        for name in ["a", "a.", "pdf", "a.exe", "a.pdf.zip", "a.jpeg", "a.gif", "a.pdf "] {
            let error = Part::file("file", name.into(), None, vec![1]).err().expect(name);
            assert!(error.message.contains(".docx, .doc, .pdf"), "{}", error.message);
        }
    }

    #[test]
    fn no_file_is_empty_or_too_large() {
        let part = |size| Part::file("file", "a.pdf".into(), None, vec![0; size]);
        assert!(part(0).is_err());
        assert!(part(LARGEST_FILE).is_ok());
        assert!(part(LARGEST_FILE + 1).is_err());
    }
}
