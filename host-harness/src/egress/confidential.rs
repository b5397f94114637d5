//! Answers on their way to an agent that may not see confidential records.
//!
//! A list flows on without them. An answer that is one record is read to its end before its head is
//! handed over, since the guest gets a 403 in its place; after a change the status stays, and the
//! record is its id alone. What is said of a record is remembered for as long as the host runs,
//! since what belongs to it (notes, files) does not say it.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use super::read_ahead::INCOMING_CAP;
use crate::catalog::{Route, Segment};
use crate::policy::{Refusal, Sieve};

/// The largest answer that is one record.
const LARGEST: usize = 16 << 20;

/// How much of an answer's start is kept, in which its envelope opens.
const START: usize = 64;

/// Records that are remembered, the latest ones.
const REMEMBERED: usize = 16 << 10;

/// The ids of records that are known to be confidential.
#[derive(Default)]
pub struct Known(Mutex<Ids>);

#[derive(Default)]
struct Ids {
    all: HashSet<String>,
    in_order: VecDeque<String>,
}

impl Known {
    /// Whether this request is for something that belongs to such a record.
    pub fn covers(&self, route: &Route, path: &str) -> bool {
        owner(route, path).is_some_and(|id| self.ids().all.contains(id))
    }

    /// Remembers what was withheld.
    pub fn add(&self, ids: Vec<String>) {
        let mut known = self.ids();
        for id in ids {
            if known.all.insert(id.clone()) {
                known.in_order.push_back(id);
            }
        }
        while known.in_order.len() > REMEMBERED
            && let Some(oldest) = known.in_order.pop_front()
        {
            known.all.remove(&oldest);
        }
    }

    /// Forgets a record that was read and is not confidential (any more).
    fn remove(&self, id: &str) {
        let mut known = self.ids();
        if known.all.remove(id) {
            known.in_order.retain(|other| other != id);
        }
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The segments of a path that stand where the route's do; a prefix of the API's may stand before
/// them.
fn aligned<'a>(route: &'a Route, path: &'a str) -> impl Iterator<Item = (&'a Segment, &'a str)> {
    let path = path.split('?').next().unwrap_or_default();
    let given: Vec<&str> = path.split('/').collect();
    let start = given.len().saturating_sub(route.segments().len());
    route.segments().iter().zip(given.into_iter().skip(start))
}

/// The id of the record that a path's last part belongs to.
fn owner<'a>(route: &'a Route, path: &'a str) -> Option<&'a str> {
    let is_inside = |at: usize| at + 1 < route.segments().len();
    let mut segments = aligned(route, path).enumerate();
    let found = segments.find(|(_, (segment, _))| matches!(segment, Segment::Parameter(_)));
    found.filter(|(at, _)| is_inside(*at)).map(|(_, (_, id))| id)
}

/// The id of the record that a path reads.
fn own<'a>(route: &'a Route, path: &'a str) -> Option<&'a str> {
    let (segment, id) = aligned(route, path).last()?;
    matches!(segment, Segment::Parameter(_)).then_some(id)
}

/// An answer that was looked into as far as it must be before it is handed over.
pub enum Sifted {
    /// It may go on, what is withheld of it taken out.
    Passes(WasiBody),
    /// It is one record that the agent may not see.
    Withheld,
}

/// What is to be looked into.
pub struct Answer<'a> {
    /// The request's route.
    pub route: &'a Route,
    /// The request's path.
    pub path: &'a str,
    /// Where it is remembered what a record is.
    pub known: &'a Known,
}

