//! What can go wrong with a component, and with a call of one.

use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::FieldMapError;

use super::output::Tail;
use super::state::Budget;
use crate::audit::{AuditError, escape};
use crate::credentials::login::LoginError;
use crate::egress::{ConnectError, TlsError};
use crate::policy::Refusal;

/// Why a host could not be set up, or a component not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A variable that is not a setting of the component.
    #[error("{0} is not a setting of the component; the settings are {settings}", settings = super::SETTINGS.join(", "))]
    Setting(String),
    /// The engine refuses to start.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The cache of compiled code cannot be used.
    #[error("the cache {} cannot be used: {reason}", directory.display())]
    Cache {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The bytes are not component.
    #[error("this is not a WebAssembly component that can run here: {0}")]
    Invalid(String),
    /// Compiling the component takes more than any component gets.
    #[error("the component cannot be compiled: {0}")]
    Costly(String),
    /// The program that compiles components cannot be run.
    #[error("{} cannot be run to compile the component: {reason}", program.display())]
    Compiler {
        /// The program.
        program: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The component wants more than any component gets.
    #[error(
        "the component imports {imports}, which this host does not provide; a component may import wasi:io, \
         wasi:clocks, wasi:random, wasi:http and, of wasi:cli, environment, exit and the standard \
         streams"
    )]
    Import {
        /// The imports, by name.
        imports: String,
    },
    /// The refusal of a component could not be recorded.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl HostError {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        HostError::Engine(format!("{error:#}"))
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The caller named no function of the component, or its arguments do not
    /// fit.
    #[error("{0}")]
    Usage(String),
    /// The policy does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The component answered with its error.
    #[error("the component returned an error: {}", said(.0))]
    Component(serde_json::Value),
    /// The component broke down.
    #[error("the component was stopped: {0}")]
    Trap(String),
    /// The component took more than its limits.
    #[error("limit reached: {0}")]
    Limit(String),
    /// There is no credential, or none that can be had in place of the old one.
    #[error("no request could be sent: {0}")]
    Credential(String),
    /// The host was told to stop before the call had ended.
    #[error("the call was stopped: {0}")]
    Stopped(&'static str),
    /// The call, or a request of it, could not be recorded; the second says
    /// what it may have done all the same.
    #[error("{0}; {1}")]
    Audit(AuditError, &'static str),
}

impl From<AuditError> for CallError {
    fn from(error: AuditError) -> Self {
        CallError::Audit(error, NOTHING)
    }
}

fn said(error: &serde_json::Value) -> String {
    let message = error.get("message").and_then(serde_json::Value::as_str);
    escape(message.unwrap_or("without a message")).into_owned()
}

/// The kinds and outcomes of `types.wit`. No other word of a component's goes
/// into a record: it could be a name or an id.
const KINDS: [&str; 13] = [
    "invalid-input",
    "unauthorized",
    "forbidden",
    "not-found",
    "rejected",
    "rate-limited",
    "unavailable",
    "timeout",
    "connection",
    "too-large",
    "malformed-answer",
    "refused-by-host",
    "bad-signature",
];
const OUTCOMES: [&str; 4] = ["not-sent", "not-applied", "applied", "unknown"];

/// What a call says that sent nothing that could change something.
const NOTHING: &str = "nothing was changed";

/// What a call says that ended after its change was made.
const MADE: &str = "the change was made before that: do not repeat it";

/// What a call that did not end with a result of its own says after a change.
const DOUBT: &str =
    "a change was sent before that and may have been made: read the record before trying again";

/// A component that could not be compiled for its first call.
impl From<HostError> for CallError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Costly(_) => CallError::Limit(error.to_string()),
            other => CallError::Usage(other.to_string()),
        }
    }
}

impl CallError {
    /// The same error, of a call that had sent a change which nothing turned
    /// down. A component's own error says itself what became of it.
    pub(super) fn after_a_change(self) -> Self {
        match self {
            CallError::Trap(cause) => CallError::Trap(format!("{cause}; {DOUBT}")),
            CallError::Limit(cause) => CallError::Limit(format!("{cause}; {DOUBT}")),
            CallError::Refused(refusal) => CallError::Refused(Refusal {
                message: format!("{}; {DOUBT}", refusal.message),
                ..refusal
            }),
            other => other,
        }
    }

    /// The error of a call that the host stopped, from what its component said
    /// of it, if it still did.
    pub(super) fn stopped(said: Option<&serde_json::Value>, may_have_changed: bool) -> Self {
        let said = said.and_then(|error| error.get("outcome")).and_then(serde_json::Value::as_str);
        CallError::Stopped(left(said, may_have_changed))
    }

    /// The error of a call that ended like this and could not be recorded.
    pub(super) fn unrecorded(
        error: AuditError,
        ended: Result<(), &CallError>,
        may_have_changed: bool,
    ) -> Self {
        let said = match ended {
            Ok(()) => Some("applied"),
            Err(CallError::Component(error)) => {
                error.get("outcome").and_then(serde_json::Value::as_str)
            }
            Err(_) => None,
        };
        CallError::Audit(error, left(said, may_have_changed))
    }

