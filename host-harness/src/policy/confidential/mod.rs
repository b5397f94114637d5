//! An answer of Lever's on its way to an agent that may not see confidential records, freed of them
//! as it flows.
//!
//! It follows the JSON by its brackets and strings and decodes none of it. An object whose own
//! `confidentiality` is anything but `non-confidential` is taken out of the list it stands in;
//! where it stands alone, its id is left in its place. Everything else passes byte by byte. It
//! knows no route, and nothing of records that do not say what they are.

use memchr::memchr2;

/// The deepest nesting that is followed; Lever's records have ten. What lies deeper passes with
/// what it lies in.
const DEEPEST: usize = 128;

/// The largest record; the largest that Lever is known for have some hundred kilobytes.
const LARGEST: usize = 16 << 20;

/// The field that tells.
const FIELD: &str = "confidentiality";

/// The one value that lets a record pass.
const OPEN: &str = "non-confidential";

/// An answer that is being read.
#[derive(Debug, Default)]
pub struct Sieve {
    kind: Kind,
    /// What may pass, or may have to be taken back; from `base` on, counted in what passed before.
    out: Vec<u8>,
    base: usize,
    containers: Vec<Container>,
    /// How many are open beyond the deepest that is followed.
    deeper: usize,
    /// Where the string began that is being read.
    string: Option<usize>,
    is_escaped: bool,
    is_scalar: bool,
    is_list: bool,
    withheld: Vec<String>,
    withheld_alone: bool,
}

/// What kind of bytes these are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    Json,
    Other,
}

/// An object or a list that has not ended.
#[derive(Debug)]
struct Container {
    is_object: bool,
    /// Where it begins, with the comma before it.
    start: usize,
    /// Whether the next string is a key.
    is_at_key: bool,
    key: Key,
    is_confidential: bool,
    /// Where its `id` stands.
    id: Option<(usize, usize)>,
    /// Whether anything is left in it.
    has_kept: bool,
    /// A comma whose element is yet to come.
    comma: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Confidentiality,
    Id,
    Data,
    Other,
}

/// An answer that is not followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds a record of more than {} MiB", LARGEST >> 20)]
pub struct Unwieldy;

