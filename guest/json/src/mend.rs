//! Strings in JSON that nobody can read as they stand, made readable.
//!
//! Some writers cut texts in the midst of a character, which leaves half a
//! surrogate pair, or write control characters as they are. Nothing outside of
//! strings is touched.

/// Whether a string may hold half a surrogate pair: an escape of one is in it.
pub fn halves(json: &str) -> bool {
    json.contains('\\') && (json.contains("\\uD") || json.contains("\\ud"))
}

/// The same JSON with U+FFFD for half a surrogate pair and escapes for control
/// characters in strings.
#[cold]
#[inline(never)]
pub fn mended(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    let mut in_string = false;
    while let Some(at) = rest.find(|c| matches!(c, '"' | '\\') || c < ' ') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = match from.as_bytes() {
            [b'"', ..] => {
                in_string = !in_string;
                1
            }
            [b'\\', b'u', ..] if in_string => match unit(from) {
                Some(0xd800..=0xdbff) if matches!(unit(after(from, 6)), Some(0xdc00..=0xdfff)) => {
                    12
                }
                Some(0xd800..=0xdfff) => {
                    out.push_str("\\ufffd");
                    rest = after(from, 6);
                    continue;
                }
                _ => 2,
            },
            [b'\\', ..] if in_string => from.chars().take(2).map(char::len_utf8).sum(),
            [control @ 0..0x20, ..] if in_string => {
                out.push_str(&format!("\\u{control:04x}"));
                rest = after(from, 1);
                continue;
            }
            _ => 1,
        };
        let (piece, more) = from.split_at_checked(length).unwrap_or((from, ""));
        out.push_str(piece);
        rest = more;
    }
    out + rest
}

/// The UTF-16 unit of the escape that a text begins with.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u32::from_str_radix(digits, 16).ok()
}

fn after(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_can_read_is_changed() {
        let rows = [
            (r#"{"a":"x\ud83d"}"#, r#"{"a":"x\ufffd"}"#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\uD83Dx\uDE00""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            // An escaped backslash, and no escape of a character.
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\"\ud83d\"""#, r#""\"\ufffd\"""#),
            ("\"a\tb\nc\u{1}\"", r#""a\u0009b\u000ac\u0001""#),
            ("{\n\t\"a\": 1\r\n}", "{\n\t\"a\": 1\r\n}"),
            (r#""\u00e9\u12""#, r#""\u00e9\u12""#),
            ("\"é\\é", "\"é\\é"),
            ("\"\\", "\"\\"),
            (r#""\ud8"#, r#""\ud8"#),
        ];
        for (json, expected) in rows {
            assert_eq!(mended(json), expected, "{json}");
        }
    }
}
