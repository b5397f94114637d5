//! `lever-host audit`: shows an audit file to people.
//!
//! Called from `main.rs` as `audit::run(&command)`. It trusts nothing in the file: lines that are no records are
//! reported and passed over, and every text is escaped again before it reaches the terminal.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::Context;
use lever_host::audit::{Decision, Kind, Record, escape};

use crate::tools::print;

/// The subcommands of `lever-host audit`.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Show the records of an audit file as a table
    ///
    /// A request that may change something has a line of its own where its end
    /// was not recorded: it may have been made.
    Show {
        /// The audit file; several, oldest first, where it was rotated
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Only what was refused
        #[arg(long)]
        refused: bool,
    },
}

/// Runs the subcommand.
pub fn run(command: &AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Show { files, refused } = command;
    let mut logs = files.iter().map(|file| Log::open(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut open = Open::default();
    for log in &mut logs {
        for entry in entries(log.reader()?) {
            if let Entry::Record(record) = entry? {
                open.take(&record);
            }
        }
    }
    let is_terminal = io::stdout().is_terminal();
    print(&format!("{HEADING}\n"))?;
    for log in &mut logs {
        for entry in entries(log.reader()?) {
            match entry? {
                Entry::Record(record) if is_shown(&record, &open, *refused) => {
                    print(&row(&record, is_terminal))?;
                }
                Entry::Record(_) => {}
                Entry::Broken(problem) => eprintln!("{problem}"),
            }
        }
    }
    Ok(())
}

/// An audit, to be read twice.
enum Log {
    File(File),
    /// Of a pipe, which gives it once.
    Read(Vec<u8>),
}

impl Log {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let read = || {
            let mut file = File::open(path)?;
            if file.metadata()?.is_file() {
                return Ok(Log::File(file));
            }
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok::<_, io::Error>(Log::Read(text))
        };
        read().with_context(|| format!("cannot read the audit {}", path.display()))
    }

    fn reader(&mut self) -> io::Result<Box<dyn BufRead + '_>> {
        match self {
            Log::File(file) => {
                file.rewind()?;
                Ok(Box::new(BufReader::new(file)))
            }
            Log::Read(text) => Ok(Box::new(text.as_slice())),
        }
    }
}

/// Requests that were to leave and whose end was not recorded, by their call and number.
#[derive(Default)]
struct Open(HashSet<(String, Option<u32>)>);

impl Open {
    /// Takes note of the next record.
    fn take(&mut self, record: &Record) {
        let request = (record.call.clone(), record.request);
        match record.kind {
            Kind::Intent => drop(self.0.insert(request)),
            Kind::Request => drop(self.0.remove(&request)),
            Kind::Call => {}
        }
    }
}

fn is_shown(record: &Record, open: &Open, refused: bool) -> bool {
    let is_open = || open.0.contains(&(record.call.clone(), record.request));
    match (record.kind, record.decision) {
        (Kind::Intent, _) => !refused && is_open(),
        (_, Decision::Refused) => true,
        _ => !refused,
    }
}

enum Entry {
    Record(Box<Record>),
    Broken(String),
}

/// The lines of a file as records, or as what is wrong with them.
fn entries(mut reader: impl BufRead) -> impl Iterator<Item = io::Result<Entry>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Err(error) => return Some(Err(error)),
                Ok(0) => return None,
                Ok(_) => number += 1,
            }
            let is_whole = line.ends_with(b"\n");
            if line.trim_ascii().is_empty() {
                continue;
            }
            return Some(Ok(match serde_json::from_slice(&line) {
                Ok(record) => Entry::Record(record),
                Err(_) if !is_whole => Entry::Broken(format!(
                    "line {number} is cut off: the program that wrote it died or is writing"
                )),
                // The parser's message is kept out: it may repeat what the line holds.
                Err(error) => Entry::Broken(format!(
                    "line {number} is no audit record (column {})",
                    error.column()
                )),
            }));
        }
    })
}

const HEADING: &str = "time                      agent         what                                          decision  status  sent      ms  records  rule";

