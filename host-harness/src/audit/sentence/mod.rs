//! A record as one sentence, for people.
//!
//! It is made from the record's fields and from the first line that the WIT says of the function,
//! so it cannot claim more than they do: that something was changed is said only where a change was
//! sent and not turned down.

use super::record::{Decision, Kind, Record};
use crate::catalog::{Catalog, Function};

/// The verbs that functions' documentation begins with: as it stands there, plain, and past.
const VERBS: [(&str, &str, &str); 23] = [
    ("Adds", "add", "added"),
    ("Applies", "apply", "applied"),
    ("Archives", "archive", "archived"),
    ("Changes", "change", "changed"),
    ("Checks", "check", "checked"),
    ("Creates", "create", "created"),
    ("Decodes", "decode", "decoded"),
    ("Deletes", "delete", "deleted"),
    ("Downloads", "download", "downloaded"),
    ("Ends", "end", "ended"),
    ("Gets", "get", "got"),
    ("Lets", "let", "let"),
    ("Makes", "make", "made"),
    ("Marks", "mark", "marked"),
    ("Moves", "move", "moved"),
    ("Puts", "put", "put"),
    ("Reads", "read", "read"),
    ("Removes", "remove", "removed"),
    ("Returns", "return", "returned"),
    ("Shuts", "shut", "shut"),
    ("Subscribes", "subscribe", "subscribed"),
    ("Turns", "turn", "turned"),
    ("Uploads", "upload", "uploaded"),
];

/// What follows in a function's documentation is about the function rather than about the one call.
const ASIDES: [&str; 5] =
    [", ", "; ", " that match", " that was made through", " that were made through"];

/// What may follow a noun; another noun would be part of it, as in "a feedback form".
const AFTER: [&str; 14] = [
    "'s ", " again", " are ", " as ", " for ", " from ", " in", " of ", " on ", " out ", " that ",
    " to ", " was ", " with ",
];

/// The sentence of a record.
pub(super) fn sentence(record: &Record) -> String {
    let Record { agent, function, rule, .. } = record;
    match (record.kind, record.decision) {
        (Kind::Call, Decision::Allowed) => format!("{}: allowed by {rule}", call(record)),
        (Kind::Call, Decision::Refused) => format!("{agent} was refused {function}: {rule}"),
        (Kind::Call, Decision::Invalid) => {
            let why = match record.error.as_deref() {
                Some("no-such-function") => ", which the component does not have",
                _ => " with arguments that do not fit",
            };
            format!("{agent} called {function}{why}")
        }
        (Kind::Request | Kind::Intent, Decision::Refused | Decision::Invalid) => {
            format!("{agent} was refused {} for {function}: {rule}", request(record))
        }
        (Kind::Intent, Decision::Allowed) => {
            format!("{agent} is to send {} for {function}: allowed by {rule}", request(record))
        }
        (Kind::Request, Decision::Allowed) => {
            let end = match (failure(record), record.status) {
                (Some(failure), _) => format!(", which failed with {failure}"),
                (None, Some(status)) => format!(", answered {status}"),
                (None, None) => String::new(),
            };
            format!("{agent} sent {} for {function}{end}: allowed by {rule}", request(record))
        }
    }
}

/// What a call that was allowed did.
fn call(record: &Record) -> String {
    let Record { agent, function, .. } = record;
    let Some(deed) = Catalog::embedded().function_by_id(function).and_then(Deed::of) else {
        let changes = match record.changes {
            Some(1) => " and sent one change".to_owned(),
            Some(changes) => format!(" and sent {changes} changes"),
            None => String::new(),
        };
        let end = failure(record).map(|it| format!(", which failed with {it}")).unwrap_or_default();
        return format!("{agent} called {function}{changes}{end}");
    };
    let is_made = record.outcome.as_deref() == Some("applied");
    match failure(record) {
        Some(failure) if is_made => {
            format!("{agent} {}, then failed with {failure}", deed.past(record))
        }
        Some(failure) => {
            format!("{agent} tried to {}, which failed with {failure}", deed.plain(record))
        }
        None if deed.is_write && record.changes.is_none() => {
            format!("{agent} was to {} and changed nothing", deed.plain(record))
        }
        None => format!("{agent} {}", deed.past(record)),
    }
}

