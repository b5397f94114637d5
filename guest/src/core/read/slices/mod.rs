//! A long list in slices of creation time, several at once.
//!
//! Lever's cursor makes one page wait for another: at 300 ms a list comes at 3
//! pages a second, of the 10 that Lever allows. A list starts as one slice. When
//! a request that might have been sent was not, since the response before it was
//! still in flight, it is cut, and so is later any slice that would be the last
//! to end, as early as that can be told, since a cut reads again what its slice
//! had read. What the first cut reads twice would have been waiting time; an
//! account that ends before costs nothing more.

mod reading;

use std::collections::BTreeSet;

use crate::bindings::exports::ats::lever::types::Skipped;
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind};
use crate::core::http::query::{self, Pairs};
use crate::core::http::request::{Request, Route};
use crate::core::http::response::Response;
use crate::core::json::record::Write;
use crate::core::read::moved::Timed;
use crate::core::read::pager::{self, Limit, PageRequests, Pager, Paging};
use crate::core::read::rows::{self, Rows};
use crate::core::send::limiter::PER_SECOND;
use crate::core::send::scheduler::{Clock, Plan, Transport};
use crate::core::{Nanos, SECOND};
use reading::{Order, Reading, Window};

/// Slices in flight at most.
const MOST: usize = 12;

/// A list that can be cut by creation time.
pub trait Dated: Rows {
    /// When the record at `index` was created, in Unix milliseconds.
    fn created_at(&self, index: usize) -> Option<u64>;

    /// The id of its stage, by which Lever orders the list.
    fn stage(&self, index: usize) -> Option<&str>;
}

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// A list to its end in any order, or to so many items in Lever's, with what
    /// moved in it while it was read. Returns the cursor where it stopped.
    ///
    /// # Errors
    ///
    /// Whatever kept a page from being read.
    pub fn scan(
        &mut self,
        route: &Route,
        query: &dyn Write,
        max_items: Option<u32>,
        rows: &mut dyn Dated,
        skipped: &mut Vec<Skipped>,
    ) -> Result<Option<String>, Error> {
        let clock = self.clock;
        if max_items.is_some() {
            // Where that stopped, one cursor can tell.
            let pairs = query::pairs(route, query)?;
            let limit = Limit::Items(max_items);
            let requests = PageRequests::with(route, &[], pairs.clone(), None, limit)?;
            let paging = Paging { pager: Pager::new(requests), rows, skipped };
            let mut plan = Timed::new(paging, clock);
            self.run(&mut plan)?;
            let began = plan.began();
            let next = plan.plan.pager.cursor();
            if next.is_none() {
                self.catch_up(route, &pairs, rows, skipped, began)?;
            }
            return Ok(next);
        }
        let slices = Slices::new(route, query, clock, rows, skipped)?;
        let mut plan = Timed::new(slices, clock);
        self.run(&mut plan)?;
        let began = plan.began();
        let pairs = plan.plan.pairs;
        self.catch_up(route, &pairs, rows, skipped, began)?;
        Ok(None)
    }
}

struct Slice {
    read: Reading,
    requests: PageRequests,
    state: State,
    /// Whether it was begun again.
    again: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Since then.
    InFlight(Nanos),
    Done,
    /// Others read what is in it.
    Cut,
}

impl Slice {
    fn is_open(&self) -> bool {
        matches!(self.state, State::Ready | State::InFlight(_))
    }
}

struct Slices<'a, C> {
    route: &'a Route,
    pairs: Pairs,
    clock: &'a C,
    slices: Vec<Slice>,
    order: Order,
    /// The slices that requests belong to, by their numbers.
    places: Vec<usize>,
    unused: Unused,
    /// The shortest time from a request to its response.
    latency: Option<Nanos>,
    /// Pages read, and those of them that are read again.
    pages: usize,
    repeated: usize,
    ids: BTreeSet<String>,
    rows: &'a mut dyn Dated,
    skipped: &'a mut Vec<Skipped>,
}

/// How many requests Lever's pace allowed and nobody sent, in nanoseconds.
struct Unused {
    time: Nanos,
    at: Nanos,
}

impl Unused {
    const ONE: Nanos = SECOND / PER_SECOND as Nanos;

    fn pass(&mut self, now: Nanos) {
        self.time = self.time.saturating_add(now.saturating_sub(self.at));
        self.at = self.at.max(now);
    }

    fn spend(&mut self, requests: usize) {
        self.time = self.time.saturating_sub(Self::ONE.saturating_mul(requests as Nanos));
    }

