//! Building the one error that callers see.
//!
//! Messages say what failed and what to do next. They hold no secret, no
//! personal data and no text of an answer but Lever's own short message, and
//! that without anything that looks like an e-mail address.

pub use crate::bindings::exports::ats::lever::types::{Error, ErrorKind, Outcome};

/// The longest message, in bytes.
const MESSAGE_BYTES: usize = 2048;

/// The longest part of it that comes from Lever, in bytes.
const QUOTE_BYTES: usize = 512;

impl Error {
    /// An error of this kind, of which nothing was sent.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: bounded(message.into(), MESSAGE_BYTES),
            status: None,
            code: None,
            retry_after_ms: None,
            outcome: Outcome::NotSent,
        }
    }

    /// The arguments break a rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::InvalidInput, message)
    }

    /// The same with another outcome.
    #[must_use]
    pub fn with_outcome(self, outcome: Outcome) -> Self {
        Error { outcome, ..self }
    }

    /// The same with another sentence behind the message.
    #[must_use]
    pub fn adding(self, sentence: &str) -> Self {
        let message = bounded(format!("{} {sentence}", self.message), MESSAGE_BYTES);
        Error { message, ..self }
    }
}

/// Lever's message made safe to show: one line, short, no address in it.
pub fn quote(message: &str) -> String {
    let words = message.split_whitespace().map(|word| {
        if word.contains('@') {
            "[redacted]".to_owned()
        } else {
            word.chars().filter(|c| is_plain(*c)).collect()
        }
    });
    bounded(words.collect::<Vec<_>>().join(" "), QUOTE_BYTES)
}

/// A value, be it the caller's or Lever's, made safe to show in a message about
/// it.
pub fn shown(value: &str) -> String {
    format!("\"{}\"", named(value))
}

/// The same without the quotes, for what is usually a plain word.
pub fn named(value: &str) -> String {
    let start: String = value.chars().take(64).flat_map(char::escape_debug).collect();
    let dots = if value.chars().nth(64).is_some() { "..." } else { "" };
    format!("{start}{dots}")
}

/// The most values that a message lists.
const LISTED: usize = 20;

/// Several values, the first of them shown.
pub fn listed<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    listed_of(&mut values.into_iter())
}

fn listed_of(values: &mut dyn Iterator<Item = &str>) -> String {
    let mut list = String::new();
    for (count, value) in values.enumerate() {
        if count == LISTED {
            list.push_str(" and others");
            break;
        }
        if count > 0 {
            list.push_str(", ");
        }
        list.push_str(&shown(value));
    }
    list
}

/// Neither a control character nor one that hides or turns the reading
/// direction.
pub fn is_plain(c: char) -> bool {
    !lever_json::is_hostile(c)
}

fn bounded(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = (0..=bytes.saturating_sub(3)).rev().find(|i| text.is_char_boundary(*i));
        text.truncate(end.unwrap_or(0));
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_one_short_line_without_addresses() {
        let rows = [
            ("stages x was not found", "stages x was not found"),
            ("a\nb\tc", "a b c"),
            ("bad ana@example.com at /email", "bad [redacted] at /email"),
            ("\u{1b}[31mred\u{202e}", "[31mred"),
            ("a\u{200b}\u{e0041}\u{61c}\u{ad}\u{2066}b\u{301}", "ab\u{301}"),
            ("", ""),
        ];
        for (given, expected) in rows {
            assert_eq!(quote(given), expected);
        }
        assert_eq!(quote(&"x".repeat(9000)).len(), QUOTE_BYTES);
    }

    #[test]
    fn a_message_is_bounded_and_keeps_whole_characters() {
        let error = Error::invalid("é".repeat(4000));
        assert!(error.message.len() <= MESSAGE_BYTES);
        assert!(error.message.ends_with("..."));
    }

    #[test]
    fn a_shown_value_is_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}b"), "\"a\\u{1b}b\"");
        assert!(shown(&"y".repeat(100)).ends_with("...\""));
    }

    #[test]
    fn a_list_shows_its_first_values_escaped() {
        assert_eq!(listed(["a", "b\n"]), "\"a\", \"b\\n\"");
        assert_eq!(listed([]), "");
        let many = listed(std::iter::repeat_n("a", 21));
        assert!(many.ends_with("\"a\" and others") && many.matches("\"a\"").count() == 20);
        assert_eq!(named("a\u{202e}"), "a\\u{202e}");
    }
}
