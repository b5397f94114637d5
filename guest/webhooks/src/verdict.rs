//! What a delivery is answered: a status for Lever and a word for the operator.
//!
//! Lever tries again after everything but 2xx, five times. The word tells
//! nothing about tokens, keys or persons.

/// The header that carries the word.
pub const HEADER: &str = "lever-webhooks";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was forwarded and taken.
    Accepted,
    /// It was taken before; Lever did not hear of it.
    Repeat,
    /// The settings page's test; nothing is forwarded.
    Ping,
    /// It is not a delivery of Lever's.
    NoDelivery,
    /// Its body broke off.
    BrokenBody,
    /// No signature token signed it.
    Forged,
    /// It is too old.
    Old,
    /// It claims to be of later.
    Future,
    /// Its token was taken before with another body.
    Altered,
    /// It is not a POST.
    Method,
    /// Its body is larger than any real one.
    TooLarge,
    /// The same delivery is being forwarded right now.
    Busy,
    /// The forward URL did not take it.
    NotForwarded,
    /// A setting is missing or cannot be used.
    NotConfigured,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 14] = [
        Verdict::Accepted,
        Verdict::Repeat,
        Verdict::Ping,
        Verdict::NoDelivery,
        Verdict::BrokenBody,
        Verdict::Forged,
        Verdict::Old,
        Verdict::Future,
        Verdict::Altered,
        Verdict::Method,
        Verdict::TooLarge,
        Verdict::Busy,
        Verdict::NotForwarded,
        Verdict::NotConfigured,
    ];

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Verdict::Accepted | Verdict::Repeat | Verdict::Ping => 200,
            Verdict::NoDelivery | Verdict::BrokenBody => 400,
            Verdict::Forged | Verdict::Old | Verdict::Future | Verdict::Altered => 401,
            Verdict::Method => 405,
            Verdict::TooLarge => 413,
            Verdict::Busy | Verdict::NotForwarded | Verdict::NotConfigured => 503,
        }
    }

    /// The word in the header.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Repeat => "repeat",
            Verdict::Ping => "ping",
            Verdict::NoDelivery => "no-delivery",
            Verdict::BrokenBody => "broken-body",
            Verdict::Forged => "forged",
            Verdict::Old => "old",
            Verdict::Future => "future",
            Verdict::Altered => "altered",
            Verdict::Method => "method",
            Verdict::TooLarge => "too-large",
            Verdict::Busy => "busy",
            Verdict::NotForwarded => "not-forwarded",
            Verdict::NotConfigured => "not-configured",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_verdict_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
        assert_eq!(words.len(), Verdict::ALL.len());
    }
}
