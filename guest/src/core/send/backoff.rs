//! How long to wait before the next try.
//!
//! Exponential with full jitter, or what the server asks for. Integers only: a
//! wait is never zero, so that no loop can spin.

use std::time::UNIX_EPOCH;

use crate::core::{MILLISECOND, Nanos, SECOND};

/// The first try again comes within this time.
const FIRST: Nanos = 500 * MILLISECOND;

/// No wait of ours is longer.
const LONGEST: Nanos = 30 * SECOND;

/// A longer `Retry-After` is read as this one.
const LONGEST_ASKED: Nanos = 3_600 * SECOND;

/// The wait before try number `attempt + 1`, when `attempt` tries (from 1) have
/// failed; `random` is any number.
pub fn delay(attempt: u32, random: u64) -> Nanos {
    let doubled = FIRST.checked_shl(attempt.saturating_sub(1).min(16));
    let bound = doubled.unwrap_or(LONGEST).min(LONGEST);
    random.checked_rem(bound).unwrap_or_default().max(MILLISECOND)
}

/// What a `Retry-After` header asks for, as seconds or an HTTP date; `None` if
/// it is neither.
pub fn asked(header: &str, now_ms: u64) -> Option<Nanos> {
    let header = header.trim();
    let wait_ms = match header.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => http_date(header)?.saturating_sub(now_ms),
    };
    Some(wait_ms.saturating_mul(MILLISECOND).clamp(MILLISECOND, LONGEST_ASKED))
}

/// An HTTP date in milliseconds since 1970.
pub fn http_date(header: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(header.trim()).ok()?;
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_second_to_thirty() {
        let rows = [(1, 500), (2, 1_000), (3, 2_000), (6, 16_000), (7, 30_000), (40, 30_000)];
        for (attempt, bound_ms) in rows {
            let bound = bound_ms * MILLISECOND;
            assert_eq!(delay(attempt, bound - 1), bound - 1, "attempt {attempt}");
            assert_eq!(delay(attempt, bound), MILLISECOND, "attempt {attempt}");
        }
    }

    #[test]
    fn no_wait_is_zero() {
        assert_eq!(delay(1, 0), MILLISECOND);
        assert_eq!(asked("0", 0), Some(MILLISECOND));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // 1994-11-06 08:49:37 UTC, the example of RFC 9110.
        let at = 784_111_777_000;
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let rows = [
            ("3", 0, Some(3 * SECOND)),
            (" 7 ", 0, Some(7 * SECOND)),
            (date, at - 2_500, Some(2_500 * MILLISECOND)),
            (date, at + 9_000, Some(MILLISECOND)),
            ("99999999999999999999", 0, None),
            ("999999999", 0, Some(LONGEST_ASKED)),
            ("-1", 0, None),
            ("soon", 0, None),
            ("", 0, None),
        ];
        for (header, now, expected) in rows {
            assert_eq!(asked(header, now), expected, "{header:?}");
        }
    }
}
