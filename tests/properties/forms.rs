//! Forms with files in them, read back by readers that share nothing with the
//! writer.

use lever::bindings::exports::ats::lever::types::NewFile;
use lever::core::http::multipart::{Part, form};
use lever::core::settings::Settings;
use lever::routes::files;
use proptest::prelude::*;
use serde_json::json;

use super::{config, guest, texts};
use crate::support::random::Random;

/// A part as a reader finds it.
#[derive(Debug, PartialEq)]
struct Found {
    field: String,
    name: Option<String>,
    kind: Option<String>,
    content: Vec<u8>,
}

/// How readers differ over a quoted name.
#[derive(Clone, Copy, Debug)]
enum Undo {
    Nothing,
    Backslashes,
    Percents,
}

fn undone(quoted: &str, undo: Undo) -> String {
    match undo {
        Undo::Nothing => quoted.to_owned(),
        Undo::Backslashes => {
            let mut chars = quoted.chars();
            let mut text = String::new();
            while let Some(c) = chars.next() {
                text.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            text
        }
        Undo::Percents => {
            let mut text = quoted.to_owned();
            for (escape, c) in
                [("%22", "\""), ("%0D", "\r"), ("%0d", "\r"), ("%0A", "\n"), ("%0a", "\n")]
            {
                text = text.replace(escape, c);
            }
            text
        }
    }
}

/// Where something begins.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|it| it == what)
}

/// Reads a form and takes nothing that is not exactly one.
fn read(content_type: &str, body: &[u8], undo: Undo) -> Option<Vec<Found>> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if boundary.is_empty() || boundary.len() > 70 || !boundary.bytes().all(is_plain) {
        return None;
    }
    let mark = format!("--{boundary}");
    let mut rest = body.strip_prefix(mark.as_bytes())?;
    let mut parts = Vec::new();
    loop {
        if rest == b"--\r\n" {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 4..];
        let end = find(rest, format!("\r\n{mark}").as_bytes())?;
        let content = rest[..end].to_vec();
        rest = &rest[end + 2 + mark.len()..];

        let mut lines = head.split("\r\n");
        let disposition = lines.next()?.strip_prefix("content-disposition: form-data; ")?;
        let kind = match lines.next() {
            Some(line) => Some(line.strip_prefix("content-type: ")?.to_owned()),
            None => None,
        };
        if lines.next().is_some() || head.contains(|c: char| c.is_control() && !"\r\n".contains(c))
        {
            return None;
        }
        let (field, name) = match disposition.split_once("; filename=") {
            Some((field, name)) => (field, Some(name.strip_prefix('"')?.strip_suffix('"')?)),
            None => (disposition, None),
        };
        let field = field.strip_prefix("name=\"")?.strip_suffix('"')?;
        if field.contains('"') || name.is_some_and(|name| name.contains('"')) {
            return None;
        }
        let name = name.map(|name| undone(name, undo));
        parts.push(Found { field: field.to_owned(), name, kind, content });
    }
}

/// Bytes that look like the form around them.
fn content(random: &mut Random) -> Vec<u8> {
    let parts: [&[u8]; 10] = [
        b"x",
        b"\r\n",
        b"--",
        b"--lever-0123456789abcdef0123456789abcdef",
        b"\r\n--lever-00000000000000010000000000000002--\r\n",
        b"content-disposition: form-data; name=\"y\"\r\n\r\n",
        b"\0\xff",
        b"\"",
        b"\r",
        b"\n",
    ];
    (0..1 + random.below(6)).flat_map(|_| random.of(&parts).to_vec()).collect()
}

const TYPES: [&str; 9] = [
    "application/pdf",
    "text/plain; charset=utf-8",
    "x",
    "",
    "/b",
    "a/",
    "a/b\r\nx: y",
    "a/b\u{202e}",
    "a/\"b\"",
];

/// Any name, every second one with an ending that Lever takes.
fn named(random: &mut Random) -> String {
    let name = texts::any(random);
    if random.below(2) == 0 { format!("{name}.pdf") } else { name }
}

fn read_back(random: &mut Random) {
    let (mut parts, mut expected) = (Vec::new(), Vec::new());
    for n in 0..random.below(5) {
        let field = format!("field{n}[]");
        if random.below(3) == 0 {
            let text = texts::any(random);
            expected.push(Found {
                field: field.clone(),
                name: None,
                kind: None,
                content: text.clone().into_bytes(),
            });
            parts.push(Part::text(field, text));
            continue;
        }
        let (name, content) = (named(random), content(random));
        let kind = (random.below(2) == 0).then(|| random.of(&TYPES).to_string());
        match Part::file(&field, name.clone(), kind.clone(), content.clone()) {
            Ok(part) => {
                let known = part.file.as_ref().map(|(_, kind)| kind.clone()).expect("it is a file");
                assert!(kind.is_none_or(|kind| kind == known));
                expected.push(Found { field, name: Some(name), kind: Some(known), content });
                parts.push(part);
            }
            Err(error) => {
                texts::check(&error);
                // Nothing that everybody reads alike is refused.
                let odd = |c: char| c.is_control() || "\"\\/".contains(c);
                let escapes =
                    ["%22", "%0D", "%0A"].iter().any(|it| name.to_uppercase().contains(it));
                let is_taken = ["docx", "doc", "pdf", "txt", "jpg", "png", "js"]
                    .iter()
                    .any(|ending| name.to_lowercase().ends_with(&format!(".{ending}")));
                let is_odd = name.trim().is_empty()
                    || name.len() > 255
                    || name.contains(odd)
                    || escapes
                    || !is_taken;
                assert!(is_odd || kind.is_some(), "{:?}: {}", name, error.message);
            }
        }
    }
    // The boundary is random, so no content holds it.
    let body = form(parts, [random.next() | 1 << 63, random.next()]);
    let bytes = body.pieces.concat();
    assert_eq!(body.len(), bytes.len());
    for undo in [Undo::Nothing, Undo::Backslashes, Undo::Percents] {
        let found = read(&body.content_type, &bytes, undo);
        assert_eq!(found.as_ref(), Some(&expected), "{:?}", undo);
    }
}

/// Whether it was sent.
pub fn upload(random: &mut Random) -> bool {
    let (name, content) = (named(random), content(random));
    let file = NewFile { name: name.clone(), content_type: None, content: content.clone() };
    let (result, sent) = guest::with(
        &Settings::default(),
        |_| guest::ok(json!({ "data": { "id": "f" } })),
        |client| {
            lever::resources::uploads::upload_to::<
                _,
                _,
                lever::bindings::exports::ats::lever::files::File,
            >(client, &files::UPLOAD, &["o"], file, Some("u".to_owned()))
        },
    );
    match result {
        Ok(_) => {
            let [request] = sent.as_slice() else { panic!("{} were sent", sent.len()) };
            let kind = request.body.as_ref().map(|body| body.content_type.clone()).expect("a body");
            let parts = read(&kind, &guest::body(request), Undo::Percents).expect("it is a form");
            let [part] = parts.as_slice() else { panic!("{parts:?}") };
            assert_eq!((part.name.as_deref(), &part.content), (Some(name.as_str()), &content));
        }
        Err(error) => {
            texts::check(&error);
            assert!(sent.is_empty());
        }
    }
    !sent.is_empty()
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn a_form_is_read_back_as_it_was_given_or_was_refused(seed: u64) {
        read_back(&mut Random(seed));
    }

    #[test]
    fn an_upload_sends_the_file_whole_or_nothing(seed: u64) {
        upload(&mut Random(seed));
    }
}
