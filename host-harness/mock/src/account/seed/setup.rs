//! What a seeded account is set up with: stages, archive reasons, users, postings.
//!
//! Tables of what there is, and how each row becomes a record; people come elsewhere.

use serde_json::{Value, json};

use super::DAY;
use crate::account::state::{Reason, Stage, text};
use crate::random::Random;

/// Pipeline stages: built-in id (empty: a UUID), text, rank in tenths.
const STAGES: [(&str, &str, u32); 12] = [
    ("lead-new", "New lead", 1000),
    ("lead-reached-out", "Reached out", 1010),
    ("lead-responded", "Responded", 1020),
    ("applicant-new", "New applicant", 2000),
    ("", "Recruiter screen", 2010),
    ("", "Phone interview", 2300),
    ("", "Technical exercise", 2305),
    ("", "On-site interview", 2310),
    ("", "Team match", 2400),
    ("", "Reference check", 2420),
    ("offer", "Offer", 3000),
    ("", "Background check", 3010),
];

/// Archive reasons: text, active, hired.
const REASONS: [(&str, bool, bool); 9] = [
    ("Hired", true, true),
    ("Hired as contractor", true, true),
    ("Underqualified", true, false),
    ("Unresponsive", true, false),
    ("Withdrew", true, false),
    ("Timing", true, false),
    ("Offer declined", true, false),
    ("Position closed", true, false),
    ("Culture fit", false, false),
];

/// Users: name, role (`*`: a custom role's id), job title, deactivated.
const USERS: [(&str, &str, &str, bool); 18] = [
    ("Mira Okafor", "super admin", "Head of Talent", false),
    ("Jonas Lindqvist", "team member", "Engineering Manager", false),
    ("Petra Novak", "interviewer", "", false),
    ("Sam Adeyemi", "limited team member", "Recruiting Coordinator", true),
    ("Yuki Tanabe", "admin", "Recruiter", false),
    ("Lucía Ferrer", "admin", "Recruiter", false),
    ("Oluwaseun Bello", "team member", "Sales Director", false),
    ("Anneke de Vries", "limited team member", "Sourcer", false),
    ("Łukasz Wrona", "interviewer", "Staff Engineer", false),
    ("Priya Raman", "interviewer", "Product Designer", false),
    ("Chen Jiahao", "interviewer", "", false),
    ("Noor Haddad", "team member", "Finance Lead", false),
    ("Elif Aydın", "*", "Executive Assistant", false),
    ("Tomás Rivas", "interviewer", "Data Engineer", true),
    ("Grace Whitfield", "super admin", "People Operations", false),
    ("Dmitri Sokolov", "interviewer", "Support Lead", false),
    ("Aoife Brennan", "*", "Agency Partner", false),
    ("Hana Kovács", "limited team member", "", true),
];

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

/// A name in the letters of a mailbox; empty for most scripts.
pub(crate) fn ascii(name: &str) -> String {
    let folded = name.to_lowercase().replace(' ', ".");
    let folded = folded.replace('ł', "l").replace(['í', 'ı'], "i").replace('á', "a");
    folded.chars().filter(|letter| letter.is_ascii()).collect()
}

pub(crate) fn users(random: &mut Random, epoch: u64) -> Vec<Value> {
    let custom_role = random.uuid();
    let mut users: Vec<Value> = Vec::new();
    for (n, (name, role, title, is_deactivated)) in (0..).zip(USERS) {
        let username = ascii(name);
        // Three years of joining, with milliseconds as real ones have them.
        let created_at = epoch - (1100 - 50 * n) * DAY + random.below(1000);
        let manager = users.first().filter(|_| n % 3 == 1).map(|user| text(user, "id"));
        users.push(json!({
            "id": random.uuid(),
            "name": name,
            "username": username,
            "email": format!("{username}@harborlight.example"),
            "accessRole": if role == "*" { custom_role.as_str() } else { role },
            "photo": (n % 4 == 0).then(|| format!("https://gravatar.com/avatar/{:016x}?s=26&d=404", random.bits())),
            "createdAt": created_at,
            "deactivatedAt": is_deactivated.then(|| epoch - (n + 1) * DAY),
            "externalDirectoryId": (n % 3 != 2).then(|| format!("HL-{}", 1000 + 7 * n)),
            "linkedContactIds": (n % 5 == 0).then(|| [random.uuid()]),
            "jobTitle": Some(title).filter(|title| !title.is_empty()),
            "managerId": manager,
        }));
    }
    users
}

fn posting(
    random: &mut Random,
    epoch: u64,
    n: u64,
    row: PostingRow,
    (owner, manager): (&str, &str),
    shrink: u64,
) -> Value {
    let (title, state, team, department, location, commitment) = row;
    let id = random.uuid();
    let is_public = matches!(state, "published" | "internal");
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
    let site = "https://jobs.lever.co/harborlight";
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
        "urls": is_public.then(|| json!({
            "list": site,
            "show": format!("{site}/{id}"),
            "apply": format!("{site}/{id}/apply"),
        })),
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

/// The pipeline.
pub(crate) fn stages(random: &mut Random) -> Vec<Stage> {
    let stages = STAGES.map(|(id, text, rank)| {
        let id = if id.is_empty() { random.uuid() } else { id.to_owned() };
        Stage { id, text, rank }
    });
    stages.into()
}

/// Why opportunities are archived.
pub(crate) fn reasons(random: &mut Random) -> Vec<Reason> {
    REASONS.map(|(text, active, hired)| Reason { id: random.uuid(), text, active, hired }).into()
}

fn id_at(users: &[Value], n: usize) -> &str {
    users.get(n).map_or("", |user| text(user, "id"))
}

/// The postings, owned by two of the users in turn.
pub(crate) fn postings(
    random: &mut Random,
    users: &[Value],
    epoch: u64,
    shrink: u64,
) -> Vec<Value> {
    let postings = (0..).zip(POSTINGS).map(|(n, row)| {
        let (owner, manager) = if n % 2 == 0 { (0, 1) } else { (4, 6) };
        let people = (id_at(users, owner), id_at(users, manager));
        posting(random, epoch, n, row, people, shrink)
    });
    postings.collect()
}
