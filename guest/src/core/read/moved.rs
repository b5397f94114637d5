//! What moved while a list was read.
//!
//! Lever lists opportunities by stage. One that goes to an earlier stage while a
//! later page is read is on none of the pages that follow, so a list that took
//! several ends with a read of what changed since it began. Lever sets
//! `updatedAt` with every move, of records too that had none before.

use std::collections::BTreeSet;

use crate::bindings::exports::ats::lever::types::Skipped;
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::http::query::{self, Pairs};
use crate::core::http::request::{Request, Route};
use crate::core::http::response::Response;
use crate::core::read::pager::{self, Limit, PageRequests, Pager, Paging};
use crate::core::read::rows::{self, Rows};
use crate::core::send::backoff::http_date;
use crate::core::send::scheduler::{Clock, Plan, Transport};
use crate::core::{MILLISECOND, Nanos};

/// Reads of what changed, at most: the second for what changed during the first.
const ROUNDS: usize = 2;

/// How much earlier than Lever's clock says a read counts as begun, in
/// milliseconds: its servers' clocks differ, and the header has no fractions.
const LEVERS_CLOCK_MS: u64 = 10_000;

/// The same by the clock of this host, which nobody may have set right.
const OWN_CLOCK_MS: u64 = 600_000;

/// Lever's names of the filters.
const SINCE: &str = "updated_at_start";
const UNTIL: &str = "updated_at_end";

/// A plan, and when it began as Lever sees it.
pub struct Timed<'a, P, C> {
    /// What is carried out.
    pub plan: P,
    clock: &'a C,
    /// The first request's time by either clock of this host.
    sent: Option<(Nanos, u64)>,
    began: Option<u64>,
    /// Answers taken.
    pages: usize,
}

impl<'a, P: Plan, C: Clock> Timed<'a, P, C> {
    /// Nothing sent yet.
    pub fn new(plan: P, clock: &'a C) -> Self {
        Timed { plan, clock, sent: None, began: None, pages: 0 }
    }

    /// Since when what was read may have changed, in Lever's milliseconds;
    /// `None` if all of it came at once.
    pub fn began(&self) -> Option<u64> {
        self.began.filter(|_| self.pages > 1)
    }

    fn first(&self, response: &Response) -> u64 {
        let (sent, wall) = self.sent.unwrap_or_default();
        match response.date.as_deref().and_then(http_date) {
            Some(date) => {
                let taken = self.clock.now().saturating_sub(sent) / MILLISECOND;
                date.saturating_sub(taken).saturating_sub(LEVERS_CLOCK_MS)
            }
            // A clock that was never set reads all of the list again, which is right.
            None => wall.saturating_sub(OWN_CLOCK_MS),
        }
    }
}

impl<P: Plan, C: Clock> Plan for Timed<'_, P, C> {
    fn next(&mut self) -> Option<Request> {
        let next = self.plan.next();
        if next.is_some() && self.sent.is_none() {
            self.sent = Some((self.clock.now(), self.clock.wall_ms()));
        }
        next
    }

    fn finish(&mut self, number: u64, result: Result<Response, Error>) -> Result<(), Error> {
        if let Ok(response) = &result {
            self.began = self.began.or_else(|| Some(self.first(response)));
            self.pages = self.pages.saturating_add(1);
        }
        self.plan.finish(number, result)
    }
}

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Adds to what was read of a list what has come into it since; what had
    /// been read before is as it is now.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being read.
    pub fn catch_up(
        &mut self,
        route: &Route,
        pairs: &Pairs,
        rows: &mut dyn Rows,
        skipped: &mut Vec<Skipped>,
        mut began: Option<u64>,
    ) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let Some(query) = began.and_then(|began| changed_since(pairs, began)) else { break };
            let requests = PageRequests::with(route, &[], query, None, Limit::Items(None))?;
            let (before, mut more) = (rows.count(), Vec::new());
            let paging = Paging { pager: Pager::new(requests), rows, skipped: &mut more };
            let mut plan = Timed::new(paging, self.clock);
            self.run(&mut plan).map_err(|error| {
                error.adding("The list itself had been read, only what changed meanwhile was not.")
            })?;
            began = plan.began;
            merge(rows, before);
            pager::skip(skipped, more);
            if rows.count() == before {
                break;
            }
        }
        Ok(())
    }
}

