//! Faults on demand: which request is hit, and by what.
//!
//! Only rules: `apply_fault` makes the broken responses and `connection` sends them.

use std::time::Duration;

use serde_json::Value;

use crate::server::routes::BASE;

/// What goes wrong.
///
/// ```
/// use std::time::Duration;
///
/// use lever_mock::{Effect, Fault};
///
/// let slow = Fault::new(Effect::Delay(Duration::from_secs(5))).path("/users");
/// let lost = Fault::new(Effect::ResetAfter).method("POST");
/// # drop((slow, lost));
/// ```
#[derive(Clone, Debug)]
pub enum Effect {
    /// Another response than the real one.
    Status {
        /// The HTTP status.
        code: u16,
        /// What follows the head.
        body: Content,
        /// Names and values beside the usual ones.
        headers: Vec<(String, String)>,
    },
    /// A delay before the head of the real response.
    Delay(Duration),
    /// The head and a part of the body at once, the rest byte by byte.
    StallBody {
        /// Bytes of the body sent at once.
        after: usize,
        /// Wait before each further byte.
        every: Duration,
    },
    /// Connection reset, nothing applied, no response.
    ResetBefore,
    /// Connection reset after the write was applied, no response.
    ResetAfter,
    /// Connection closed in the middle of the head.
    CloseMidHead,
    /// Connection closed in the middle of the body: fewer bytes than `content-length` says, or
    /// chunks without the last one.
    TruncatedBody {
        /// Whether the body comes in chunks.
        chunked: bool,
    },
    /// A body that never ends.
    EndlessBody,
    /// A `content-length` of half the body, and the whole body after it.
    WrongContentLength,
    /// 200 and the page of some proxy.
    HtmlPage,
    /// 200 and nothing.
    EmptyBody,
    /// The real status and half of the real JSON, properly framed.
    InvalidJson,
    /// The real response, compressed though the client did not accept it.
    Gzip,
    /// A list whose `next` is the offset of the request, for ever; needs a second page.
    RepeatCursor,
    /// 200 and this text as JSON.
    Body(String),
    /// Half of the body in one chunk, then a chunk whose size is not a number.
    BadChunk,
    /// 400 to a request with an offset, as to a cursor that is too old; needs a second page.
    ExpiredCursor,
    /// A list whose `next` was issued for another query; needs a further page.
    ForeignCursor,
    /// The real response, before which opportunities are moved: what was on a page that is still to
    /// come may then be on one that was read.
    Move {
        /// Their ids.
        opportunities: Vec<String>,
        /// The id of the stage.
        stage: String,
    },
    /// The real response with undocumented keys in each of its objects.
    ExtraKeys,
    /// The real response with null for each list in its records.
    NullLists,
    /// The real response with this many nested lists under an undocumented key.
    DeepNesting(usize),
    /// The real response with the first name, text or value this many bytes long.
    LongText(usize),
}

/// The body of `Effect::Status`.
///
/// ```
/// use lever_mock::{Content, Effect, Fault};
///
/// let headers = vec![("retry-after".to_owned(), "1".to_owned())];
/// let fault = Fault::new(Effect::Status { code: 502, body: Content::Html, headers });
/// # drop(fault);
/// ```
#[derive(Clone, Debug)]
pub enum Content {
    /// JSON as given.
    Json(Value),
    /// The page of some proxy.
    Html,
    /// Nothing.
    Empty,
}

/// A rule: which requests are hit, how often, by what.
///
/// ```
/// use lever_mock::Fault;
///
/// // The second and third read of any opportunity get a 503.
/// let fault = Fault::status(503).method("GET").path("/opportunities/*").skip(1).times(2);
/// # drop(fault);
/// ```
///
/// By default it hits the next request, whatever it is. The first rule that fits a request counts;
/// requests refused for their credential or the rate limit meet no rule.
#[derive(Clone, Debug)]
pub struct Fault {
    effect: Effect,
    method: Option<String>,
    path: Option<String>,
    skip: usize,
    times: usize,
    is_applied: bool,
}

