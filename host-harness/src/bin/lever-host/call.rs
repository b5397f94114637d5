//! `lever-host call`: one call, its result as JSON.

mod files;
mod out;

use crate::auth;
use crate::setup::Options;
use crate::signals::stop_at_signal;
use crate::tools::print;
use anyhow::{Context, bail};
use clap::Args;
use files::Files;
use indicatif::{ProgressBar, ProgressStyle};
use lever_host::audit::escape_json;
use lever_host::runtime::{Answer, CallError, Host};
use lever_host::value::Arguments;
use out::Out;
use serde_json::{Map, Value};
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a call may take before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// The arguments of `lever-host call`.
#[derive(Args)]
pub struct CallArgs {
    /// The interface, such as opportunities
    interface: String,
    /// The function, such as list-all
    function: String,
    /// One JSON value for each parameter, as in '{"expand": ["stage"]}' or
    /// '"lead-new"'; trailing ones that may be absent may be left out. Bytes
    /// are a string, {"base64": "..."} or, with --files, {"file": "path"}
    #[arg(value_name = "JSON")]
    arguments: Vec<String>,
    /// Let arguments name files below this directory
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Write the bytes in the result to this file, and print the rest
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let --out replace a file
    #[arg(long, requires = "out")]
    force: bool,
}

/// Calls and prints.
pub async fn run(options: &Options, args: &CallArgs) -> anyhow::Result<()> {
    let arguments = parse(&args.arguments)?;
    let agent = options.agent()?;
    let bytes = options.component()?;
    let credential = options.credential()?;
    let has_none = credential.is_none();
    let host = options.host(credential)?;
    stop_at_signal(host.stopper())?;
    let component = host.load(&bytes)?;
    let out = args.out.as_deref().map(|path| Out::prepare(path, args.force)).transpose()?;
    let files = Files::below(args.files.as_deref());
    let named = |object: &Map<String, Value>| files.bytes(object);
    let arguments = Arguments::new(&arguments).with_bytes(&named);
    let call = host.answer(&component, &agent, &args.interface, &args.function, arguments);
    let result = with_progress(&host, call).await;
    let outcome = show(result, out, has_none);
    auth::settle(host.settle()).await;
    outcome
}

fn show(result: Result<Answer, CallError>, out: Option<Out>, has_none: bool) -> anyhow::Result<()> {
    if let Err(CallError::Component(error)) = &result
        && has_none
        && error.get("status").and_then(Value::as_u64) == Some(401)
    {
        eprintln!(
            "hint: no credential was given; set LEVER_API_KEY or LEVER_ACCESS_TOKEN, use \
             --credential-file, or run `lever-host auth login`"
        );
    }
    let answer = result?;
    let text = match out {
        Some(out) => out.write(&answer)?,
        None => serde_json::to_string_pretty(&answer)?,
    };
    print(&format!("{}\n", escape_json(&text)))
}

fn parse(arguments: &[String]) -> anyhow::Result<Vec<Value>> {
    let parse = |(n, text): (usize, &String)| {
        serde_json::from_str(text).or_else(|error| {
            let bare = !text.trim_start().starts_with(['{', '[', '"']);
            if bare {
                let quoted = shell_quoted(&Value::from(text.as_str()).to_string());
                bail!("argument {} is no JSON; if it is meant as a string, write {quoted}", n + 1);
            }
            Err(error).with_context(|| format!("argument {} is no JSON", n + 1))
        })
    };
    arguments.iter().enumerate().map(parse).collect()
}

/// The text as one word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Waits for the call; on a terminal, a line tells how it goes.
async fn with_progress<T>(host: &Host, call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    if let Ok(result) = tokio::time::timeout(PATIENCE, &mut call).await {
        return result;
    }
    let start = Instant::now();
    // Hidden by itself where standard error is no terminal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_answered_with_its_quoted_form() {
        let error = |text: &str| parse(&["{}".to_owned(), text.to_owned()]).unwrap_err();
        assert_eq!(
            error("lead-new").to_string(),
            r#"argument 2 is no JSON; if it is meant as a string, write '"lead-new"'"#
        );
        assert!(error("O'Brien").to_string().ends_with(r#"write '"O'\''Brien"'"#));
        assert_eq!(error("{\"a\":").to_string(), "argument 2 is no JSON");
        assert_eq!(parse(&["\"x\"".to_owned()]).unwrap(), ["x"]);
    }
}