/// The query for what changed since then; `None` where the caller's own bounds
/// leave nothing of it.
fn changed_since(pairs: &Pairs, began: u64) -> Option<Pairs> {
    let bound = |name: &str| -> Option<u64> {
        let pair = pairs.iter().find(|(other, _)| other == name);
        pair.and_then(|(_, value)| value.parse().ok())
    };
    let since = bound(SINCE).map_or(began, |own| own.max(began));
    if bound(UNTIL).is_some_and(|until| until < since) {
        return None;
    }
    let mut query = pairs.clone();
    query::set(&mut query, SINCE, since.to_string());
    Some(query)
}

/// Puts what is newer, which begins at `start`, in the place of what it was before.
fn merge(rows: &mut dyn Rows, start: usize) {
    // Collected, it would bring a sort of its own into the component.
    let mut newer = BTreeSet::new();
    for index in start..rows.count() {
        newer.extend(rows.id(index).map(str::to_owned));
    }
    rows::retain(rows, 0, |index, id| index >= start || !newer.contains(id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::opportunities::Opportunity;
    use crate::core::send::scheduler::testing::Hand;

    fn pairs(given: &[(&str, &str)]) -> Pairs {
        given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn what_changed_is_asked_for_within_the_callers_own_bounds() {
        type Given = &'static [(&'static str, &'static str)];
        let rows: [(Given, Option<Given>); 6] = [
            (&[], Some(&[(SINCE, "50")])),
            (&[("tag", "a"), (SINCE, "10")], Some(&[("tag", "a"), (SINCE, "50")])),
            (&[(SINCE, "70")], Some(&[(SINCE, "70")])),
            (&[(UNTIL, "60")], Some(&[(UNTIL, "60"), (SINCE, "50")])),
            // What changes now is no longer in the list.
            (&[(UNTIL, "49")], None),
            (&[(SINCE, "70"), (UNTIL, "60")], None),
        ];
        for (given, expected) in rows {
            assert_eq!(changed_since(&pairs(given), 50), expected.map(pairs), "{given:?}");
        }
    }

    struct Nothing;

    impl Plan for Nothing {
        fn next(&mut self) -> Option<Request> {
            crate::routes::stages::LIST_PAGE.request(&[]).ok()
        }
        fn finish(&mut self, _: u64, _: Result<Response, Error>) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn a_read_began_before_lever_answered_by_its_own_clock() {
        let hand = Hand::default();
        let began = |date: Option<&str>, pages: usize| {
            hand.0.set(5_000_000 * MILLISECOND);
            let mut plan = Timed::new(Nothing, &hand);
            plan.next();
            for _ in 0..pages {
                hand.0.set(hand.0.get() + 3_000 * MILLISECOND);
                plan.next();
                let date = date.map(str::to_owned);
                let response = Response { status: 200, date, ..Response::default() };
                plan.finish(0, Ok(response)).unwrap();
            }
            plan.began()
        };
        let date = Some("Thu, 01 Jan 1970 02:00:00 GMT");
        assert_eq!(began(date, 0), None);
        assert_eq!(began(date, 1), None, "all came at once");
        assert_eq!(began(date, 2), Some(7_200_000 - 3_000 - LEVERS_CLOCK_MS));
        assert_eq!(began(None, 2), Some(5_000_000 - OWN_CLOCK_MS));
        assert_eq!(began(Some("yesterday"), 2), Some(5_000_000 - OWN_CLOCK_MS));
    }

    #[test]
    fn what_was_read_before_is_as_it_is_now_and_stands_once() {
        let item = |id: &str, name: &str| -> Opportunity {
            crate::core::json::record::read(
                format!(r#"{{"id":"{id}","name":"{name}"}}"#).as_bytes(),
            )
            .unwrap()
        };
        let mut items = vec![item("a", "1"), item("b", "1"), item("c", "1")];
        items.extend([item("d", "2"), item("b", "2")]);
        merge(&mut items, 3);
        let told: Vec<String> =
            items.iter().map(|it| format!("{}{}", it.id, it.name.as_deref().unwrap())).collect();
        assert_eq!(told, ["a1", "c1", "d2", "b2"]);
    }
}