impl Fault {
    /// A fault on the next request.
    ///
    /// A write hit by `Status`, `ResetBefore`, `HtmlPage` or `Body` is not applied, by any other it
    /// is.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        let is_applied = !matches!(
            effect,
            Effect::Status { .. } | Effect::ResetBefore | Effect::HtmlPage | Effect::Body(_)
        );
        Self { effect, method: None, path: None, skip: 0, times: 1, is_applied }
    }

    /// `Effect::Status` with a body in Lever's form and no further headers.
    #[must_use]
    pub fn status(code: u16) -> Self {
        let body = serde_json::json!({"code": "InjectedError", "message": "Injected by the mock."});
        Self::new(Effect::Status { code, body: Content::Json(body), headers: Vec::new() })
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests to this path below `/v1`, or to this one of the authorization server
    /// (`/oauth/token`); `*` is any one segment, a last `**` any rest. Requests to the storage that
    /// downloads are redirected to have paths such as `/storage/**`.
    #[must_use]
    pub fn path(mut self, pattern: &str) -> Self {
        self.path = Some(pattern.to_owned());
        self
    }

    /// Lets the first `n` fitting requests pass.
    #[must_use]
    pub fn skip(mut self, n: usize) -> Self {
        self.skip = n;
        self
    }

    /// Hits this many requests; 1 by default.
    #[must_use]
    pub fn times(mut self, n: usize) -> Self {
        self.times = n;
        self
    }

    /// Hits every fitting request.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// A write it hits is applied, whatever the response says.
    #[must_use]
    pub fn applied(mut self) -> Self {
        self.is_applied = true;
        self
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.path.as_deref().is_none_or(|pattern| path_fits(pattern, path))
    }
}

/// Whether a raw path lies under a pattern.
fn path_fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.strip_prefix(BASE).unwrap_or(path).split('/');
    for wanted in pattern.split('/') {
        match (wanted, segments.next()) {
            ("**", _) => return true,
            ("*", Some(given)) if !given.is_empty() => {}
            (wanted, Some(given)) if wanted == given => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// What hits one request.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub effect: Effect,
    /// Whether the request is handled before the fault is applied.
    pub is_applied: bool,
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The pending rules, in their order, as written in Rust.
    pub fn describe(&self) -> Vec<String> {
        self.0.iter().filter(|rule| rule.times > 0).map(|rule| format!("{rule:?}")).collect()
    }

    /// What hits this request; counts it in the rule.
    pub fn hit(&mut self, method: &str, path: &str) -> Option<Hit> {
        self.0.retain(|rule| rule.times > 0);
        let rule = self.0.iter_mut().find(|rule| rule.fits(method, path))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        if rule.times != usize::MAX {
            rule.times -= 1;
        }
        Some(Hit { effect: rule.effect.clone(), is_applied: rule.is_applied })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_its_paths() {
        let rows = [
            ("/opportunities", "/v1/opportunities", true),
            ("/opportunities", "/v1/opportunities/a", false),
            ("/opportunities/*", "/v1/opportunities/a", true),
            ("/opportunities/*", "/v1/opportunities", false),
            ("/opportunities/*", "/v1/opportunities/", false),
            ("/opportunities/*/notes", "/v1/opportunities/a/notes", true),
            ("/opportunities/**", "/v1/opportunities/a/notes", true),
            ("/opportunities/**", "/v1/opportunities", true),
            ("/opportunities/**", "/v1/users", false),
            ("/oauth/token", "/oauth/token", true),
            ("/oauth/token", "/authorize", false),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(path_fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rule_skips_then_hits_then_rests() {
        let mut faults = Faults::default();
        faults.add(Fault::status(503).method("GET").skip(1).times(2));
        let hits: Vec<_> = (0..5).map(|_| faults.hit("GET", "/v1/users").is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert!(faults.hit("POST", "/v1/users").is_none());
    }
}
