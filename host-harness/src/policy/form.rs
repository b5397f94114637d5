//! A form with files in it (RFC 7578) on its way out, read for the names of its parts.
//!
//! It takes one spelling and no other, as that is all that every server reads alike: each part
//! begins with a line end and the boundary, and the boundary occurs nowhere else. What a part holds
//! is not looked at, and nothing is kept but the few bytes in which a boundary may lie.

use http::{HeaderMap, header};
use memchr::memmem;

/// The longest head of a part; ours has 400 bytes at most.
const LONGEST_HEAD: usize = 4 << 10;

/// The longest boundary, by RFC 2046.
const LONGEST_BOUNDARY: usize = 70;

/// A form that is being read.
#[derive(Debug)]
pub struct Form {
    boundary: Vec<u8>,
    place: Position,
    /// What was taken and not yet understood.
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Start,
    BehindBoundary,
    Head,
    Content,
    End,
}

/// What a form must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Two servers could read it differently.
    Unreadable,
    /// A part names who acts.
    NamesUser,
}

impl Form {
    /// A form by its one content type; none where that is another.
    pub(super) fn of(headers: &HeaderMap) -> Option<Form> {
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let (Some(kind), None) = (types.next(), types.next()) else { return None };
        let (kind, parameter) = kind.to_str().ok()?.split_once(';')?;
        let (name, boundary) = parameter.trim().split_once('=')?;
        let boundary = match boundary.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?,
            None => boundary,
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_-.".contains(&byte);
        let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data")
            && name.eq_ignore_ascii_case("boundary")
            && (1..=LONGEST_BOUNDARY).contains(&boundary.len())
            && boundary.bytes().all(is_plain);
        is_form.then(|| Form {
            boundary: format!("--{boundary}").into_bytes(),
            place: Position::Start,
            held: Vec::new(),
        })
    }

    /// Reads on.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.held.extend_from_slice(piece);
        while self.step()? {}
        Ok(())
    }

    /// Says that nothing follows.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.place {
            Position::End => Ok(()),
            _ => Err(Fault::Unreadable),
        }
    }

    /// Takes the next thing, if it is there as a whole.
    fn step(&mut self) -> Result<bool, Fault> {
        let size = self.boundary.len();
        match self.place {
            Position::Start => {
                let begins = self.held.len().min(size);
                if self.held[..begins] != self.boundary[..begins] {
                    return Err(Fault::Unreadable);
                }
                Ok(begins == size && self.go_on(size, Position::BehindBoundary))
            }
            Position::BehindBoundary => match self.held.get(..2) {
                None => Ok(false),
                Some(b"\r\n") => Ok(self.go_on(2, Position::Head)),
                Some(b"--") => Ok(self.go_on(2, Position::End)),
                Some(_) => Err(Fault::Unreadable),
            },
            Position::Head => match memmem::find(&self.held, b"\r\n\r\n") {
                Some(end) if end <= LONGEST_HEAD => {
                    check_head(&self.held[..end])?;
                    // The second line end may be that of an empty content.
                    Ok(self.go_on(end + 2, Position::Content))
                }
                None if self.held.len() <= LONGEST_HEAD => Ok(false),
                _ => Err(Fault::Unreadable),
            },
            Position::Content => match memmem::find(&self.held, &self.boundary) {
                Some(at) if self.held[..at].ends_with(b"\r\n") => {
                    Ok(self.go_on(at + size, Position::BehindBoundary))
                }
                // After a lone line feed, some servers take it for one.
                Some(_) => Err(Fault::Unreadable),
                None => {
                    let kept = self.held.len().min(size + 1);
                    self.held.drain(..self.held.len() - kept);
                    Ok(false)
                }
            },
            Position::End => match b"\r\n".starts_with(&self.held) {
                true => Ok(false),
                false => Err(Fault::Unreadable),
            },
        }
    }

    fn go_on(&mut self, taken: usize, place: Position) -> bool {
        self.held.drain(..taken);
        self.place = place;
        true
    }
}

