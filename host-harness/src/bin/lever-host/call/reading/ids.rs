//! A function for many ids, some of them at a time.

use std::io;

use anyhow::bail;
use lever_host::catalog::{Function, Param};
use lever_host::policy::Limits;
use lever_host::value::Shown;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Line, Sink, less};

/// The most ids in one call: two seconds of Lever's pace. What a call that is
/// killed was answered is lost with it.
const MOST: u64 = 20;

/// The ids that are still to be asked for.
pub struct Ids<'a> {
    function: &'a str,
    param: &'a str,
    arguments: Map<String, Value>,
    ids: Vec<Value>,
    /// How many are done.
    done: usize,
    /// How many to ask for at once.
    size: u64,
    /// Tells one list with one query from others.
    mark: String,
    is_begun: bool,
}

impl<'a> Ids<'a> {
    pub fn new(
        function: &'a Function,
        param: &'a Param,
        mut arguments: Map<String, Value>,
        cursor: Option<&str>,
        limits: &Limits,
    ) -> anyhow::Result<Self> {
        let mark = mark(function, &arguments);
        let ids = match arguments.remove(&param.name) {
            Some(Value::Array(ids)) => ids,
            None => Vec::new(),
            Some(_) => bail!("{}: expected a list of ids", param.name),
        };
        let done = cursor.map_or(Ok(0), |cursor| opened(cursor, &mark, ids.len()))?;
        // Half of what the call's time allows at its agent's pace.
        let in_time = u64::from(limits.requests_per_second) * limits.call_timeout.as_secs() / 2;
        Ok(Ids {
            function: &function.name,
            param: &param.name,
            arguments,
            ids,
            done,
            size: in_time.clamp(1, MOST),
            mark,
            is_begun: false,
        })
    }

    fn part(&self) -> &[Value] {
        let rest = self.ids.get(self.done..).unwrap_or_default();
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        rest.get(..size).unwrap_or(rest)
    }

    pub fn next(&self) -> Option<(&'a str, Map<String, Value>)> {
        // An empty list is asked for once, so that it is refused where it would be.
        if self.part().is_empty() && self.is_begun {
            return None;
        }
        let mut arguments = self.arguments.clone();
        arguments.insert(self.param.to_owned(), self.part().into());
        Some((self.function, arguments))
    }

    pub fn take(&mut self, part: Shown<'_>, sink: Sink<'_>) -> io::Result<()> {
        self.done += self.part().len();
        self.is_begun = true;
        part.items().into_iter().flatten().try_for_each(|entry| sink(Line::Item(entry)))
    }

    pub fn shrink(&mut self) -> bool {
        let smaller = less(self.part().len() as u64);
        smaller.inspect(|size| self.size = *size).is_some()
    }

    pub fn cursor(&self) -> Option<String> {
        (self.done < self.ids.len()).then(|| format!("{}-{}", self.done, self.mark))
    }
}

/// How many are done: `200-<mark>` of an end line, or `200` as counted in the
/// lines of a process that was killed.
fn opened(cursor: &str, mark: &str, all: usize) -> anyhow::Result<usize> {
    let (done, own) = match cursor.split_once('-') {
        Some((done, own)) => (done, own),
        None => (cursor, mark),
    };
    let Ok(done) = done.parse::<usize>() else {
        bail!("--cursor takes the cursor of an end line, or how many ids are done");
    };
    if own != mark {
        bail!("--cursor is of another list of ids or another query; give the same ones again");
    }
    if done > all {
        bail!("--cursor says that {done} ids are done, and the list has {all}");
    }
    Ok(done)
}

fn mark(function: &Function, arguments: &Map<String, Value>) -> String {
    let mut hash = Sha256::new();
    hash.update(function.id());
    hash.update(serde_json::to_vec(arguments).unwrap_or_default());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
