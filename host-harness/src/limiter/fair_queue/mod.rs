//! Whose request goes next: agents take turns, and of two agents whose turns are near the one goes
//! first that somebody waits for.
//!
//! Each agent has a turn, a number that grows by one with each of its requests; the lowest goes
//! next (start-time fair queueing, Goyal and others 1996, with all requests of one size). Who comes
//! back after a pause begins at the lowest turn of those who wait, so a pause earns nothing and
//! costs nothing. Interactive requests go ahead of their agent's turn by up to [`LEAD`] requests
//! and never further, so in the long run every agent that wants more than its share gets the same
//! share, whatever its priorities; the priorities decide who goes first.
//!
//! Bulk is not starved: after [`PASSED`] requests that went ahead of it, whoever's turn it is goes
//! next; and of one agent's own requests, at least every fourth is bulk while bulk waits.
//!
//! It knows neither time nor buckets; who may go at all is asked of its caller.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::REMEMBERED;
use super::priority::Priority;

/// How many requests an agent's interactive ones may be ahead of its turn: what one step of an
/// assistant takes, and less than a second of the whole pace.
pub const LEAD: u64 = 8;

/// How often in a row bulk is passed over.
pub const PASSED: u32 = 3;

/// The requests that wait, by agent and priority.
#[derive(Debug)]
pub struct FairQueue<K> {
    agents: HashMap<K, Agent>,
    /// The lowest turn of those who waited last.
    clock: u64,
    /// Requests in a row that went ahead of another's turn.
    passed: u32,
    /// Counts what has gone.
    gone: u64,
}

#[derive(Debug, Default)]
struct Agent {
    turn: u64,
    /// When it went last. Of two with the same turn the one goes that waits
    /// longer for it, or asked first.
    last: u64,
    /// Interactive requests of its own that went before its bulk.
    passed: u32,
    interactive: VecDeque<u64>,
    bulk: VecDeque<u64>,
}

impl Agent {
    fn is_idle(&self) -> bool {
        self.interactive.is_empty() && self.bulk.is_empty()
    }

    /// Whether its next request is a bulk one.
    fn is_bulk_next(&self) -> bool {
        self.interactive.is_empty() || (!self.bulk.is_empty() && self.passed >= PASSED)
    }

    fn queue(&mut self, priority: Priority) -> &mut VecDeque<u64> {
        match priority {
            Priority::Interactive | Priority::Application => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// Its next request; later ones have higher numbers.
    fn head(&self) -> Option<u64> {
        let queue = if self.is_bulk_next() { &self.bulk } else { &self.interactive };
        queue.front().copied()
    }

    /// Takes its next request.
    fn pop(&mut self) -> Option<u64> {
        if self.is_bulk_next() {
            self.passed = 0;
            return self.bulk.pop_front();
        }
        self.passed = if self.bulk.is_empty() { 0 } else { self.passed + 1 };
        self.interactive.pop_front()
    }
}

impl<K: Clone + Eq + Hash> Default for FairQueue<K> {
    fn default() -> Self {
        Self { agents: HashMap::new(), clock: 0, passed: 0, gone: 0 }
    }
}

impl<K: Clone + Eq + Hash> FairQueue<K> {
    /// Lines a request up.
    pub fn push(&mut self, agent: &K, priority: Priority, request: u64) {
        if self.agents.len() >= REMEMBERED {
            // They may come back with their lead, which is little.
            self.agents.retain(|_, agent| !agent.is_idle());
        }
        self.agents.entry(agent.clone()).or_default().queue(priority).push_back(request);
    }

    /// Takes a request out that no longer waits.
    pub fn remove(&mut self, agent: &K, priority: Priority, request: u64) {
        if let Some(agent) = self.agents.get_mut(agent) {
            agent.queue(priority).retain(|waiting| *waiting != request);
        }
    }

    /// The agents that have a request waiting.
    pub fn waiting(&self) -> impl Iterator<Item = &K> {
        self.agents.iter().filter(|(_, agent)| !agent.is_idle()).map(|(key, _)| key)
    }

    /// Takes the request that goes next, of those agents that may go at all.
    pub fn next(&mut self, mut may_go: impl FnMut(&K) -> bool) -> Option<u64> {
        let mut ready: Vec<(&K, &mut Agent)> =
            self.agents.iter_mut().filter(|(key, agent)| !agent.is_idle() && may_go(key)).collect();
        for (_, agent) in &mut ready {
            agent.turn = agent.turn.max(self.clock);
        }
        let first = |turn: fn(&Agent) -> u64| {
            let places = ready.iter().enumerate();
            places.min_by_key(|(_, (_, it))| (turn(it), it.last, it.head())).map(|(place, _)| place)
        };
        let by_turn = first(|agent| agent.turn)?;
        let ahead = first(|agent| agent.turn + if agent.is_bulk_next() { LEAD } else { 0 })?;
        self.clock = ready.get(by_turn)?.1.turn;
        let is_passed_over = ahead != by_turn && self.passed < PASSED;
        self.passed = if is_passed_over { self.passed + 1 } else { 0 };
        let goes = if is_passed_over { ahead } else { by_turn };
        let (_, agent) = ready.get_mut(goes)?;
        self.gone += 1;
        agent.turn += 1;
        agent.last = self.gone;
        let request = agent.pop();
        if self.agents.values().all(Agent::is_idle) {
            // Where nobody waits, nobody has gone ahead of anyone.
            *self = Self::default();
        }
        request
    }
}

#[cfg(test)]
mod tests;
