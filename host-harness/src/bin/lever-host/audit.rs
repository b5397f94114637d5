//! `lever-host audit`: shows an audit file to people.
//!
//! Called from `main.rs` as `audit::run(&command)`. It trusts nothing in the file: lines that are
//! no records are reported and passed over, and every text is escaped again before it reaches the
//! terminal.

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
    /// Show an audit file, one sentence for each call and request
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
        /// Columns instead of sentences: decision, status, requests sent,
        /// milliseconds, records, rule
        #[arg(long)]
        table: bool,
    },
}

/// Runs the subcommand.
pub fn run(command: &AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Show { files, refused, table } = command;
    let width = io::stdout().is_terminal().then(columns);
    let form = if *table { Form::Table } else { Form::Sentences { width } };
    show(files, *refused, form)
}

/// Shows these files, oldest first.
pub fn show(files: &[PathBuf], refused: bool, form: Form) -> anyhow::Result<()> {
    let mut logs = files.iter().map(|file| Log::open(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut open = Open::default();
    for log in &mut logs {
        for entry in entries(log.reader()?) {
            if let Entry::Record(record) = entry? {
                open.take(&record);
            }
        }
    }
    if matches!(form, Form::Table) {
        print(&format!("{HEADING}\n"))?;
    }
    for log in &mut logs {
        for entry in entries(log.reader()?) {
            match entry? {
                Entry::Record(record) if is_shown(&record, &open, refused) => {
                    print(&form.line(&record))?;
                }
                Entry::Record(_) => {}
                Entry::Broken(problem) => eprintln!("{problem}"),
            }
        }
    }
    Ok(())
}

/// How records are shown.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// The sentence of each, wrapped at this many columns or not at all.
    Sentences {
        /// The columns of a terminal.
        width: Option<usize>,
    },
    /// A row of columns for each.
    Table,
}

impl Form {
    fn line(self, record: &Record) -> String {
        match self {
            Form::Sentences { width } => sentence(record, width),
            Form::Table => row(record),
        }
    }
}

fn columns() -> usize {
    usize::from(console::Term::stdout().size().1)
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
                    "line {number} is not an audit record (column {})",
                    error.column()
                )),
            }));
        }
    })
}

/// When it was, what happened, and how much of it: a call's requests stand above it, indented.
fn sentence(record: &Record, width: Option<usize>) -> String {
    let counted = |n: Option<u64>, unit: &str| {
        let plural = if n == Some(1) { "" } else { "s" };
        n.map(|n| format!("{n} {unit}{plural}"))
    };
    // What was refused took nothing.
    let took = record.ms.filter(|_| record.decision == Decision::Allowed);
    let requests = counted(record.attempts.filter(|n| *n > 0).map(u64::from), "request");
    let took = took.map(|ms| format!("{ms} ms"));
    let figures: Vec<String> = requests.into_iter().chain(took).collect();
    let end = match record.kind {
        Kind::Intent => ": it may have been made, no end was recorded".to_owned(),
        _ if figures.is_empty() => String::new(),
        _ => format!(" ({})", figures.join(", ")),
    };
    let indent = if record.kind == Kind::Call { "" } else { "  " };
    let start = format!("{:<24}  {indent}", escape(&record.time));
    let text = format!("{start}{}{end}", escape(&record.text));
    match width {
        None => format!("{text}\n"),
        Some(width) => {
            // The date is the file's; the time of the day is enough beside it.
            let short = time_of_day(&text);
            let hanging = " ".repeat(start.len() - (text.len() - short.len()));
            let options = textwrap::Options::new(width.max(40)).subsequent_indent(&hanging);
            format!("{}\n", textwrap::fill(short, options))
        }
    }
}

/// What follows the date, where there is one: `04:13:19.378Z` and the rest.
fn time_of_day(text: &str) -> &str {
    text.split_at_checked("2026-01-01T".len())
        .filter(|(date, _)| date.ends_with('T'))
        .map_or(text, |(_, rest)| rest)
}

const HEADING: &str = "time                      agent         what                                          decision  status  sent      ms  records  rule";

fn row(record: &Record) -> String {
    let what = match record.kind {
        Kind::Call => record.function.clone(),
        Kind::Request | Kind::Intent => {
            let target = record.route.as_deref().or(record.host.as_deref()).unwrap_or_default();
            format!("  {} {target}", record.method.as_deref().unwrap_or_default())
        }
    };
    let decision = match (record.kind, record.decision) {
        (Kind::Intent, _) => "no end",
        (_, Decision::Allowed) => "allowed",
        (_, Decision::Refused) => "refused",
        (_, Decision::Invalid) => "invalid",
    };
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    format!(
        "{:<24}  {:<12}  {:<44}  {decision:<8}  {:>6}  {:>4}  {:>6}  {:>7}  {}\n",
        escape(&record.time),
        escape(&record.agent),
        escape(&what),
        number(record.status.map(u64::from)),
        number(record.attempts.map(u64::from)),
        number(record.ms),
        number(record.records),
        escape(&record.rule),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNWRAPPED: Form = Form::Sentences { width: None };

    fn shown(form: Form, text: &str) -> (Vec<String>, Vec<String>) {
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
                    rows.push(form.line(&record));
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
            Form::Table,
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
        assert!(rows[0].ends_with("opportunities=read\n"));
    }

    #[test]
    fn sentences_are_wrapped_below_themselves_and_a_calls_requests_are_indented() {
        let text = r#"{"time":"2026-01-02T03:04:05.678Z","kind":"request","decision":"allowed","ms":109,"text":"sourcer sent GET /opportunities for opportunities.list-all, answered 200: allowed by opportunities=read"}
{"time":"2026-01-02T03:04:05.987Z","kind":"call","decision":"allowed","attempts":1,"ms":112,"text":"sourcer read 3 opportunities: allowed by opportunities=read"}
"#;
        let (rows, _) = shown(Form::Sentences { width: Some(80) }, text);
        let expected = "\
03:04:05.678Z    sourcer sent GET /opportunities for opportunities.list-all,
                 answered 200: allowed by opportunities=read (109 ms)
03:04:05.987Z  sourcer read 3 opportunities: allowed by opportunities=read (1
               request, 112 ms)
";
        assert_eq!(rows.concat(), expected);
        let (rows, _) = shown(UNWRAPPED, text);
        assert_eq!(rows.len(), 2);
        assert!(rows[1].starts_with("2026-01-02T03:04:05.987Z  sourcer read 3"), "{}", rows[1]);
    }

    #[test]
    fn a_broken_line_is_reported_and_the_others_are_shown() {
        let whole = "{\"agent\":\"a\"}\n";
        let (rows, problems) =
            shown(UNWRAPPED, &format!("{whole}nonsense s3cret\n\n{whole}{{\"agent\":\"a"));
        assert_eq!(rows.len(), 2);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].starts_with("line 2 is not an audit record"), "{problems:?}");
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
        let (rows, problems) = shown(UNWRAPPED, &lines.concat());
        assert_eq!(problems, Vec::<String>::new());
        let ends: Vec<&str> =
            rows.iter().map(|row| row.trim_end().rsplit("  ").next().unwrap()).collect();
        let open = "intent 1 1: it may have been made, no end was recorded";
        assert_eq!(ends, [open, "request 2 1", "request 1 2", "call 2 0"]);
    }

    #[test]
    fn hostile_text_in_the_file_does_not_reach_the_terminal() {
        let (rows, _) = shown(
            UNWRAPPED,
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
