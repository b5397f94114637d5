//! Spans of time in a query: `NAME_start` and `NAME_end`.

use crate::http::call::Call;
use crate::http::reply::Failure;

/// From one moment to another, in milliseconds since 1970 UTC.
#[derive(Debug)]
pub(crate) struct Span {
    pub start: Option<u64>,
    /// The last moment that is in it.
    pub end: Option<u64>,
}

impl Span {
    /// The parameters `NAME_start` and `NAME_end`, both inclusive.
    pub fn read(call: &Call, name: &str) -> Result<Self, Failure> {
        let start = call.time(&format!("{name}_start"))?;
        let end = call.time(&format!("{name}_end"))?;
        Ok(Self { start, end })
    }

    /// The same without its end.
    pub fn without_end(self) -> Self {
        let is_never = self.end == Some(0);
        let start = if is_never { Some(u64::MAX) } else { self.start };
        Self { start, end: self.end.map(|end| end.saturating_sub(1)) }
    }

    /// Whether the time is in it; no time is in an unbounded span only.
    pub fn allows(&self, time: Option<u64>) -> bool {
        match (self.start, self.end, time) {
            (None, None, _) => true,
            (_, _, None) => false,
            (start, end, Some(time)) => {
                start.is_none_or(|start| time >= start) && end.is_none_or(|end| time <= end)
            }
        }
    }
}
