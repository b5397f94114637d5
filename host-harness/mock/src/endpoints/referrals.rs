//! Referrals: forms filled in by those who recommended a candidate.
//!
//! Read-only; they are made in the product.

use serde_json::{Value, json};

use crate::account::records::text;
use crate::account::seed::Seeding;
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, below, read};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["referrals"];

const EXPAND: Names = &["user", "referrer", "stage"];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "referrals",
    rows: &[
        read(SCOPE, "/opportunities/:opportunity/referrals", PAGE, EXPAND, list),
        read(SCOPE, "/opportunities/:opportunity/referrals/:referral", ONE, EXPAND, get),
    ],
    records: Some(|state| {
        let referrals = state.all::<Referral>().iter();
        referrals.map(|it| below(it.view.clone(), &it.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// A referral.
#[derive(Clone, Debug)]
pub(crate) struct Referral {
    pub opportunity: String,
    /// The record, as Lever sends it.
    pub view: Value,
}

impl State {
    /// The referrals of an opportunity, oldest first.
    pub fn referrals_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Value> {
        let own = self.all::<Referral>().iter().filter(move |it| it.opportunity == opportunity);
        own.map(|referral| &referral.view)
    }
}

/// The record with the expansions and fields of the request.
fn shown(state: &State, referral: &Value, call: &Call) -> Value {
    let mut view = referral.clone();
    for name in call.all("expand") {
        let Some(field) = view.get_mut(name).filter(|_| EXPAND.contains(&name)) else {
            continue;
        };
        if let Value::String(id) = field {
            *field = match name {
                "stage" => {
                    let stage = state.stage(id);
                    stage.map_or_else(|| json!(id), |stage| stage.view())
                }
                _ => state.user_view(id),
            };
        }
    }
    call.select(view)
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let rows = state.referrals_of(&opportunity.id);
    let rows = rows.map(|row| (page::by_creation(row), shown(state, row, call)));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let mut rows = state.referrals_of(&opportunity.id);
    let row = rows.find(|row| text(row, "id") == call.id(1));
    let row = row.ok_or(Failure::NoRecord("Referral"))?;
    Ok(Reply::Data(200, shown(state, row, call)))
}

/// How a referrer knows the candidate.
const RELATIONSHIPS: [&str; 5] =
    ["Former colleague", "Friend", "Reputation", "Other", "Don't know this person"];

/// A referral for every opportunity of origin `referred`, and a second one for some: by a user or
/// an outsider, completed or not, at a stage or not.
fn seed(state: &mut State, _: &Seeding) {
    let template = state.random.uuid();
    let questions = [state.random.uuid(), state.random.uuid(), state.random.uuid()];
    let referred = state.opportunities.values().filter(|row| row.origin == "referred");
    let referred: Vec<_> =
        referred.map(|row| (row.id.clone(), row.created_at, row.stage.clone())).collect();
    for (n, (opportunity, created_at, stage)) in referred.into_iter().enumerate() {
        for second in 0..=usize::from(n % 4 == 1) {
            let random = &mut state.random;
            let user = random.pick(&state.users).cloned().unwrap_or_default();
            let is_outside = n % 3 == 2;
            let referrer = if is_outside { "Zoë Marchetti" } else { text(&user, "name") };
            let relationship = random.word(&RELATIONSHIPS);
            let at = created_at + 3_600_000 * second as u64;
            let comment = n.is_multiple_of(2).then_some("We shipped two releases together.");
            let view = json!({
                "id": random.uuid(),
                "type": "referral",
                "text": "Referral",
                "instructions": "",
                "fields": fields(&questions, referrer, relationship, comment),
                "baseTemplateId": template,
                "user": user.get("id"),
                "referrer": user.get("id").filter(|_| !is_outside),
                "stage": (n % 5 == 3).then_some(&stage),
                "createdAt": at,
                "completedAt": (n % 6 != 4).then_some(at),
            });
            state.all_mut::<Referral>().push(Referral { opportunity: opportunity.clone(), view });
        }
    }
}

fn fields(
    [name, relationship, comment]: &[String; 3],
    referrer: &str,
    chosen: &str,
    note: Option<&str>,
) -> Value {
    json!([
        {
            "description": "",
            "required": true,
            "text": "Name of referrer",
            "type": "text",
            "id": name,
            "value": referrer,
        },
        {
            "description": "",
            "required": true,
            "text": "Relationship",
            "type": "dropdown",
            "id": relationship,
            "prompt": "Select one",
            "options": RELATIONSHIPS.map(|text| json!({"text": text})),
            "value": chosen,
        },
        {
            "description": "",
            "required": false,
            "text": "Notes / Comments",
            "type": "textarea",
            "id": comment,
            "value": note,
        },
    ])
}
