//! A multipart/form-data body cut into its parts, without copying them (RFC 7578, RFC 2046 section
//! 5.1).
//!
//! Strict, so that a client that frames or quotes badly is refused: no preamble, no epilogue, no
//! padding, no folded or bare line ends, no `filename*`. Names are unescaped as browsers escape
//! them (WHATWG HTML: `%22`, `%0D`, `%0A`); a backslash in a quoted name means different things to
//! different readers and is refused.

use bytes::Bytes;
use memchr::memmem::Finder;

use crate::http::reply::Failure;

/// The largest file Lever takes, in bytes: 30 MB.
pub(crate) const MAX_FILE: usize = 30_000_000;

/// The longest boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// More header lines than a part has use for, in bytes.
const MAX_HEAD: usize = 8 << 10;

/// More parts than a form has use for.
const MAX_PARTS: usize = 1000;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The name of the form's field.
    pub field: String,
    /// The name of the file; None of a plain field.
    pub file_name: Option<String>,
    pub bytes: Bytes,
}

fn bad(what: &str) -> Failure {
    Failure::Query(format!("Malformed multipart body: {what}"))
}

fn is_boundary_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `; name=value` taken off the front of a header's value: name, value, whether it was quoted, and
/// the rest.
fn parameter(text: &str) -> Result<(&str, &str, bool, &str), Failure> {
    let text = text.trim_start_matches([' ', '\t']);
    let text = text.strip_prefix(';').ok_or_else(|| bad("a parameter needs a semicolon"))?;
    let text = text.trim_start_matches([' ', '\t']);
    let (name, rest) = text.split_once('=').ok_or_else(|| bad("a parameter needs a value"))?;
    if name.is_empty() || !name.bytes().all(is_token_char) {
        return Err(bad("a parameter's name is not a token"));
    }
    if let Some(rest) = rest.strip_prefix('"') {
        let (value, rest) =
            rest.split_once('"').ok_or_else(|| bad("a quoted value does not end"))?;
        if value.contains('\\') {
            return Err(bad("a backslash in a quoted value is ambiguous"));
        }
        return Ok((name, value, true, rest));
    }
    let end = rest.bytes().position(|byte| !is_token_char(byte)).unwrap_or(rest.len());
    let (value, rest) = rest.split_at(end);
    if value.is_empty() {
        return Err(bad("a parameter's value must be quoted or a token"));
    }
    Ok((name, value, false, rest))
}

/// The boundary a content type names.
fn boundary(content_type: &str) -> Result<&str, Failure> {
    let (_, mut rest) = content_type.split_at(content_type.find(';').unwrap_or(content_type.len()));
    let mut found = None;
    while !rest.trim().is_empty() {
        let (name, value, _, tail) = parameter(rest)?;
        if name.eq_ignore_ascii_case("boundary") && found.replace(value).is_some() {
            return Err(bad("the content type names two boundaries"));
        }
        rest = tail;
    }
    let found = found.ok_or_else(|| bad("the content type names no boundary"))?;
    let fits = (1..=MAX_BOUNDARY).contains(&found.len())
        && found.bytes().all(is_boundary_char)
        && !found.ends_with(' ');
    if fits { Ok(found) } else { Err(bad("the boundary is invalid")) }
}