    fn requests(&self) -> usize {
        usize::try_from(self.time / Self::ONE).unwrap_or(usize::MAX)
    }
}

impl<'a, C: Clock> Slices<'a, C> {
    fn new(
        route: &'a Route,
        query: &dyn Write,
        clock: &'a C,
        rows: &'a mut dyn Dated,
        skipped: &'a mut Vec<Skipped>,
    ) -> Result<Self, Error> {
        let mut pairs = query::pairs(route, query)?;
        // What decides on the cuts must be among what is asked for.
        if pairs.iter().any(|(name, _)| name == "include") {
            for field in ["createdAt", "stage"] {
                query::add(&mut pairs, "include", field.to_owned());
            }
        }
        let time = |name: &str| {
            let pair = pairs.iter().find(|(other, _)| other == name);
            pair.and_then(|(_, value)| value.parse().ok())
        };
        let window = Window { start: time(START), end: time(END) };
        let mut slices = Slices {
            route,
            pairs,
            clock,
            slices: Vec::new(),
            order: Order::default(),
            places: Vec::new(),
            unused: Unused { time: 0, at: clock.now() },
            latency: None,
            pages: 0,
            repeated: 0,
            ids: BTreeSet::new(),
            rows,
            skipped,
        };
        slices.open(window)?;
        Ok(slices)
    }

    fn open(&mut self, window: Window) -> Result<(), Error> {
        let requests = self.requests(window)?;
        self.slices.push(Slice {
            read: Reading::of(window),
            requests,
            state: State::Ready,
            again: false,
        });
        Ok(())
    }

    fn requests(&self, window: Window) -> Result<PageRequests, Error> {
        let mut pairs = self.pairs.clone();
        for (name, time) in [(START, window.start), (END, window.end)] {
            if let Some(time) = time {
                query::set(&mut pairs, name, time.to_string());
            }
        }
        PageRequests::with(self.route, &[], pairs, None, Limit::Items(None))
    }

    /// How many requests in flight keep the pace up.
    fn needed(&self) -> usize {
        let latency = self.latency.unwrap_or_default();
        usize::try_from(latency.div_ceil(Unused::ONE)).unwrap_or(MOST).min(MOST)
    }

    /// Cuts a slice where that pays.
    fn cut_what_is_too_long(&mut self) -> Result<(), Error> {
        let open = self.slices.iter().filter(|slice| slice.is_open()).count();
        if self.needed() <= 1 || open == 0 {
            return Ok(());
        }
        if let Some((place, parts)) = self.outsized() {
            return self.cut(place, parts);
        }
        if open > self.needed() {
            return Ok(());
        }
        let Some(place) = self.last_of(|slice| slice.read.pages > 0) else { return Ok(()) };
        let cost = self.slices.get(place).map_or(0, |slice| slice.read.pages);
        let pays = match self.slices.len() {
            1 => self.unused.requests() >= 1,
            _ => {
                self.unused.requests() >= cost
                    && self.repeated.saturating_add(cost) <= (self.pages / 8).saturating_add(4)
            }
        };
        // More than are needed, for those that end early.
        let wanted = self.needed().saturating_mul(3).div_ceil(2).saturating_add(1).min(MOST);
        match pays {
            true => self.cut(place, wanted.saturating_sub(open).saturating_add(1).max(2)),
            false => Ok(()),
        }
    }

    /// A slice that holds more of the list than one page after another can keep
    /// up with, and into how many to cut it.
    fn outsized(&self) -> Option<(usize, usize)> {
        if self.slices.len() == 1 {
            return None;
        }
        let open = self.slices.iter().filter(|slice| slice.is_open());
        let rank = open.map(|slice| slice.read.rank(&self.order)).min()??;
        let size = |slice: &Slice| match rank {
            0 => slice.read.leading(&self.order),
            _ => slice.read.before(rank, &self.order),
        };
        let read = self.slices.iter().filter(|slice| slice.state != State::Cut);
        let all: usize = read.map(size).sum();
        // How long a slice takes for a page: the response, and on average half a
        // turn of the pace.
        let latency = self.latency?.saturating_add(Unused::ONE / 2);
        let latency = usize::try_from(latency / crate::core::MILLISECOND).ok()?;
        let one = usize::try_from(Unused::ONE / crate::core::MILLISECOND).ok()?;
        let affordable = (self.pages / 2).saturating_add(4);
        let mut ready = self.slices.iter().enumerate().filter(|(_, it)| it.state == State::Ready);
        let (place, slice) = ready.find(|(_, slice)| {
            let is_late = size(slice).saturating_mul(latency) > all.saturating_mul(one);
            all >= 100
                && is_late
                && self.repeated.saturating_add(slice.read.pages) <= affordable
                && !slice.read.cuts(2, &self.order).is_empty()
        })?;
        let needed = size(slice).saturating_mul(latency).saturating_mul(4);
        let parts = needed.div_ceil(all.saturating_mul(one).saturating_mul(3).max(1));
        Some((place, parts.clamp(2, MOST)))
    }

