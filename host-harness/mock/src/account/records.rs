//! The records that others refer to: the pipeline, people, their opportunities and applications.
//!
//! Users and postings are kept as JSON; the records of every other resource stand beside its
//! endpoints.

use serde_json::{Map, Value};

/// A pipeline stage.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub id: String,
    pub text: &'static str,
    /// Rank in tenths.
    pub rank: u32,
}

/// Why an opportunity was archived.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub id: String,
    pub text: &'static str,
    pub active: bool,
    pub hired: bool,
}

/// The archive mark of an opportunity or application.
#[derive(Clone, Debug)]
pub(crate) struct Archived {
    pub reason: String,
    pub at: u64,
}

/// One row of a stage history.
#[derive(Clone, Debug)]
pub(crate) struct StageChange {
    pub stage: String,
    pub index: usize,
    pub at: u64,
    pub user: Option<String>,
}

/// The person behind one or more opportunities; `links` show on the opportunities only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contact {
    pub id: String,
    pub name: String,
    pub headline: String,
    pub location: String,
    pub emails: Vec<String>,
    /// Kind and number.
    pub phones: Vec<(String, String)>,
    pub links: Vec<String>,
    pub is_anonymized: bool,
    /// As opportunities show it, or null.
    pub data_protection: Value,
}

/// An application, at most one for each opportunity.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub posting: String,
    pub archived: Option<Archived>,
    pub requisition: Option<Value>,
    /// Every other field, as Lever sends it.
    pub fields: Map<String, Value>,
}

/// A person's pursuit of one job, or of none.
#[derive(Clone, Debug)]
pub(crate) struct Opportunity {
    pub id: String,
    pub contact: String,
    pub stage: String,
    pub confidential: bool,
    pub tags: Vec<String>,
    pub sources: Vec<String>,
    pub archived: Option<Archived>,
    pub stage_changes: Vec<StageChange>,
    pub origin: String,
    pub sourced_by: Option<String>,
    pub owner: Option<String>,
    pub followers: Vec<String>,
    pub application: Option<String>,
    pub created_at: u64,
    pub updated_at: Option<u64>,
    pub last_interaction_at: u64,
    pub last_advanced_at: u64,
    pub snoozed_until: Option<u64>,
    /// Set with an application only.
    pub location: Option<String>,
    /// Keys no documentation mentions.
    pub extra: Map<String, Value>,
}

/// A string field of a record kept as JSON; empty when absent.
pub(crate) fn text<'v>(record: &'v Value, name: &str) -> &'v str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The strings of a list inside a record.
pub(crate) fn texts<'p>(record: &'p Value, name: &str) -> Vec<&'p str> {
    let items = record.get(name).and_then(Value::as_array);
    items.map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// Adds what is not there yet, in the order given.
pub(crate) fn add_new(list: &mut Vec<String>, items: Vec<String>) {
    for item in items {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// An e-mail address in the form two spellings of it share.
pub(crate) fn canonical_email(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Application {
    /// One for a posting, with these fields.
    pub fn new(posting: &Value, fields: Map<String, Value>) -> Self {
        let posting = text(posting, "id").to_owned();
        Self { posting, archived: None, requisition: None, fields }
    }
}
