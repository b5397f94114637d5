//! A result that was printed, and is not all of what was asked for.

use std::fmt;

use lever_host::value::Missing;

/// What is missing from it.
#[derive(Debug)]
pub struct Partial(Missing);

impl Partial {
    /// # Errors
    ///
    /// Where something is missing.
    pub fn check(missing: Missing) -> anyhow::Result<()> {
        if missing.is_nothing() { Ok(()) } else { Err(Partial(missing).into()) }
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Partial {}
