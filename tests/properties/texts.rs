//! Texts that somebody wrote to do harm, and what no message may hold.

use lever::core::error::Error;

use crate::support::random::Random;

/// What texts are made of.
const PARTS: [&str; 40] = [
    "a",
    "Ana",
    "b.pdf",
    " ",
    "  ",
    "\"",
    "'",
    "\\",
    "\\\"",
    "/",
    "..",
    ".",
    ";",
    "=",
    "%22",
    "%0d%0A",
    "%",
    "&",
    "?",
    "#",
    "\r\n",
    "\n",
    "\t",
    "\0",
    "\u{7f}",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{2028}",
    "\u{feff}",
    "\u{e0041}",
    "é",
    "名",
    "\u{301}",
    "--lever-",
    "filename=",
    "*=UTF-8''",
    "name=\"x\"",
];

/// A text of a few such parts.
pub fn hostile(random: &mut Random) -> String {
    (0..random.below(7)).map(|_| *random.of(&PARTS)).collect()
}

/// Sometimes a plain word, sometimes not.
pub fn any(random: &mut Random) -> String {
    if random.below(3) == 0 { hostile(random) } else { word(random) }
}

/// A plain word.
pub fn word(random: &mut Random) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    let letters: Vec<char> = letters.chars().collect();
    (0..1 + random.below(8)).map(|_| *random.of(&letters)).collect()
}

/// Whether a terminal would obey it, or a reader not see it.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Checks what may stand in a message.
pub fn check(error: &Error) {
    let message = &error.message;
    assert!(!message.is_empty() && message.len() <= 2048, "{} bytes", message.len());
    assert!(!message.contains(steers), "{message:?}");
}