impl Answer<'_> {
    /// Looks into a body. What is withheld of a list goes to `late`, whenever there is some.
    pub async fn sift<L>(self, mut body: WasiBody, late: L) -> Sifted
    where
        L: Fn(Vec<String>) + Send + Unpin + 'static,
    {
        let mut sieve = Sieve::default();
        let (mut size, mut start) = (0, Vec::new());
        while !sieve.is_list() {
            match body.frame().await {
                Some(Ok(frame)) => {
                    let data = frame.data_ref().map_or(&[][..], |data| data);
                    size += data.len();
                    start.extend(data.iter().take(START - start.len()));
                    if sieve.read(data).is_err() || size > LARGEST {
                        return Sifted::Passes(Blank(INCOMING_CAP).boxed_unsync());
                    }
                }
                // Of a change, how its answer began tells whether it was made.
                Some(Err(error)) if self.route.is_write() => {
                    return Sifted::Passes(broken(envelope(&start), error));
                }
                Some(Err(error)) => return Sifted::Passes(broken(Bytes::new(), error)),
                None => {
                    let (bytes, ids) = (sieve.finish(), sieve.withheld());
                    if let Some(id) = own(self.route, self.path).filter(|_| ids.is_empty()) {
                        self.known.remove(id);
                    }
                    self.known.add(ids);
                    return match sieve.has_withheld_alone() && !self.route.is_write() {
                        true => Sifted::Withheld,
                        false => Sifted::Passes(whole(bytes.into())),
                    };
                }
            }
        }
        Sifted::Passes(Flowing { sieve, body: Some(body), late }.boxed_unsync())
    }
}

/// What the guest gets in place of a record.
pub fn answer(refusal: &Refusal, parts: &mut http::response::Parts) -> WasiBody {
    let said = serde_json::json!({ "code": "ConfidentialRecord", "message": refusal.message });
    let text = Bytes::from(said.to_string());
    parts.status = StatusCode::FORBIDDEN;
    parts.headers.clear();
    parts.headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    parts.headers.insert(header::CONTENT_LENGTH, text.len().into());
    whole(text)
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// In place of an answer that is too large to be looked into: blanks, until the component has had
/// enough. An error in the middle of a body would look to it like a broken connection, and be tried
/// again.
struct Blank(u64);

impl Body for Blank {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        const PIECE: &[u8] = &[b' '; 64 << 10];
        self.0 = self.0.saturating_sub(PIECE.len() as u64);
        let piece = || Ok(Frame::data(Bytes::from_static(PIECE)));
        Poll::Ready((self.0 > 0).then(piece))
    }
}

/// What Lever's envelope begins with, and nothing of the record in it.
fn envelope(start: &[u8]) -> Bytes {
    const DATA: &[u8] = b"\"data\":";
    const BEFORE: [&[u8]; 3] = [b"{", b"{\"deduped\":false,", b"{\"deduped\":true,"];
    let found = BEFORE.iter().any(|before| {
        start
            .strip_prefix(*before)
            .is_some_and(|rest| rest.strip_prefix(DATA).is_some_and(|rest| rest.starts_with(b"{")))
    });
    Bytes::from_static(if found { b"{\"data\":{" } else { b"" })
}

/// A body that fails after these bytes.
fn broken(bytes: Bytes, error: Error) -> WasiBody {
    struct Broken(Option<Bytes>, Option<Error>);

    impl Body for Broken {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            if let Some(bytes) = self.0.take() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Poll::Ready(self.1.take().map(Err))
        }
    }

    Broken(Some(bytes).filter(|bytes| !bytes.is_empty()), Some(error)).boxed_unsync()
}

/// A list that is sifted as it flows.
struct Flowing<L> {
    sieve: Sieve,
    body: Option<WasiBody>,
    late: L,
}

