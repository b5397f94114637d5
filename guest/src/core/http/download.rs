//! Bytes from Lever, or from the place it sends us to, whole or not at all.
//!
//! A redirection is followed to hosts that were named beforehand, encrypted,
//! and without the credential. Its address is a key to the file, so no error
//! shows more of it than the host.

use crate::bindings::exports::ats::lever::types::DownloadedFile;
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome, is_plain, shown};
use crate::core::http::base_url::Base;
use crate::core::http::query::Pairs;
use crate::core::http::request::{Method, Request, Route, Target};
use crate::core::http::response::Response;
use crate::core::send::scheduler::{Clock, Transport};
use crate::core::settings::Settings;

/// Redirections followed for one file: the API's, and a storage's own to
/// another of its regions.
const REDIRECTIONS: usize = 3;

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// A file.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being had, a redirection to a host that was not
    /// named among them.
    pub fn download(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: Pairs,
    ) -> Result<DownloadedFile, Error> {
        let mut request =
            Request { query, accept: "*/*", takes_redirection: true, ..route.request(ids)? };
        for _ in 0..=REDIRECTIONS {
            let response = self.send(request)?;
            if !(300..400).contains(&response.status) {
                return Ok(file(response));
            }
            request = redirected(&response, route, self.settings)?;
        }
        Err(failed("Lever redirects this download again and again. Try later.".into()))
    }
}

fn file(response: Response) -> DownloadedFile {
    let name = response.disposition.as_deref().and_then(file_name);
    DownloadedFile { name, content_type: response.content_type, content: response.body }
}

fn failed(message: String) -> Error {
    Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::NotApplied)
}

/// The request to where the response points.
fn redirected(response: &Response, route: &Route, settings: &Settings) -> Result<Request, Error> {
    let location = response.location.as_deref().unwrap_or_default();
    let nowhere = || {
        failed("This download is redirected to what is not a plain https address, so it is not followed. Something in between may have answered; else try later.".into())
    };
    let location = location.split('#').next().unwrap_or_default();
    let rest = location.split_once("://").ok_or_else(nowhere)?.1;
    let start = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(start);
    let origin = location.strip_suffix(path).unwrap_or(location);
    let base = Base::parse("the redirection", origin, "https").map_err(|_| nowhere())?;
    let mut host = base.host().to_ascii_lowercase();
    if authority.starts_with('[') {
        // As a policy names such an address.
        host = format!("[{host}]");
    }
    if !base.keeps_secrets() || !is_plain_authority(authority) {
        return Err(nowhere());
    }
    if !path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(nowhere());
    }
    if !settings.download_hosts.iter().any(|named| covers(named, &host)) {
        let message = format!(
            "Lever sends this download to the host {}, which is not among those that may be followed to. If that is a storage of Lever's, name it under `download-hosts` in the policy of lever-host, or in LEVER_DOWNLOAD_HOSTS.",
            shown(&host)
        );
        let refused = Error::new(ErrorKind::RefusedByHost, message);
        return Err(refused.with_outcome(Outcome::NotApplied));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(Request {
        target: Target::Elsewhere(Base { authority: authority.to_owned(), ..base }),
        accept: "*/*",
        takes_redirection: true,
        // As it came: a signature covers every letter of it.
        ..Request::to(Method::Get, format!("{slash}{path}"), route.scope)
    })
}

/// Whether it is a host, and a port perhaps, that everybody reads alike.
fn is_plain_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number.to_string() == port);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match v6 {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    is_host && port != Some("0") && port.is_none_or(is_port)
}

/// Whether a name, or `*.` and what hosts end in, covers a host.
pub fn covers(named: &str, host: &str) -> bool {
    match named.strip_prefix("*.") {
        Some(end) => {
            host.strip_suffix(end).is_some_and(|start| start.len() > 1 && start.ends_with('.'))
        }
        None => named == host,
    }
}

/// The longest file name, in bytes, which is that of most file systems.
const LONGEST_NAME: usize = 255;

