//! What every seed needs: the same seed makes the same account.
//!
//! Times count back from the epoch given, never from the wall clock. All people and firms are
//! invented.

/// A day in milliseconds.
pub(crate) const DAY: u64 = 86_400_000;

/// What an account is seeded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeding {
    /// The latest moment of the history, in milliseconds since 1970 UTC.
    pub epoch: u64,
    pub history: History,
    /// How many opportunities there are.
    pub opportunities: usize,
}

/// The history an account is seeded with.
///
/// ```
/// use lever_mock::{Config, History};
///
/// // For a client that reads by `updated_at_start`.
/// let config = Config { history: History::Recent, ..Config::default() };
/// # drop(config);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Years of it; most opportunities were never updated since `updatedAt` exists.
    Long,
    /// Ninety days of it; every opportunity has `updatedAt`.
    Recent,
}

impl History {
    /// What ages are divided by.
    pub(crate) fn shrink(self) -> u64 {
        match self {
            Self::Long => 1,
            Self::Recent => 5,
        }
    }
}

/// A name in the letters of a mailbox; empty for most scripts.
pub(crate) fn ascii(name: &str) -> String {
    let folded = name.to_lowercase().replace(' ', ".");
    let folded = folded.replace('ł', "l").replace(['í', 'ı'], "i").replace('á', "a");
    folded.chars().filter(|letter| letter.is_ascii()).collect()
}
