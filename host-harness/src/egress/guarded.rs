//! Bodies that the policy reads before they go out, or while they do.
//!
//! What fits is read as a whole before anything is sent. A form with files larger than that is read
//! as it flows and broken off where it must not go on: what Lever has by then is not a whole request.
//! It judges nothing itself.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::policy::{Content, Form, Guard, Kind, LARGEST_GUARDED, Refusal};

/// Reads a body as far as it must be read, and puts it back. What is wrong further on goes to
/// `late`.
///
/// # Errors
///
/// With the refusal of a body that must not go out; nothing of it did.
pub async fn judge(
    request: http::Request<WasiBody>,
    guard: &Guard,
    pause: Duration,
    late: impl FnOnce(Refusal) + Send + Unpin + 'static,
) -> Result<http::Request<WasiBody>, Refusal> {
    let (mut parts, mut body) = request.into_parts();
    let content = match guard {
        Guard::Nothing { method } => {
            match read(&mut body, 0, pause).await {
                Some(pieces) if pieces.is_whole() => {}
                Some(_) => return Err(Guard::refuse_body(method)),
                None => return Err(Guard::unreadable()),
            }
            for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
                parts.headers.remove(name);
            }
            return Ok(http::Request::from_parts(parts, whole(Bytes::new())));
        }
        Guard::Content(content) => content,
    };
    let pieces = read(&mut body, LARGEST_GUARDED, pause).await.ok_or_else(Guard::unreadable)?;
    let body = match content.kind(&parts.headers) {
        Kind::Json if pieces.is_whole() => {
            let bytes = pieces.join();
            content.judge(Some(&bytes))?;
            whole(bytes)
        }
        Kind::Form(mut form) => {
            pieces.taken.iter().try_for_each(|piece| content.read(&mut form, piece))?;
            match pieces.is_whole() {
                true => {
                    content.end(&form)?;
                    whole(pieces.join())
                }
                false => {
                    let (content, taken) = (content.clone(), pieces.taken.into());
                    Flowing { taken, body, form, content, late: Some(late) }.boxed_unsync()
                }
            }
        }
        Kind::Other if pieces.is_empty() && !parts.headers.contains_key(header::CONTENT_TYPE) => {
            whole(Bytes::new())
        }
        Kind::Json | Kind::Other => return Err(Guard::unreadable()),
    };
    Ok(http::Request::from_parts(parts, body))
}

fn whole(bytes: Bytes) -> WasiBody {
    match bytes.is_empty() {
        true => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        false => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
    }
}

/// What was read of a body.
struct Pieces {
    taken: Vec<Bytes>,
    /// Whether there is more.
    more: bool,
}

impl Pieces {
    fn is_whole(&self) -> bool {
        !self.more
    }

    fn is_empty(&self) -> bool {
        self.taken.is_empty() && !self.more
    }

    fn join(self) -> Bytes {
        match <[Bytes; 1]>::try_from(self.taken) {
            Ok([piece]) => piece,
            Err(pieces) => pieces.concat().into(),
        }
    }
}

/// Reads so many bytes, or one piece beyond; nothing where the body breaks off or pauses too long.
async fn read(body: &mut WasiBody, most: usize, pause: Duration) -> Option<Pieces> {
    let reading = async {
        let mut pieces = Pieces { taken: Vec::new(), more: false };
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.ok()?.into_data() else { continue };
            size += piece.len();
            if !piece.is_empty() {
                pieces.taken.push(piece);
            }
            if size > most {
                pieces.more = true;
                break;
            }
        }
        Some(pieces)
    };
    tokio::time::timeout(pause, reading).await.ok().flatten()
}

/// A form that is read as it goes out.
struct Flowing<F> {
    /// What was read before.
    taken: VecDeque<Bytes>,
    body: WasiBody,
    form: Form,
    content: Content,
    late: Option<F>,
}

impl<F: FnOnce(Refusal) + Unpin> Flowing<F> {
    fn break_off(&mut self, refusal: Refusal) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(late) = self.late.take() {
            late(refusal);
        }
        Poll::Ready(Some(Err(Error::HttpRequestDenied)))
    }
}

