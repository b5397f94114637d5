//! Following a list from page to page.
//!
//! Where there is a `next` the list goes on, whatever `hasNext` says; where
//! `hasNext` says so and there is none, the page is read once more, since the
//! rest of the list would be lost. Lever's `next` is never read or built; our
//! cursor is that text behind a mark of the query, so that the cursor of one
//! query is refused with another.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::error::{Error, ErrorKind, Outcome};
use super::json::{self, Envelope};
use super::query::{self, PAGE, Pairs};
use super::record::{Read, Write};
use super::request::{Effect, Request, Route};
use super::response::Response;
use super::scheduler::Plan;

/// Pages without a record that may follow each other before the list counts as
/// one that never ends.
const EMPTY: u32 = 100;

/// A page record of the WIT; implemented by `build.rs` for each.
pub trait Paged {
    /// What the list holds.
    type Item: Read;

    /// The item's id.
    fn id(item: &Self::Item) -> &str;

    /// The record for these items.
    fn build(items: Vec<Self::Item>, next: Option<String>) -> Self;
}

/// Implements [`Paged`].
macro_rules! page {
    ($page:path, $item:path) => {
        impl crate::core::pager::Paged for $page {
            type Item = $item;

            fn id(item: &$item) -> &str {
                &item.id
            }

            fn build(items: Vec<$item>, next: Option<String>) -> Self {
                Self { items, next }
            }
        }
    };
}
pub(crate) use page;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One page.
    Page,
    /// Until the end, or this many items.
    Items(Option<u32>),
}

/// The way through a list, whatever is in it.
pub struct Walk {
    request: Request,
    mark: String,
    /// What the caller's query allows on one page; `None` where Lever alone
    /// decides.
    limit: Option<u32>,
    extent: Extent,
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
    UnderWay,
    Done,
}

impl Walk {
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
        extent: Extent,
    ) -> Result<Self, Error> {
        Self::with(route, ids, query::pairs(route, query)?, cursor, extent)
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
        extent: Extent,
    ) -> Result<Self, Error> {
        let request = route.request(ids)?;
        if extent == Extent::Items(Some(0)) {
            return Err(Error::invalid(
                "max-items is 0. Give at least 1, or leave it out for all.",
            ));
        }
        let mark = mark(&request.path, &query);
        let offset = cursor.map(|cursor| opened(&cursor, &mark)).transpose()?;
        let limit = route.limit.then(|| query::limit(&query).unwrap_or(PAGE));
        let request = Request { query, ..request };
        Ok(Walk {
            seen: offset.iter().cloned().collect(),
            request,
            mark,
            limit,
            extent,
            offset,
            read: 0,
            empty: 0,
            again: false,
            state: State::Ready,
        })
    }

    /// How many items are still wanted; `None` for all.
    fn wanted(&self) -> Option<usize> {
        match self.extent {
            Extent::Page | Extent::Items(None) => None,
            Extent::Items(Some(most)) => Some((most as usize).saturating_sub(self.read)),
        }
    }

    /// The next request, if it may go before more answers come.
    pub fn ask(&mut self) -> Option<Request> {
        if self.state != State::Ready {
            return None;
        }
        self.state = State::UnderWay;
        let mut request = self.request.clone();
        // The last page is asked for short: its cursor then stands exactly
        // behind the last item wanted.
        let wanted = self.wanted().and_then(|wanted| u32::try_from(wanted).ok());
        if let Some(limit) = self.limit {
            let limit = wanted.map_or(limit, |wanted| wanted.min(limit));
            query::set(&mut request.query, "limit", limit.to_string());
        }
        if let Some(offset) = &self.offset {
            query::set(&mut request.query, "offset", offset.clone());
        }
        Some(request)
    }

    /// Says in a failure how far it got.
    fn answer(&self, result: Result<Response, Error>) -> Result<Response, Error> {
        result.map_err(|error| match self.read {
            0 => error,
            read => error.adding(&format!("{read} records had been read by then.")),
        })
    }

    /// Takes what a page says besides its records; false where it does not say how
    /// the list goes on and is read once more, so that none of its records counts.
    ///
    /// # Errors
    ///
    /// A list that says a second time that it goes on, and not where; one whose
    /// cursors go round, or lead from one empty page to another.
    pub fn accept(
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
    pub fn step(&mut self, read: usize) {
        self.read = read;
        let full = self.extent == Extent::Page || self.wanted() == Some(0);
        self.state = if self.offset.is_none() || full { State::Done } else { State::Ready };
    }

    /// Whether there is nothing more to ask for.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Our cursor for where it stopped.
    fn cursor(self) -> Option<String> {
        self.offset.map(|next| format!("{}.{next}", self.mark))
    }
}

