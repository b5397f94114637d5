//! The account behind the mock: its records and how they hang together.
//!
//! Holds no HTTP and checks no request; `views` shows records, `changes`, `creation` and `notes` change them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::account::events::Event;
use crate::endpoints::deleted::Deleted;
use crate::endpoints::feedback::Feedback;
use crate::endpoints::feedback_templates::Template;
use crate::endpoints::file_actions::FileAction;
use crate::endpoints::files::File;
use crate::endpoints::offers::Offer;
use crate::endpoints::panels::record::Panel;
use crate::endpoints::postings::form::Questions;
use crate::endpoints::referrals::Referral;
use crate::endpoints::resumes::Resume;
use crate::endpoints::uploads::Upload;
use crate::endpoints::webhooks::Webhooks;
use crate::http::page::{Issued, Key, Part};
use crate::random::Random;
use crate::server::auth::Tokens;

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

/// A note or comment of a thread.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub value: String,
    pub created_at: u64,
    pub user: Option<String>,
    pub score: Option<u64>,
    pub stage: String,
}

/// A thread: the first comment is the note itself.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub id: String,
    pub opportunity: String,
    pub user: Option<String>,
    pub secret: bool,
    pub completed_at: u64,
    pub created_at: u64,
    pub comments: Vec<Comment>,
    /// Only these can be changed or deleted.
    pub made_by_api: bool,
}

/// Everything the account holds.
#[derive(Debug)]
pub(crate) struct State {
    pub stages: Vec<Stage>,
    pub reasons: Vec<Reason>,
    pub requisitions: Vec<Value>,
    pub users: Vec<Value>,
    pub postings: Vec<Value>,
    pub contacts: BTreeMap<String, Contact>,
    pub applications: BTreeMap<String, Application>,
    pub opportunities: BTreeMap<String, Opportunity>,
    pub notes: Vec<Note>,
    /// Its own id, which only internal shapes show.
    pub account: String,
    /// What templates can be grouped by.
    pub groups: Vec<Value>,
    pub templates: Vec<Template>,
    pub feedback: Vec<Feedback>,
    pub panels: Vec<Panel>,
    /// Application forms, by posting.
    pub questions: BTreeMap<String, Questions>,
    pub deleted_opportunities: Vec<Deleted>,
    pub deleted_applications: Vec<Value>,
    pub deleted_postings: Vec<Value>,
    pub files: Vec<File>,
    pub file_actions: Vec<FileAction>,
    pub resumes: Vec<Resume>,
    pub offers: Vec<Offer>,
    pub referrals: Vec<Referral>,
    pub uploads: Vec<Upload>,
    pub tokens: Tokens,
    pub webhooks: Webhooks,
    /// What the last write made happen.
    pub events: Vec<Event>,
    pub issued: Issued,
    /// Source of the ids of new records.
    pub random: Random,
}

/// A string field of a record kept as JSON; empty when absent.
pub(crate) fn text<'v>(record: &'v Value, name: &str) -> &'v str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl State {
    pub fn stage_index(&self, id: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.id == id)
    }

    pub fn reason(&self, id: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.id == id)
    }

    pub fn user(&self, id: &str) -> Option<&Value> {
        self.users.iter().find(|user| text(user, "id") == id)
    }

    /// What expanding a user's id shows.
    pub fn user_view(&self, id: &str) -> Value {
        self.user(id).cloned().unwrap_or_else(|| Value::from(id))
    }

    pub fn posting(&self, id: &str) -> Option<&Value> {
        self.postings.iter().find(|posting| text(posting, "id") == id)
    }

    /// What the opportunity list is sorted by.
    pub fn key(&self, row: &Opportunity) -> Key {
        let rank = self.stage_index(&row.stage).and_then(|index| self.stages.get(index));
        vec![
            Part::Rank(rank.map_or(0, |stage| stage.rank)),
            Part::Latest(Reverse(row.last_advanced_at)),
            Part::Text(row.id.clone()),
        ]
    }

    /// The threads of an opportunity, oldest first.
    pub fn notes_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Note> {
        self.notes.iter().filter(move |note| note.opportunity == opportunity)
    }
}
