//! Seeded resumes, files and offers, with bytes: sound ones, one nobody could read, names that need escaping.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::DAY;
use crate::account::documents::{Shelf, Stored};
use crate::account::state::{Opportunity, State, text};
use crate::endpoints::files::File;
use crate::endpoints::offers::Offer;
use crate::endpoints::resumes::Resume;

/// Something that looks like a PDF and says whose it is.
fn pdf(said: &str) -> Bytes {
    Bytes::from(format!("%PDF-1.4\n% {said}\n\u{0}\u{ff}\r\n--not-a-boundary\r\n%%EOF\n"))
}

fn stored(shelf: Shelf, name: &str, bytes: Bytes, at: u64) -> Stored {
    Stored { uploaded_at: at, ..Stored::new(shelf, name, bytes, at) }
}

fn parsed() -> Value {
    json!({
        "positions": [
            {
                "org": "Northfield Robotics",
                "title": "Site Reliability Engineer",
                "summary": "Ran the fleet control plane.",
                "location": "Portland, OR",
                "start": {"year": 2021, "month": 7},
                "end": null,
            },
            {
                "org": "Tidewater Labs",
                "title": "Systems Engineer",
                "summary": "",
                "location": null,
                "start": {"year": 2017, "month": null},
                "end": {"year": 2021, "month": 6},
            },
        ],
        "schools": [{
            "org": "Cascadia State University",
            "degree": "BS",
            "field": "Computer Science",
            "summary": null,
            "start": {"year": 2013, "month": 9},
            "end": {"year": 2017, "month": 5},
        }],
    })
}

fn resume(state: &mut State, row: &Opportunity, n: usize) {
    let at = row.created_at + 4;
    let file = stored(Shelf::Resume, "resume.pdf", pdf(&row.id), at);
    let made = Resume {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        created_at: row.created_at,
        file: Some(file.clone()),
        parsed: parsed(),
        has_parse: true,
    };
    let made = match n % 5 {
        0 => made,
        1 => {
            let bytes = Bytes::from_static(b"no pdf at all");
            let file = stored(Shelf::Resume, "corrupt.pdf", bytes, at);
            let file = Some(Stored { status: Some("error"), ..file });
            Resume { file, has_parse: false, ..made }
        }
        2 => Resume { file: None, ..made },
        3 => {
            let file = stored(Shelf::Resume, "履歴書 \"final\".docx", pdf(&row.id), at);
            let file = Some(Stored { is_spelt: true, ..file });
            Resume { file, parsed: Value::Null, ..made }
        }
        _ => {
            let second = Resume { id: state.random.uuid(), created_at: at + DAY, ..made.clone() };
            state.resumes.push(second);
            made
        }
    };
    let name = made.file.as_ref().map(|file| file.document.name.clone());
    if let Some(name) = name {
        state.file_action("resume-imported", &row.id, (&made.id, &name), None, at);
    }
    state.resumes.push(made);
}

fn file(state: &mut State, row: &Opportunity, n: usize) {
    let at = row.created_at + DAY;
    let (name, status, is_spelt) = match n % 5 {
        0 => ("portfolio.pdf", Some("processed"), false),
        1 => ("Zoë's \"best\" work; v2.pdf", Some("processed"), true),
        2 => ("photo.png", Some("unsupported"), false),
        3 => ("old.doc", None, false),
        _ => ("torn.pdf", Some("error"), false),
    };
    let stored = Stored { status, is_spelt, ..stored(Shelf::File, name, pdf(&row.id), at) };
    let id = state.random.uuid();
    state.file_action("file-added", &row.id, (&id, name), row.owner.clone(), at);
    if n % 7 == 6 {
        // Gone again: only what happened tells of it.
        state.file_action("file-remove", &row.id, (&id, name), row.owner.clone(), at + DAY);
        return;
    }
    state.files.push(File { id, opportunity: row.id.clone(), stored });
}