/// The error for a list whose end cannot be reached.
fn endless(status: u16, message: &str) -> Error {
    let error = Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::NotApplied);
    Error { status: Some(status), ..error }
}

/// A list being read.
pub struct Pager<P: Paged> {
    walk: Walk,
    ids: BTreeSet<String>,
    items: Vec<P::Item>,
}

impl<P: Paged> Pager<P> {
    /// Nothing read yet.
    pub fn new(walk: Walk) -> Self {
        Pager { walk, ids: BTreeSet::new(), items: Vec::new() }
    }

    /// What was read.
    pub fn into_items(self) -> Vec<P::Item> {
        self.items
    }

    /// What was read, and the cursor where it stopped.
    pub fn into_parts(self) -> (Vec<P::Item>, Option<String>) {
        (self.items, self.walk.cursor())
    }

    /// The same as a page.
    pub fn into_page(self) -> P {
        let (items, next) = self.into_parts();
        P::build(items, next)
    }
}

impl<P: Paged> Plan for Pager<P> {
    fn next(&mut self) -> Option<Request> {
        self.walk.ask()
    }

    fn finish(&mut self, _: u64, result: Result<Response, Error>) -> Result<(), Error> {
        let response = self.walk.answer(result)?;
        let page: Envelope<Vec<P::Item>> = json::decode(&response, Effect::Read)?;
        let Envelope { data, has_next, next } = page;
        if !self.walk.accept(response.status, data.is_empty(), has_next, next)? {
            return Ok(());
        }
        for item in data {
            if self.ids.insert(P::id(&item).to_owned()) {
                self.items.push(item);
            }
        }
        self.walk.step(self.items.len());
        Ok(())
    }
}