impl<F: FnOnce(Refusal) + Send + Unpin> Body for Flowing<F> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Some(piece) = this.taken.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                match this.content.read(&mut this.form, data) {
                    Ok(()) => Poll::Ready(Some(Ok(frame))),
                    Err(refusal) => this.break_off(refusal),
                }
            }
            None => match this.content.end(&this.form) {
                Ok(()) => Poll::Ready(None),
                Err(refusal) => this.break_off(refusal),
            },
            broken => Poll::Ready(broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;
    use std::sync::{Arc, Mutex};

    const PAUSE: Duration = Duration::from_secs(60);
    const FORM: &str = "multipart/form-data; boundary=b";
    const FILE: &str =
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"cv\"\r\n\r\n";
    const USER: &str =
        "\r\n--b\r\ncontent-disposition: form-data; name=\"perform_as\"\r\n\r\nv\r\n--b--";

    fn bound() -> Guard {
        Guard::Content(Content { no_eeo: None, only_user: Some("u".to_owned()) })
    }

    fn request(kind: Option<&str>, pieces: &[&[u8]]) -> http::Request<WasiBody> {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, Error>(Frame::data(Bytes::copy_from_slice(piece))))
            .collect();
        let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
        let mut request = http::Request::new(body);
        if let Some(kind) = kind {
            request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        request
    }

    /// The rule that kept a request back, or what went out and how it ended.
    async fn sent(
        guard: Guard,
        request: http::Request<WasiBody>,
    ) -> Result<(Vec<u8>, Option<String>), String> {
        let late = Arc::new(Mutex::new(None));
        let told = Arc::clone(&late);
        let late_refusal = move |refusal: Refusal| *told.lock().unwrap() = Some(refusal.rule);
        let judged = judge(request, &guard, PAUSE, late_refusal).await;
        let mut body = judged.map_err(|refusal| refusal.rule)?.into_body();
        let mut bytes = Vec::new();
        let mut is_whole = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend(frame.into_data().unwrap()),
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        let rule = late.lock().unwrap().take();
        assert_eq!(is_whole, rule.is_none(), "{rule:?}");
        Ok((bytes, rule))
    }

    #[tokio::test]
    async fn what_fits_is_judged_before_anything_goes_out() {
        let end = b"\r\n--b--";
        let whole = [FILE.as_bytes(), b"x", end].concat();
        let json = Some("application/json");
        type Row<'a> = (Option<&'a str>, Vec<&'a [u8]>, Result<Vec<u8>, &'a str>);
        let rows: Vec<Row> = vec![
            (json, vec![b"{\"a\"", b":1}"], Ok(b"{\"a\":1}".to_vec())),
            (json, vec![b"{\"perform_as\":", b"\"v\"}"], Err("perform-as")),
            (json, vec![b""], Err("body that cannot be read")),
            (Some(FORM), vec![FILE.as_bytes(), b"x", end], Ok(whole)),
            (Some(FORM), vec![FILE.as_bytes(), USER.as_bytes()], Err("perform-as")),
            (Some(FORM), vec![FILE.as_bytes()], Err("body that cannot be read")),
            (None, vec![], Ok(Vec::new())),
            (None, vec![b"{}"], Err("body that cannot be read")),
            (Some("text/plain"), vec![], Err("body that cannot be read")),
        ];
        for (kind, pieces, expected) in rows {
            let outcome = sent(bound(), request(kind, &pieces)).await;
            let expected = expected.map(|bytes| (bytes, None)).map_err(str::to_owned);
            assert_eq!(outcome, expected, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_large_form_flows_and_is_broken_off_before_the_part_that_it_must_not_have() {
        let large = vec![b'x'; LARGEST_GUARDED];
        let good = [FILE.as_bytes(), &large, b"y", b"\r\n--b--"];
        let outcome = sent(bound(), request(Some(FORM), &good)).await;
        assert_eq!(outcome, Ok((good.concat(), None)));
        let (bytes, rule) =
            sent(bound(), request(Some(FORM), &[FILE.as_bytes(), &large, b"y", USER.as_bytes()]))
                .await
                .unwrap();
        assert_eq!(rule.as_deref(), Some("perform-as"));
        assert!(!bytes.windows(10).any(|it| it == b"perform_as"));
        let (_, rule) =
            sent(bound(), request(Some(FORM), &[FILE.as_bytes(), &large, b"y"])).await.unwrap();
        assert_eq!(rule.as_deref(), Some("body that cannot be read"));
        let json = request(Some("application/json"), &[b"{\"a\":\"", &large, b"\"}"]);
        assert_eq!(sent(bound(), json).await, Err("body that cannot be read".to_owned()));
    }

    #[tokio::test]
    async fn a_request_without_a_body_leaves_without_one() {
        let none = || Guard::Nothing { method: "GET".to_owned() };
        let mut empty = request(Some("application/json"), &[b""]);
        empty.headers_mut().insert(header::CONTENT_LENGTH, "2".parse().unwrap());
        let judged = judge(empty, &none(), PAUSE, |_| ()).await.unwrap();
        assert!(judged.headers().is_empty() && judged.body().is_end_stream());
        for pieces in [&[&b"x"[..]][..], &[b"", b"{}"]] {
            let outcome = sent(none(), request(None, pieces)).await;
            assert_eq!(outcome, Err("body where none belongs".to_owned()));
        }
    }
}