fn offer_field(text: &str, identifier: &str, value: Value) -> Value {
    json!({"text": text, "identifier": identifier, "value": value})
}

fn offer(state: &mut State, row: &Opportunity, n: usize) {
    let status = [
        "draft",
        "approval-sent",
        "approved",
        "sent",
        "sent-manually",
        "opened",
        "denied",
        "signed",
    ];
    let status = status.get(n % 8).copied().unwrap_or_default();
    let name = state.contacts.get(&row.contact).map(|contact| contact.name.clone());
    let email = state.contacts.get(&row.contact).and_then(|it| it.emails.first().cloned());
    let application = row.application.as_ref().and_then(|id| state.applications.get(id));
    let posting = application.map(|application| application.posting.clone());
    let manager = state.users.get(1).map(|user| text(user, "id").to_owned());
    let at = row.last_advanced_at;
    let (is_draft, is_signed) = (status == "draft", status == "signed");
    let is_sent = ["sent", "opened", "denied", "signed"].contains(&status);
    let mut signature = json!({
        "role": "candidate",
        "name": name.as_ref().filter(|_| !is_draft),
        "email": email.filter(|_| !is_draft),
    });
    let signing = [
        ("firstOpenedAt", json!(is_signed.then_some(at + DAY))),
        ("lastOpenedAt", json!(is_signed.then_some(at + 2 * DAY))),
        ("signedAt", json!(is_signed.then_some(at + 2 * DAY))),
        ("signed", json!(is_signed)),
    ];
    if let (false, Some(map)) = (is_draft, signature.as_object_mut()) {
        map.extend(signing.map(|(name, value)| (name.to_owned(), value)));
    }
    let signature = json!({"candidate": signature});
    let fields = json!({
        "posting": posting,
        "status": status,
        "fields": [
            offer_field("Job posting", "job_posting", json!(posting)),
            offer_field("Job title", "job_title", json!("Infrastructure Engineer")),
            offer_field("Candidate name", "candidate_name", json!(name)),
            offer_field("Office location", "location/office", json!("Portland, OR")),
            offer_field("Offered compensation amount", "salary_amount", json!(160_000)),
            offer_field("Hiring manager", "hiring_manager", json!(manager)),
            offer_field("Today's date", "today_date", json!(at)),
            offer_field("Offered equity", "offered_equity", Value::Null),
            offer_field("Relocation bonus", "custom_relocation_bonus", json!("5,000")),
        ],
        "signatures": if status == "sent-manually" { Value::Null } else { signature },
        "approved": if is_draft { Value::Null } else { json!(status != "approval-sent") },
        "approvedAt": (!is_draft && status != "approval-sent").then_some(at + 3_600_000),
        "sentAt": (is_sent || status == "sent-manually").then_some(at + 7_200_000),
    });
    let paper =
        |name: &str, at| stored(Shelf::Offer, name, pdf(&format!("{name} of {}", row.id)), at);
    let made = Offer {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        creator: row.owner.clone().unwrap_or_default(),
        created_at: at,
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        sent: is_sent.then(|| paper("offer-letter.pdf", at + 7_200_000)),
        signed: is_signed.then(|| paper("offer-letter_signed.pdf", at + 2 * DAY)),
    };
    state.offers.push(made);
}

/// Adds papers to the opportunities: a resume to every third, a file to every fourth, offers where there can be one.
pub(crate) fn add(state: &mut State) {
    let rows: Vec<_> = state.opportunities.values().cloned().collect();
    for (n, row) in rows.iter().step_by(3).enumerate() {
        resume(state, row, n);
    }
    for (n, row) in rows.iter().skip(1).step_by(4).enumerate() {
        file(state, row, n);
    }
    let late = rows.iter().filter(|row| state.stage_index(&row.stage).is_some_and(|at| at >= 10));
    let late: Vec<_> = late.cloned().collect();
    for (n, row) in late.iter().enumerate() {
        offer(state, row, n);
    }
}