/// Tells queries apart. The size of a page does not belong to the query.
fn mark(path: &str, query: &Pairs) -> String {
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

fn opened(cursor: &str, mark: &str) -> Result<String, Error> {
    match cursor.split_once('.') {
        Some((own, next)) if own == mark && !next.is_empty() => Ok(next.to_owned()),
        _ => Err(Error::invalid(
            "the cursor is not one of this list with this query. Give the `next` of a page of the same query, or leave it out to start anew.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::stages::StagePage;
    use crate::core::limiter::Lanes;
    use crate::core::replace::Object;
    use crate::core::scheduler::run;
    use crate::core::scheduler::testing::{Fake, ok};
    use crate::core::settings::Settings;
    use crate::routes::stages;

    fn read(
        query: Pairs,
        cursor: Option<&str>,
        extent: Extent,
        answers: &[&str],
    ) -> (Result<StagePage, Error>, Vec<String>) {
        let mut answers: Vec<String> = answers.iter().rev().map(ToString::to_string).collect();
        let mut fake = Fake::new(1, move |_| ok(&answers.pop().unwrap_or_default()));
        let clock = fake.clock.clone();
        let route = &stages::LIST_PAGE;
        let query: Object = query.into_iter().map(|(n, v)| (n, v.into())).collect();
        let cursor = cursor.map(str::to_owned);
        let result = Walk::new(route, &[], &query, cursor, extent).and_then(|walk| {
            let mut pager = Pager::<StagePage>::new(walk);
            run(&mut fake, &clock, &mut Lanes::default(), &Settings::default(), &mut pager)?;
            Ok(pager.into_page())
        });
        (result, fake.lines())
    }

    fn ids(page: &StagePage) -> Vec<&str> {
        page.items.iter().map(|item| item.id.as_str()).collect()
    }

    const ALL: Extent = Extent::Items(None);

    #[test]
    fn a_list_is_followed_to_its_end_and_repeats_are_dropped() {
        let answers = [
            r#"{"data":[{"id":"a"},{"id":"b"}],"hasNext":true,"next":"%5B1%5D"}"#,
            r#"{"data":[{"id":"b"},{"id":"c"}],"hasNext":false,"next":"%5B2%5D"}"#,
            r#"{"data":[{"id":"d"}],"hasNext":false}"#,
        ];
        let (page, sent) = read(vec![], None, ALL, &answers);
        let page = page.unwrap();
        assert_eq!(ids(&page), ["a", "b", "c", "d"]);
        assert_eq!(page.next, None);
        assert_eq!(
            sent,
            [
                "Get /stages?limit=100",
                "Get /stages?limit=100&offset=%255B1%255D",
                "Get /stages?limit=100&offset=%255B2%255D"
            ]
        );
    }

    #[test]
    fn the_last_page_is_asked_for_short_so_that_nothing_is_lost_behind_it() {
        let answers = [
            r#"{"data":[{"id":"a"},{"id":"b"}],"next":"n1"}"#,
            r#"{"data":[{"id":"c"}],"next":"n2"}"#,
        ];
        let query = vec![("limit".to_owned(), "2".to_owned())];
        let (page, sent) = read(query.clone(), None, Extent::Items(Some(3)), &answers);
        let page = page.unwrap();
        assert_eq!(ids(&page), ["a", "b", "c"]);
        assert_eq!(sent, ["Get /stages?limit=2", "Get /stages?limit=1&offset=n1"]);
        let rest = [r#"{"data":[{"id":"d"}]}"#];
        let (page, sent) = read(vec![], page.next.as_deref(), Extent::Page, &rest);
        assert_eq!(ids(&page.unwrap()), ["d"]);
        assert_eq!(sent, ["Get /stages?limit=100&offset=n2"]);
    }

    #[test]
    fn one_page_stops_after_one_page() {
        let (page, sent) =
            read(vec![], None, Extent::Page, &[r#"{"data":[{"id":"a"}],"next":"n"}"#]);
        assert!(page.unwrap().next.is_some());
        assert_eq!(sent.len(), 1);
    }

    #[test]
    fn a_repeated_cursor_is_an_error_and_no_loop() {
        let same = r#"{"data":[{"id":"a"}],"next":"n"}"#;
        let (page, sent) = read(vec![], None, ALL, &[same, same, same]);
        assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer);
        assert_eq!(sent.len(), 2);
    }

    #[test]
    fn a_page_that_does_not_say_how_the_list_goes_on_is_read_once_more() {
        let first = r#"{"data":[{"id":"a"}],"hasNext":true,"next":"n"}"#;
        let odd = [
            r#"{"data":[{"id":"b"}],"hasNext":true}"#,
            r#"{"data":[{"id":"b"}],"hasNext":true,"next":null}"#,
            r#"{"data":[],"hasNext":true,"next":""}"#,
        ];
        for odd in odd {
            let (page, sent) =
                read(vec![], None, ALL, &[first, odd, r#"{"data":[{"id":"b"},{"id":"c"}]}"#]);
            assert_eq!(ids(&page.unwrap()), ["a", "b", "c"], "{odd}");
            assert_eq!(sent[1..], ["Get /stages?limit=100&offset=n"; 2], "{odd}");

            let (page, sent) = read(vec![], None, ALL, &[first, odd, odd, first]);
            let error = page.unwrap_err();
            assert_eq!((error.kind, sent.len()), (ErrorKind::MalformedAnswer, 3), "{odd}");
            assert!(error.message.contains("hasNext"), "{}", error.message);

            let (page, sent) = read(vec![], None, Extent::Page, &[odd, odd]);
            assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer, "one page alone");
            assert_eq!(sent.len(), 2);
        }
        // Each page may be so once.
        let cursor = |n: u8| format!(r#"{{"data":[{{"id":"{n}"}}],"hasNext":true,"next":"n{n}"}}"#);
        let (one, two) = (cursor(1), cursor(2));
        let answers = [odd[0], &one, odd[0], &two, odd[0], r#"{"data":[]}"#];
        let (page, sent) = read(vec![], None, ALL, &answers);
        assert_eq!((ids(&page.unwrap()), sent.len()), (vec!["1", "2"], 6));
    }

    #[test]
    fn of_a_page_that_is_read_once_more_nothing_counts() {
        let query = vec![("limit".to_owned(), "2".to_owned())];
        let answers = [
            r#"{"data":[{"id":"a"},{"id":"b"}],"hasNext":true}"#,
            r#"{"data":[{"id":"x"},{"id":"a"}],"next":"n1"}"#,
            r#"{"data":[{"id":"b"}],"next":"n2"}"#,
        ];
        let (page, sent) = read(query, None, Extent::Items(Some(3)), &answers);
        assert_eq!(ids(&page.unwrap()), ["x", "a", "b"]);
        let expected =
            ["Get /stages?limit=2", "Get /stages?limit=2", "Get /stages?limit=1&offset=n1"];
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_page_without_records_is_no_end_where_there_is_a_cursor() {
        let answers = [
            r#"{"data":[],"hasNext":true,"next":"n1"}"#,
            r#"{"data":[],"next":"n2"}"#,
            r#"{"data":[{"id":"a"}],"hasNext":false,"next":""}"#,
        ];
        let (page, sent) = read(vec![], None, ALL, &answers);
        assert_eq!((ids(&page.unwrap()), sent.len()), (vec!["a"], 3));

        let endless: Vec<String> =
            (0..200).map(|n| format!(r#"{{"data":[],"hasNext":true,"next":"n{n}"}}"#)).collect();
        let endless: Vec<&str> = endless.iter().map(String::as_str).collect();
        let (page, sent) = read(vec![], None, ALL, &endless);
        let error = page.unwrap_err();
        assert_eq!((error.kind, sent.len()), (ErrorKind::MalformedAnswer, 100));
        assert!(error.message.contains("empty pages"), "{}", error.message);
    }

    #[test]
    fn a_cursor_that_comes_again_ends_the_list_wherever_it_came_before() {
        let page = |next: &str| format!(r#"{{"data":[{{"id":"{next}"}}],"next":"{next}"}}"#);
        for cursors in [&["a", "a"][..], &["a", "b", "a"], &["a", "b", "c", "b"]] {
            let answers: Vec<String> = cursors.iter().map(|next| page(next)).collect();
            let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
            let (result, sent) = read(vec![], None, ALL, &answers);
            let error = result.unwrap_err();
            assert_eq!(error.kind, ErrorKind::MalformedAnswer, "{cursors:?}");
            assert!(error.message.contains("same cursor twice"), "{}", error.message);
            assert_eq!(sent.len(), cursors.len());
        }
    }

    #[test]
    fn a_cursor_of_another_query_is_refused_before_anything_is_sent() {
        let first = [r#"{"data":[{"id":"a"}],"next":"n"}"#];
        let cursor = read(vec![], None, Extent::Page, &first).0.unwrap().next.unwrap();
        let other = vec![("tag".to_owned(), "x".to_owned())];
        for (query, cursor) in
            [(other, cursor.as_str()), (vec![], "n"), (vec![], ""), (vec![], "0000000000000000.n")]
        {
            let (page, sent) = read(query, Some(cursor), Extent::Page, &first);
            assert_eq!(page.unwrap_err().kind, ErrorKind::InvalidInput);
            assert!(sent.is_empty());
        }
    }

    #[test]
    fn no_items_is_no_question() {
        assert!(read(vec![], None, Extent::Items(Some(0)), &[]).0.is_err());
    }

    #[test]
    fn a_failing_page_says_how_far_it_got() {
        let (page, _) = read(vec![], None, ALL, &[r#"{"data":[{"id":"a"}],"next":"n"}"#, "<html>"]);
        assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer);
    }

    #[test]
    fn where_lever_alone_decides_on_the_size_of_a_page_none_is_asked_for() {
        use crate::bindings::exports::ats::lever::webhooks::WebhookPage;
        let mut fake = Fake::new(1, |_| ok(r#"{"data":[{"id":"a"},{"id":"b"}]}"#));
        let (clock, mut lanes) = (fake.clock.clone(), Lanes::default());
        let extent = Extent::Items(Some(1));
        let route = &crate::routes::webhooks::LIST_ALL;
        let walk = Walk::new(route, &[], &serde_json::json!({}), None, extent).unwrap();
        let mut pager = Pager::<WebhookPage>::new(walk);
        run(&mut fake, &clock, &mut lanes, &Settings::default(), &mut pager).unwrap();
        let page = pager.into_page();
        // Nothing is lost behind what was asked for.
        assert_eq!((page.items.len(), page.next), (2, None));
        assert_eq!(fake.lines(), ["Get /webhooks"]);
    }
}
