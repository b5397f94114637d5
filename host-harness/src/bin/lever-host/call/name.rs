//! Which function is meant: `notes get`, `notes.get` as policies and audits
//! write it, or `notes_get` as `tools --json` names it.

use anyhow::{Context, bail};

/// A function, and the words that follow it.
#[derive(Debug, PartialEq)]
pub struct Named<'a> {
    pub interface: &'a str,
    pub function: &'a str,
    /// Whether it was named as in `tools --json`, whose schema has names.
    pub is_tool: bool,
    pub arguments: &'a [String],
}

/// Finds the function at the beginning of the words.
pub fn find(words: &[String]) -> anyhow::Result<Named<'_>> {
    let (first, rest) = words.split_first().context("no function was named")?;
    // A name of the WIT has neither, but for an interface written in full, as in
    // `ats:lever/notes@0.1.0`.
    let is_whole = |word: &str| !word.contains(['/', ':']);
    if let Some((interface, function)) = first.split_once(['_', '.']).filter(|_| is_whole(first)) {
        let is_tool = first.contains('_');
        return Ok(Named { interface, function, is_tool, arguments: rest });
    }
    match rest.split_first() {
        Some((function, arguments)) => {
            Ok(Named { interface: first, function, is_tool: false, arguments })
        }
        None => bail!(
            "{first} is an interface: name a function of it too, as in `{first} get` or \
             `{first}_get`; `lever-host tools` lists them"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_function_is_named_in_three_ways() {
        let rows = [
            ("notes list-page {}", ("notes", "list-page", false, 1)),
            ("notes.list-page {}", ("notes", "list-page", false, 1)),
            ("notes_list-page {} 3", ("notes", "list-page", true, 2)),
            ("notes_list-page", ("notes", "list-page", true, 0)),
            ("ats:lever/notes@0.1.0 list-page", ("ats:lever/notes@0.1.0", "list-page", false, 0)),
        ];
        for (line, expected) in rows {
            let words = words(line);
            let found = find(&words).unwrap();
            let count = found.arguments.len();
            assert_eq!((found.interface, found.function, found.is_tool, count), expected, "{line}");
        }
        let error = find(&words("notes")).unwrap_err().to_string();
        assert!(error.starts_with("notes is an interface"), "{error}");
    }
}