    fn cut(&mut self, place: usize, parts: usize) -> Result<(), Error> {
        let Some(slice) = self.slices.get_mut(place) else { return Ok(()) };
        let cuts = slice.read.cuts(parts, &self.order);
        if cuts.is_empty() {
            return Ok(());
        }
        slice.state = State::Cut;
        let (window, pages) = (slice.read.window, slice.read.pages);
        self.repeated = self.repeated.saturating_add(pages);
        self.unused.spend(pages);
        window.cut(&cuts).into_iter().try_for_each(|window| self.open(window))
    }

    /// The slice with most before it, of those that can go on.
    fn last_of(&self, fits: impl Fn(&Slice) -> bool) -> Option<usize> {
        let slices = self.slices.iter().enumerate();
        let ready = slices.filter(|(_, slice)| slice.state == State::Ready && fits(slice));
        let last = ready.min_by_key(|(_, slice)| slice.read.progress(&self.order));
        last.map(|(place, _)| place)
    }

    fn take(&mut self, place: usize, result: Result<Response, Error>) -> Result<(), Error> {
        let Some(slice) = self.slices.get_mut(place) else { return Ok(()) };
        let response = result?;
        let before = self.rows.count();
        let Some(skipped) = slice.requests.read(&response, self.rows)? else {
            slice.state = State::Ready;
            return Ok(());
        };
        // What a cut reads again is the same record.
        pager::skip(self.skipped, skipped);
        slice.read.pages = slice.read.pages.saturating_add(1);
        for index in before..self.rows.count() {
            if let Some(created_at) = self.rows.created_at(index) {
                let stage = self.rows.stage(index).unwrap_or_default();
                slice.read.add(stage, created_at, &mut self.order);
            }
        }
        rows::retain(self.rows, before, |_, id| self.ids.insert(id.to_owned()));
        slice.requests.advance(self.rows.count());
        slice.state = if slice.requests.is_done() { State::Done } else { State::Ready };
        Ok(())
    }

    /// Begins a slice anew, which failed in its midst: the first time its cursor
    /// may be to blame.
    fn begin_again(&mut self, place: usize, error: Error) -> Result<(), Error> {
        let requests = self.slices.get(place).map(|slice| self.requests(slice.read.window));
        let (Some(slice), Some(Ok(requests))) = (self.slices.get_mut(place), requests) else {
            return Err(error);
        };
        let hopeless = matches!(
            error.kind,
            ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::RefusedByHost
        );
        if hopeless || slice.again || slice.read.pages == 0 {
            return Err(error);
        }
        let read = Reading::of(slice.read.window);
        *slice = Slice { read, requests, state: State::Ready, again: true };
        Ok(())
    }
}

/// Lever's names of the filters.
const START: &str = "created_at_start";
const END: &str = "created_at_end";

impl<C: Clock> Plan for Slices<'_, C> {
    fn next(&mut self) -> Option<Request> {
        let now = self.clock.now();
        self.unused.pass(now);
        // The windows of a cut are queries that were sound before.
        self.cut_what_is_too_long().ok()?;
        let place = self.last_of(|_| true)?;
        let slice = self.slices.get_mut(place)?;
        slice.state = State::InFlight(now);
        self.places.push(place);
        slice.requests.next_request()
    }

    fn finish(&mut self, number: u64, result: Result<Response, Error>) -> Result<(), Error> {
        let now = self.clock.now();
        self.unused.pass(now);
        self.unused.spend(1);
        let place = usize::try_from(number).ok().and_then(|number| self.places.get(number));
        let Some(place) = place.copied() else { return Ok(()) };
        if let Some(Slice { state: State::InFlight(since), .. }) = self.slices.get(place) {
            let latency = now.saturating_sub(*since);
            self.latency = Some(self.latency.map_or(latency, |least| least.min(latency)));
        }
        self.pages = self.pages.saturating_add(1);
        let taken = self.take(place, result);
        taken.or_else(|error| self.begin_again(place, error)).map_err(|error| {
            match self.rows.count() {
                0 => error,
                read => error.adding(&format!("{read} records had been read by then.")),
            }
        })
    }
}

#[cfg(test)]
mod tests;
