//! Following a list from page to page.
//!
//! Where there is a `next` the list goes on, whatever `hasNext` says; where
//! `hasNext` says so and there is none, the page is read once more, since the
//! rest of the list would be lost. Lever's `next` is never read or built; our
//! cursor is that text behind a tag of the query, so that the cursor of one
//! query is refused with another.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::bindings::exports::ats::lever::types::Skipped;
use crate::core::error::{Error, ErrorKind, Outcome};
use crate::core::http::query::{self, PAGE, Pairs};
use crate::core::http::request::{Request, Route};
use crate::core::http::response::Response;
use crate::core::json;
use crate::core::json::record::Write;
use crate::core::read::rows::{self, Rows, Tail};
use crate::core::send::scheduler::Plan;

/// Pages without a record that may follow each other before the list counts as
/// one that never ends.
const EMPTY: u32 = 100;

/// Adds what could not be read, without what is there by its id already.
pub fn skip(skipped: &mut Vec<Skipped>, more: Vec<Skipped>) {
    for one in more {
        if one.id.is_none() || skipped.iter().all(|other| other.id != one.id) {
            skipped.push(one);
        }
    }
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// One page.
    Page,
    /// Until the end, or this many items.
    Items(Option<u32>),
}

/// The requests for a list, one page after the other, whatever is in it.
pub struct PageRequests {
    request: Request,
    tag: String,
    /// What the caller's query allows on one page; `None` where Lever alone
    /// decides.
    page_size: Option<u32>,
    limit: Limit,
    /// Lever's `next` of the page before.
    offset: Option<String>,
    seen: BTreeSet<String>,
    /// Items read so far.
    read: usize,
    /// Pages without a record since the last one that had some.
    empty: u32,
    /// Whether the page at this offset is being read once more.
    again: bool,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Ready,
    InFlight,
    Done,
}

impl PageRequests {
    /// A list with these filters, from `cursor` on.
    ///
    /// # Errors
    ///
    /// An id or a query that Lever would refuse, a cursor that is not one of
    /// this list with this query, or no items asked for.
    pub fn new(
        route: &Route,
        ids: &[&str],
        query: &dyn Write,
        cursor: Option<String>,
        limit: Limit,
    ) -> Result<Self, Error> {
        Self::with(route, ids, query::pairs(route, query)?, cursor, limit)
    }

    /// The same with a query that is written already.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), but for the query.
    pub fn with(
        route: &Route,
        ids: &[&str],
        query: Pairs,
        cursor: Option<String>,
        limit: Limit,
    ) -> Result<Self, Error> {
        let request = route.request(ids)?;
        if limit == Limit::Items(Some(0)) {
            return Err(Error::invalid(
                "max-items is 0. Give at least 1, or leave it out for all.",
            ));
        }
        let tag = tag(&request.path, &query);
        let offset = cursor.map(|cursor| opened(&cursor, &tag)).transpose()?;
        let mut seen = BTreeSet::new();
        seen.extend(offset.clone());
        let page_size = route.limit.then(|| query::limit(&query).unwrap_or(PAGE));
        let request = Request { query, ..request };
        Ok(PageRequests {
            seen,
            request,
            tag,
            page_size,
            limit,
            offset,
            read: 0,
            empty: 0,
            again: false,
            state: State::Ready,
        })
    }

    /// How many items are still wanted; `None` for all.
    fn wanted(&self) -> Option<usize> {
        match self.limit {
            Limit::Page | Limit::Items(None) => None,
            Limit::Items(Some(most)) => Some((most as usize).saturating_sub(self.read)),
        }
    }

    /// The next request, if it may go before more responses come.
    pub fn next_request(&mut self) -> Option<Request> {
        if self.state != State::Ready {
            return None;
        }
        self.state = State::InFlight;
        let mut request = self.request.clone();
        // The last page is asked for short: its cursor then stands exactly
        // behind the last item wanted.
        let wanted = self.wanted().and_then(|wanted| u32::try_from(wanted).ok());
        if let Some(size) = self.page_size {
            let size = wanted.map_or(size, |wanted| wanted.min(size));
            query::set(&mut request.query, "limit", size.to_string());
        }
        if let Some(offset) = &self.offset {
            query::set(&mut request.query, "offset", offset.clone());
        }
        Some(request)
    }

    /// Says in a failure how far it got.
    fn explain(&self, result: Result<Response, Error>) -> Result<Response, Error> {
        result.map_err(|error| match self.read {
            0 => error,
            read => error.adding(&format!("{read} records had been read by then.")),
        })
    }

    /// Reads a page behind the records that are there, and names what could not be read;
    /// `None` where it is read once more, so that none of its records counts.
    ///
    /// # Errors
    ///
    /// A page that is not what Lever documents, or a list whose end cannot be reached.
    pub fn read(
        &mut self,
        response: &Response,
        rows: &mut dyn Rows,
    ) -> Result<Option<Vec<Skipped>>, Error> {
        let before = rows.count();
        let read = json::page_into(&mut Tail::new(rows), response).and_then(|mut page| {
            skip_nameless(rows, before, &mut page.skipped);
            let is_empty = rows.count() == before && page.skipped.is_empty();
            let counts = self.accept(response.status, is_empty, page.has_next, page.next)?;
            Ok(counts.then_some(page.skipped))
        });
        if !matches!(read, Ok(Some(_))) {
            rows.truncate(before);
        }
        read
    }

