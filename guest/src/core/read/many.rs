//! The same question about many records at once: as many requests in flight
//! as the pace and the latency ask for, and a response for each record, so that
//! one failure fails one record.
//!
//! What would fail for all of them, such as a credential that is not accepted,
//! ends the whole.

use std::collections::VecDeque;

use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind};
use crate::core::http::query::{self, Pairs};
use crate::core::http::request::{Effect, Request, Route};
use crate::core::http::response::Response;
use crate::core::json;
use crate::core::json::record::Write;
use crate::core::read::pager::{Limit, PageRequests, Pager};
use crate::core::read::rows::{AllFound, Found};
use crate::core::send::scheduler::{Clock, Plan, Transport};

/// What is asked of each record.
trait Question {
    /// The first request about the record at `index`.
    fn start(&mut self, index: usize, found: &mut dyn Found) -> Result<Option<Request>, Error>;

    /// Takes a response, and goes on where there is more.
    fn take(
        &mut self,
        index: usize,
        found: &mut dyn Found,
        result: Result<Response, Error>,
    ) -> Result<Option<Request>, Error>;
}

/// All of them, those begun first.
struct Many<'a> {
    question: &'a mut dyn Question,
    found: &'a mut dyn AllFound,
    next: usize,
    ready: VecDeque<(usize, Request)>,
    /// The records that requests are about, by the requests' numbers.
    indices: Vec<usize>,
}

impl Many<'_> {
    /// Queues what follows; a failure is that of the one record.
    fn queue(&mut self, index: usize, next: Result<Option<Request>, Error>) {
        match next {
            Ok(request) => self.ready.extend(request.map(|request| (index, request))),
            Err(error) => {
                if let Some(found) = self.found.at(index) {
                    found.fail(error);
                }
            }
        }
    }
}

impl Plan for Many<'_> {
    fn next(&mut self) -> Option<Request> {
        while self.ready.is_empty() && self.next < self.found.count() {
            let index = self.next;
            self.next = index.saturating_add(1);
            let first = self.question.start(index, self.found.at(index)?);
            self.queue(index, first);
        }
        let (index, request) = self.ready.pop_front()?;
        self.indices.push(index);
        Some(request)
    }

    fn finish(&mut self, number: u64, result: Result<Response, Error>) -> Result<(), Error> {
        if let Err(error) = &result
            && matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::RefusedByHost)
        {
            return Err(error.clone());
        }
        let index = usize::try_from(number).ok().and_then(|number| self.indices.get(number));
        if let Some(index) = index.copied()
            && let Some(found) = self.found.at(index)
        {
            let more = self.question.take(index, found, result);
            self.queue(index, more);
        }
        Ok(())
    }
}

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// A list of each of these records.
    ///
    /// # Errors
    ///
    /// A query that Lever would refuse, or what would fail for all of them.
    pub fn lists_into(
        &mut self,
        found: &mut dyn AllFound,
        route: &Route,
        query: &dyn Write,
    ) -> Result<(), Error> {
        let query = query::pairs(route, query)?;
        let mut lists = Lists { route, query, pagers: Vec::new() };
        self.find(&mut lists, found)
    }

    /// Each of these records.
    ///
    /// # Errors
    ///
    /// As for [`lists_into`](Self::lists_into).
    pub fn records_into(
        &mut self,
        found: &mut dyn AllFound,
        route: &Route,
        query: &dyn Write,
    ) -> Result<(), Error> {
        let query = query::pairs(route, query)?;
        self.find(&mut Records { route, query }, found)
    }

    fn find(&mut self, question: &mut dyn Question, found: &mut dyn AllFound) -> Result<(), Error> {
        let (ready, indices) = (VecDeque::new(), Vec::new());
        self.run(&mut Many { question, found, next: 0, ready, indices })
    }
}

/// Lists of many records.
struct Lists<'a> {
    route: &'a Route,
    query: Pairs,
    /// Those being read, a few at a time, with the index of their record.
    pagers: Vec<(usize, Box<Pager>)>,
}

impl Question for Lists<'_> {
    fn start(&mut self, index: usize, found: &mut dyn Found) -> Result<Option<Request>, Error> {
        let limit = Limit::Items(None);
        let requests =
            PageRequests::with(self.route, &[found.id()], self.query.clone(), None, limit)?;
        let mut pager = Box::new(Pager::new(requests));
        let request = pager.next_request();
        self.pagers.push((index, pager));
        Ok(request)
    }

    fn take(
        &mut self,
        index: usize,
        found: &mut dyn Found,
        result: Result<Response, Error>,
    ) -> Result<Option<Request>, Error> {
        let pager = self.pagers.iter().position(|(other, _)| *other == index);
        let (Some(pager), Some((rows, skipped))) = (pager, found.list()) else {
            return Ok(None);
        };
        let (_, mut pager) = self.pagers.swap_remove(pager);
        pager.take(rows, skipped, result)?;
        let request = pager.next_request();
        if request.is_some() {
            self.pagers.push((index, pager));
        }
        Ok(request)
    }
}

/// Many records.
struct Records<'a> {
    route: &'a Route,
    query: Pairs,
}