/// A quoted name as the sender meant it.
fn unescaped(name: &str) -> String {
    let mut rest = name;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let escape = after.get(..2).unwrap_or_default().to_ascii_uppercase();
        let letter = match escape.as_str() {
            "22" => Some('"'),
            "0D" => Some('\r'),
            "0A" => Some('\n'),
            _ => None,
        };
        plain.push(letter.unwrap_or('%'));
        rest = after.get(if letter.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// The field's and the file's name in a part's headers.
fn names(head: &[u8]) -> Result<(String, Option<String>), Failure> {
    let head = std::str::from_utf8(head).map_err(|_| bad("a part's header is not UTF-8"))?;
    let mut disposition = None;
    for line in head.split("\r\n") {
        if line.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err(bad("a control character in a part's header"));
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| bad("a part's header line has no colon"))?;
        if name.is_empty() || !name.bytes().all(is_token_char) {
            return Err(bad("a part's header name is not a token"));
        }
        let encoding = name.eq_ignore_ascii_case("content-transfer-encoding");
        if encoding && !["binary", "7bit", "8bit"].contains(&value.trim()) {
            return Err(bad("a part is encoded"));
        }
        if name.eq_ignore_ascii_case("content-disposition")
            && disposition.replace(value.trim()).is_some()
        {
            return Err(bad("a part has two dispositions"));
        }
    }
    let disposition = disposition.ok_or_else(|| bad("a part has no disposition"))?;
    let (kind, mut rest) = disposition.split_at(disposition.find(';').unwrap_or(disposition.len()));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(bad("a part is not form-data"));
    }
    let (mut field, mut file) = (None, None);
    while !rest.trim().is_empty() {
        let (name, value, is_quoted, tail) = parameter(rest)?;
        let value = if is_quoted { unescaped(value) } else { value.to_owned() };
        let slot = match name.to_ascii_lowercase().as_str() {
            "name" => &mut field,
            "filename" => &mut file,
            // RFC 7578 section 4.2 forbids filename*.
            _ => return Err(bad("a disposition has an unknown parameter")),
        };
        if value.is_empty() || slot.replace(value).is_some() {
            return Err(bad("a name is empty or given twice"));
        }
        rest = tail;
    }
    Ok((field.ok_or_else(|| bad("a part has no name"))?, file))
}