/// The name in a `Content-Disposition` header (RFC 6266): without any path, and
/// without what hides in it.
fn file_name(header: &str) -> Option<String> {
    let parameters = parameters(header);
    let find = |name: &str| {
        let mut own = parameters.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        own.next().map(|(_, value)| value.as_str())
    };
    let encoded = find("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, text) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decoded(text))?
    });
    let name = encoded.or_else(|| find("filename").map(str::to_owned))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| is_plain(*c)).collect();
    let name = name.trim();
    let is_name = !name.is_empty() && name != "." && name != ".." && name.len() <= LONGEST_NAME;
    is_name.then(|| name.to_owned())
}

/// Names and values behind the first word. A quoted value may hold anything; of
/// its backslashes only those before a quote or another one are taken away, since
/// others are meant as they stand.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    let mut all = Vec::new();
    while let Some((name, more)) = rest.split_once('=') {
        // One without a value in front of it says nothing.
        let name = name.rsplit(';').next().unwrap_or_default().trim().to_owned();
        let (value, end) = match more.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = more.find(';').unwrap_or(more.len());
                let (value, end) = more.split_at(end);
                (value.trim().to_owned(), end)
            }
        };
        all.push((name, value));
        rest = end.split_once(';').map_or("", |(_, rest)| rest);
    }
    all
}

