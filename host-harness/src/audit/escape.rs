//! Escaping of text that somebody else wrote, before it reaches a record or a terminal.
//!
//! It makes invisible and steering characters visible; it does not shorten and does not touch anything readable.

use std::borrow::Cow;

/// Writes control characters, terminal escapes, bidirectional and invisible characters as `\u{...}`.
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

/// Unicode's control and format characters, line separators and tags.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
