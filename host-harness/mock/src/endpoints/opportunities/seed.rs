//! Seeded people, their opportunities and applications.
//!
//! Chooses proportions; the records themselves are defined elsewhere.

use serde_json::{Map, Value, json};

use crate::account::postings::{category, posting_tags};
use crate::account::records::{
    Application, Archived, Contact, Opportunity, StageChange, add_new, text,
};
use crate::account::seed::{DAY, History, Seeding, ascii};
use crate::account::state::State;
use crate::endpoints::opportunities::words::{FIRMS, LOCATIONS, NAMES, SOURCES, TAGS};
use crate::random::Random;

fn contact(random: &mut Random, epoch: u64, n: usize) -> Contact {
    let id = random.uuid();
    if n % 61 == 17 {
        return Contact { id, is_anonymized: true, ..Contact::default() };
    }
    // Each name once, then at random: every script is there even in a small account.
    let name = NAMES.get(n).copied().unwrap_or_else(|| random.word(&NAMES));
    let mailbox = ascii(name);
    let mailbox = mailbox.trim_matches('.');
    let mailbox = if mailbox.is_empty() { "candidate" } else { mailbox };
    let mailbox: String =
        mailbox.chars().filter(|c| c.is_alphanumeric() || ".-'".contains(*c)).collect();
    let mut emails = Vec::new();
    if random.chance(88) {
        emails.push(format!("{mailbox}.{n}@example.com"));
    }
    if random.chance(12) {
        emails.push(format!("{mailbox}+jobs{n}@example.org"));
    }
    let mut phones = Vec::new();
    if random.chance(60) {
        let kind = random.word(&["mobile", "home", "work", "skype", "other"]);
        phones.push((kind.to_owned(), format!("(503) 555-{:04}", random.below(10_000))));
    }
    let headline = match random.below(10) {
        0..=2 => String::new(),
        3..=6 => random.word(&FIRMS).to_owned(),
        _ => format!("{}, {}", random.word(&FIRMS), random.word(&FIRMS)),
    };
    let data_protection = if random.chance(40) {
        json!({
            "store": {"allowed": true, "expiresAt": epoch + 365 * DAY},
            "contact": {"allowed": random.chance(50), "expiresAt": null},
        })
    } else {
        Value::Null
    };
    Contact {
        id,
        name: name.to_owned(),
        headline,
        location: if random.chance(70) {
            random.word(&LOCATIONS).to_owned()
        } else {
            String::new()
        },
        links: if random.chance(45) {
            vec![format!("https://www.example.com/in/{n}")]
        } else {
            Vec::new()
        },
        emails,
        phones,
        is_anonymized: false,
        data_protection,
    }
}

/// The person of the n-th opportunity: a new one, or now and then one of those `known` already.
fn person(state: &mut State, known: &mut Vec<String>, epoch: u64, n: usize) -> String {
    if n % 11 == 10
        && let Some(id) = state.random.pick(known)
    {
        return id.clone();
    }
    let contact = contact(&mut state.random, epoch, n);
    let id = contact.id.clone();
    known.push(id.clone());
    state.contacts.insert(id.clone(), contact);
    id
}

fn question(random: &mut Random, at: u64) -> Value {
    json!({
        "id": random.uuid(),
        "type": "posting",
        "text": "Screening",
        "instructions": "",
        "fields": [
            {
                "type": "multiple-select",
                "text": "Which languages are you comfortable with?",
                "description": "",
                "required": false,
                "id": random.uuid(),
                "options": [{"text": "Go"}, {"text": "Python"}, {"text": "Rust"}],
                "value": ["Rust"],
            },
            {
                "type": "textarea",
                "text": "Why Harborlight?",
                "description": "",
                "required": true,
                "id": random.uuid(),
                "value": if random.chance(80) { json!("I like boats.") } else { Value::Null },
            },
        ],
        "baseTemplateId": random.uuid(),
        "user": null,
        "stage": null,
        "createdAt": at,
        "completedAt": at,
    })
}

