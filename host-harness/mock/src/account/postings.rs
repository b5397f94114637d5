//! Postings, which are kept as JSON.

use serde_json::{Value, json};

use crate::account::records::text;

/// The states a posting can be in.
pub(crate) const STATES: [&str; 6] =
    ["published", "internal", "closed", "draft", "pending", "rejected"];

/// Where a published posting can be shown.
pub(crate) const CHANNELS: [&str; 2] = ["internal", "public"];

/// Whether it and its opportunities show only to those with access to confidential data.
pub(crate) fn is_confidential(posting: &Value) -> bool {
    text(posting, "confidentiality") == "confidential"
}

/// A category of a posting; empty when absent.
pub(crate) fn category<'p>(posting: &'p Value, name: &str) -> &'p str {
    posting.get("categories").map_or("", |categories| text(categories, name))
}

/// The title, department, team, location and commitment of a posting, which an opportunity gets as
/// tags.
pub(crate) fn posting_tags(posting: &Value) -> Vec<String> {
    let tags = [
        text(posting, "text"),
        category(posting, "department"),
        category(posting, "team"),
        category(posting, "location"),
        category(posting, "commitment"),
    ];
    tags.into_iter().filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// Where people find a posting on the job site; null while they cannot.
pub(crate) fn urls(id: &str, state: &str) -> Value {
    let site = "https://jobs.lever.co/harborlight";
    match state {
        "published" | "internal" => json!({
            "list": site,
            "show": format!("{site}/{id}"),
            "apply": format!("{site}/{id}/apply"),
        }),
        _ => Value::Null,
    }
}
