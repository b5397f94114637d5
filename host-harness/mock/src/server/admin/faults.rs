//! A fault as JSON, such as `{"effect": {"status": {"code": 503}}, "path": "/opportunities/**",
//! "times": 3}`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::server::admin::request::{self, Refusal};
use crate::server::faults::{Content, Effect, Fault};

/// An effect by its name, and what it needs beside.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Named {
    Status {
        code: u16,
        #[serde(default)]
        body: Option<Value>,
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    DelayMs(u64),
    StallBody {
        after: usize,
        every_ms: u64,
    },
    ResetBefore,
    ResetAfter,
    CloseMidHead,
    TruncatedBody {
        chunked: bool,
    },
    EndlessBody,
    WrongContentLength,
    HtmlPage,
    EmptyBody,
    InvalidJson,
    Gzip,
    RepeatCursor,
    Body(String),
    BadChunk,
    ExpiredCursor,
    ForeignCursor,
    ExtraKeys,
    NullLists,
    DeepNesting(usize),
    LongText(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    effect: Named,
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    skip: usize,
    times: Option<Times>,
    #[serde(default)]
    applied: bool,
}

/// How often: a number, or always.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`times` is a number or \"always\"")]
enum Times {
    Number(usize),
    Word(Always),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Always {
    Always,
}

impl From<Named> for Effect {
    fn from(named: Named) -> Self {
        match named {
            Named::Status { code, body, headers } => {
                let body = body.unwrap_or_else(|| {
                    serde_json::json!({"code": "InjectedError", "message": "Injected by the mock."})
                });
                Self::Status { code, body: Content::Json(body), headers }
            }
            Named::DelayMs(ms) => Self::Delay(Duration::from_millis(ms)),
            Named::StallBody { after, every_ms } => {
                Self::StallBody { after, every: Duration::from_millis(every_ms) }
            }
            Named::ResetBefore => Self::ResetBefore,
            Named::ResetAfter => Self::ResetAfter,
            Named::CloseMidHead => Self::CloseMidHead,
            Named::TruncatedBody { chunked } => Self::TruncatedBody { chunked },
            Named::EndlessBody => Self::EndlessBody,
            Named::WrongContentLength => Self::WrongContentLength,
            Named::HtmlPage => Self::HtmlPage,
            Named::EmptyBody => Self::EmptyBody,
            Named::InvalidJson => Self::InvalidJson,
            Named::Gzip => Self::Gzip,
            Named::RepeatCursor => Self::RepeatCursor,
            Named::Body(text) => Self::Body(text),
            Named::BadChunk => Self::BadChunk,
            Named::ExpiredCursor => Self::ExpiredCursor,
            Named::ForeignCursor => Self::ForeignCursor,
            Named::ExtraKeys => Self::ExtraKeys,
            Named::NullLists => Self::NullLists,
            Named::DeepNesting(depth) => Self::DeepNesting(depth),
            Named::LongText(bytes) => Self::LongText(bytes),
        }
    }
}

/// The fault that a body describes.
///
/// # Errors
/// What it does not describe, with what there is.
pub(crate) fn read(body: &[u8]) -> Result<Fault, Refusal> {
    let order: Order = request::read(body)?;
    if let Named::Status { code, .. } = &order.effect
        && !(200..600).contains(code)
    {
        return Err((400, format!("`code` is {code}; a status is between 200 and 599")));
    }
    let mut fault = Fault::new(order.effect.into()).skip(order.skip);
    if let Some(method) = &order.method {
        fault = fault.method(method);
    }
    if let Some(path) = &order.path {
        fault = fault.path(path);
    }
    fault = match order.times {
        None => fault,
        Some(Times::Number(n)) => fault.times(n),
        Some(Times::Word(Always::Always)) => fault.always(),
    };
    Ok(if order.applied { fault.applied() } else { fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_or_refused_with_what_there_is() {
        let rows = [
            (r#"{"effect": "reset-after"}"#, Ok("ResetAfter")),
            (r#"{"effect": {"status": {"code": 503}}, "times": "always"}"#, Ok("Status")),
            (r#"{"effect": {"delay-ms": 20}, "path": "/users", "skip": 1}"#, Ok("Delay")),
            (
                r#"{"effect": "explode"}"#,
                Err("unknown variant `explode`, expected one of `status`"),
            ),
            (r#"{"effect": {"status": {"code": 99}}}"#, Err("between 200 and 599")),
            (r#"{"effect": {"status": {"status": 503}}}"#, Err("unknown field `status`")),
            (r#"{"effect": "gzip", "time": 3}"#, Err("unknown field `time`")),
            (r#"{"effect": "gzip", "times": "ever"}"#, Err("a number or \"always\"")),
            ("{}", Err("missing field `effect`")),
            ("3", Err("invalid type")),
        ];
        for (body, expected) in rows {
            match (read(body.as_bytes()), expected) {
                (Ok(fault), Ok(name)) => assert!(format!("{fault:?}").contains(name), "{body}"),
                (Err((400, error)), Err(part)) => assert!(error.contains(part), "{body}: {error}"),
                (found, _) => panic!("{body}: {found:?}"),
            }
        }
    }
}
