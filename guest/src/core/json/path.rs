//! Where in a JSON text a byte stands, as a path such as `data[3].createdAt`.
//!
//! For error messages. Finding the place afterwards, from the line and column
//! that the decoder gives, keeps the decoder itself fast and small. Keys are
//! shown as they are when they are plain names, and left out otherwise: a key
//! of somebody's making may be personal data.

enum Step {
    Key(String),
    Item(usize),
}

/// The path of the value at or before this line and column, both from 1.
///
/// The text may end or stop being JSON anywhere; the path is then that of the
/// last value begun.
pub fn path(text: &[u8], line: usize, column: usize) -> String {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let end = before.saturating_add(column).min(text.len());
    let mut steps: Vec<Step> = Vec::new();
    let mut bytes = text.iter().take(end).copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' => steps.push(Step::Key(String::new())),
            b'[' => steps.push(Step::Item(0)),
            b'}' | b']' => {
                steps.pop();
            }
            b',' => match steps.last_mut() {
                Some(Step::Item(place)) => *place = place.saturating_add(1),
                Some(Step::Key(key)) => key.clear(),
                None => {}
            },
            b'"' => {
                let string = string(&mut bytes);
                if let Some(Step::Key(key)) = steps.last_mut()
                    && key.is_empty()
                {
                    *key = string;
                }
            }
            _ => {}
        }
    }
    written(&steps)
}

/// The rest of a string whose first quote has been read.
fn string(bytes: &mut impl Iterator<Item = u8>) -> String {
    let mut content = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => content.extend([byte].into_iter().chain(bytes.next())),
            _ => content.push(byte),
        }
    }
    String::from_utf8_lossy(&content).into_owned()
}

fn written(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Item(place) => path.push_str(&format!("[{place}]")),
            Step::Key(key) if key.is_empty() => {}
            Step::Key(key) => {
                let plain = key.len() <= 40 && key.chars().all(|c| c.is_ascii_alphanumeric());
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(if plain { key } else { "?" });
            }
        }
    }
    if path.is_empty() { "the top".into() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_by_its_keys_and_numbers() {
        let text = br#"{"data":[{"id":"a"},{"id":"b,]}","createdAt":"x"}],"next":null}"#;
        let at = |needle: &str| {
            let text = std::str::from_utf8(text).unwrap();
            path(text.as_bytes(), 1, text.find(needle).unwrap() + 1)
        };
        let rows = [
            ("[{", "data[0]"),
            ("a\"}", "data[0].id"),
            (",{", "data[1]"),
            ("b,", "data[1].id"),
            ("x\"", "data[1].createdAt"),
            ("null", "next"),
        ];
        for (needle, expected) in rows {
            assert_eq!(at(needle), expected, "{needle}");
        }
        assert_eq!(path(text, 1, text.len()), "the top");
    }

    #[test]
    fn lines_count() {
        assert_eq!(path(b"{\n \"a\": {\n  \"b\": 7\n }\n}", 3, 7), "a.b");
    }

    #[test]
    fn odd_keys_and_broken_text_are_no_trouble() {
        assert_eq!(path(br#"{"ana@example.com":{"x":1"#, 1, 99), "?.x");
        assert_eq!(path(br#"{"a\"b":1"#, 1, 99), "?");
        for text in ["", "\"", "]]]}", "{\"", "[[[[", "\\"] {
            path(text.as_bytes(), 1, 50);
            path(text.as_bytes(), 0, 0);
        }
    }
}
