//! What happened to the files and resumes of an opportunity.
//!
//! Recorded wherever one is added or removed; never changed.

use serde_json::{Value, json};

use crate::account::state::State;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::{Names, Resource, read};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

/// Clients differ.
const SCOPE: Names = &["files", "opportunities"];

const FILE_ACTIONS: &str = "/opportunities/:opportunity/file_actions";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "file_actions",
    rows: &[read(SCOPE, FILE_ACTIONS, QUERY, &[], list)],
    ..Resource::EMPTY
};

/// The query of the list.
const QUERY: &[&str] = &["limit", "offset", "occurred_at_start", "occurred_at_end"];

/// One action.
#[derive(Clone, Debug)]
pub(crate) struct FileAction {
    pub id: String,
    pub opportunity: String,
    pub kind: &'static str,
    pub occurred_at: u64,
    pub user: Option<String>,
    pub file: String,
    pub name: String,
}

impl FileAction {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "opportunityId": self.opportunity,
            "type": self.kind,
            "occurredAt": self.occurred_at,
            // Recorded a moment later.
            "createdAt": self.occurred_at + 40,
            "user": self.user.as_ref().map(|id| json!({"id": id})),
            "meta": {"fileId": self.file, "fileName": self.name},
        })
    }
}

impl State {
    /// Records an action on the file of this id and name.
    pub fn file_action(
        &mut self,
        kind: &'static str,
        opportunity: &str,
        (file, name): (&str, &str),
        user: Option<String>,
        at: u64,
    ) {
        let id = self.random.uuid();
        self.all_mut::<FileAction>().push(FileAction {
            id,
            opportunity: opportunity.to_owned(),
            kind,
            occurred_at: at,
            user,
            file: file.to_owned(),
            name: name.to_owned(),
        });
    }
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let span = Span::read(call, "occurred_at")?.without_end();
    let rows = state.all::<FileAction>().iter().filter(|action| {
        action.opportunity == opportunity.id && span.allows(Some(action.occurred_at))
    });
    let rows = rows.map(|action| (page::by_time(action.occurred_at, &action.id), action.view()));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}