    /// A component's error, of a call that had no credential for a request.
    ///
    /// Of a 401 the component's own words hold, and the remedy is added. A
    /// request that was kept back looks to it as if the policy did so.
    pub(super) fn without_credential(
        mut error: serde_json::Value,
        cause: &LoginError,
        may_have_changed: bool,
    ) -> Self {
        if error.get("status").and_then(serde_json::Value::as_u64) == Some(401) {
            if let Some(serde_json::Value::String(message)) = error.get_mut("message") {
                message.push_str(&format!(" {cause}."));
            }
            return CallError::Component(error);
        }
        let is_made = error.get("outcome").and_then(serde_json::Value::as_str) == Some("applied");
        CallError::Credential(match (is_made, may_have_changed) {
            (true, _) => format!("{cause}; {MADE}"),
            (false, true) => format!("{cause}; {DOUBT}"),
            (false, false) => cause.to_string(),
        })
    }

    /// A component's error, of a call in which a request could not be sent, with the reason if that
    /// is what it is about.
    pub(super) fn not_reached(mut error: serde_json::Value, cause: &ConnectError) -> Self {
        let says = |name: &str| error.get(name).and_then(serde_json::Value::as_str);
        if matches!(says("outcome"), None | Some("not-sent" | "not-applied"))
            && says("status").is_none()
            && matches!(says("kind"), Some("connection" | "timeout" | "unavailable"))
            && let Some(serde_json::Value::String(message)) = error.get_mut("message")
        {
            message.push_str(&format!(" The host says: {cause}."));
        }
        CallError::Component(error)
    }

    /// The error of our own component as a record of its WIT.
    pub fn record(&self) -> Option<super::types::types::Error> {
        match self {
            CallError::Component(error) => crate::value::read_alone(error),
            _ => None,
        }
    }

    /// The error as a record: the component's own, or one with `kind` and
    /// `message` alone.
    pub fn to_value(&self) -> serde_json::Value {
        match self {
            CallError::Component(error) => error.clone(),
            error => serde_json::json!({"kind": error.as_record().0, "message": error.to_string()}),
        }
    }

    /// A few words for the record, with the outcome if the component named it.
    pub(super) fn as_record(&self) -> (String, Option<String>, Option<u16>) {
        let word = |error: &serde_json::Value, name: &str, known: &[&str]| {
            let given = error.get(name).and_then(serde_json::Value::as_str);
            given.filter(|given| known.contains(given)).map(str::to_owned)
        };
        match self {
            CallError::Usage(_) => ("usage".to_owned(), None, None),
            CallError::Refused(_) => ("refused-by-host".to_owned(), None, None),
            CallError::Component(error) => (
                word(error, "kind", &KINDS).unwrap_or_else(|| "component".to_owned()),
                word(error, "outcome", &OUTCOMES),
                error
                    .get("status")
                    .and_then(serde_json::Value::as_u64)
                    .and_then(|status| u16::try_from(status).ok()),
            ),
            CallError::Trap(_) => ("trap".to_owned(), None, None),
            CallError::Limit(_) => ("limit".to_owned(), None, None),
            CallError::Credential(_) => ("credential".to_owned(), None, None),
            CallError::Stopped(left) => {
                let outcome = if *left == MADE { "applied" } else { "not-applied" };
                let outcome = (*left != DOUBT).then(|| outcome.to_owned());
                ("stopped".to_owned(), outcome, None)
            }
            CallError::Audit(..) => ("audit".to_owned(), None, None),
        }
    }
}

/// What a call has left behind that did not come to its own end. `said` is the
/// outcome by its component, which has been checked.
fn left(said: Option<&str>, may_have_changed: bool) -> &'static str {
    match (said, may_have_changed) {
        (Some("applied"), true) => MADE,
        (_, true) => DOUBT,
        (_, false) => NOTHING,
    }
}

/// What the engine reports, as what the caller can do about it.
pub(super) fn classify(error: &wasmtime::Error, budget: &Budget, output: &Tail) -> CallError {
    if let Some(exceeded) = &budget.exceeded {
        return CallError::Limit(exceeded.clone());
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return CallError::Trap(with_words(format!("it called exit with status {status}"), output));
    }
    if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
        return CallError::Limit("the component holds too many handles".to_owned());
    }
    if let Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields) =
        error.downcast_ref::<FieldMapError>()
    {
        return CallError::Limit("the component made larger headers than it may".to_owned());
    }
    let cause = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            return CallError::Limit("the component's call stack is exhausted".to_owned());
        }
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    if cause.contains("fuel allocated for hostcalls") {
        return CallError::Limit(
            "the component handed over more data at once than its memory limit".to_owned(),
        );
    }
    CallError::Trap(with_words(escape(&cause).into_owned(), output))
}

fn with_words(cause: String, output: &Tail) -> String {
    match output.last_words() {
        words if words.is_empty() => cause,
        words => format!("{cause}; the last it printed was: {words}"),
    }
}

/// The error of a call that took too long.
pub(super) fn too_long(limit: Duration) -> CallError {
    CallError::Limit(format!(
        "the call took longer than its `call-timeout` of {} s",
        limit.as_secs_f32()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_know_every_kind_and_outcome_of_the_wit() {
        let (_, wit) = crate::embedded::WIT.iter().find(|(name, _)| *name == "types.wit").unwrap();
        for (name, known) in [("error-kind", &KINDS[..]), ("outcome", &OUTCOMES[..])] {
            let start = format!("enum {name} {{");
            let (_, body) = wit.split_once(&start).unwrap();
            let (body, _) = body.split_once('}').unwrap();
            let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("///"));
            let words: Vec<&str> = lines.filter_map(|line| line.strip_suffix(',')).collect();
            assert_eq!(words, known, "{name}");
        }
    }
}
