//! Escaping of text that somebody else wrote, before it reaches a record or a terminal.
//!
//! It makes invisible and steering characters visible; it does not shorten and does not touch
//! anything readable.

use std::borrow::Cow;

use lever_json::is_hostile;

/// Writes control characters, terminal escapes, bidirectional and invisible characters as
/// `\u{...}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) {
            // `\n` and `\t` in their short forms, the rest as `\u{...}`.
            match c {
                '\n' | '\r' | '\t' => escaped.extend(c.escape_default()),
                _ => escaped.extend(c.escape_unicode()),
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// JSON text with the same characters as JSON's own escapes, so that it means what it meant.
///
/// A serializer leaves all but the first 32 of them as they are; 8-bit terminals obey U+009B like
/// an escape.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    // Line ends stand between values only: inside of strings they are escaped already.
    let is_raw = |c: char| is_hostile(c) && !matches!(c, '\n' | '\r' | '\t');
    if !json.contains(is_raw) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_raw(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_steers_nothing() {
        let text = "a\u{1b}[2J\u{9b}31m\r\n\t\u{7f}\u{202e}\u{2028}\u{e0041}\u{feff}名\"\\";
        let value = serde_json::json!({ text: [text] });
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = escape_json(&json);
            assert!(!escaped.contains(|c: char| is_hostile(c) && c != '\n'), "{escaped}");
            assert!(escaped.contains("\\u009b31m") && escaped.contains("\\udb40\\udc41\\ufeff名"));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        }
        assert!(matches!(escape_json("{\n  \"a\": 1\n}"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_steers_or_hides_is_made_visible() {
        let rows = [
            ("opportunities {…} é 名", "opportunities {…} é 名"),
            ("a\u{1b}[31mred", "a\\u{1b}[31mred"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
            ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("a\0\u{7f}", "a\\u{0}\\u{7f}"),
            ("\u{e0041}", "\\u{e0041}"),
        ];
        for (text, expected) in rows {
            let escaped = escape(text);
            assert_eq!(escaped, expected, "{text:?}");
            assert_eq!(escape(&escaped), escaped, "escaping twice changes {text:?}");
        }
    }
}