/// A value up to its closing quote, and what follows.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => return (value, text.get(at.saturating_add(1)..).unwrap_or_default()),
            ('\\', Some((_, next @ ('"' | '\\')))) => {
                value.push(*next);
                chars.next();
            }
            _ => value.push(c),
        }
    }
    (value, "")
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::send::limiter::Limiter;
    use crate::core::send::scheduler::testing::{Answer, Fake};
    use crate::routes::files;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn to(location: &str) -> Answer {
        Ok(Response { status: 302, location: Some(location.into()), ..Response::default() })
    }

    fn bytes() -> Answer {
        let disposition = Some("attachment; filename=\"cv.pdf\"".into());
        Ok(Response { status: 200, body: vec![0, 1, 255], disposition, ..Response::default() })
    }

    /// The result, and each request as its server and line.
    fn download(answers: Vec<Answer>) -> (Result<DownloadedFile, Error>, Vec<String>) {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (log, mut answers) = (Rc::clone(&seen), answers.into_iter());
        let mut fake = Fake::new(1, move |request| {
            let server = match &request.target {
                Target::Elsewhere(base) => base.authority.clone(),
                other => format!("{other:?}"),
            };
            log.borrow_mut().push(format!("{server} {}", request.path_and_query()));
            answers.next().unwrap_or_else(bytes)
        });
        let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
        let hosts = ["store.example", "*.bucket.example", "127.0.0.1", "[::1]"].map(str::to_owned);
        let settings = Settings { download_hosts: hosts.into(), ..Settings::default() };
        let mut client = Client {
            transport: &mut fake,
            clock: &clock,
            limiter: &mut limiter,
            settings: &settings,
        };
        let result = client.download(&files::DOWNLOAD, &["o", "f"], Vec::new());
        let seen = seen.borrow().clone();
        (result, seen)
    }

    const FIRST: &str = "Api /opportunities/o/files/f/download";

    #[test]
    fn bytes_come_at_once_or_from_where_lever_points() {
        let (file, sent) = download(vec![]);
        let file = file.unwrap();
        assert_eq!((file.content, file.name.as_deref()), (vec![0, 1, 255], Some("cv.pdf")));
        assert_eq!(sent, [FIRST]);
        let rows = [
            ("https://store.example/a%2Fb?sig=x%2B%3D&e=1", "store.example /a%2Fb?sig=x%2B%3D&e=1"),
            ("https://STORE.example:8443/a#frag", "STORE.example:8443 /a"),
            ("https://eu.bucket.example?x", "eu.bucket.example /?x"),
            ("http://127.0.0.1:9/a", "127.0.0.1:9 /a"),
            ("https://[::1]:9/a", "[::1]:9 /a"),
        ];
        for (location, line) in rows {
            let (file, sent) = download(vec![to(location)]);
            assert!(file.is_ok(), "{location}");
            assert_eq!(sent, [FIRST, line]);
        }
    }

    #[test]
    fn nothing_is_followed_to_a_host_that_was_not_named_or_in_the_clear() {
        let bad = [
            "https://evil.example/secret-path",
            "https://store.example.evil/secret-path",
            "https://xbucket.example/secret-path",
            "https://bucket.example/secret-path",
            "https://.bucket.example/secret-path",
            "http://store.example/secret-path",
            "https://store.example@evil.example/secret-path",
            "https://evil.example\\@store.example/secret-path",
            "https://evil.example%2f.bucket.example/secret-path",
            "https://evil.example,.bucket.example/secret-path",
            "https://..bucket.example/secret-path",
            "https://store.example:/secret-path",
            "https://store.example:0/secret-path",
            "https://store.example:+443/secret-path",
            "https://[::1/secret-path",
            "https://evil.example;x.bucket.example/secret-path",
            "https://evil.example\u{ff0f}.bucket.example/secret-path",
            "https://evil.example\u{3002}bucket.example/secret-path",
            "https://evil.example\t.bucket.example/secret-path",
            "https://store.example/secret-path\u{7f}",
            "https://store.example/secret-path\t",
            "//store.example/secret-path",
            "/v1/secret-path",
            "ftp://store.example/secret-path",
            "https://store.example/secret path",
            "https://",
            "",
        ];
        for location in bad {
            let (file, sent) = download(vec![to(location)]);
            let error = file.unwrap_err();
            assert_eq!(sent, [FIRST], "{location}");
            assert_eq!(error.outcome, Outcome::NotApplied);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
        let (none, _) = download(vec![Ok(Response { status: 302, ..Response::default() })]);
        assert_eq!(none.unwrap_err().kind, ErrorKind::MalformedAnswer);
    }

    #[test]
    fn redirections_end() {
        let again = || to("https://store.example/a");
        let (file, sent) = download(vec![again(), again(), again()]);
        assert!(file.is_ok());
        assert_eq!(sent.len(), 4);
        let (file, sent) = download(vec![again(), again(), again(), again()]);
        assert_eq!(file.unwrap_err().kind, ErrorKind::MalformedAnswer);
        assert_eq!(sent.len(), 4);
    }

    #[test]
    fn a_refusal_is_told_apart_by_who_refused() {
        let gone = |status| Ok(Response { status, ..Response::default() });
        let (file, _) = download(vec![gone(422)]);
        assert_eq!(file.unwrap_err().kind, ErrorKind::Rejected);
        let (file, _) = download(vec![to("https://store.example/secret"), gone(403)]);
        let error = file.unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Forbidden, Some(403)));
        assert!(error.message.contains("download it again"), "{}", error.message);
    }

    #[test]
    fn a_name_comes_without_a_path() {
        let rows = [
            ("attachment; filename=\"a b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=a.pdf", Some("a.pdf")),
            (
                "attachment; filename=\"x.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf",
                Some("résumé.pdf"),
            ),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\files\\a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"a; filename=b.pdf\"", Some("a; filename=b.pdf")),
            ("attachment; filename=\"a \\\"b\\\".pdf\"; x=y", Some("a \"b\".pdf")),
            ("attachment; x; FileName = a b.pdf ; y", Some("a b.pdf")),
            ("attachment; x=\";filename=b\"; filename=a", Some("a")),
            ("attachment; filename=a; filename=b", Some("a")),
            ("filename=a", None),
            ("attachment; filename=\"..\"", None),
            ("attachment; filename=.", None),
            ("attachment; filename*=UTF-8''%2e%2e%2f", None),
            ("attachment; filename*=UTF-8''..%2F..%2Fx", Some("x")),
            ("attachment; filename=\"a\u{202e}fdp.exe\"", Some("afdp.exe")),
            ("attachment; filename*=UTF-8''a%0D%0Ab", Some("ab")),
            ("attachment; filename=\"a", Some("a")),
            ("attachment; filename=\"", None),
            ("attachment; =a; ;", None),
            ("attachment; filename*=latin1''x", None),
            ("attachment; filename*=UTF-8''%zz", None),
            ("inline", None),
            ("", None),
        ];
        for (header, name) in rows {
            assert_eq!(file_name(header).as_deref(), name, "{header}");
        }
        let long = |size| file_name(&format!("attachment; filename={}", "x".repeat(size)));
        assert!(long(255).is_some() && long(256).is_none());
    }
}
