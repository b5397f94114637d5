//! Races connections to several addresses of one host, as RFC 8305 says: the next one starts a
//! quarter of a second after the one before, or at once when that failed, and the first that is
//! made wins.
//!
//! It resolves nothing and judges no address; whoever calls it hands over those that may be
//! connected to, in the order in which the resolver prefers them.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

/// The pause before the next attempt: RFC 8305's "Connection Attempt Delay".
const STAGGER: Duration = Duration::from_millis(250);

/// Addresses that are tried at most; within the time for a connection no more would be begun.
const MOST: usize = 64;

/// Connects to the first of the addresses that takes a connection. There is no error where there is
/// no address.
///
/// # Errors
///
/// The error of the attempt that failed last.
pub async fn race<T, E, F>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> Result<T, Option<E>>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut waiting: VecDeque<SocketAddr> = interleaved(addresses).into_iter().take(MOST).collect();
    // Those that lose are ended with the set.
    let mut attempts = JoinSet::new();
    let mut failure = None;
    let mut next_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            Some(ended) = attempts.join_next() => match ended {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => {
                    failure = Some(error);
                    next_at = Instant::now();
                }
                // One that panicked or was ended is one that failed.
                Err(_) => next_at = Instant::now(),
            },
            () = tokio::time::sleep_until(next_at), if !waiting.is_empty() => {
                if let Some(address) = waiting.pop_front() {
                    attempts.spawn(connect(address));
                    next_at = Instant::now() + STAGGER;
                }
            }
            else => return Err(failure),
        }
    }
}

/// The addresses with the two families taking turns, the preferred one first.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == first.is_ipv6());
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut all = Vec::with_capacity(addresses.len());
    loop {
        match (preferred.next(), other.next()) {
            (None, None) => return all,
            (one, two) => all.extend(one.into_iter().chain(two)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 443)).collect()
    }

    /// How an address answers: after so many milliseconds, with a connection or not; `None` never
    /// does.
    type Answer = Option<(u64, bool)>;

    /// Races addresses that answer so; says which one won, when, and when each attempt began.
    async fn run(
        given: &[(&str, Answer)],
    ) -> (Result<usize, Option<usize>>, u64, Vec<(usize, u64)>) {
        let texts: Vec<&str> = given.iter().map(|(text, _)| *text).collect();
        let listed = addresses(&texts);
        let answers: Vec<Answer> = given.iter().map(|(_, answer)| *answer).collect();
        let begun = Arc::<Mutex<Vec<(usize, u64)>>>::default();
        let start = Instant::now();
        let since = move || u64::try_from(start.elapsed().as_millis()).unwrap();
        let noted = Arc::clone(&begun);
        let order = listed.clone();
        let connect = move |address: SocketAddr| {
            let n = order.iter().position(|other| *other == address).unwrap();
            noted.lock().unwrap().push((n, since()));
            let answer = answers[n];
            async move {
                match answer {
                    Some((after, is_made)) => {
                        tokio::time::sleep(Duration::from_millis(after)).await;
                        if is_made { Ok(n) } else { Err(n) }
                    }
                    None => std::future::pending().await,
                }
            }
        };
        let raced = race(&listed, connect);
        let outcome = tokio::time::timeout(Duration::from_secs(30), raced).await;
        let begun = begun.lock().unwrap().clone();
        (outcome.unwrap_or(Err(None)), since(), begun)
    }

    #[tokio::test(start_paused = true)]
    async fn broken_ipv6_does_not_hold_up_working_ipv4() {
        let v4 = ("192.0.2.1", Some((20, true)));
        let (won, took, _) = run(&[("2001:db8::1", None), ("2001:db8::2", None), v4]).await;
        // The other family comes second, a quarter of a second after the first.
        assert_eq!((won, took), (Ok(2), 270));
        let refused = Some((5, false));
        let (won, took, _) = run(&[("2001:db8::1", refused), ("2001:db8::2", refused), v4]).await;
        assert_eq!((won, took), (Ok(2), 25));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_answers_is_asked_alone() {
        let quick = Some((100, true));
        let (won, took, begun) = run(&[("192.0.2.1", quick), ("192.0.2.2", quick)]).await;
        assert_eq!((won, took, begun), (Ok(0), 100, vec![(0, 0)]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_one_may_still_win() {
        let (won, took, begun) =
            run(&[("192.0.2.1", Some((600, true))), ("192.0.2.2", None), ("192.0.2.3", None)])
                .await;
        assert_eq!((won, took), (Ok(0), 600));
        assert_eq!(begun, [(0, 0), (1, 250), (2, 500)]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_fail_the_last_failure_is_told_and_nothing_is_waited_for() {
        let (won, took, _) =
            run(&[("192.0.2.1", Some((40, false))), ("192.0.2.2", Some((10, false)))]).await;
        assert_eq!((won, took), (Err(Some(1)), 50));
        assert_eq!(run(&[]).await.0, Err(None));
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_answers_it_is_up_to_the_caller_to_end_it() {
        let (won, took, begun) = run(&[("192.0.2.1", None), ("192.0.2.2", None)]).await;
        assert_eq!((won, took, begun.len()), (Err(None), 30_000, 2));
    }

    #[test]
    fn the_families_take_turns_and_the_resolvers_order_stays() {
        let rows: [(&[&str], &[&str]); 4] = [
            (
                &["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "192.0.2.2"],
                &["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3"],
            ),
            (
                &["192.0.2.1", "192.0.2.2", "2001:db8::1"],
                &["192.0.2.1", "2001:db8::1", "192.0.2.2"],
            ),
            (&["192.0.2.2", "192.0.2.1"], &["192.0.2.2", "192.0.2.1"]),
            (&[], &[]),
        ];
        for (given, expected) in rows {
            assert_eq!(interleaved(&addresses(given)), addresses(expected), "{given:?}");
        }
    }
}
