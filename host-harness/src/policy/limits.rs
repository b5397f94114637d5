//! An agent's budget, and how a policy writes durations and sizes.
//!
//! It holds numbers only; the runtime enforces them.

use std::time::Duration;

/// The budget of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second, 1 to 10; Lever itself takes 10.
    pub requests_per_second: u32,
    /// The longest a call may take, waiting included; 1 second to 1 hour.
    pub call_timeout: Duration,
    /// The most memory a call may use, in bytes; 1 MiB to 4 GiB.
    pub memory: u64,
}

/// The API's own rate for one key, from Lever's documentation.
const MOST_REQUESTS: u32 = 10;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            requests_per_second: MOST_REQUESTS,
            call_timeout: Duration::from_secs(300),
            memory: 256 << 20,
        }
    }
}

impl Limits {
    pub(super) fn set_requests_per_second(&mut self, value: i64) -> Result<(), String> {
        self.requests_per_second = u32::try_from(value)
            .ok()
            .filter(|value| (1..=MOST_REQUESTS).contains(value))
            .ok_or_else(|| {
                format!("`requests-per-second` is {value}; it may be 1 to {MOST_REQUESTS}")
            })?;
        Ok(())
    }

    pub(super) fn set_call_timeout(&mut self, text: &str) -> Result<(), String> {
        self.call_timeout = parse_duration(text)
            .filter(|value| (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(value))
            .ok_or_else(|| {
                format!("`call-timeout` is {text:?}; it may be \"1s\" to \"1h\", written as a number and ms, s, m or h")
            })?;
        Ok(())
    }

    pub(super) fn set_memory(&mut self, text: &str) -> Result<(), String> {
        // 4 GiB is all a 32-bit component can address.
        self.memory = parse_size(text).filter(|value| (1 << 20..=4 << 30).contains(value)).ok_or_else(|| {
            format!("`memory` is {text:?}; it may be \"1MiB\" to \"4GiB\", written as a number and KiB, MiB or GiB")
        })?;
        Ok(())
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis)?))
}

fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let bytes = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(at);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_by_their_unit() {
        let rows = [
            ("60s", Some(60_000)),
            ("1500ms", Some(1_500)),
            ("2m", Some(120_000)),
            ("1 h", Some(3_600_000)),
            ("60", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("18446744073709551615h", None),
            ("99999999999999999999s", None),
        ];
        for (text, millis) in rows {
            assert_eq!(parse_duration(text), millis.map(Duration::from_millis), "{text}");
        }
        assert_eq!(parse_size("64MiB"), Some(64 << 20));
        assert_eq!(parse_size("64MB"), None);
        assert_eq!(parse_size("18446744073709551615GiB"), None);
    }

    #[test]
    fn a_limit_outside_its_bounds_is_refused_with_the_bounds() {
        let mut limits = Limits::default();
        assert!(limits.set_requests_per_second(0).unwrap_err().contains("1 to 10"));
        assert!(limits.set_requests_per_second(11).is_err());
        assert!(limits.set_call_timeout("2h").unwrap_err().contains("\"1h\""));
        assert!(limits.set_call_timeout("999ms").is_err());
        assert!(limits.set_memory("5GiB").is_err());
        assert!(limits.set_memory("1023KiB").unwrap_err().contains("\"1MiB\""));
        assert_eq!(limits, Limits::default());
    }
}
