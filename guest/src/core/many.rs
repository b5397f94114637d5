//! The same question about many records at once: as many requests under way
//! as the pace and the latency ask for, and an answer for each record, so that
//! one failure fails one record.
//!
//! What would fail for all of them, such as a credential that is not accepted,
//! ends the whole.

use std::collections::VecDeque;

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::json::{self, Envelope};
use super::pager::{Extent, Paged, Pager, Walk};
use super::query::{self, Pairs};
use super::record::{Read, Write};
use super::request::{Effect, Request, Route};
use super::response::Response;
use super::scheduler::{Clock, Plan, Transport};
use crate::bindings::exports::ats::lever::types::Skipped;

/// A record of the WIT that says what came of one of many; implemented by
/// `build.rs` for each.
pub trait Outcome {
    /// What was asked for.
    type Item;

    /// What was read of the record with this id, what could not be, or why
    /// nothing was.
    fn build(
        id: String,
        items: Vec<Self::Item>,
        skipped: Vec<Skipped>,
        error: Option<Error>,
    ) -> Self;
}

/// Implements [`Outcome`] for a record of an id, a list or an option, and an
/// error.
macro_rules! outcome {
    ($outcome:path, $id:ident, $items:ident, $item:ty) => {
        impl crate::core::many::Outcome for $outcome {
            type Item = $item;

            fn build(
                id: String,
                items: Vec<$item>,
                skipped: Vec<crate::bindings::exports::ats::lever::types::Skipped>,
                error: Option<crate::core::error::Error>,
            ) -> Self {
                Self { $id: id, $items: items, skipped, error }
            }
        }
    };
    ($outcome:path, $id:ident, $items:ident, $item:ty, one) => {
        impl crate::core::many::Outcome for $outcome {
            type Item = $item;

            fn build(
                id: String,
                items: Vec<$item>,
                _: Vec<crate::bindings::exports::ats::lever::types::Skipped>,
                error: Option<crate::core::error::Error>,
            ) -> Self {
                Self { $id: id, $items: items.into_iter().next(), error }
            }
        }
    };
}
pub(crate) use outcome;

/// The ways through the records, each its own.
trait Ways {
    /// The first request about the record at this place.
    fn start(&mut self, place: usize) -> Option<Request>;

    /// Takes an answer, and goes on where there is more.
    fn take(&mut self, place: usize, result: Result<Response, Error>) -> Option<Request>;
}

/// All of them, those begun first.
struct Many<'a> {
    ways: &'a mut dyn Ways,
    count: usize,
    next: usize,
    ready: VecDeque<(usize, Request)>,
    /// The places that requests belong to, by their numbers.
    places: Vec<usize>,
}

impl Plan for Many<'_> {
    fn next(&mut self) -> Option<Request> {
        while self.ready.is_empty() && self.next < self.count {
            let place = self.next;
            self.next = self.next.saturating_add(1);
            self.ready.extend(self.ways.start(place).map(|request| (place, request)));
        }
        let (place, request) = self.ready.pop_front()?;
        self.places.push(place);
        Some(request)
    }

    fn finish(&mut self, number: u64, result: Result<Response, Error>) -> Result<(), Error> {
        if let Err(error) = &result
            && matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::RefusedByHost)
        {
            return Err(error.clone());
        }
        let place = usize::try_from(number).ok().and_then(|number| self.places.get(number));
        if let Some(place) = place.copied() {
            let more = self.ways.take(place, result).map(|request| (place, request));
            self.ready.extend(more);
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
    pub fn lists<P: Paged, O: Outcome<Item = P::Item>>(
        &mut self,
        route: &Route,
        ids: Vec<String>,
        query: &dyn Write,
    ) -> Result<Vec<O>, Error> {
        query::pairs(route, query)?;
        let ways = ids.iter().map(|_| Way::Failed(None)).collect();
        let mut lists = Lists::<P> { route, query, ids, ways };
        self.all_of(&mut lists)?;
        Ok(lists.outcomes())
    }

    /// Each of these records.
    ///
    /// # Errors
    ///
    /// As for [`lists`](Self::lists).
    pub fn records<R: Read, O: Outcome<Item = R>>(
        &mut self,
        route: &Route,
        ids: Vec<String>,
        query: &dyn Write,
    ) -> Result<Vec<O>, Error> {
        let query = query::pairs(route, query)?;
        let mut records = Records::<R> { route, query, ids, read: Vec::new() };
        records.read.resize_with(records.ids.len(), || None);
        self.all_of(&mut records)?;
        let pairs = records.ids.into_iter().zip(records.read);
        let build = |(id, read): (String, Option<Result<R, Error>>)| match read {
            Some(Ok(record)) => O::build(id, vec![record], Vec::new(), None),
            Some(Err(error)) => O::build(id, Vec::new(), Vec::new(), Some(error)),
            None => O::build(id, Vec::new(), Vec::new(), None),
        };
        Ok(pairs.map(build).collect())
    }

    fn all_of(&mut self, ways: &mut dyn CountedWays) -> Result<(), Error> {
        let count = ways.count();
        let mut many = Many { ways, count, next: 0, ready: VecDeque::new(), places: Vec::new() };
        self.run(&mut many)
    }
}

