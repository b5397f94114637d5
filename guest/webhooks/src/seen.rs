//! Deliveries that were taken, so that none is taken twice.
//!
//! It lasts as long as the instance; a host that makes instances as it pleases
//! needs a memory of its own behind the forward URL. What is too old to be
//! taken is forgotten, and beyond a number of entries the oldest are.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The most entries, some 100 bytes each. Lever keeps 1000 deliveries itself.
const MOST: usize = 10_000;

/// How long a delivery may be on its way before it counts as never started: the
/// instance was cut off in between.
const LONGEST_MS: u64 = 10 * 60 * 1000;

type Sum = [u8; 32];

/// The deliveries that an instance has taken, by their tokens.
#[derive(Debug, Default)]
pub struct Seen(BTreeMap<Sum, Entry>);

#[derive(Debug)]
struct Entry {
    body: Sum,
    /// The last millisecond at which it would be taken, by its age.
    until: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is being forwarded, since this time.
    UnderWay(u64),
    Taken,
}

/// A delivery's place among those seen; it is settled once.
#[derive(Debug)]
#[must_use]
pub struct Claim(Sum);

/// Why a delivery gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It was taken.
    Taken,
    /// Its token was taken with another body.
    Altered,
    /// It is being forwarded.
    UnderWay,
}

impl Seen {
    /// Takes a place for a delivery that is to be forwarded.
    ///
    /// # Errors
    ///
    /// What is known of its token.
    pub fn begin(
        &mut self,
        token: &str,
        body: &[u8],
        until: u64,
        now: u64,
    ) -> Result<Claim, Known> {
        self.0.retain(|_, entry| entry.until >= now);
        let (token, body) = (sum(token.as_bytes()), sum(body));
        match self.0.get(&token) {
            Some(Entry { state: State::UnderWay(since), .. })
                if now.saturating_sub(*since) <= LONGEST_MS =>
            {
                return Err(Known::UnderWay);
            }
            Some(entry) if entry.state == State::Taken => {
                return Err(if entry.body == body { Known::Taken } else { Known::Altered });
            }
            _ => {}
        }
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, entry)| entry.until);
            if let Some(oldest) = oldest.map(|(token, _)| *token) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(token, Entry { body, until, state: State::UnderWay(now) });
        Ok(Claim(token))
    }

    /// Settles a place: taken, or free for the next try.
    pub fn end(&mut self, place: Claim, is_taken: bool) {
        if !is_taken {
            self.0.remove(&place.0);
        } else if let Some(entry) = self.0.get_mut(&place.0) {
            entry.state = State::Taken;
        }
    }
}

fn sum(bytes: &[u8]) -> Sum {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_taken_once_and_only_when_it_was_taken() {
        let mut seen = Seen::default();
        let place = seen.begin("t", b"one", 100, 0).unwrap();
        assert_eq!(seen.begin("t", b"one", 100, 0).unwrap_err(), Known::UnderWay);
        seen.end(place, false);
        let place = seen.begin("t", b"one", 100, 1).unwrap();
        seen.end(place, true);
        assert_eq!(seen.begin("t", b"one", 100, 2).unwrap_err(), Known::Taken);
        assert_eq!(seen.begin("t", b"two", 100, 2).unwrap_err(), Known::Altered);
        assert!(seen.begin("u", b"one", 100, 2).is_ok());
    }

    #[test]
    fn what_is_too_old_to_be_taken_is_forgotten() {
        let mut seen = Seen::default();
        let place = seen.begin("t", b"one", 100, 0).unwrap();
        seen.end(place, true);
        assert_eq!(seen.begin("t", b"one", 100, 100).unwrap_err(), Known::Taken);
        assert!(seen.begin("u", b"", 900, 101).is_ok());
        assert_eq!(seen.0.len(), 1);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes_first() {
        let mut seen = Seen::default();
        for n in 0..=MOST as u64 {
            let place = seen.begin(&n.to_string(), b"", 1_000_000 + n, 0).unwrap();
            seen.end(place, true);
        }
        assert_eq!(seen.0.len(), MOST);
        assert_eq!(seen.begin("1", b"", 1_000_001, 0).unwrap_err(), Known::Taken);
        assert!(seen.begin("0", b"", 1_000_000, 0).is_ok());
    }

    #[test]
    fn a_delivery_that_was_cut_off_on_its_way_may_come_again() {
        let mut seen = Seen::default();
        let _cut_off = seen.begin("t", b"one", u64::MAX, 0).unwrap();
        assert_eq!(seen.begin("t", b"one", u64::MAX, LONGEST_MS).unwrap_err(), Known::UnderWay);
        assert!(seen.begin("t", b"one", u64::MAX, LONGEST_MS + 1).is_ok());
    }
}
