//! What happened to the files and resumes of an opportunity.
//!
//! Written by whatever adds or removes one; never changed.

use serde_json::{Value, json};

use crate::account::state::State;
use crate::endpoints::opportunities::filter::Span;
use crate::endpoints::opportunities::find;
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// The query of the list.
pub(crate) const QUERY: &[&str] = &["limit", "offset", "occurred_at_start", "occurred_at_end"];

/// One happening.
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
            // It is written down a moment later.
            "createdAt": self.occurred_at + 40,
            "user": self.user.as_ref().map(|id| json!({"id": id})),
            "meta": {"fileId": self.file, "fileName": self.name},
        })
    }
}

impl State {
    /// Notes down that something happened to the file of this id and name.
    pub fn file_action(
        &mut self,
        kind: &'static str,
        opportunity: &str,
        (file, name): (&str, &str),
        user: Option<String>,
        at: u64,
    ) {
        let id = self.random.uuid();
        self.file_actions.push(FileAction {
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

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let span = Span::read(call, "occurred_at")?.without_end();
    let rows = state.file_actions.iter().filter(|action| {
        action.opportunity == opportunity.id && span.allows(Some(action.occurred_at))
    });
    let rows = rows.map(|action| {
        (vec![Part::Earliest(action.occurred_at), Part::Text(action.id.clone())], action.view())
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}
