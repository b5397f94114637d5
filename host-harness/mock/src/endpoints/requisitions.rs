//! Requisitions: the openings that postings are for and that hires are counted against.
//!
//! Read-only: changes of them and of their fields are left out.

use serde_json::{Value, json};

use crate::account::postings::is_confidential;
use crate::account::records::text;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, ONE, Resource, read};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;
use crate::random::Random;

const SCOPE: Names = &["requisitions"];

const EXPAND: Names = &["creator", "hiringManager", "owner", "postings"];

const QUERY: Names = &[
    "limit",
    "offset",
    "include",
    "created_at_start",
    "created_at_end",
    "requisition_code",
    "status",
    "confidentiality",
];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "requisitions",
    rows: &[
        read(SCOPE, "/requisitions", QUERY, EXPAND, list),
        read(SCOPE, "/requisitions/:requisition", ONE, EXPAND, get),
    ],
    records: Some(|state| {
        let requisitions = state.all::<Requisition>().iter();
        requisitions.map(|it| state.requisition_view(&it.0)).collect()
    }),
    seed: Some(seed),
};

/// The ids of the first of them, drawn before the opportunities: a seed makes the same account for
/// ever.
pub(crate) const IDS: Resource = Resource { seed: Some(seed_ids), ..Resource::EMPTY };

/// A requisition, as Lever sends it.
#[derive(Clone, Debug)]
pub(crate) struct Requisition(pub Value);

/// An id that a seeded requisition will have.
#[derive(Debug)]
struct Reserved(String);

/// Every status; the last two are those of an approval.
const STATES: [&str; 6] = ["draft", "open", "onHold", "closed", "pending", "rejected"];

impl State {
    pub fn requisition(&self, id: &str) -> Option<&Value> {
        let mut all = self.all::<Requisition>().iter().map(|it| &it.0);
        all.find(|requisition| text(requisition, "id") == id)
    }

    /// A requisition as GET shows it, nothing expanded, with the hires counted since.
    pub fn requisition_view(&self, requisition: &Value) -> Value {
        let is_own = |hire: &Value| hire.get("id") == requisition.get("id");
        let hires = self.applications.values().filter_map(|it| it.requisition.as_ref());
        let hires = hires.filter(|hire| is_own(hire)).count() as u64;
        let mut view = requisition.clone();
        if let Some(hired) = view.get_mut("headcountHired") {
            *hired = json!(hired.as_u64().unwrap_or(0) + hires);
        }
        view
    }
}

/// The record with the expansions and fields of the request.
fn shown(state: &State, requisition: &Value, call: &Call) -> Value {
    let mut view = state.requisition_view(requisition);
    for name in call.all("expand") {
        let Some(field) = view.get_mut(name).filter(|_| EXPAND.contains(&name)) else {
            continue;
        };
        match field {
            Value::String(id) => *field = state.user_view(id),
            Value::Array(ids) => {
                for id in ids.iter_mut() {
                    let posting = state.posting(id.as_str().unwrap_or_default());
                    *id = posting.unwrap_or(id).clone();
                }
            }
            _ => {}
        }
    }
    call.select(view)
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let created = Span::read(call, "created_at")?;
    let code = call.one("requisition_code")?;
    let status = call.one("status")?;
    if status.is_some_and(|status| !STATES.contains(&status)) {
        return Err(Failure::Query("Invalid parameter: status".to_owned()));
    }
    let confidentiality = match call.one("confidentiality")? {
        None => "non-confidential",
        Some(known @ ("non-confidential" | "confidential" | "all")) => known,
        Some(_) => return Err(Failure::Query("Invalid parameter: confidentiality".to_owned())),
    };
    if confidentiality != "non-confidential" && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    let rows = state.all::<Requisition>().iter().map(|it| &it.0).filter(|row| {
        created.allows(row.get("createdAt").and_then(Value::as_u64))
            && code.is_none_or(|code| text(row, "requisitionCode") == code)
            && status.is_none_or(|status| text(row, "status") == status)
            && (confidentiality == "all" || text(row, "confidentiality") == confidentiality)
    });
    let rows = rows.map(|row| (page::by_creation(row), row)).collect();
    let page = page::cut(call, rows)?;
    let data = page.rows.into_iter().map(|row| shown(state, row, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

/// The record a path names, refused where the credential may not see it.
fn find<'s>(state: &'s State, call: &Call) -> Result<&'s Value, Failure> {
    let requisition = state.requisition(call.id(0)).ok_or(Failure::NoRecord("Requisition"))?;
    if is_confidential(requisition) && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    Ok(requisition)
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, shown(state, find(state, call)?, call)))
}

/// Seeded: code, name, status, head count (0: unlimited), team, department, location, days before
/// the epoch.
type Seeded =
    (&'static str, &'static str, &'static str, u64, &'static str, &'static str, &'static str, u64);