fn application(state: &mut State, row: &Opportunity, posting: &Value, id: &str) -> Application {
    let random = &mut state.random;
    let kind = match row.origin.as_str() {
        "referred" => "referral",
        "applied" | "internal" | "university" => "posting",
        _ => "user",
    };
    let contact = state.contacts.get(&row.contact).cloned().unwrap_or_default();
    let is_typed = kind != "user";
    let is_web = kind == "posting";
    let site = text(posting, "id");
    let fields = json!({
        "id": id,
        "type": kind,
        "candidateId": row.id,
        "opportunityId": row.id,
        "posting": null,
        "postingHiringManager": posting.get("hiringManager"),
        "postingOwner": posting.get("owner"),
        "name": is_typed.then_some(&contact.name),
        "company": (is_web && !contact.headline.is_empty()).then_some(&contact.headline),
        "phone": contact.phones.first().filter(|_| is_typed)
            .map(|(_, value)| json!({"type": null, "value": value})),
        "email": contact.emails.first().filter(|_| is_typed),
        "links": if is_web { contact.links.clone() } else { Vec::new() },
        "comments": (is_web && random.chance(30)).then_some("Happy to relocate."),
        "user": row.owner.as_ref().filter(|_| !is_web),
        "customQuestions": if is_web { vec![question(random, row.created_at)] } else { Vec::new() },
        "createdAt": row.created_at,
        "archived": null,
        "requisitionForHire": null,
        "ipAddress": is_web.then_some("203.0.113.24"),
        "referer": is_web.then(|| format!("https://jobs.lever.co/harborlight/{site}/apply")),
        "userAgent": is_web.then_some("Mozilla/5.0 (X11; Linux x86_64)"),
        "acceptLanguage": is_web.then_some("en-US,en;q=0.9"),
        "timezone": is_web.then_some("America/Los_Angeles"),
    });
    Application {
        posting: site.to_owned(),
        archived: row.archived.clone(),
        requisition: None,
        fields: fields.as_object().cloned().unwrap_or_default(),
    }
}

/// The way through the pipeline up to a stage: every step later than the one before.
fn stage_history(
    state: &mut State,
    last: usize,
    created_at: u64,
    end: u64,
    owner: &str,
) -> Vec<StageChange> {
    let random = &mut state.random;
    let is_imported = random.chance(55);
    let first = if last < 3 { 0 } else { 3 };
    let mut steps: Vec<usize> = (first..=last)
        .filter(|step| *step == first || *step == last || random.chance(60))
        .collect();
    steps.dedup();
    let span = end.saturating_sub(created_at) / (steps.len() as u64);
    let mut at = created_at;
    let steps = steps.into_iter().filter_map(|index| {
        let stage = state.stages.get(index)?.id.clone();
        let change =
            StageChange { stage, index, at, user: (!is_imported).then(|| owner.to_owned()) };
        at += random.below(span.max(1));
        Some(change)
    });
    steps.collect()
}

/// The origins of leads, as often as they are drawn.
const LEAD_ORIGINS: [&str; 3] = ["sourced", "sourced", "agency"];

/// The origins of applicants, as often as they are drawn.
const ORIGINS: [&str; 8] =
    ["applied", "applied", "applied", "referred", "internal", "university", "agency", "sourced"];