/// Ways whose number is known.
trait CountedWays: Ways {
    fn count(&self) -> usize;
}

/// Lists of many records.
struct Lists<'a, P: Paged> {
    route: &'a Route,
    query: &'a dyn Write,
    ids: Vec<String>,
    ways: Vec<Way<P>>,
}

enum Way<P: Paged> {
    /// On the way, or at the end.
    Reading(Box<Pager<P>>),
    /// Given up; nothing when it was not begun.
    Failed(Option<Error>),
}

impl<P: Paged> CountedWays for Lists<'_, P> {
    fn count(&self) -> usize {
        self.ids.len()
    }
}

impl<P: Paged> Ways for Lists<'_, P> {
    fn start(&mut self, place: usize) -> Option<Request> {
        let (id, way) = (self.ids.get(place)?, self.ways.get_mut(place)?);
        match Walk::new(self.route, &[id], self.query, None, Extent::Items(None)) {
            Ok(walk) => {
                let mut pager = Box::new(Pager::new(walk));
                let request = pager.next();
                *way = Way::Reading(pager);
                request
            }
            Err(error) => {
                *way = Way::Failed(Some(error));
                None
            }
        }
    }

    fn take(&mut self, place: usize, result: Result<Response, Error>) -> Option<Request> {
        let way = self.ways.get_mut(place)?;
        let Way::Reading(pager) = way else { return None };
        match pager.finish(0, result) {
            Ok(()) => pager.next(),
            Err(error) => {
                *way = Way::Failed(Some(error));
                None
            }
        }
    }
}

impl<P: Paged> Lists<'_, P> {
    fn outcomes<O: Outcome<Item = P::Item>>(self) -> Vec<O> {
        let build = |(id, way)| match way {
            Way::Reading(pager) => {
                let (items, skipped) = Pager::into_items(*pager);
                O::build(id, items, skipped, None)
            }
            Way::Failed(error) => O::build(id, Vec::new(), Vec::new(), error),
        };
        self.ids.into_iter().zip(self.ways).map(build).collect()
    }
}

/// Many records.
struct Records<'a, R> {
    route: &'a Route,
    query: Pairs,
    ids: Vec<String>,
    read: Vec<Option<Result<R, Error>>>,
}

impl<R: Read> CountedWays for Records<'_, R> {
    fn count(&self) -> usize {
        self.ids.len()
    }
}

impl<R: Read> Ways for Records<'_, R> {
    fn start(&mut self, place: usize) -> Option<Request> {
        let (id, read) = (self.ids.get(place)?, self.read.get_mut(place)?);
        match self.route.request(&[id]) {
            Ok(request) => Some(Request { query: self.query.clone(), ..request }),
            Err(error) => {
                *read = Some(Err(error));
                None
            }
        }
    }

    fn take(&mut self, place: usize, result: Result<Response, Error>) -> Option<Request> {
        let read = self.read.get_mut(place)?;
        let record = result
            .and_then(|response| Ok(json::decode::<Envelope<R>>(&response, Effect::Read)?.data));
        *read = Some(record);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::notes::{NotePage, NoteQuery, NotesResult};
    use crate::bindings::exports::ats::lever::opportunities::{Opportunity, OpportunityResult};
    use crate::core::limiter::Lanes;
    use crate::core::query::Fields;
    use crate::core::scheduler::testing::{Answer, Fake, ok};
    use crate::core::settings::Settings;
    use crate::core::{MILLISECOND, SECOND};
    use crate::routes::{notes, opportunities};

    struct Seen<O> {
        outcomes: Result<Vec<O>, Error>,
        time: u64,
        sent: usize,
        most_under_way: usize,
    }

    fn drive<O>(
        latency: u64,
        answer: impl FnMut(&Request) -> Answer + 'static,
        act: impl FnOnce(
            &mut Client<'_, Fake, crate::core::scheduler::testing::Hand>,
        ) -> Result<Vec<O>, Error>,
    ) -> Seen<O> {
        let mut fake = Fake::new(latency, answer);
        let (clock, mut lanes) = (fake.clock.clone(), Lanes::default());
        let settings = Settings::default();
        let mut client =
            Client { transport: &mut fake, clock: &clock, lanes: &mut lanes, settings: &settings };
        let outcomes = act(&mut client);
        let (sent, most_under_way) = (fake.sent.len(), fake.most_under_way);
        Seen { outcomes, time: crate::core::scheduler::Clock::now(&clock), sent, most_under_way }
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
            client.lists::<NotePage, _>(&notes::LIST_FOR_MANY, ids, &NoteQuery::default())
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
                    let fields = Fields::of(vec![]);
                    client.records::<Opportunity, OpportunityResult>(
                        &opportunities::GET_MANY,
                        ids(1000),
                        &fields,
                    )
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
            assert!(seen.most_under_way <= 24);
        }
    }

    #[test]
    fn nothing_asked_for_is_nothing_sent() {
        let seen = lists(vec![], 1, |_| ok("{}"));
        assert_eq!((seen.outcomes.map(|it| it.len()).ok(), seen.sent), (Some(0), 0));
    }
}