/// The parts of a body of this content type, in order.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, Failure> {
    let delimiter = format!("\r\n--{}", boundary(content_type)?);
    let finder = Finder::new(&delimiter);
    // The first delimiter has no line before it that would have to end.
    let first = delimiter.get(2..).unwrap_or_default();
    if !body.starts_with(first.as_bytes()) {
        return Err(bad("it does not start with the boundary"));
    }
    let mut rest = body.slice(first.len()..);
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return match rest.slice(2..).as_ref() {
                b"" | b"\r\n" => Ok(parts),
                _ => Err(bad("something follows its end")),
            };
        }
        if !rest.starts_with(b"\r\n") {
            return Err(bad("a boundary is not followed by a line end"));
        }
        if parts.len() == MAX_PARTS {
            return Err(bad("it has too many parts"));
        }
        rest = rest.slice(2..);
        let window = rest.get(..MAX_HEAD.min(rest.len())).unwrap_or_default();
        let end = memchr::memmem::find(window, b"\r\n\r\n");
        let end = end.ok_or_else(|| bad("a part's header does not end"))?;
        let (field, file_name) = names(&rest.slice(..end))?;
        rest = rest.slice(end + 4..);
        let end = finder.find(&rest).ok_or_else(|| bad("a part does not end"))?;
        if file_name.is_some() && end > MAX_FILE {
            return Err(Failure::TooLarge);
        }
        parts.push(Part { field, file_name, bytes: rest.slice(..end) });
        rest = rest.slice(end + delimiter.len()..);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<Part>, Failure> {
        parts("multipart/form-data; boundary=b", &Bytes::copy_from_slice(body.as_bytes()))
    }

    fn named(disposition: &str) -> Result<Vec<Part>, Failure> {
        read(&format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b--\r\n"))
    }

    #[test]
    fn parts_come_back_byte_for_byte() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\r\n\
            --b\r\ncontent-type: text/plain\r\ncontent-disposition: form-data; name=file; \
            filename=\"a.txt\"\r\n\r\n\r\n--\r\n-b\n--b\r\n--b--";
        let found = read(body).unwrap();
        let expected = [("note", None, ""), ("file", Some("a.txt"), "\r\n--\r\n-b\n--b")];
        let found: Vec<_> = found
            .iter()
            .map(|part| {
                let text = std::str::from_utf8(&part.bytes).unwrap();
                (part.field.as_str(), part.file_name.as_deref(), text)
            })
            .collect();
        assert_eq!(found, expected);
        assert_eq!(read("--b--\r\n").unwrap(), []);
    }

    #[test]
    fn a_file_name_is_the_one_meant_or_refused() {
        let rows = [
            (r#"form-data; name="f"; filename="a b.pdf""#, Some("a b.pdf")),
            (r#"form-data; name="f"; filename="Zoë 履歴書.pdf""#, Some("Zoë 履歴書.pdf")),
            (r#"form-data; name="f"; filename="a%22%0D%0Ab.pdf""#, Some("a\"\r\nb.pdf")),
            (r#"form-data; name="f"; filename="100%.pdf""#, Some("100%.pdf")),
            (r#"form-data; name="f"; filename="a%20%é.pdf""#, Some("a%20%é.pdf")),
            (r#"form-data; name="f"; filename="a;b=c.pdf""#, Some("a;b=c.pdf")),
            (r#"form-data; name=f; filename=a.pdf"#, Some("a.pdf")),
            (r#"form-data; name="f"; filename="a\"b.pdf""#, None),
            (r#"form-data; name="f"; filename="a\b.pdf""#, None),
            (r#"form-data; name="f"; filename="a"b.pdf""#, None),
            ("form-data; name=\"f\"; filename=\"a\nb.pdf\"", None),
            ("form-data; name=\"f\"; filename=\"a\r\n b.pdf\"", None),
            ("form-data; name=\"f\"; filename=\"a\u{7f}.pdf\"", None),
            (r#"form-data; name="f"; filename="""#, None),
            (r#"form-data; name="f"; filename*=UTF-8''a.pdf"#, None),
            (r#"form-data; name="f"; filename="a"; filename="b""#, None),
            (r#"form-data; name="f"; filename=a b.pdf"#, None),
            (r#"form-data; filename="a.pdf""#, None),
            (r#"attachment; name="f"; filename="a.pdf""#, None),
        ];
        for (disposition, expected) in rows {
            let found = named(disposition).ok();
            let name = found.and_then(|parts| parts[0].file_name.clone());
            assert_eq!(name.as_deref(), expected, "{disposition}");
        }
    }

    #[test]
    fn a_body_that_is_not_framed_as_it_must_is_refused() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx";
        let bodies = [
            String::new(),
            "--b".to_owned(),
            format!("--b\r\n{part}"),
            format!("--b\r\n{part}\r\n--b"),
            format!("--b\n{part}\r\n--b--"),
            format!("--b \r\n{part}\r\n--b--"),
            format!("--b\r\n{part}\n--b--"),
            format!("--b\r\n{part}\r\n--bc--"),
            format!("--b\r\n{part}\r\n--b--more"),
            format!("preamble\r\n--b\r\n{part}\r\n--b--"),
            format!("--b\r\n{}\r\n--b--", part.replace("\r\n\r\n", "\r\n")),
            format!("--b\r\n{}\r\n--b--", part.replace("\r\n", "\n")),
            format!("--b\r\nContent-Transfer-Encoding: base64\r\n{part}\r\n--b--"),
            "--b\r\n\r\nx\r\n--b--".to_owned(),
        ];
        for body in bodies {
            assert!(matches!(read(&body), Err(Failure::Query(_))), "{body:?}");
        }
        assert!(read(&format!("--b\r\n{part}\r\n--b--")).is_ok());
    }

    #[test]
    fn a_boundary_is_read_from_the_content_type() {
        let rows = [
            ("multipart/form-data; boundary=a-b'c", Some("a-b'c")),
            ("multipart/form-data; charset=utf-8; boundary=\"a b:c\"", Some("a b:c")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"\"", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=\"é\"", None),
        ];
        for (content_type, expected) in rows {
            assert_eq!(boundary(content_type).ok(), expected, "{content_type}");
        }
        let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
        assert!(boundary(&long).is_err());
    }

    #[test]
    fn a_file_of_thirty_megabytes_is_taken_and_one_more_byte_is_not() {
        let body = |length: usize| {
            let head = "--b\r\nContent-Disposition: form-data; name=f; filename=a.pdf\r\n\r\n";
            let body = [head.as_bytes(), &vec![b'x'; length], b"\r\n--b--"].concat();
            parts("multipart/form-data; boundary=b", &Bytes::from(body))
        };
        assert_eq!(body(MAX_FILE).unwrap()[0].bytes.len(), MAX_FILE);
        assert_eq!(body(MAX_FILE + 1).unwrap_err(), Failure::TooLarge);
    }
}