fn request(record: &Record) -> String {
    let method = record.method.as_deref().unwrap_or("a request");
    match (&record.route, &record.host) {
        (Some(route), _) => format!("{method} {route}"),
        (None, Some(host)) => format!("{method} to {host}"),
        (None, None) => method.to_owned(),
    }
}

/// How it failed, and what that means for a change.
fn failure(record: &Record) -> Option<String> {
    let error = record.error.as_ref()?;
    let meaning = record.outcome.as_ref().map(|outcome| match outcome.as_str() {
        "not-sent" => " (nothing was sent)",
        "not-applied" => " (nothing was changed)",
        "applied" => " (the change was made)",
        _ => " (the change may have been made)",
    });
    Some(format!("{error}{}", meaning.unwrap_or_default()))
}

/// What a function does, in the words of its documentation.
struct Deed {
    verb: &'static (&'static str, &'static str, &'static str),
    /// What follows the verb.
    rest: String,
    is_write: bool,
}

impl Deed {
    /// None where the documentation begins with a verb that is not known here, which a test rules
    /// out.
    fn of(function: &Function) -> Option<Deed> {
        let first =
            function.summary.split_once(". ").map_or(&*function.summary, |(first, _)| first);
        let clause = first.trim_end_matches('.');
        let end = ASIDES.iter().filter_map(|aside| clause.find(aside)).min();
        let clause = clause.get(..end.unwrap_or(clause.len()))?;
        let (verb, rest) = clause.split_once(' ')?;
        let verb = VERBS.iter().find(|(known, ..)| *known == verb)?;
        Some(Deed { verb, rest: rest.to_owned(), is_write: function.is_write() })
    }

    /// As in "added a note to opportunity 2ce5439e".
    fn past(&self, record: &Record) -> String {
        self.clause(record, |(_, _, past)| past)
    }

    /// As in "add a note to opportunity 2ce5439e".
    fn plain(&self, record: &Record) -> String {
        self.clause(record, |(_, plain, _)| plain)
    }

    fn clause(
        &self,
        record: &Record,
        form: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str,
    ) -> String {
        let mut clause = format!("{} {}", form(self.verb), self.rest);
        for verb in &VERBS {
            let second = format!(" and {} ", verb.0.to_lowercase());
            clause = clause.replace(&second, &format!(" and {} ", form(verb)));
        }
        // A page or a list is counted.
        if let Some(count) = record.records.filter(|_| record.function.contains(".list")) {
            clause = match clause.strip_prefix("read all ") {
                Some(things) if !things.starts_with("that ") => format!("read {count} {things}"),
                _ => format!("{clause} ({count} records)"),
            };
        }
        let mut unnamed = Vec::new();
        for (name, id) in &record.ids {
            let noun = name.replace('-', " ");
            match named(&clause, &noun, id) {
                Some(named) => clause = named,
                None => unnamed.push(format!("{noun} {id}")),
            }
        }
        if unnamed.is_empty() { clause } else { format!("{clause} ({})", unnamed.join(", ")) }
    }
}

/// The clause with "a note" as "note 2ce5439e".
fn named(clause: &str, noun: &str, id: &str) -> Option<String> {
    ["a", "an", "one"].iter().find_map(|article| {
        let phrase = format!(" {article} {noun}");
        let at = clause.find(&phrase)?;
        let after = clause.get(at + phrase.len()..)?;
        let ends = after.is_empty() || AFTER.iter().any(|next| after.starts_with(next));
        let before = clause.get(..at)?;
        ends.then(|| format!("{before} {noun} {id}{after}"))
    })
}

#[cfg(test)]
mod tests;
