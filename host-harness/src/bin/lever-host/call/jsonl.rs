//! `--jsonl`: a result in parts, each item a line as it comes.
//!
//! Whatever ends it, every line that was written is whole, and the last says
//! whether that was all, or else where to go on.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use lever_host::audit::escape_json;
use lever_host::catalog::Function;
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Component, Host};
use lever_host::value::{Arguments, Missing};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::input::Given;
use super::partial::Partial;
use super::reading::{Line, Reading, Stop};

/// Who calls what with what.
pub struct Call<'a> {
    pub host: &'a Host,
    pub component: &'a Component,
    pub agent: &'a Agent,
    pub function: &'a Function,
    pub given: Given,
    pub cursor: Option<&'a str>,
}

/// Reads everything and writes it.
///
/// # Errors
///
/// What ended it too early, [`Partial`] where something is missing, or that the
/// lines cannot be written. A reader that went away is not an error.
pub async fn run(call: Call<'_>, fields: Option<&Fields>) -> anyhow::Result<()> {
    let Call { host, component, agent, function, given, cursor } = call;
    let arguments = given.into_named(function)?;
    let mut reading = Reading::new(function, arguments, cursor, &agent.limits, now())?;
    let mut missing = Missing::default();
    let mut items = 0u64;
    let mut write = |line: Line<'_>| match line {
        Line::Item(item) => {
            items += 1;
            match fields {
                Some(fields) => print(&fields.of_record(serde_json::to_value(item)?)),
                None => print(&item),
            }
        }
        Line::Skipped(skipped) => print(&json!({"skipped": skipped})),
    };
    let ended = loop {
        let Some((name, arguments)) = reading.next() else { break None };
        let arguments = Arguments::by_name(&arguments);
        let answer = host.answer(component, agent, &function.interface, name, arguments).await;
        let taken = match answer {
            Ok(answer) => {
                missing.look(answer.shown());
                reading.take(answer.shown(), now(), &mut write)
            }
            // Reads do no harm a second time, and less of it may fit.
            Err(CallError::Limit(_)) if reading.shrink() => continue,
            Err(error) => break Some(error),
        };
        match taken.and_then(|()| Ok(io::stdout().flush()?)) {
            Ok(()) => {}
            Err(Stop::Write(error)) => return quietly(error),
            Err(Stop::Circle) => break Some(circle()),
        }
    };
    let end = end(items, &missing, reading.cursor(), ended.as_ref());
    if let Err(error) = print(&end).and_then(|()| io::stdout().flush()) {
        return quietly(error);
    }
    match ended {
        Some(error) => Err(error.into()),
        None => Partial::check(missing),
    }
}

/// The last line.
fn end(
    items: u64,
    missing: &Missing,
    cursor: Option<String>,
    error: Option<&CallError>,
) -> Map<String, Value> {
    let mut end = Map::new();
    end.insert("complete".into(), (error.is_none() && cursor.is_none()).into());
    end.insert("items".into(), items.into());
    end.extend(cursor.map(|cursor| ("cursor".into(), cursor.into())));
    end.extend(error.map(|error| ("error".into(), error.to_value())));
    for (name, count) in [("failed", missing.failed), ("skipped", missing.skipped)] {
        end.extend((count > 0).then(|| (name.into(), count.into())));
    }
    end
}

fn circle() -> CallError {
    CallError::Component(json!({
        "kind": "malformed-answer",
        "message": "Lever returned the same cursor twice, so the list would never end. Read it again from its start.",
        "outcome": "not-applied",
    }))
}

/// One line in one write, so that a process that is killed leaves whole ones.
fn print(value: &impl Serialize) -> io::Result<()> {
    let mut line = escape_json(&serde_json::to_string(value)?).into_owned();
    line.push('\n');
    io::stdout().lock().write_all(line.as_bytes())
}

fn quietly(error: io::Error) -> anyhow::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error.into()),
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
