//! What agents share and must not take from each other: the calls that run at once, and
//! connections.
//!
//! A call that sleeps keeps its permit until its time is over, and nothing can take it away sooner.
//! So an agent takes a further permit only while more are free than it holds (the dynamic threshold
//! of Choudhury and Hahne, 1998, for shared buffers): alone it may have half of them, a second
//! agent half of the rest, and so on, so that whatever some agents do, the next one still finds
//! one. Where an agent needs several to get on at all, it has them for itself, whatever the others
//! hold. Of those who wait, the agent with the fewest permits goes first, and of its requests the
//! one that came first. What a permit is used for is not looked at.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// All permits of one kind. Clones are the same limit.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    /// Permits that each agent has for itself, beside the shared ones.
    own: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Shared permits that nobody holds.
    free: usize,
    /// Requests so far.
    requests: u64,
    agents: HashMap<Arc<str>, Agent>,
}

#[derive(Debug, Default)]
struct Agent {
    held: usize,
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// A permit, or a request for one; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    limit: Arc<Limit>,
    agent: Arc<str>,
    number: u64,
}

impl ConcurrencyLimit {
    /// `shared` permits and no others.
    pub fn new(shared: usize) -> Self {
        Self::with_own(shared.max(1), 0)
    }

    /// `shared` permits, and `own` more for each agent alone.
    pub fn with_own(shared: usize, own: usize) -> Self {
        let state = State { free: shared, requests: 0, agents: HashMap::new() };
        Self(Arc::new(Limit { own, state: Mutex::new(state) }))
    }

    /// Waits for a permit.
    pub async fn acquire(&self, agent: &str) -> Permit {
        let (go, gone) = oneshot::channel();
        let permit = self.line_up(Arc::from(agent), go);
        // The sender goes when it has sent, or with the permit.
        let _ = gone.await;
        permit
    }

    fn line_up(&self, agent: Arc<str>, go: oneshot::Sender<()>) -> Permit {
        let mut state = self.0.lock();
        state.requests += 1;
        let number = state.requests;
        state.agents.entry(Arc::clone(&agent)).or_default().waiting.push_back((number, go));
        state.grant(self.0.own);
        Permit { limit: Arc::clone(&self.0), agent, number }
    }
}

impl Limit {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics halfway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives permits to those who wait, as long as any of them may have one.
    fn grant(&mut self, own: usize) {
        loop {
            let free = self.free;
            let may_have_one = |agent: &&mut Agent| {
                !agent.waiting.is_empty()
                    && agent.held.checked_sub(own).is_none_or(|shared| shared < free)
            };
            let next =
                self.agents.values_mut().filter(may_have_one).min_by_key(|agent| {
                    (agent.held, agent.waiting.front().map(|(number, _)| *number))
                });
            let Some(agent) = next else { return };
            if let Some((_, go)) = agent.waiting.pop_front() {
                if agent.held >= own {
                    self.free -= 1;
                }
                agent.held += 1;
                // Whoever gives up gives its permit back as well.
                let _ = go.send(());
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let own = self.limit.own;
        let mut state = self.limit.lock();
        let Some(agent) = state.agents.get_mut(&self.agent) else { return };
        let waiting = agent.waiting.len();
        agent.waiting.retain(|(number, _)| *number != self.number);
        let was_granted = agent.waiting.len() == waiting;
        if was_granted {
            agent.held -= 1;
        }
        let was_shared = was_granted && agent.held >= own;
        if agent.held == 0 && agent.waiting.is_empty() {
            state.agents.remove(&self.agent);
        }
        state.free += usize::from(was_shared);
        if was_granted {
            state.grant(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::Future;
    use std::pin::Pin;

    type Acquiring = Pin<Box<dyn Future<Output = Permit>>>;

    fn acquire(limit: &ConcurrencyLimit, agent: &str) -> Acquiring {
        let (limit, agent) = (limit.clone(), agent.to_owned());
        Box::pin(async move { limit.acquire(&agent).await })
    }

    /// Takes permits until there is none for this agent.
    fn take_all(limit: &ConcurrencyLimit, agent: &str) -> Vec<Permit> {
        std::iter::from_fn(|| acquire(limit, agent).now_or_never()).collect()
    }

    /// Requests a permit that is not there yet.
    fn wait(limit: &ConcurrencyLimit, agent: &str) -> Acquiring {
        let mut acquiring = acquire(limit, agent);
        assert!((&mut acquiring).now_or_never().is_none(), "{agent} has a permit");
        acquiring
    }

    fn is_idle(limit: &ConcurrencyLimit, total: usize) -> bool {
        let state = limit.0.lock();
        state.free == total && state.agents.is_empty()
    }

    #[test]
    fn an_agent_holds_half_of_the_permits_and_the_next_half_of_the_rest() {
        let rows: &[(usize, &[usize])] = &[
            (64, &[32, 16, 8, 4, 2, 1, 1]),
            (10, &[5, 3, 1, 1]),
            (3, &[2, 1]),
            (2, &[1, 1]),
            (1, &[1, 0]),
            (0, &[1, 0]),
        ];
        for (total, expected) in rows {
            let limit = ConcurrencyLimit::new(*total);
            let names: Vec<String> = (0..expected.len()).map(|n| format!("agent-{n}")).collect();
            let held: Vec<_> = names.iter().map(|name| take_all(&limit, name)).collect();
            let counts: Vec<usize> = held.iter().map(Vec::len).collect();
            assert_eq!(counts, *expected, "of {total}");
            drop(held);
            assert!(is_idle(&limit, (*total).max(1)));
        }
    }

    #[test]
    fn who_holds_the_fewest_goes_first_and_then_who_asked_first() {
        let limit = ConcurrencyLimit::new(4);
        let (mut of_a, mut of_b) = (take_all(&limit, "a"), take_all(&limit, "b"));
        let of_c = take_all(&limit, "c");
        assert_eq!((of_a.len(), of_b.len(), of_c.len()), (2, 1, 1));
        let mut more_of_a = wait(&limit, "a");
        let mut more_of_b = [wait(&limit, "b"), wait(&limit, "b")];
        let mut of_d = wait(&limit, "d");
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
        assert!(is_idle(&limit, 4));
    }

    #[test]
    fn a_call_that_gives_up_leaves_no_trace() {
        let limit = ConcurrencyLimit::new(2);
        let held = take_all(&limit, "a");
        let waiting = wait(&limit, "a");
        drop(waiting);
        // It got its permit and never heard of it.
        let got = wait(&limit, "a");
        drop(held);
        drop(got);
        assert!(is_idle(&limit, 2));
        let never_polled = acquire(&limit, "a");
        drop(never_polled);
        assert!(is_idle(&limit, 2));
    }

    #[test]
    fn what_an_agent_has_for_itself_is_there_whatever_the_others_hold() {
        let limit = ConcurrencyLimit::with_own(8, 2);
        // Two for itself and half of the eight; the next one two and half of the rest, and so on.
        let names: Vec<String> = (0..6).map(|n| format!("agent-{n}")).collect();
        let held: Vec<_> = names.iter().map(|name| take_all(&limit, name)).collect();
        let counts: Vec<usize> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [6, 4, 3, 3, 2, 2]);
        let mut more = wait(&limit, "agent-0");
        drop(held);
        assert!((&mut more).now_or_never().is_some());
        drop(more);
        assert!(is_idle(&limit, 8));
    }
}