/// The n-th opportunity with the posting it is for, if it is for one; its person is added.
pub(crate) fn opportunity(
    state: &mut State,
    known: &mut Vec<String>,
    epoch: u64,
    history: History,
    n: usize,
) -> Option<(Opportunity, Option<Value>)> {
    let contact = person(state, known, epoch, n);
    let is_lead = state.random.chance(35);
    let random = &mut state.random;
    let origins = if is_lead { &LEAD_ORIGINS[..] } else { &ORIGINS[..] };
    let origin = random.word(origins).to_owned();
    let last = if is_lead { random.below(3) } else { 3 + random.below(9) };
    let last = usize::try_from(last).ok()?;
    let created_at = match history {
        History::Long => epoch - random.below(900 * DAY) - 2 * DAY,
        // What is seeded below an opportunity happens within four days.
        History::Recent => epoch - random.below(85 * DAY) - 5 * DAY,
    };
    let owner = random.pick(&state.users).map(|user| text(user, "id").to_owned())?;
    let end = epoch - DAY - random.below(DAY);
    let posting = if is_lead { None } else { random.pick(&state.postings).cloned() };
    let stage_changes = stage_history(state, last, created_at, end, &owner);
    let last_advanced_at = stage_changes.last()?.at;
    let random = &mut state.random;
    let reasons = &state.reasons;
    // Offers end in hires more often than anything else does.
    let archived = random.chance(45).then(|| {
        let hired = last >= 10 && random.chance(70);
        let fitting: Vec<_> = reasons.iter().filter(|reason| reason.hired == hired).collect();
        let reason = random.pick(&fitting).map(|reason| reason.id.clone()).unwrap_or_default();
        Archived { reason, at: last_advanced_at + random.below(DAY) }
    });
    let follower = random.pick(&state.users).map(|user| text(user, "id").to_owned());
    let mut followers = vec![owner.clone()];
    add_new(&mut followers, follower.into_iter().filter(|_| random.chance(40)).collect());
    let mut tags = Vec::new();
    for _ in 0..random.below(3) {
        add_new(&mut tags, vec![random.word(&TAGS).to_owned()]);
    }
    add_new(&mut tags, posting.as_ref().map(posting_tags).unwrap_or_default());
    let mut extra = Map::new();
    if n % 17 == 3 {
        extra.insert(
            "experimentalScore".to_owned(),
            json!({"value": random.below(100), "model": "beta"}),
        );
    }
    let last_interaction_at = archived.as_ref().map_or(last_advanced_at, |mark| mark.at);
    let row = Opportunity {
        id: random.uuid(),
        contact,
        stage: stage_changes.last()?.stage.clone(),
        confidential: n % 23 == 7,
        tags,
        sources: match random.below(20) {
            0 => Vec::new(),
            _ => vec![random.word(&SOURCES).to_owned()],
        },
        sourced_by: (origin == "sourced").then(|| owner.clone()),
        origin,
        owner: Some(owner),
        followers,
        location: posting.as_ref().map(|posting| category(posting, "location").to_owned()),
        application: posting.as_ref().map(|_| random.uuid()),
        created_at,
        // In an old account most records were last touched before the field existed.
        updated_at: (random.chance(12) || history == History::Recent)
            .then(|| last_interaction_at + random.below(1000)),
        last_interaction_at,
        last_advanced_at,
        snoozed_until: (archived.is_none() && random.chance(9))
            .then(|| epoch + (1 + random.below(90)) * DAY),
        archived,
        stage_changes,
        extra,
    };
    Some((row, posting))
}

/// The opportunities with their people and applications.
pub(crate) fn seed(state: &mut State, &Seeding { epoch, history, opportunities: count }: &Seeding) {
    let mut known = Vec::new();
    for n in 0..count {
        let Some((row, posting)) = opportunity(state, &mut known, epoch, history, n) else {
            return;
        };
        if let (Some(id), Some(posting)) = (&row.application, posting) {
            let application = application(state, &row, &posting, id);
            state.applications.insert(id.clone(), application);
        }
        state.opportunities.insert(row.id.clone(), row);
    }
    link(state);
}

/// Every fifth user was once a candidate.
fn link(state: &mut State) {
    let contacts = state.contacts.keys();
    for (user, contact) in state.users.iter_mut().step_by(5).zip(contacts) {
        if let Some(field) = user.get_mut("linkedContactIds") {
            *field = json!([contact]);
        }
    }
}
