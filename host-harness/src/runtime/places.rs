//! Places for calls that run at once, shared between agents.
//!
//! A call that sleeps keeps its place until its time is over, and nothing can take it away sooner. So an agent takes a
//! further place only while more are free than it holds (the dynamic threshold of Choudhury and Hahne, 1998, for shared
//! buffers): alone it may have half of them, a second agent half of the rest, and so on, so that whatever some agents
//! do, the next one still finds a place. Of those who wait, the agent with the fewest places goes first, and of its calls
//! the one that asked first. What a call does with its place is not looked at.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// All places of a host.
#[derive(Debug)]
pub struct Places(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Calls that have asked so far.
    asked: u64,
    agents: HashMap<String, Agent>,
}

#[derive(Debug, Default)]
struct Agent {
    held: usize,
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// A place, or a place in the line; given back when dropped.
#[derive(Debug)]
pub struct Place<'a> {
    places: &'a Places,
    agent: &'a str,
    number: u64,
}

impl Places {
    /// So many places, all free.
    pub fn new(total: usize) -> Self {
        Self(Mutex::new(State { free: total.max(1), asked: 0, agents: HashMap::new() }))
    }

    /// Waits for a place.
    pub async fn take<'a>(&'a self, agent: &'a str) -> Place<'a> {
        let (go, gone) = oneshot::channel();
        let place = self.line_up(agent, go);
        // The sender goes when it has sent, or with the place.
        let _ = gone.await;
        place
    }

    fn line_up<'a>(&'a self, agent: &'a str, go: oneshot::Sender<()>) -> Place<'a> {
        let mut state = self.lock();
        state.asked += 1;
        let number = state.asked;
        state.agents.entry(agent.to_owned()).or_default().waiting.push_back((number, go));
        state.deal();
        Place { places: self, agent, number }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics halfway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives places to those who wait, as long as any of them may have one.
    fn deal(&mut self) {
        while self.free > 0 {
            let free = self.free;
            let may_have_one = |agent: &&mut Agent| !agent.waiting.is_empty() && agent.held < free;
            let next =
                self.agents.values_mut().filter(may_have_one).min_by_key(|agent| {
                    (agent.held, agent.waiting.front().map(|(number, _)| *number))
                });
            let Some(agent) = next else { return };
            if let Some((_, go)) = agent.waiting.pop_front() {
                agent.held += 1;
                self.free -= 1;
                // Whoever gives up gives its place back as well.
                let _ = go.send(());
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        let Some(agent) = state.agents.get_mut(self.agent) else { return };
        let waiting = agent.waiting.len();
        agent.waiting.retain(|(number, _)| *number != self.number);
        let had_a_place = agent.waiting.len() == waiting;
        if had_a_place {
            agent.held -= 1;
        }
        if agent.held == 0 && agent.waiting.is_empty() {
            state.agents.remove(self.agent);
        }
        if had_a_place {
            state.free += 1;
            state.deal();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::Future;
    use std::pin::Pin;

    type Asking<'a> = Pin<Box<dyn Future<Output = Place<'a>> + 'a>>;

    /// Takes places until there is none for this agent.
    fn take_all<'a>(places: &'a Places, agent: &'a str) -> Vec<Place<'a>> {
        std::iter::from_fn(|| places.take(agent).now_or_never()).collect()
    }

    /// Asks for a place that is not there yet.
    fn ask<'a>(places: &'a Places, agent: &'a str) -> Asking<'a> {
        let mut asking: Asking<'a> = Box::pin(places.take(agent));
        assert!((&mut asking).now_or_never().is_none(), "{agent} has a place");
        asking
    }

    fn is_idle(places: &Places, total: usize) -> bool {
        let state = places.lock();
        state.free == total && state.agents.is_empty()
    }

    #[test]
    fn an_agent_holds_half_of_the_places_and_the_next_half_of_the_rest() {
        let rows: &[(usize, &[usize])] = &[
            (64, &[32, 16, 8, 4, 2, 1, 1]),
            (10, &[5, 3, 1, 1]),
            (3, &[2, 1]),
            (2, &[1, 1]),
            (1, &[1, 0]),
            (0, &[1, 0]),
        ];
        for (total, expected) in rows {
            let places = Places::new(*total);
            let names: Vec<String> = (0..expected.len()).map(|n| format!("agent-{n}")).collect();
            let held: Vec<_> = names.iter().map(|name| take_all(&places, name)).collect();
            let counts: Vec<usize> = held.iter().map(Vec::len).collect();
            assert_eq!(counts, *expected, "of {total}");
            drop(held);
            assert!(is_idle(&places, (*total).max(1)));
        }
    }

    #[test]
    fn who_holds_the_fewest_goes_first_and_then_who_asked_first() {
        let places = Places::new(4);
        let (mut of_a, mut of_b) = (take_all(&places, "a"), take_all(&places, "b"));
        let of_c = take_all(&places, "c");
        assert_eq!((of_a.len(), of_b.len(), of_c.len()), (2, 1, 1));
        let mut more_of_a = ask(&places, "a");
        let mut more_of_b = [ask(&places, "b"), ask(&places, "b")];
        let mut of_d = ask(&places, "d");
        of_a.pop();
        assert!((&mut of_d).now_or_never().is_some(), "it has none, and was last to ask");
        let of_d = of_d;
        of_b.pop();
        // Both have none but for what they wait for; b asked before.
        let [first, second] = &mut more_of_b;
        let first = first.now_or_never().expect("b asked first");
        assert!(second.now_or_never().is_none());
        assert!((&mut more_of_a).now_or_never().is_none());
        drop((first, of_d, of_c, of_a, of_b, more_of_a, more_of_b));
        assert!(is_idle(&places, 4));
    }

    #[test]
    fn a_call_that_gives_up_leaves_no_trace() {
        let places = Places::new(2);
        let held = take_all(&places, "a");
        let waiting = ask(&places, "a");
        drop(waiting);
        // It got its place and never heard of it.
        let got = ask(&places, "a");
        drop(held);
        drop(got);
        assert!(is_idle(&places, 2));
        let never_polled = places.take("a");
        drop(never_polled);
        assert!(is_idle(&places, 2));
    }
}
