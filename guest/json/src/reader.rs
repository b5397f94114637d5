//! A cursor over JSON text (RFC 8259): strings, numbers and whole values that are
//! skipped.
//!
//! It knows no records. Where the text is not JSON it says so and nothing else:
//! what is wrong with it is worked out by slower code that runs only then.

use std::borrow::Cow;

/// The text is not JSON, or not of the form asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not JSON of the form asked for")
    }
}

impl std::error::Error for Malformed {}

/// The string that a text begins with, whatever follows.
pub fn leading_string(text: &str) -> Option<String> {
    Reader::new(text).string().ok().map(Cow::into_owned)
}

/// Where reading stands.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning.
    pub fn new(text: &'a str) -> Self {
        Reader { text, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// The first byte of what comes next, behind white space.
    pub fn peek(&mut self) -> Result<u8, Malformed> {
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => self.advance(1),
                _ => return Ok(byte),
            }
        }
        Err(Malformed)
    }

    /// Takes this byte, if it comes next behind white space.
    pub fn takes(&mut self, byte: u8) -> Result<bool, Malformed> {
        let is_next = self.peek()? == byte;
        if is_next {
            self.advance(1);
        }
        Ok(is_next)
    }

    /// Takes this byte, which must come next.
    pub fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.takes(byte)? { Ok(()) } else { Err(Malformed) }
    }

    /// Behind an item of a list or an object that ends with `close`: whether there is
    /// another.
    pub fn goes_on(&mut self, close: u8) -> Result<bool, Malformed> {
        if self.takes(close)? {
            return Ok(false);
        }
        self.expect(b',')?;
        Ok(true)
    }

    /// Takes a word such as `null`.
    pub fn word(&mut self, word: &str) -> Result<(), Malformed> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Malformed);
        }
        self.advance(word.len());
        Ok(())
    }

    /// Nothing but white space is left.
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.peek().is_ok() { Err(Malformed) } else { Ok(()) }
    }

    /// A string.
    pub fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.expect(b'"')?;
        let plain = self.plain();
        if self.byte() == Some(b'"') {
            self.advance(1);
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped(plain).map(Cow::Owned)
    }

    /// The part of a string up to its end, an escape or a control character.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let (words, _) = rest.as_chunks::<8>();
        let skipped = words.iter().take_while(|word| is_plain(word)).count();
        self.advance(skipped.saturating_mul(8));
        while let Some(byte) = self.byte()
            && byte != b'"'
            && byte != b'\\'
            && byte >= b' '
        {
            self.advance(1);
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The rest of a string that has escapes.
    #[cold]
    fn escaped(&mut self, begun: &str) -> Result<String, Malformed> {
        let mut string = begun.to_owned();
        loop {
            let byte = self.byte();
            self.advance(1);
            match byte {
                Some(b'"') => return Ok(string),
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(Malformed),
            }
            string.push_str(self.plain());
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, Malformed> {
        let byte = self.byte().ok_or(Malformed)?;
        self.advance(1);
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                if !(0xd800..0xdc00).contains(&unit) {
                    // Half a pair is not a character.
                    return char::from_u32(unit).ok_or(Malformed);
                }
                self.word("\\u")?;
                let low = self.unit()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(Malformed);
                }
                let code = (unit & 0x3ff) << 10 | (low & 0x3ff);
                // Above the basic plane there are no halves.
                return char::from_u32(code.wrapping_add(0x1_0000)).ok_or(Malformed);
            }
            _ => return Err(Malformed),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Malformed> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or(Malformed)?;
            self.advance(1);
        }
        Ok(unit)
    }

    /// A number, as it stands.
    pub fn number(&mut self) -> Result<&'a str, Malformed> {
        self.peek()?;
        let start = self.at;
        self.takes_byte(b'-');
        if !self.takes_byte(b'0') {
            self.digits()?;
        }
        if self.takes_byte(b'.') {
            self.digits()?;
        }
        if self.takes_byte(b'e') || self.takes_byte(b'E') {
            let _sign = self.takes_byte(b'+') || self.takes_byte(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn takes_byte(&mut self, byte: u8) -> bool {
        let is_next = self.byte() == Some(byte);
        if is_next {
            self.advance(1);
        }
        is_next
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.advance(1);
        }
        if self.at == start { Err(Malformed) } else { Ok(()) }
    }

    /// A value of any form, as it stands. However deep it is, it takes no stack.
    pub fn value(&mut self) -> Result<&'a str, Malformed> {
        self.peek()?;
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'{' => {
                    self.advance(1);
                    if !self.takes(b'}')? {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.advance(1);
                    if !self.takes(b']')? {
                        open.push(b']');
                        continue;
                    }
                }
                b'"' => self.skip_string()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => drop(self.number()?),
            }
            loop {
                let Some(close) = open.last().copied() else {
                    return Ok(self.text.get(start..self.at).unwrap_or_default());
                };
                if self.goes_on(close)? {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// A key and its colon, unread.
    fn key(&mut self) -> Result<(), Malformed> {
        self.peek()?;
        self.skip_string()?;
        self.expect(b':')
    }

    /// A string that is sound, whatever it says. Half a surrogate pair is let pass, as
    /// where text is kept as it stands.
    fn skip_string(&mut self) -> Result<(), Malformed> {
        self.expect(b'"')?;
        loop {
            self.plain();
            let byte = self.byte();
            self.advance(1);
            match byte {
                Some(b'"') => return Ok(()),
                Some(b'\\') => {
                    let escape = self.byte();
                    self.advance(1);
                    match escape {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                        Some(b'u') => drop(self.unit()?),
                        _ => return Err(Malformed),
                    }
                }
                _ => return Err(Malformed),
            }
        }
    }
}

/// Whether none of eight bytes is a quote, a backslash or a control character.
///
/// The highest bit of each byte says so after a subtraction (Hacker's Delight, 6-1);
/// bytes above 127 are parts of characters.
fn is_plain(word: &[u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_ne_bytes(*word);
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let quote = is_zero(word ^ ONES.wrapping_mul(b'"' as u64));
    let backslash = is_zero(word ^ ONES.wrapping_mul(b'\\' as u64));
    let control = word.wrapping_sub(ONES.wrapping_mul(b' ' as u64)) & !word & HIGH;
    (quote | backslash | control) == 0
}
