//! The path of an outgoing request, brought into its one simplest form or refused.
//!
//! It rejects every spelling that two programs on the way to Lever could cut into segments
//! differently. It decides nothing: the caller matches the segments afterwards.

use percent_encoding::percent_decode_str;

/// Why a path has no simplest form that everyone agrees on.
pub(super) type Oddity = &'static str;

/// Normalises a path: unreserved characters decoded, other escapes in upper case, everything
/// ambiguous refused.
pub(super) fn normalise(raw: &str) -> Result<String, Oddity> {
    if !raw.starts_with('/') {
        // `GET http://evil/ HTTP/1.1`: a proxy would go there, whatever the host is.
        return Err("the path does not start with `/`");
    }
    let mut bytes = raw.bytes();
    let mut path = String::with_capacity(raw.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'/' => path.push('/'),
            b'%' => {
                let high = bytes.next().and_then(hex_digit);
                let low = bytes.next().and_then(hex_digit);
                let (Some(high), Some(low)) = (high, low) else {
                    return Err("the path has a `%` that does not start an escape");
                };
                push_escaped(&mut path, high * 16 + low)?;
            }
            // A path parameter (`/a;x=y`) is dropped by some servers and kept by others.
            b';' => return Err("the path has a `;`"),
            b'\\' => return Err("the path has a backslash"),
            b'#' => return Err("the path has a fragment"),
            _ if is_plain(byte) => path.push(char::from(byte)),
            _ => return Err("the path has a character that must be escaped"),
        }
    }
    // An escape of an escape (`%252f`) is a slash to whoever decodes twice. Digits are unreserved,
    // so that they stand in clear here however they came.
    let is_doubled = |(at, _): (usize, &str)| {
        path.as_bytes()[at + 3..].iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2
    };
    if path.match_indices("%25").any(is_doubled) {
        return Err("the path has an escaped escape");
    }
    // One slash at the end names another path than none, and one of Lever's has it.
    let segments = path[1..].strip_suffix('/').unwrap_or(&path[1..]);
    segments.split('/').try_for_each(check_segment)?;
    Ok(path)
}

fn push_escaped(path: &mut String, byte: u8) -> Result<(), Oddity> {
    match byte {
        b'/' => return Err("the path has an escaped slash"),
        b'\\' => return Err("the path has an escaped backslash"),
        b'?' | b'#' | b';' => return Err("the path has an escaped `?`, `#` or `;`"),
        _ if is_unreserved(byte) => path.push(char::from(byte)),
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            path.push('%');
            path.push(char::from(DIGITS[usize::from(byte >> 4)]));
            path.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), Oddity> {
    if segment.is_empty() {
        return Err("the path has an empty segment");
    }
    if !segment.contains(['.', '%']) {
        return Ok(());
    }
    // Also `.. ` and `...`, which file systems and lenient servers cut back to `..`.
    let decoded = percent_decode_str(segment)
        .decode_utf8()
        .map_err(|_| "the path has escapes that are not UTF-8")?;
    if decoded.chars().all(|c| c == '.' || c.is_whitespace()) {
        return Err("the path has a segment of dots");
    }
    if decoded.chars().any(char::is_control) {
        return Err("the path has an escaped control character");
    }
    Ok(())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986's `pchar` without `;` and escapes.
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,=:@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_oddity_is_named() {
        let rows = [
            ("", "does not start with `/`"),
            ("//a", "an empty segment"),
            ("/a//", "an empty segment"),
            ("/", "an empty segment"),
            ("/a;b", "a `;`"),
            ("/a%3bb", "an escaped `?`, `#` or `;`"),
            ("/a#b", "a fragment"),
            ("/a%2fb", "an escaped slash"),
            ("/a%5Cb", "an escaped backslash"),
            ("/a\\b", "a backslash"),
            ("/a%252fb", "an escaped escape"),
            ("/a%", "does not start an escape"),
            ("/a%g0", "does not start an escape"),
            ("/%2e%2e", "a segment of dots"),
            ("/a%00", "an escaped control character"),
            ("/a%c2%9b", "an escaped control character"),
            ("/a%c0%af", "not UTF-8"),
            ("/a b", "must be escaped"),
            ("/a\u{e9}", "must be escaped"),
        ];
        for (raw, expected) in rows {
            let oddity = normalise(raw).unwrap_err();
            assert!(oddity.contains(expected), "{raw:?}: {oddity}");
        }
    }

    #[test]
    fn a_path_has_one_simplest_form() {
        let rows = [
            ("/v1/opportunities", "/v1/opportunities"),
            ("/v1/%6fpportunities/%41", "/v1/opportunities/A"),
            ("/v1/a%20b%c3%a9", "/v1/a%20b%C3%A9"),
            ("/v1/a@b:c+d", "/v1/a@b:c+d"),
            ("/v1/100%25", "/v1/100%25"),
            ("/v1/100%25.pdf", "/v1/100%25.pdf"),
            ("/v1/a..b", "/v1/a..b"),
            ("/v1/a/", "/v1/a/"),
        ];
        for (raw, expected) in rows {
            let normal = normalise(raw).unwrap();
            assert_eq!(normal, expected, "{raw}");
            assert_eq!(normalise(&normal).unwrap(), normal, "normalising twice changes {raw}");
        }
    }
}