fn row(record: &Record, is_terminal: bool) -> String {
    let what = match record.kind {
        Kind::Call => record.function.clone(),
        Kind::Request | Kind::Intent => {
            let place = record.route.as_deref().or(record.host.as_deref()).unwrap_or_default();
            format!("  {} {place}", record.method.as_deref().unwrap_or_default())
        }
    };
    let decision = match record.decision {
        Decision::Allowed => "allowed",
        Decision::Refused => "refused",
        Decision::Invalid => "invalid",
    };
    let end = match record.kind {
        Kind::Intent => ": it may have been made, no end was recorded",
        Kind::Call | Kind::Request => "",
    };
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let columns = format!(
        "{:<24}  {:<12}  {:<44}  {decision:<8}  {:>6}  {:>4}  {:>6}  {:>7}  {}",
        escape(&record.time),
        escape(&record.agent),
        escape(&what),
        number(record.status.map(u64::from)),
        number(record.attempts.map(u64::from)),
        number(record.ms),
        number(record.records),
        escape(&record.rule),
    );
    // One line for each record in a pipe; on a terminal the sentence has a line of its own.
    let between = if is_terminal { "\n    " } else { "  " };
    format!("{columns}{between}{}{end}\n", escape(&record.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, Vec<String>) {
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        let mut open = Open::default();
        for entry in entries(text.as_bytes()) {
            if let Entry::Record(record) = entry.unwrap() {
                open.take(&record);
            }
        }
        for entry in entries(text.as_bytes()) {
            match entry.unwrap() {
                Entry::Record(record) if is_shown(&record, &open, false) => {
                    rows.push(row(&record, false));
                }
                Entry::Record(_) => {}
                Entry::Broken(problem) => problems.push(problem),
            }
        }
        (rows, problems)
    }

    #[test]
    fn records_are_rows_under_the_heading() {
        let (rows, problems) = shown(
            r#"{"time":"2026-01-02T03:04:05.678Z","kind":"call","call":"1","agent":"sourcer","function":"opportunities.list-all","decision":"allowed","rule":"opportunities=read","status":200,"attempts":2,"ms":103,"records":100,"text":"it read","new-key":1}
"#,
        );
        assert_eq!(problems, Vec::<String>::new());
        for (value, name) in [
            ("sourcer", "agent"),
            ("opportunities.list-all", "what"),
            ("allowed", "decision"),
            ("opportunities=read", "rule"),
        ] {
            assert_eq!(rows[0].find(value), HEADING.find(name), "{}", rows[0]);
        }
        for (value, name) in [("200", "status"), ("2", "sent"), ("103", "ms"), ("100", "records")] {
            let end = HEADING.find(name).unwrap() + name.len();
            assert!(rows[0][..end].ends_with(value), "{name}: {}", rows[0]);
        }
        assert!(rows[0].ends_with("opportunities=read  it read\n"));
    }

    #[test]
    fn a_broken_line_is_reported_and_the_others_are_shown() {
        let whole = "{\"agent\":\"a\"}\n";
        let (rows, problems) = shown(&format!("{whole}nonsense s3cret\n\n{whole}{{\"agent\":\"a"));
        assert_eq!(rows.len(), 2);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("line 2 is no audit record"), "{problems:?}");
        assert!(problems[1].starts_with("line 5 is cut off"), "{problems:?}");
        assert!(!problems.concat().contains("s3cret"));
    }

    #[test]
    fn an_intent_without_an_end_is_marked_and_one_with_its_end_is_not_shown() {
        let line = |kind: &str, call: u32, request: u32| {
            format!(
                "{{\"kind\":\"{kind}\",\"call\":\"{call}\",\"request\":{request},\"text\":\"{kind} {call} {request}\"}}\n"
            )
        };
        let lines = [
            line("intent", 1, 1),
            line("intent", 2, 1),
            line("request", 2, 1),
            line("intent", 1, 2),
            line("request", 1, 2),
            line("call", 2, 0),
        ];
        let (rows, problems) = shown(&lines.concat());
        assert_eq!(problems, Vec::<String>::new());
        let ends: Vec<&str> =
            rows.iter().map(|row| row.trim_end().rsplit("  ").next().unwrap()).collect();
        let open = "intent 1 1: it may have been made, no end was recorded";
        assert_eq!(ends, [open, "request 2 1", "request 1 2", "call 2 0"]);
    }

    #[test]
    fn hostile_text_in_the_file_does_not_reach_the_terminal() {
        let (rows, _) = shown(
            "{\"agent\":\"\\u001b[2Ja\",\"text\":\"x\\u202ey\\nz\",\"host\":\"\\u0007\",\"kind\":\"request\"}\n",
        );
        assert_eq!(rows[0].lines().count(), 1);
        assert!(
            !rows[0].trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{:?}",
            rows[0]
        );
    }
}