/// Whether a part's head is `content-disposition: form-data; name="..."; filename="..."`, the
/// file's name left out or not, with a content type or none.
fn check_head(head: &[u8]) -> Result<(), Fault> {
    let head = std::str::from_utf8(head).map_err(|_| Fault::Unreadable)?;
    let (mut disposition, mut kind) = (None, None);
    for line in head.split("\r\n") {
        if line.chars().any(char::is_control) {
            return Err(Fault::Unreadable);
        }
        let (name, value) = line.split_once(':').ok_or(Fault::Unreadable)?;
        let place = match name.to_ascii_lowercase().as_str() {
            "content-disposition" => &mut disposition,
            "content-type" => &mut kind,
            _ => return Err(Fault::Unreadable),
        };
        if place.replace(value.trim()).is_some() {
            return Err(Fault::Unreadable);
        }
    }
    let name = disposition.and_then(field_name).ok_or(Fault::Unreadable)?;
    let base = name.split('[').next().unwrap_or_default();
    match [name, base].iter().any(|name| super::body::names_user(name)) {
        true => Err(Fault::NamesUser),
        false => Ok(()),
    }
}

/// The name in a disposition that has no other than the two parameters, each quoted and without
/// escapes.
fn field_name(disposition: &str) -> Option<&str> {
    let rest = disposition.strip_prefix("form-data; name=\"")?;
    let (name, rest) = rest.split_once('"')?;
    let file = match rest {
        "" => "",
        rest => rest.strip_prefix("; filename=\"")?.strip_suffix('"')?,
    };
    let is_word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-[].".contains(&b));
    // `_charset_` says how the others are to be read.
    let is_plain = is_word && !name.is_empty() && !name.eq_ignore_ascii_case("_charset_");
    (is_plain && !file.contains(['"', '\\'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "content-disposition: form-data; name=\"file\"; filename=\"cv.pdf\"";

    fn form(kind: &str) -> Option<Form> {
        Form::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]))
    }

    /// What comes of a body in pieces of each of a few sizes, which must not matter.
    fn read(body: &[u8]) -> Result<(), Fault> {
        let outcomes: Vec<_> = [1, 2, 3, 7, 64, 1 << 20]
            .into_iter()
            .map(|size| {
                let mut form = form("multipart/form-data; boundary=b-1").unwrap();
                body.chunks(size).try_for_each(|piece| form.read(piece))?;
                form.end()
            })
            .collect();
        assert!(outcomes.iter().all(|it| *it == outcomes[0]), "{outcomes:?}");
        outcomes[0]
    }

    #[test]
    fn a_form_passes_whatever_its_files_hold() {
        let content = [vec![0, 255, b'\r', b'\n', b'-', b'-', b'b'], vec![b'x'; 3000]].concat();
        let parts: [(&str, &[u8]); 4] = [
            (HEAD, &content),
            ("Content-Disposition: form-data; name=\"archived[reason]\"", b"user=perform_as"),
            ("content-disposition: form-data; name=\"name\"\r\nContent-Type: text/plain", b""),
            (
                "content-type: a/b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"\u{e9}\"",
                b"\r\n",
            ),
        ];
        let mut body = Vec::new();
        for (head, content) in parts {
            body.extend_from_slice(format!("--b-1\r\n{head}\r\n\r\n").as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        for end in ["--b-1--", "--b-1--\r\n"] {
            assert_eq!(read(&[&body, end.as_bytes()].concat()), Ok(()), "{end:?}");
        }
    }

    #[test]
    fn a_part_that_names_who_acts_is_found_in_every_spelling() {
        for name in [
            "perform_as",
            "performAs",
            "PERFORM-AS",
            "perform_as[]",
            "perform_as[0]",
            "perform_as[id]",
            "user",
            "userId",
            "user[id]",
        ] {
            for before in
                ["", "--b-1\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nx\r\n"]
            {
                let body = format!(
                    "{before}--b-1\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n--b-1--\r\n"
                );
                assert_eq!(read(body.as_bytes()), Err(Fault::NamesUser), "{name}");
            }
        }
    }

    #[test]
    fn what_servers_read_differently_is_unreadable() {
        let whole = |head: &str| format!("--b-1\r\n{head}\r\n\r\nx\r\n--b-1--\r\n");
        let hidden = "content-disposition: form-data; name=\"perform_as\"\r\n\r\nx";
        let rows = [
            String::new(),
            "{}".to_owned(),
            format!("\r\n{}", whole(HEAD)),
            format!("preamble\r\n{}", whole(HEAD)),
            format!("--b-1\r\n{HEAD}\r\n\r\nx"),
            format!("--b-1\r\n{HEAD}\r\n\r\nx\r\n--b-1"),
            format!("{}{}", whole(HEAD), whole(hidden)),
            format!("--b-1--\r\n{}", whole(hidden)),
            // A boundary after a lone line feed, or with blanks behind it.
            format!("--b-1\r\n{HEAD}\r\n\r\nx\n--b-1\n{hidden}\r\n--b-1--\r\n"),
            format!("--b-1\r\n{HEAD}\r\n\r\nx--b-1\r\n{hidden}\r\n--b-1--\r\n"),
            format!("--b-1\r\n{HEAD}\r\n\r\nx\r\n--b-1 \r\n{hidden}\r\n--b-1--\r\n"),
            format!("--b-1\r\n{HEAD}\r\n\r\nx\r\n--b-12\r\n{hidden}\r\n--b-1--\r\n"),
            format!("--b-1\n{HEAD}\n\nx\r\n--b-1--\r\n"),
            whole(""),
            whole("content-type: text/plain"),
            whole("content-disposition: form-data"),
            whole("content-disposition: form-data; name=file"),
            whole("content-disposition: attachment; name=\"file\""),
            whole("content-disposition: form-data; name=\"\""),
            whole("content-disposition: form-data; name=\"a%5fb\""),
            whole("content-disposition: form-data; name=\"a\\\"b\""),
            whole("content-disposition: form-data; name=\"a\"; name=\"user\""),
            whole("content-disposition: form-data; name=\"a\"; name*=utf-8''user"),
            whole("content-disposition: form-data; name=\"a\"; filename=\"b\"; name=\"user\""),
            whole("content-disposition: form-data; name=\"_charset_\""),
            whole(&format!("{HEAD}\r\n{HEAD}")),
            whole(&format!("{HEAD}\r\n continued")),
            whole(&format!("{HEAD}\r\ncontent-transfer-encoding: base64")),
            whole(&format!("{HEAD}\ncontent-type: a/b")),
            whole(&format!("{HEAD}\r\ncontent-type: {}", "x".repeat(LONGEST_HEAD))),
        ];
        for body in rows {
            assert_eq!(read(body.as_bytes()), Err(Fault::Unreadable), "{body:.200}");
        }
    }

    #[test]
    fn a_form_is_one_by_its_content_type() {
        for kind in
            ["multipart/form-data; boundary=lever-01", "Multipart/Form-Data;boundary=\"a.b\""]
        {
            assert!(form(kind).is_some(), "{kind}");
        }
        for kind in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=a b",
            "multipart/form-data; boundary=\"a",
            "multipart/form-data; boundary=a; boundary=b",
            "multipart/form-data; boundary=a; charset=utf-16",
            "multipart/form-data; boundary=application/json",
            "multipart/mixed; boundary=a",
            "application/json",
        ] {
            assert!(form(kind).is_none(), "{kind}");
        }
        let mut twice = HeaderMap::new();
        for boundary in ["a", "b"] {
            let kind = format!("multipart/form-data; boundary={boundary}").parse().unwrap();
            twice.append(header::CONTENT_TYPE, kind);
        }
        assert!(Form::of(&twice).is_none());
    }

    #[test]
    fn a_large_file_is_read_without_being_kept() {
        let mut form = form("multipart/form-data; boundary=b-1").unwrap();
        form.read(format!("--b-1\r\n{HEAD}\r\n\r\n").as_bytes()).unwrap();
        for _ in 0..512 {
            form.read(&[b'x'; 4096]).unwrap();
            assert!(form.held.len() <= form.boundary.len() + 1, "{}", form.held.len());
        }
        form.read(b"\r\n--b-1--").unwrap();
        assert_eq!(form.end(), Ok(()));
    }
}