impl Question for Records<'_> {
    fn start(&mut self, _: usize, found: &mut dyn Found) -> Result<Option<Request>, Error> {
        let request = self.route.request(&[found.id()])?;
        Ok(Some(Request { query: self.query.clone(), ..request }))
    }

    fn take(
        &mut self,
        _: usize,
        found: &mut dyn Found,
        result: Result<Response, Error>,
    ) -> Result<Option<Request>, Error> {
        let response = result?;
        match found.record() {
            Some(record) => json::data_into(record, &response, Effect::Read).map(|()| None),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::notes::{NoteQuery, NotesResult};
    use crate::bindings::exports::ats::lever::opportunities::OpportunityResult;
    use crate::core::http::query::NO_PARAMETERS;
    use crate::core::send::limiter::Limiter;
    use crate::core::send::scheduler::testing::{Answer, Fake, ok};
    use crate::core::settings::Settings;
    use crate::core::{MILLISECOND, SECOND};
    use crate::routes::{notes, opportunities};

    struct Seen<O> {
        outcomes: Result<Vec<O>, Error>,
        time: u64,
        sent: usize,
        most_in_flight: usize,
    }

    fn drive<O>(
        latency: u64,
        answer: impl FnMut(&Request) -> Answer + 'static,
        act: impl FnOnce(
            &mut Client<'_, Fake, crate::core::send::scheduler::testing::Hand>,
        ) -> Result<Vec<O>, Error>,
    ) -> Seen<O> {
        let mut fake = Fake::new(latency, answer);
        let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
        let settings = Settings::default();
        let mut client = Client {
            transport: &mut fake,
            clock: &clock,
            limiter: &mut limiter,
            settings: &settings,
        };
        let outcomes = act(&mut client);
        let (sent, most_in_flight) = (fake.sent.len(), fake.most_in_flight);
        Seen {
            outcomes,
            time: crate::core::send::scheduler::Clock::now(&clock),
            sent,
            most_in_flight,
        }
    }

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("o{n}")).collect()
    }

    fn lists(
        ids: Vec<String>,
        latency: u64,
        answer: impl FnMut(&Request) -> Answer + 'static,
    ) -> Seen<NotesResult> {
        drive(latency, answer, |client| {
            let mut found: Vec<_> = ids.into_iter().map(NotesResult::new).collect();
            client.lists_into(&mut found, &notes::LIST_FOR_MANY, &NoteQuery::default())?;
            Ok(found)
        })
    }

    #[test]
    fn each_record_has_its_list_in_the_order_asked_for() {
        let seen = lists(ids(3), 1, |request| {
            let more = request.query.iter().any(|(name, _)| name == "offset");
            match (request.path.as_str(), more) {
                ("/opportunities/o1/notes", false) => ok(r#"{"data":[{"id":"a"}],"next":"n"}"#),
                ("/opportunities/o1/notes", true) => ok(r#"{"data":[{"id":"b"}]}"#),
                _ => ok(r#"{"data":[{"id":"c"}]}"#),
            }
        });
        let outcomes = seen.outcomes.unwrap();
        let shown: Vec<(&str, Vec<&str>)> = outcomes
            .iter()
            .map(|it| {
                (it.opportunity.as_str(), it.items.iter().map(|note| note.id.as_str()).collect())
            })
            .collect();
        assert_eq!(shown, [("o0", vec!["c"]), ("o1", vec!["a", "b"]), ("o2", vec!["c"])]);
        assert_eq!(seen.sent, 4);
    }

    #[test]
    fn one_failure_fails_one_record() {
        let mut odd = ids(4);
        odd[2] = "../x".into();
        let seen = lists(odd, 1, |request| match request.path.as_str() {
            "/opportunities/o1/notes" => Ok(Response { status: 404, ..Response::default() }),
            _ => ok(r#"{"data":[{"id":"c"}]}"#),
        });
        let outcomes = seen.outcomes.unwrap();
        let kinds: Vec<Option<ErrorKind>> =
            outcomes.iter().map(|it| it.error.as_ref().map(|error| error.kind)).collect();
        assert_eq!(kinds, [None, Some(ErrorKind::NotFound), Some(ErrorKind::InvalidInput), None]);
        assert_eq!(outcomes.iter().map(|it| it.items.len()).collect::<Vec<_>>(), [1, 0, 0, 1]);
    }

    #[test]
    fn what_fails_for_all_ends_the_whole() {
        let seen =
            lists(ids(500), MILLISECOND, |_| Ok(Response { status: 401, ..Response::default() }));
        assert_eq!(seen.outcomes.err().unwrap().kind, ErrorKind::Unauthorized);
        assert!(seen.sent <= 24, "{}", seen.sent);
    }

    #[test]
    fn a_thousand_records_keep_to_the_pace_whatever_the_latency() {
        for latency in [50, 150, 300] {
            let seen = drive(
                latency * MILLISECOND,
                |request| ok(&format!(r#"{{"data":{{"id":"{}"}}}}"#, request.path.len())),
                |client| {
                    let mut found: Vec<_> =
                        ids(1000).into_iter().map(OpportunityResult::new).collect();
                    client.records_into(&mut found, &opportunities::GET_MANY, &NO_PARAMETERS)?;
                    Ok(found)
                },
            );
            let outcomes = seen.outcomes.unwrap();
            assert!(outcomes.iter().all(|it| it.error.is_none() && it.found.is_some()));
            let bound = 98 * SECOND;
            assert!(
                seen.time >= bound && seen.time <= bound + bound / 50,
                "{latency} {}",
                seen.time
            );
            assert!(seen.most_in_flight <= 24);
        }
    }

    #[test]
    fn nothing_asked_for_is_nothing_sent() {
        let seen = lists(vec![], 1, |_| ok("{}"));
        assert_eq!((seen.outcomes.map(|it| it.len()).ok(), seen.sent), (Some(0), 0));
    }
}
