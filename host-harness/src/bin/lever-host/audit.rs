//! `lever-host audit`: shows an audit file to people.
//!
//! Called from `main.rs` as `audit::run(&command)`. It trusts nothing in the file: lines that are no records are
//! reported and passed over, and every text is escaped again before it reaches the terminal.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;

use anyhow::Context;
use lever_host::audit::{Decision, Kind, Record, escape};

use crate::tools::print;

/// The subcommands of `lever-host audit`.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Show the records of an audit file as a table
    Show {
        /// The audit file
        file: PathBuf,
        /// Only what was refused
        #[arg(long)]
        refused: bool,
    },
}

/// Runs the subcommand.
pub fn run(command: &AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Show { file, refused } = command;
    let open =
        File::open(file).with_context(|| format!("cannot read the audit {}", file.display()))?;
    let is_terminal = io::stdout().is_terminal();
    print(&format!("{HEADING}\n"))?;
    for entry in entries(BufReader::new(open)) {
        match entry? {
            Entry::Record(record) if *refused && record.decision == Decision::Allowed => {}
            Entry::Record(record) => print(&row(&record, is_terminal))?,
            Entry::Broken(problem) => eprintln!("{problem}"),
        }
    }
    Ok(())
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
        Kind::Request => {
            let place = record.route.as_deref().or(record.host.as_deref()).unwrap_or_default();
            format!("  {} {place}", record.method.as_deref().unwrap_or_default())
        }
    };
    let decision = match record.decision {
        Decision::Allowed => "allowed",
        Decision::Refused => "refused",
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
    format!("{columns}{between}{}\n", escape(&record.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, Vec<String>) {
        let mut rows = Vec::new();
        let mut problems = Vec::new();
        for entry in entries(text.as_bytes()) {
            match entry.unwrap() {
                Entry::Record(record) => rows.push(row(&record, false)),
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