impl<L: Fn(Vec<String>) + Unpin> Body for Flowing<L> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            let passes = this.sieve.take();
            let withheld = this.sieve.withheld();
            if !withheld.is_empty() {
                (this.late)(withheld);
            }
            if !passes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(passes.into()))));
            }
            let Some(body) = &mut this.body else {
                // What is held back of an answer that was cut off stays back.
                return Poll::Ready(None);
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    let data = frame.data_ref().map_or(&[][..], |data| data);
                    if this.sieve.read(data).is_err() {
                        // What was held of the record stays back.
                        this.sieve = Sieve::default();
                        this.body = Some(Blank(INCOMING_CAP).boxed_unsync());
                    }
                }
                Some(Err(error)) => {
                    this.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => this.body = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use http::Method;
    use http_body_util::StreamBody;
    use std::sync::Arc;

    fn route(method: &str, path: &str) -> &'static Route {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Catalog::embedded().route(&method, &segments).unwrap()
    }

    /// The outcome of an answer: its text, or none; and what was said late.
    async fn sifted(
        known: &Known,
        line: (&str, &str),
        pieces: &[&str],
    ) -> (Option<String>, Vec<String>) {
        let frames: Vec<_> = pieces
            .iter()
            .map(|it| Ok::<_, Error>(Frame::data(Bytes::from(it.to_string()))))
            .collect();
        let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
        let late = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&late);
        let answer = Answer { route: route(line.0, line.1), path: line.1, known };
        let sifted = answer.sift(body, move |ids| told.lock().unwrap().extend(ids)).await;
        let text = match sifted {
            Sifted::Withheld => None,
            Sifted::Passes(body) => {
                let bytes = body.collect().await.unwrap().to_bytes();
                Some(String::from_utf8(bytes.to_vec()).unwrap())
            }
        };
        let late = late.lock().unwrap().clone();
        (text, late)
    }

    const HELD: &str = r#"{"id":"h","name":"SECRET","confidentiality":"confidential"}"#;
    const OPEN: &str = r#"{"id":"h","name":"Jo","confidentiality":"non-confidential"}"#;

    #[tokio::test]
    async fn a_read_of_one_record_is_withheld_and_a_change_leaves_its_id() {
        let known = Known::default();
        let (held, open) = (format!("{{\"data\":{HELD}}}"), format!("{{\"data\":{OPEN}}}"));
        let get = ("GET", "/opportunities/h");
        assert_eq!(sifted(&known, get, &[&held[..20], &held[20..]]).await.0, None);
        assert!(
            known.covers(route("GET", "/opportunities/h/notes"), "/v1/opportunities/h/notes?a=b")
        );
        assert!(!known.covers(route("GET", "/opportunities/h"), "/v1/opportunities/h"));
        assert!(!known.covers(route("GET", "/opportunities/i/notes"), "/v1/opportunities/i/notes"));
        assert!(!known.covers(route("GET", "/opportunities"), "/v1/opportunities"));
        let put = ("PUT", "/opportunities/h/stage");
        let id = Some(r#"{"data":{"id":"h"}}"#.to_owned());
        assert_eq!(sifted(&known, put, &[&held]).await.0, id);
        assert_eq!(sifted(&known, get, &[&open]).await.0, Some(open));
        assert!(!known.covers(route("GET", "/opportunities/h/notes"), "/opportunities/h/notes"));
    }

    #[tokio::test]
    async fn a_list_flows_without_them_and_says_what_it_withheld() {
        let known = Known::default();
        let deleted = ("GET", "/opportunities/deleted");
        let pieces = [r#"{"data":["#, HELD, ",", OPEN, r#"],"hasNext":false}"#];
        let (text, late) = sifted(&known, deleted, &pieces).await;
        assert_eq!(text, Some(format!(r#"{{"data":[{OPEN}],"hasNext":false}}"#)));
        assert_eq!(late, ["h"]);
        let cut_off = [r#"{"data":["#, OPEN, ",", r#"{"id":"h","name":"SECRET""#];
        let (text, _) = sifted(&known, deleted, &cut_off).await;
        assert_eq!(text, Some(format!(r#"{{"data":[{OPEN}"#)));
    }

    #[tokio::test]
    async fn what_is_too_large_to_be_looked_into_becomes_blanks() {
        let known = Known::default();
        let large = "x".repeat(LARGEST);
        for start in [r#"{"data":{"a":""#, r#"{"data":[{"a":""#] {
            let (text, _) =
                sifted(&known, ("GET", "/opportunities/h"), &[start, &large, "y"]).await;
            let text = text.unwrap();
            assert!(text.len() > LARGEST && !text.contains('x'), "{start}");
        }
    }

    #[test]
    fn the_latest_records_are_remembered() {
        let known = Known::default();
        known.add((0..REMEMBERED + 10).map(|n| n.to_string()).collect());
        let covers = |id: usize| {
            let path = format!("/v1/opportunities/{id}/notes");
            known.covers(route("GET", "/opportunities/x/notes"), &path)
        };
        assert!(!covers(9) && covers(10) && covers(REMEMBERED + 9));
        assert_eq!(known.ids().all.len(), REMEMBERED);
    }
}
