//! Applications of an opportunity: none or one.
//!
//! Read-only; they are made with an opportunity, or by applying to a posting.

use serde_json::{Map, Value, json};

use crate::account::records::{Application, Opportunity};
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, read};
use crate::endpoints::common::{access, deleted};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["applications"];

const APPLICATIONS: &str = "/opportunities/:opportunity/applications";
const APPLICATION: &str = "/opportunities/:opportunity/applications/:application";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "applications",
    rows: &[
        read(SCOPE, "/applications/deleted", deleted::QUERY, &[], list_deleted),
        read(SCOPE, APPLICATIONS, PAGE, EXPAND, list),
        read(SCOPE, APPLICATION, ONE, EXPAND, get),
    ],
    records: Some(|state| state.applications.values().map(Application::view).collect()),
    ..Resource::EMPTY
};

/// A deleted application, as its list shows it.
#[derive(Clone, Debug)]
pub(crate) struct Deleted(pub Value);

/// What can be expanded.
const EXPAND: &[&str] = &["posting", "postingOwner", "postingHiringManager", "user"];

/// The fields of an application without answers.
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
    call.select(view)
}

fn of<'s>(state: &'s State, opportunity: &Opportunity) -> Option<&'s Application> {
    state.applications.get(opportunity.application.as_ref()?)
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let rows = of(state, access::opportunity(state, call)?).into_iter();
    let rows = rows.map(|row| (page::by_creation(&row.view()), shown(state, row, call)));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let application = of(state, access::opportunity(state, call)?);
    let application = application.filter(|row| row.fields.get("id") == Some(&json!(call.id(1))));
    let application = application.ok_or(Failure::NoRecord("Application"))?;
    Ok(Reply::Data(200, shown(state, application, call)))
}

fn list_deleted(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let window = deleted::window(call)?.without_end();
    deleted::list(state.all::<Deleted>().iter().map(|it| &it.0), &window, call)
}
