//! Seeded postings: of every state, owned by two of the users in turn.

use serde_json::{Value, json};

use crate::account::postings::urls;
use crate::account::records::text;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::random::Random;

type PostingRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

/// Postings: title, state, team, department, location, commitment (empty: key absent).
const POSTINGS: [PostingRow; 10] = [
    (
        "Infrastructure Engineer",
        "published",
        "Platform",
        "Engineering",
        "Portland, OR",
        "Full-time",
    ),
    ("Backend Engineer", "published", "Payments", "Engineering", "Remote - EU", "Full-time"),
    ("Product Designer", "published", "Design", "Product", "Lisbon", "Full-time"),
    ("Account Executive", "published", "Field", "Sales", "São Paulo", "Full-time"),
    (
        "Customer Success Manager",
        "draft",
        "Customer Success",
        "Customer Success",
        "Portland, OR",
        "",
    ),
    ("Data Analyst", "internal", "Insights", "Finance", "Portland, OR", "Part-time"),
    ("Site Reliability Engineer", "closed", "Platform", "Engineering", "東京", "Full-time"),
    ("Recruiting Intern", "pending", "Talent", "People", "Portland, OR", "Internship"),
    ("Office Manager", "rejected", "Workplace", "People", "Lisbon", ""),
    ("Technical Writer", "published", "Docs", "Product", "Remote - US", "Contract"),
];

fn posting(
    random: &mut Random,
    &Seeding { epoch, history, .. }: &Seeding,
    n: u64,
    row: PostingRow,
    (owner, manager): (&str, &str),
) -> Value {
    let (title, state, team, department, location, commitment) = row;
    let (id, shrink) = (random.uuid(), history.shrink());
    let created_at = epoch - (400 - 20 * n) * DAY / shrink;
    let mut categories = json!({
        "department": department,
        "level": null,
        "location": location,
        "team": team,
        "allLocations": [location],
    });
    if let (false, Some(map)) = (commitment.is_empty(), categories.as_object_mut()) {
        map.insert("commitment".to_owned(), json!(commitment));
    }
    let mut posting = json!({
        "id": id,
        "text": title,
        "state": state,
        "distributionChannels": match state {
            "published" => json!(["internal", "public"]),
            _ => Value::Null,
        },
        "user": owner,
        "owner": owner,
        "hiringManager": (n % 3 != 2).then_some(manager),
        "categories": categories,
        "tags": if n.is_multiple_of(2) { json!(["high-priority"]) } else { json!([]) },
        "content": {
            "description": format!("Harborlight is hiring: {title}.\n"),
            "descriptionHtml": format!("<div>Harborlight is hiring: <b>{title}</b>.</div>"),
            "lists": [],
            "closing": "",
            "closingHtml": "",
        },
        "country": (n % 4 != 3).then_some("US"),
        "followers": [owner],
        "reqCode": null,
        "requisitionCodes": [],
        "urls": urls(&id, state),
        "confidentiality": "non-confidential",
        "createdAt": created_at,
        "updatedAt": created_at + random.below(100 * DAY / shrink),
        "workplaceType": random.word(&["onsite", "remote", "hybrid", "unspecified"]),
    });
    if let (true, Some(map)) = (n.is_multiple_of(3), posting.as_object_mut()) {
        let range = json!({
            "min": 90_000 + 5_000 * n,
            "max": 130_000 + 5_000 * n,
            "currency": "USD",
            "interval": "per-year-salary",
        });
        map.insert("salaryRange".to_owned(), range);
        map.insert("transcribeInterviews".to_owned(), json!(false));
        map.insert("screening".to_owned(), json!({"enabled": false}));
    }
    posting
}

fn id_at(users: &[Value], n: usize) -> &str {
    users.get(n).map_or("", |user| text(user, "id"))
}

pub(crate) fn seed(state: &mut State, seeding: &Seeding) {
    let (users, random) = (&state.users, &mut state.random);
    let postings = (0..).zip(POSTINGS).map(|(n, row)| {
        let (owner, manager) = if n % 2 == 0 { (0, 1) } else { (4, 6) };
        let people = (id_at(users, owner), id_at(users, manager));
        posting(random, seeding, n, row, people)
    });
    state.postings = postings.collect();
}
