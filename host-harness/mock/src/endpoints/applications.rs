//! Applications of an opportunity: none or one.
//!
//! Read-only; they are made by `apply` and `creation`.

use serde_json::{Map, Value, json};

use crate::account::state::{Application, Opportunity, State, text};
use crate::endpoints::opportunities::{find, select};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Answer, Failure};

/// What can be expanded.
pub(crate) const EXPAND: &[&str] = &["posting", "postingOwner", "postingHiringManager", "user"];

/// The fields of an application for a posting that nobody typed anything into.
pub(crate) fn blank(id: &str, opportunity: &str, posting: &Value, now: u64) -> Map<String, Value> {
    let fields = json!({
        "id": id,
        "type": "user",
        "candidateId": opportunity,
        "opportunityId": opportunity,
        "posting": null,
        "postingHiringManager": posting.get("hiringManager"),
        "postingOwner": posting.get("owner"),
        "name": null,
        "company": null,
        "phone": null,
        "email": null,
        "links": [],
        "comments": null,
        "user": null,
        "customQuestions": [],
        "createdAt": now,
        "archived": null,
        "requisitionForHire": null,
        "ipAddress": null,
        "referer": null,
        "userAgent": null,
        "acceptLanguage": null,
        "timezone": null,
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn shown(state: &State, application: &Application, call: &Call) -> Value {
    let mut view = application.view();
    for name in call.all("expand") {
        let Some(field) = view.get_mut(name).filter(|_| EXPAND.contains(&name)) else {
            continue;
        };
        if let Value::String(id) = field {
            *field = match name {
                "posting" => state.posting(id).cloned().unwrap_or_else(|| json!(id)),
                _ => state.user_view(id),
            };
        }
    }
    select(view, call)
}

fn of<'s>(state: &'s State, opportunity: &Opportunity) -> Option<&'s Application> {
    state.applications.get(opportunity.application.as_ref()?)
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let rows = of(state, find(state, call)?).into_iter();
    let rows = rows.map(|row| (page::by_creation(&row.view()), shown(state, row, call)));
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let application = of(state, find(state, call)?);
    let application = application.filter(|row| row.fields.get("id") == Some(&json!(call.id(1))));
    let application = application.ok_or(Failure::NoRecord("Application"))?;
    Ok(Answer::Data(200, shown(state, application, call)))
}

impl Application {
    pub fn view(&self) -> Value {
        let mut view = self.fields.clone();
        view.insert("posting".to_owned(), json!(self.posting));
        view.insert("archived".to_owned(), crate::account::views::archived(self.archived.as_ref()));
        view.insert("requisitionForHire".to_owned(), self.requisition.clone().unwrap_or_default());
        Value::Object(view)
    }

    /// One for a posting, with these fields.
    pub fn new(posting: &Value, fields: Map<String, Value>) -> Self {
        let posting = text(posting, "id").to_owned();
        Self { posting, archived: None, requisition: None, fields }
    }
}