    /// Takes what a page says besides its records; false where it does not say how
    /// the list goes on and is read once more, so that none of its records counts.
    ///
    /// # Errors
    ///
    /// A list that says a second time that it goes on, and not where; one whose
    /// cursors go round, or lead from one empty page to another.
    fn accept(
        &mut self,
        status: u16,
        is_empty: bool,
        has_next: Option<bool>,
        next: Option<String>,
    ) -> Result<bool, Error> {
        // Some lists answer null or an empty text for no cursor.
        let next = next.filter(|next| !next.is_empty());
        if has_next == Some(true) && next.is_none() {
            if std::mem::replace(&mut self.again, true) {
                return Err(endless(
                    status,
                    "Lever says that the list goes on, and twice not where: hasNext is true and next is missing. Read it again later; what was read is not the whole list.",
                ));
            }
            self.state = State::Ready;
            return Ok(false);
        }
        self.again = false;
        self.empty = if is_empty { self.empty.saturating_add(1) } else { 0 };
        if next.is_some() && self.empty >= EMPTY {
            return Err(endless(
                status,
                "Lever returned a hundred empty pages in a row, each with a cursor, so the list would never end. Read it again later.",
            ));
        }
        if let Some(next) = &next
            && !self.seen.insert(next.clone())
        {
            return Err(endless(
                status,
                "Lever returned the same cursor twice, so the list would never end. Read it again from its start.",
            ));
        }
        self.offset = next;
        Ok(true)
    }

    /// Goes on behind the page that was accepted, with so many items read in
    /// all.
    pub fn advance(&mut self, read: usize) {
        self.read = read;
        let full = self.limit == Limit::Page || self.wanted() == Some(0);
        self.state = if self.offset.is_none() || full { State::Done } else { State::Ready };
    }

    /// Whether there is nothing more to ask for.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Our cursor for where it stopped.
    fn cursor(self) -> Option<String> {
        self.offset.map(|next| format!("{}.{next}", self.tag))
    }
}

/// Takes out the records from `start` on whose id is blank, and names them: told apart by their
/// ids, all but one would be lost.
fn skip_nameless(rows: &mut dyn Rows, start: usize, skipped: &mut Vec<Skipped>) {
    let is_nameless = |id: &str| id.trim().is_empty();
    let mut found = Vec::new();
    rows::retain(rows, start, |index, id| {
        if is_nameless(id) {
            found.push(index.saturating_sub(start));
        }
        !is_nameless(id)
    });
    // Those that could not be read are on the page as well, and not among the rows.
    let unreadable: Vec<u32> = skipped.iter().map(|one| one.position).collect();
    for index in found {
        let mut position = u32::try_from(index).unwrap_or(u32::MAX);
        for other in &unreadable {
            position = position.saturating_add(u32::from(*other <= position));
        }
        let at = skipped.partition_point(|other| other.position < position);
        let path = format!("data[{position}].id");
        let reason = "expected an id that is not blank".to_owned();
        skipped.insert(at, Skipped { position, path, id: None, reason });
    }
}

/// The error for a list whose end cannot be reached.
fn endless(status: u16, message: &str) -> Error {
    let error = Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::NotApplied);
    Error { status: Some(status), ..error }
}

/// A list being read, behind the records that are there.
pub struct Pager {
    requests: PageRequests,
    ids: BTreeSet<String>,
    /// Where its records begin.
    start: Option<usize>,
}

impl Pager {
    /// Nothing read yet.
    pub fn new(requests: PageRequests) -> Self {
        Pager { requests, ids: BTreeSet::new(), start: None }
    }

    /// The next request, if it may go before more responses come.
    pub fn next_request(&mut self) -> Option<Request> {
        self.requests.next_request()
    }

    /// Takes a response, and the records in it that are not there yet.
    ///
    /// # Errors
    ///
    /// Whatever kept the page from being read.
    pub fn take(
        &mut self,
        rows: &mut dyn Rows,
        skipped: &mut Vec<Skipped>,
        result: Result<Response, Error>,
    ) -> Result<(), Error> {
        let response = self.requests.explain(result)?;
        let before = rows.count();
        let start = *self.start.get_or_insert(before);
        let Some(more) = self.requests.read(&response, rows)? else { return Ok(()) };
        skipped.extend(more);
        rows::retain(rows, before, |_, id| self.ids.insert(id.to_owned()));
        self.requests.advance(rows.count().saturating_sub(start));
        Ok(())
    }

    /// Our cursor for where it stopped.
    pub fn cursor(self) -> Option<String> {
        self.requests.cursor()
    }
}

/// A page being read.
pub struct Paging<'a> {
    /// How far it is.
    pub pager: Pager,
    /// Where the records go.
    pub rows: &'a mut dyn Rows,
    /// Where those are named that could not be read.
    pub skipped: &'a mut Vec<Skipped>,
}

impl Plan for Paging<'_> {
    fn next(&mut self) -> Option<Request> {
        self.pager.next_request()
    }

    fn finish(&mut self, _: u64, result: Result<Response, Error>) -> Result<(), Error> {
        self.pager.take(self.rows, self.skipped, result)
    }
}

/// Tells queries apart. The size of a page does not belong to the query.
fn tag(path: &str, query: &Pairs) -> String {
    let mut hash = Sha256::new();
    hash.update(path);
    for (name, value) in query.iter().filter(|(name, _)| name != "limit") {
        for text in [name, value] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn opened(cursor: &str, tag: &str) -> Result<String, Error> {
    match cursor.split_once('.') {
        Some((own, next)) if own == tag && !next.is_empty() => Ok(next.to_owned()),
        _ => Err(Error::invalid(
            "the cursor is not one of this list with this query. Give the `next` of a page of the same query, or leave it out to start anew.",
        )),
    }
}

#[cfg(test)]
mod tests;
