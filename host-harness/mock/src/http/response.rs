//! A complete HTTP response, before it is sent.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The media type of JSON.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// The media type of a page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// Everything but the unreserved characters (RFC 3986 section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// Bytes to be saved under a name.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Bytes,
}

/// A complete response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Response {
    /// A response with this body; without a content type where the body is empty.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let response = Self { status, headers: Vec::new(), body: body.into() };
        match response.body.is_empty() {
            true => response,
            false => response.with("content-type", content_type),
        }
    }

    /// A page for people.
    pub fn page(html: &str) -> Self {
        Self::new(200, HTML, html.to_owned())
    }

    /// A file to be saved under its name (RFC 6266, the name as RFC 8187 spells it).
    pub fn download(file: &Download) -> Self {
        let name = segment(&file.name);
        Self::new(200, file.media_type, file.bytes.clone())
            .with("content-disposition", &format!("attachment; filename*=UTF-8''{name}"))
    }

    /// A redirect.
    pub fn redirect(url: &str) -> Self {
        Self::new(302, "", Bytes::new()).with("location", url)
    }

    /// JSON, or nothing.
    pub fn json(status: u16, body: Option<&Value>) -> Self {
        Self::new(status, JSON, body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The head as bytes, framed by this header.
    pub fn head(&self, framing: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Mock\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("{framing}\r\n\r\n"));
        head.into_bytes()
    }

    /// The head as bytes, with this length of the body.
    pub fn sized(&self, length: usize) -> Vec<u8> {
        self.head(&format!("content-length: {length}"))
    }

    /// The first half of the body.
    pub fn half(&self) -> &[u8] {
        self.body.get(..self.body.len() / 2).unwrap_or_default()
    }
}
