//! What the file of a shared budget says.

use serde::{Deserialize, Serialize};

use super::super::bucket::Shared;

/// What the file says.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) version: u32,
    /// When it was written.
    pub(super) at: u64,
    pub(super) general: Shared,
    pub(super) apply: Shared,
    /// The processes that have requests in flight.
    pub(super) holders: Vec<Holder>,
    /// The processes that wait for a unit, the next one first.
    #[serde(default)]
    pub(super) queue: Vec<Waiter>,
}

/// A process that waits for a unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Waiter {
    pub(super) id: String,
    /// When it last looked.
    pub(super) at: u64,
}

/// The requests that one process has in flight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) id: String,
    pub(super) general: u64,
    pub(super) apply: u64,
    /// When it last wrote; all of them were sent before.
    pub(super) at: u64,
}

impl State {
    /// What the file says, in the time that it is now; `None` when it is not ours.
    pub(super) fn parse(text: &[u8], now: u64) -> Option<Self> {
        if text.is_empty() {
            // Nobody on this machine has used the credential.
            return Some(State { version: 1, at: now, ..State::default() });
        }
        let mut state: State =
            serde_json::from_slice(text).ok().filter(|state: &State| state.version == 1)?;
        // The machine was started anew, or its clock set back. Nothing drains for that, and nothing
        // waits for it.
        let ahead = state.at.saturating_sub(now);
        if ahead > 0 {
            state.at = now;
            state.general = state.general.earlier(ahead);
            state.apply = state.apply.earlier(ahead);
            state.holders.iter_mut().for_each(|holder| holder.at = holder.at.saturating_sub(ahead));
            state.queue.clear();
        }
        Some(state)
    }
}