const SEEDED: [Seeded; 8] = [
    (
        "ENG-145",
        "Infrastructure Engineer, Platform",
        "open",
        3,
        "Platform",
        "Engineering",
        "Portland, OR",
        340,
    ),
    ("SALES-12", "Account Executive", "open", 0, "Field", "Sales", "São Paulo", 300),
    ("ENG-101", "Site Reliability Engineer", "closed", 1, "Platform", "Engineering", "東京", 400),
    ("DES-7", "Product Designer", "onHold", 1, "Design", "Product", "Lisbon", 200),
    ("PEOPLE-3", "Recruiting Intern", "pending", 2, "", "", "", 120),
    ("DOC-2", "Technical Writer", "draft", 1, "Docs", "Product", "Remote - US", 60),
    ("OFF-1", "Office Manager", "rejected", 1, "Workplace", "People", "Lisbon", 90),
    ("FIN-9", "Chief of Staff", "open", 1, "Finance", "Finance", "Portland, OR", 45),
];

fn seed_ids(state: &mut State, _: &Seeding) {
    let ids = [state.random.uuid(), state.random.uuid(), state.random.uuid()];
    state.all_mut().extend(ids.map(Reserved));
}

fn seed(state: &mut State, seeding: &Seeding) {
    let mut reserved = std::mem::take(state.all_mut::<Reserved>()).into_iter();
    for (n, row) in SEEDED.into_iter().enumerate() {
        let id = reserved.next().map_or_else(|| state.random.uuid(), |reserved| reserved.0);
        let made = made(state, id, n, row, seeding);
        state.all_mut().push(Requisition(made));
    }
}

fn made(
    state: &mut State,
    id: String,
    n: usize,
    (code, name, status, total, team, department, location, age): Seeded,
    &Seeding { epoch, history, .. }: &Seeding,
) -> Value {
    let user = |at: usize| state.users.get(at).map(|user| text(user, "id").to_owned());
    let created_at = epoch - age * DAY / history.shrink();
    // As in old records: no users.
    let is_bare = total == 0;
    let creator = user(0).filter(|_| !is_bare);
    let approved_at = created_at + DAY;
    let posting = state.postings.iter().find(|posting| name.starts_with(text(posting, "text")));
    let postings: Vec<_> = posting.iter().map(|posting| text(posting, "id").to_owned()).collect();
    let filled = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    let approval = match (n, &creator) {
        (0 | 3, Some(creator)) => approval(&mut state.random, creator, &state.account, created_at),
        _ => json!({"steps": []}),
    };
    let user = |at: usize| state.users.get(at).map(|user| text(user, "id").to_owned());
    json!({
        "id": id,
        "createdAt": created_at,
        "confidentiality": if code == "FIN-9" { "confidential" } else { "non-confidential" },
        "status": status,
        "name": name,
        "requisitionCode": code,
        "headcountTotal": if total == 0 { json!("unlimited") } else { json!(total) },
        "headcountHired": if status == "closed" { 1 } else { 0 },
        "headcountInfinite": total == 0,
        "backfill": n % 4 == 3,
        "creator": creator,
        "owner": creator,
        "hiringManager": user(1).filter(|_| !is_bare),
        "internalNotes": if n == 0 { "Budget for three, prefer two" } else { "" },
        "compensationBand": n.is_multiple_of(3).then(|| json!({
            "min": 140_000,
            "max": 175_000,
            "currency": "USD",
            "interval": "per-year-salary",
        })),
        "approval": approval,
        "employmentStatus": match n {
            0 | 3 => Some("full-time"),
            2 => Some("Exempt Full-Time"),
            5 => Some("contractor"),
            _ => None,
        },
        "location": filled(location),
        "team": filled(team),
        "department": filled(department),
        "postings": postings,
        "offerIds": [],
        "timeToFillStartAt": (!is_bare).then_some(created_at),
        "timeToFillEndAt": (status == "closed").then_some(approved_at),
        "updatedAt": approved_at,
        "customFields": match n {
            0 => json!({
                "cost_center": {"city": "Portland", "campus_code": 2},
                "target_hire_date": epoch,
            }),
            3 => json!({"work_type": "full time"}),
            _ => json!({}),
        },
        "closedAt": (status == "closed").then_some(approved_at),
    })
}

/// A completed approval, by a named user and by the hiring manager.
fn approval(random: &mut Random, creator: &str, account: &str, at: u64) -> Value {
    let approved_at = at + DAY;
    json!({
        "steps": [{
            "completed": true,
            "status": "approved",
            "outOfBandOnly": false,
            "approvalsRequired": 1,
            "approvers": [
                {
                    "id": random.uuid(),
                    "user": {"userId": creator, "email": "mira.okafor@harborlight.example"},
                    "isDynamic": false,
                    "approved": true,
                    "approvedAt": approved_at,
                    "type": "static",
                },
                {
                    "id": random.uuid(),
                    "user": "Requisition hiring manager",
                    "isDynamic": true,
                    "approved": true,
                    "approvedAt": approved_at,
                    "type": "dynamic",
                    "overridingUserId": creator,
                },
            ],
            "id": random.uuid(),
        }],
        "id": random.uuid(),
        "status": "approved",
        "startedAt": at,
        "approvedAt": approved_at,
        "accountId": account,
        "createdBy": creator,
    })
}