impl Sieve {
    /// Reads on.
    ///
    /// # Errors
    ///
    /// When a record of a list is larger than any of Lever's.
    pub fn read(&mut self, mut piece: &[u8]) -> Result<(), Unwieldy> {
        if self.kind == Kind::Unknown {
            // A byte order mark may stand in front.
            let is_blank = |byte: &u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte);
            match piece.iter().find(|byte| !is_blank(byte)) {
                None => {}
                Some(b'{' | b'[') => self.kind = Kind::Json,
                Some(_) => self.kind = Kind::Other,
            }
        }
        if self.kind != Kind::Json {
            self.out.extend_from_slice(piece);
            return Ok(());
        }
        while !piece.is_empty() {
            let taken = match self.string {
                Some(_) => self.in_string(piece),
                None => self.outside(piece),
            };
            piece = &piece[taken..];
        }
        match self.out.len() > LARGEST && self.is_list {
            true => Err(Unwieldy),
            false => Ok(()),
        }
    }

    /// Whether the answer is a list, so that what is read may be taken at once.
    pub fn is_list(&self) -> bool {
        self.is_list || self.kind == Kind::Other
    }

    /// Takes what may pass of a list.
    pub fn take(&mut self) -> Vec<u8> {
        let end = self.base + self.out.len();
        let record = self.containers.iter().skip(1).find(|it| it.is_object).map(|it| it.start);
        let comma = self.containers.iter().find_map(|it| it.comma);
        let held = [record, comma, self.string].into_iter().flatten().min().unwrap_or(end);
        let kept = self.out.split_off(held - self.base);
        self.base = held;
        std::mem::replace(&mut self.out, kept)
    }

    /// Takes all that is left, at the answer's end.
    pub fn finish(&mut self) -> Vec<u8> {
        self.base += self.out.len();
        std::mem::take(&mut self.out)
    }

    /// Whether the answer was one record, and is now its id alone.
    pub fn has_withheld_alone(&self) -> bool {
        self.withheld_alone
    }

    /// Takes the ids of what was withheld since.
    pub fn withheld(&mut self) -> Vec<String> {
        std::mem::take(&mut self.withheld)
    }

    fn in_string(&mut self, piece: &[u8]) -> usize {
        if self.is_escaped {
            self.is_escaped = false;
            self.out.extend_from_slice(&piece[..1]);
            return 1;
        }
        let Some(at) = memchr2(b'"', b'\\', piece) else {
            self.out.extend_from_slice(piece);
            return piece.len();
        };
        self.out.extend_from_slice(&piece[..=at]);
        match piece[at] {
            b'\\' => self.is_escaped = true,
            _ => self.end_string(),
        }
        at + 1
    }

    fn end_string(&mut self) {
        let end = self.base + self.out.len();
        let Some(start) = self.string.take() else { return };
        let text = &self.out[start - self.base..];
        let Some(container) = self.containers.last_mut().filter(|_| self.deeper == 0) else {
            return;
        };
        if container.is_at_key {
            container.is_at_key = false;
            container.key = if is_text(text, FIELD) {
                Key::Confidentiality
            } else if is_text(text, "id") {
                Key::Id
            } else if is_text(text, "data") {
                Key::Data
            } else {
                Key::Other
            };
            return;
        }
        match container.key {
            Key::Confidentiality => container.is_confidential |= !is_text(text, OPEN),
            Key::Id => container.id = Some((start, end)),
            Key::Data | Key::Other => {}
        }
        container.has_kept = true;
        container.comma = None;
    }

    /// Takes what stands between strings: a bracket, a comma, a colon, or anything up to one of
    /// them.
    fn outside(&mut self, piece: &[u8]) -> usize {
        let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':');
        match piece.iter().position(is_mark).unwrap_or(piece.len()) {
            0 => {
                self.mark(piece[0]);
                1
            }
            size => {
                self.scalar(&piece[..size]);
                size
            }
        }
    }

    /// A number, `true`, `false` or `null`, or blanks.
    fn scalar(&mut self, text: &[u8]) {
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
        let goes_on = self.is_scalar || self.deeper > 0;
        if let (Some(first), Some(container), false) = (first, self.containers.last_mut(), goes_on)
        {
            self.is_scalar = true;
            container.is_confidential |= container.key == Key::Confidentiality && *first != b'n';
            container.has_kept = true;
            container.comma = None;
        }
        self.out.extend_from_slice(text);
    }

    fn mark(&mut self, mark: u8) {
        self.is_scalar = false;
        let here = self.base + self.out.len();
        match mark {
            b'"' => self.string = Some(here),
            b'{' | b'[' => return self.open(mark),
            b'}' | b']' => {
                self.out.push(mark);
                return self.close();
            }
            b',' if self.deeper > 0 => {}
            b',' => match self.containers.last_mut() {
                Some(object) if object.is_object => {
                    (object.is_at_key, object.key) = (true, Key::Other)
                }
                // All that stood before it was taken out.
                Some(list) if !list.has_kept => return,
                Some(list) => list.comma = Some(here),
                None => {}
            },
            _ => {}
        }
        self.out.push(mark);
    }

    fn open(&mut self, mark: u8) {
        let is_object = mark == b'{';
        let here = self.base + self.out.len();
        let depth = self.containers.len();
        if depth >= DEEPEST {
            self.deeper += 1;
            return self.out.push(mark);
        }
        let mut start = here;
        match self.containers.last_mut() {
            None => self.is_list |= !is_object,
            Some(parent) => {
                self.is_list |= !is_object && depth == 1 && parent.key == Key::Data;
                parent.is_confidential |= parent.key == Key::Confidentiality;
                if let Some(comma) = parent.comma.take().filter(|_| is_object) {
                    start = comma;
                }
                parent.has_kept |= !is_object;
            }
        }
        self.containers.push(Container {
            is_object,
            start,
            is_at_key: is_object,
            key: Key::Other,
            is_confidential: false,
            id: None,
            has_kept: false,
            comma: None,
        });
        self.out.push(mark);
    }

    fn close(&mut self) {
        if let Some(left) = self.deeper.checked_sub(1) {
            self.deeper = left;
            return;
        }
        let Some(closed) = self.containers.pop() else { return };
        // The answer around a list is not a record.
        let is_around = self.is_list && self.containers.is_empty();
        if !closed.is_confidential || is_around {
            if let Some(parent) = self.containers.last_mut() {
                parent.has_kept = true;
            }
            return;
        }
        let id =
            closed.id.map(|(start, end)| self.out[start - self.base..end - self.base].to_vec());
        self.out.truncate(closed.start - self.base);
        self.withheld.extend(id.as_deref().and_then(|id| serde_json::from_slice(id).ok()));
        let id = id.unwrap_or_else(|| b"null".to_vec());
        let depth = self.containers.len();
        match self.containers.last() {
            Some(list) if !list.is_object => {}
            Some(object) if depth > 1 || object.key != Key::Data => self.out.extend(id),
            _ => {
                self.withheld_alone = true;
                self.out.extend([b"{\"id\":", id.as_slice(), b"}"].concat());
            }
        }
    }
}

/// Whether a string of JSON, quotes and all, says this, escapes or not.
fn is_text(string: &[u8], text: &str) -> bool {
    match string.contains(&b'\\') {
        true => serde_json::from_slice::<String>(string).is_ok_and(|string| string == text),
        false => string.get(1..string.len() - 1) == Some(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests;
