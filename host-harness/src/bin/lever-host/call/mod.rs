//! `lever-host call`: one call, its result as JSON; or a list in parts.

mod fields;
mod files;
mod hint;
mod input;
mod jsonl;
mod name;
mod out;
mod partial;
mod reading;
mod table;
mod unprinted;

pub use hint::Hint;
pub use partial::Partial;
pub use unprinted::Unprinted;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lever_host::audit::escape_json;
use lever_host::catalog::{Catalog, Shape};
use lever_host::runtime::{Answer, Host};

use crate::auth;
use crate::setup::Options;
use crate::signals::stop_at_signal;
use crate::tools::print;
use fields::Fields;
use files::Files;
use name::Named;

pub use out::Out;
use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

/// How long a call may take before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// The arguments of `lever-host call`.
#[derive(Args)]
#[command(override_usage = "lever-host call [OPTIONS] <INTERFACE> <FUNCTION> [JSON]...\n       \
    lever-host call [OPTIONS] <INTERFACE>_<FUNCTION> [JSON]...")]
pub struct CallArgs {
    /// The function, such as `opportunities list-all` or, as `tools --json` names it,
    /// `opportunities_list-all`; then one JSON value for each parameter, as in
    /// '{"expand": ["stage"]}' or '"lead-new"', or one object that holds them by
    /// name, as in '{"query": {"tag": ["Boats"]}, "max-items": 50}'. What may be
    /// absent may be left out. `-` reads a value from standard input, `@FILE` from
    /// a file; a list of strings may be one a line there. Bytes are a string,
    /// {"base64": "..."} or, with --files, {"file": "path"}
    #[arg(value_name = "FUNCTION [JSON]", required = true)]
    words: Vec<String>,
    /// Let arguments name files below this directory
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Write the bytes in the result to this file, and print the rest
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let --out replace a file
    #[arg(long, requires = "out")]
    force: bool,
    /// Read a list page by page, or many ids some at a time, and print each item
    /// as a line as it comes. The last line says {"complete":true}, or where to
    /// go on: {"complete":false,"cursor":"..."}
    #[arg(long, conflicts_with = "out")]
    jsonl: bool,
    /// Go on where the last line of --jsonl says
    #[arg(long, value_name = "CURSOR", requires = "jsonl")]
    cursor: Option<String>,
    /// Show these fields of each record alone, such as id,name,stage.id
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', conflicts_with = "out")]
    fields: Vec<String>,
    /// Print a table for people, with times in UTC
    #[arg(long, conflicts_with_all = ["out", "jsonl"])]
    table: bool,
}

/// Calls and prints.
pub async fn run(options: &Options, args: &CallArgs) -> anyhow::Result<()> {
    let agent = options.agent()?;
    let Named { interface, function, is_tool, arguments } = name::find(&args.words)?;
    let known = Catalog::embedded().function(interface, function);
    let shape = known.and_then(|function| function.result.as_ref());
    let fields = match args.fields.as_slice() {
        [] => None,
        paths => Some(Fields::new(paths, shape.map(Shape::records))?),
    };
    let given = input::read(arguments, known, is_tool).await?;
    let bytes = options.component()?;
    let credential = options.credential()?;
    let has_none = credential.is_none();
    let host = options.host(credential)?;
    stop_at_signal(host.stopper())?;
    let component = host.load(&bytes)?;
    if args.jsonl {
        let function = known.with_context(|| {
            format!(
                "{interface}.{function} is not a function of the Lever component, whose lists --jsonl \
                 reads; `lever-host tools` lists them"
            )
        })?;
        let cursor = args.cursor.as_deref();
        let (host, component) = (&host, &*component);
        let call = jsonl::Call { host, component, agent: &agent, function, given, cursor };
        let call = jsonl::run(call, fields.as_ref());
        let outcome = match io::stdout().is_terminal() {
            true => call.await,
            false => with_progress(host, call).await,
        };
        auth::settle(host.settle()).await;
        return outcome.map_err(|error| hint::add(error, has_none, options, &agent, None));
    }
    let out = args.out.as_deref().map(|path| Out::prepare(path, args.force)).transpose()?;
    let files = Files::below(args.files.as_deref());
    let named = |object: &Map<String, Value>| files.bytes(object);
    let arguments = given.arguments().with_bytes(&named);
    let call = host.answer(&component, &agent, interface, function, arguments);
    let result = with_progress(&host, call).await;
    let outcome = result.map_err(anyhow::Error::from).and_then(|answer| {
        let shown = match (out, args.table) {
            (Some(out), _) => out.write(&answer).and_then(|rest| out_json(&rest)),
            (None, true) => show_table(&answer, shape, fields.as_ref()),
            (None, false) => show_json(&answer, fields.as_ref()),
        };
        shown.map_err(|error| Unprinted::after(known, error))?;
        Partial::check(answer.missing())
    });
    auth::settle(host.settle()).await;
    outcome.map_err(|error| hint::add(error, has_none, options, &agent, known))
}

fn show_json(answer: &Answer, fields: Option<&Fields>) -> anyhow::Result<()> {
    out_json(&match fields {
        Some(fields) => serde_json::to_string_pretty(&fields.of_result(answer.to_value()))?,
        None => serde_json::to_string_pretty(answer)?,
    })
}

fn out_json(text: &str) -> anyhow::Result<()> {
    print(&format!("{}\n", escape_json(text)))
}

fn show_table(
    answer: &Answer,
    shape: Option<&Shape>,
    fields: Option<&Fields>,
) -> anyhow::Result<()> {
    let width = console::Term::stdout().size_checked().map(|(_, columns)| columns);
    let width = width.filter(|_| io::stdout().is_terminal());
    let table::Shown { table, notes } = table::lay_out(&answer.to_value(), shape, fields, width);
    print(&table)?;
    notes.iter().for_each(|note| eprintln!("{note}"));
    Ok(())
}

/// Waits for the call; on a terminal, a line tells how it goes.
async fn with_progress<T>(host: &Host, call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    if let Ok(result) = tokio::time::timeout(PATIENCE, &mut call).await {
        return result;
    }
    let start = Instant::now();
    // Hidden by itself where standard error is not a terminal.
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    loop {
        let seconds = (PATIENCE + start.elapsed()).as_secs_f32();
        bar.set_message(format!("{} requests sent, {seconds:.0} s", host.requests_sent()));
        bar.tick();
        if let Ok(result) = tokio::time::timeout(Duration::from_millis(100), &mut call).await {
            bar.finish_and_clear();
            return result;
        }
    }
}
