//! The arguments of a call: JSON on the command line, from a file or from
//! standard input, in order or by name.
//!
//! What a file or standard input holds is data: no `@` and no `-` in it means
//! anything, and no error repeats it.

use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use lever_host::catalog::{Function, Param};
use lever_host::value::Arguments;
use serde_json::{Map, Value};

/// The bytes of one argument: as many as the largest request may have.
const MOST: u64 = 64 << 20;

/// How long reading may take in silence.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a call was given.
pub enum Given {
    InOrder(Vec<Value>),
    ByName(Map<String, Value>),
}

impl Given {
    /// As the call takes them.
    pub fn arguments(&self) -> Arguments<'_> {
        match self {
            Given::InOrder(values) => Arguments::new(values),
            Given::ByName(values) => Arguments::by_name(values),
        }
    }

    /// By the names of the function's parameters.
    ///
    /// # Errors
    ///
    /// Where there are more values than parameters.
    pub fn into_named(self, function: &Function) -> anyhow::Result<Map<String, Value>> {
        let names: Vec<&String> = function.params.iter().map(|param| &param.name).collect();
        match self {
            Given::ByName(values) => Ok(values),
            Given::InOrder(values) if values.len() > names.len() => {
                bail!("the function takes at most {}, got {} arguments", names.len(), values.len())
            }
            Given::InOrder(values) => Ok(names.into_iter().cloned().zip(values).collect()),
        }
    }

    /// One object stands for all parameters where it names one of them, or where
    /// it could not be the first; `is_tool` says that it must.
    fn new(mut values: Vec<Value>, function: Option<&Function>, is_tool: bool) -> Self {
        let [Value::Object(object)] = values.as_mut_slice() else { return Given::InOrder(values) };
        let names_one = function.is_some_and(|function| {
            let params = &function.params;
            params.iter().any(|param| object.contains_key(&param.name))
                || params.first().is_some_and(|first| !first.takes_object())
        });
        match is_tool || names_one {
            true => Given::ByName(std::mem::take(object)),
            false => Given::InOrder(values),
        }
    }
}

/// Where an argument comes from.
#[derive(Clone, Copy, PartialEq)]
enum Source<'a> {
    Here(&'a str),
    StandardInput,
    File(&'a Path),
}

impl<'a> Source<'a> {
    fn of(word: &'a str) -> Self {
        match word.strip_prefix('@') {
            Some("-") => Source::StandardInput,
            Some(path) => Source::File(Path::new(path)),
            None if word == "-" => Source::StandardInput,
            None => Source::Here(word),
        }
    }
}

/// An argument by its number, and by its source where that is not plain to see.
struct Name<'a>(usize, Source<'a>);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "argument {}", self.0 + 1)?;
        match self.1 {
            Source::Here(_) => Ok(()),
            Source::StandardInput => f.write_str(" (standard input)"),
            Source::File(path) => write!(f, " ({})", path.display()),
        }
    }
}

/// Reads the arguments of a function, which is known if it is one of the WIT.
pub async fn read(
    words: &[String],
    function: Option<&Function>,
    is_tool: bool,
) -> anyhow::Result<Given> {
    let sources: Vec<Source<'_>> = words.iter().map(|word| Source::of(word)).collect();
    if sources.iter().filter(|source| **source == Source::StandardInput).count() > 1 {
        bail!("only one argument may be `-`: standard input is read once");
    }
    let mut values = Vec::with_capacity(words.len());
    for (place, source) in sources.into_iter().enumerate() {
        let name = Name(place, source);
        let param = function.and_then(|function| function.params.get(place));
        values.push(match source {
            Source::Here(text) => here(text, &name)?,
            source => parse(load(source, &name).await?, param, &name)?,
        });
    }
    Ok(Given::new(values, function, is_tool))
}

/// An argument on the command line.
fn here(text: &str, name: &Name<'_>) -> anyhow::Result<Value> {
    serde_json::from_str(text).or_else(|error| {
        let bare = !text.trim_start().starts_with(['{', '[', '"']);
        if bare {
            let quoted = shell_quoted(&Value::from(text).to_string());
            bail!("{name} is not JSON; to pass it as a string, write {quoted}");
        }
        Err(error).with_context(|| format!("{name} is not JSON"))
    })
}

/// The text as one word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The bytes of a source that may keep one waiting: a pipe, a terminal.
async fn load(source: Source<'_>, name: &Name<'_>) -> anyhow::Result<Vec<u8>> {
    let shown = name.to_string();
    if source == Source::StandardInput && io::stdin().is_terminal() {
        eprintln!("reading {shown}; end it with Ctrl-D");
    }
    let path = match source {
        Source::File(path) if path == Path::new("") => {
            bail!("{name}: `@` is followed by the path of a file, or by `-` for standard input")
        }
        Source::File(path) => Some(path.to_owned()),
        _ => None,
    };
    // A thread of its own: one of the runtime's would keep an interrupted
    // process from ending.
    let (send, mut receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = send.send(match path {
            Some(path) => std::fs::File::open(path).and_then(bounded),
            None => bounded(io::stdin().lock()),
        });
    });
    let bytes = match tokio::time::timeout(PATIENCE, &mut receive).await {
        Ok(read) => read,
        Err(_) => {
            eprintln!("still waiting for the end of {shown}");
            receive.await
        }
    };
    let bytes = bytes
        .unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
        .map_err(|error| anyhow!("{name} cannot be read: {error}"))?;
    if bytes.len() as u64 > MOST {
        bail!("{name} has more than {} MiB", MOST >> 20);
    }
    Ok(bytes)
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// JSON, or for a list of strings one a line.
fn parse(bytes: Vec<u8>, param: Option<&Param>, name: &Name<'_>) -> anyhow::Result<Value> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        anyhow!("{name} is not UTF-8 in line {}", line_of(before))
    })?;
    // Some editors and shells begin a file with a mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let takes_lines = param.is_some_and(Param::is_list_of_texts);
    if text.trim().is_empty() {
        match takes_lines {
            true => bail!("{name} is empty; give one value a line, or [] for none"),
            false => bail!("{name} is empty; give one JSON value"),
        }
    }
    if takes_lines && !text.trim_start().starts_with(['[', '{']) {
        return lines(text, name);
    }
    serde_json::from_str(text).map_err(|error| match takes_lines {
        true => anyhow!("{name} is not JSON: {error}; give one value a line, or one JSON list"),
        false => anyhow!("{name} is not JSON: {error}"),
    })
}

fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A list of strings, one a line; a line in quotes is a JSON string, as `jq`
/// prints it.
fn lines(text: &str, name: &Name<'_>) -> anyhow::Result<Value> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let values = lines.map(|(place, line)| {
        let number = place + 1;
        if line.starts_with('"') {
            let read = serde_json::from_str::<String>(line);
            return read
                .map(Value::from)
                .map_err(|_| anyhow!("{name}: line {number} is not one JSON string"));
        }
        if line.starts_with(['{', '[']) {
            bail!("{name}: line {number} is JSON; give one value a line, or one JSON list");
        }
        if line.contains(char::is_control) {
            bail!("{name}: line {number} holds a control character; give one value a line");
        }
        Ok(Value::from(line))
    });
    Ok(Value::Array(values.collect::<anyhow::Result<_>>()?))
}

#[cfg(test)]
mod tests;
