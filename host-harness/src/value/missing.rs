//! What a result says that it lacks: entries with an error of their own, and
//! records that could not be read.

use std::fmt;

use super::Shown;
use crate::audit::escape;

/// The most characters of a reason that a component gave.
const REASON: usize = 500;

/// What is missing from a result, or from the parts of one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Entries, such as opportunities that were asked for.
    pub entries: u64,
    /// Those of them that hold an error in place of what was asked for.
    pub failed: u64,
    /// Records that were left out since they could not be read.
    pub skipped: u64,
    first_failed: Option<String>,
    first_skipped: Option<String>,
}

impl Missing {
    /// Looks through a result, or through the next part of one.
    pub fn look(&mut self, result: Shown<'_>) {
        self.skipped_in(result);
        let Some(entries) = result.items() else { return };
        for entry in entries {
            self.entries += 1;
            self.skipped_in(entry);
            let Some(error) = entry.field("error").filter(Shown::is_record) else { continue };
            self.failed += 1;
            let number = self.entries;
            self.first_failed.get_or_insert_with(|| {
                format!("entry {number}: {}", reason(error, "kind", "message"))
            });
        }
    }

    /// Whether nothing is missing.
    pub fn is_nothing(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }

    fn skipped_in(&mut self, record: Shown<'_>) {
        for skipped in
            record.field("skipped").and_then(|skipped| skipped.items()).into_iter().flatten()
        {
            self.skipped += 1;
            self.first_skipped.get_or_insert_with(|| reason(skipped, "path", "reason"));
        }
    }
}

/// Two texts of a record, for one line.
fn reason(record: Shown<'_>, name: &str, words: &str) -> String {
    let texts = [name, words].into_iter().filter_map(|name| record.field(name)?.text());
    let said = texts.collect::<Vec<_>>().join(": ");
    let said: String = escape(&said).chars().take(REASON).collect();
    if said.is_empty() { "without a reason".to_owned() } else { said }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = &self.first_failed {
            write!(
                f,
                "{} of {} entries hold an error, the first {first}",
                self.failed, self.entries
            )?;
        }
        if let Some(first) = &self.first_skipped {
            let and = if self.first_failed.is_some() { "; " } else { "" };
            let (count, s) = (self.skipped, if self.skipped == 1 { "" } else { "s" });
            write!(f, "{and}{count} record{s} could not be read, the first {first}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Tree;
    use serde_json::{Value, json};

    fn missing(parts: &[Value]) -> Missing {
        let mut missing = Missing::default();
        for part in parts {
            let part = Tree::from(part.clone());
            missing.look(Shown::new(&part));
        }
        missing
    }

    #[test]
    fn entries_with_an_error_are_counted_over_all_parts() {
        let good = json!({"opportunity": "a", "items": []});
        let bad = json!({"opportunity": "b", "items": [], "error": {"kind": "not-found", "message": "Gone."}});
        let found = missing(&[json!([good, good]), json!([bad, good, bad])]);
        assert_eq!((found.entries, found.failed, found.skipped), (5, 2, 0));
        assert_eq!(
            found.to_string(),
            "2 of 5 entries hold an error, the first entry 3: not-found: Gone."
        );
        assert!(missing(&[json!([good])]).is_nothing());
        // A record of another kind, whose field has this name.
        assert!(
            missing(&[json!([{"error": "none"}]), json!({"error": {"kind": "x"}})]).is_nothing()
        );
    }

    #[test]
    fn records_that_could_not_be_read_are_counted_in_pages_and_entries() {
        let skipped = json!({"position": 3, "path": "data[3].createdAt", "reason": "expected a number\u{1b}[2J"});
        let page = json!({"items": [{"id": "a"}], "skipped": [skipped, skipped]});
        let found = missing(&[page]);
        assert_eq!(
            found.to_string(),
            "2 records could not be read, the first data[3].createdAt: expected a number\\u{1b}[2J"
        );
        let entry = json!({"opportunity": "a", "items": [], "skipped": [skipped]});
        assert_eq!(missing(&[json!([entry])]).skipped, 1);
        assert!(missing(&[json!({"items": [], "skipped": []}), json!(3)]).is_nothing());
    }
}
