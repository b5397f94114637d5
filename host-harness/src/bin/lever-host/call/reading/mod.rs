//! Reading a result in parts: which call comes next, and what of a part is new.
//!
//! It calls nothing and has no clock: times come in as arguments, in
//! milliseconds since 1970.

mod ids;
mod pages;

use std::io;

use anyhow::bail;
use lever_host::catalog::{Catalog, Function, Parts};
use lever_host::policy::Limits;
use lever_host::value::Shown;
use serde_json::{Map, Value};

use ids::Ids;
use pages::Pages;

/// A result that is read in parts.
pub enum Reading<'a> {
    Pages(Pages<'a>),
    Ids(Ids<'a>),
}

/// What a part holds.
pub enum Line<'a> {
    Item(Shown<'a>),
    /// A record that could not be read, as the page names it.
    Skipped(Shown<'a>),
}

/// Takes the lines of a part.
pub type Sink<'a> = &'a mut dyn FnMut(Line<'_>) -> io::Result<()>;

/// Why reading cannot go on.
#[derive(Debug)]
pub enum Stop {
    Write(io::Error),
    /// A page leads back to one before it.
    Circle,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Write(error)
    }
}

impl<'a> Reading<'a> {
    /// Everything that the function would answer, from `cursor` on.
    pub fn new(
        function: &'a Function,
        arguments: Map<String, Value>,
        cursor: Option<&str>,
        limits: &Limits,
        now: u64,
    ) -> anyhow::Result<Self> {
        let known = |name: &String| function.params.iter().any(|param| param.name == *name);
        if let Some(unknown) = arguments.keys().find(|name| !known(name)) {
            let names: Vec<&str> =
                function.params.iter().map(|param| param.name.as_str()).collect();
            bail!("{unknown}: unknown parameter; known are {}", names.join(", "));
        }
        Ok(match Catalog::embedded().parts(function) {
            Some(Parts::Pages(page)) => Reading::Pages(Pages::new(page, arguments, cursor, now)?),
            Some(Parts::Ids(param)) => {
                Reading::Ids(Ids::new(function, param, arguments, cursor, limits)?)
            }
            None => bail!("{}", without_parts(function)),
        })
    }

    /// The function to call next with its arguments by name; none at the end.
    pub fn next(&self) -> Option<(&'a str, Map<String, Value>)> {
        match self {
            Reading::Pages(pages) => pages.next(),
            Reading::Ids(ids) => ids.next(),
        }
    }

    /// Takes the result of that call.
    pub fn take(&mut self, part: Shown<'_>, now: u64, sink: Sink<'_>) -> Result<(), Stop> {
        match self {
            Reading::Pages(pages) => pages.take(part, now, sink),
            Reading::Ids(ids) => Ok(ids.take(part, sink)?),
        }
    }

    /// Asks for less at a time from now on, if it can.
    pub fn shrink(&mut self) -> bool {
        match self {
            Reading::Pages(pages) => pages.shrink(),
            Reading::Ids(ids) => ids.shrink(),
        }
    }

    /// Where to go on; none at the end, and where nothing was read.
    pub fn cursor(&self) -> Option<String> {
        match self {
            Reading::Pages(pages) => pages.cursor(),
            Reading::Ids(ids) => ids.cursor(),
        }
    }
}

/// A quarter of it, for what took too much; none below one.
fn less(size: u64) -> Option<u64> {
    (size > 1).then(|| (size / 4).max(1))
}

fn without_parts(function: &Function) -> String {
    let catalog = Catalog::embedded();
    let siblings = catalog.functions().iter().filter(|other| other.interface == function.interface);
    let whole: Vec<&Function> = siblings.filter(|other| catalog.parts(other).is_some()).collect();
    let of_it = whole.iter().find(|whole| {
        matches!(catalog.parts(whole), Some(Parts::Pages(page)) if page.name == function.name)
    });
    let id = function.id();
    if let Some(whole) = of_it {
        return format!(
            "{id} reads one page; {} --jsonl reads page by page, with --cursor to go on",
            whole.id()
        );
    }
    let ids: Vec<String> = whole.iter().map(|function| function.id()).collect();
    match ids.is_empty() {
        true => format!("{id} cannot be read in parts, as --jsonl does"),
        false => format!("{id} cannot be read in parts, as --jsonl does; {} can", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests;
