//! What a seeded account must hold: every awkward record, every rule kept, the same bytes for the
//! same seed.

use serde_json::{Value, json};

use crate::account::records::{Application, Opportunity};
use crate::account::seed::{DAY, History, Seeding};
use crate::account::state::State;
use crate::endpoints;
use crate::endpoints::feedback::Feedback;
use crate::endpoints::feedback_templates::Template;
use crate::endpoints::file_actions::FileAction;
use crate::endpoints::files::File;
use crate::endpoints::notes::Note;
use crate::endpoints::offers::Offer;
use crate::endpoints::opportunities::deleted::Deleted;
use crate::endpoints::panels::record::Panel;
use crate::endpoints::postings::form::Questions;
use crate::endpoints::referrals::Referral;
use crate::endpoints::requisitions::Requisition;
use crate::endpoints::resumes::Resume;
use crate::endpoints::{applications, postings};

const EPOCH: u64 = 1_767_225_600_000;

fn account(seed: u64, opportunities: usize, epoch: u64, history: History) -> State {
    endpoints::account(seed, Seeding { epoch, history, opportunities })
}

/// The deleted applications and postings.
fn deleted_ids(state: &State) -> (Vec<Value>, Vec<Value>) {
    let applications = state.all::<applications::Deleted>().iter().map(|it| it.0.clone());
    let postings = state.all::<postings::Deleted>().iter().map(|it| it.0.clone());
    (applications.collect(), postings.collect())
}

fn written(state: &State) -> String {
    let rows = state.opportunities.values().map(|row| state.view(row));
    let notes = state.all::<Note>().iter().map(|note| note.view());
    let applications = state.applications.values().map(|it| it.view());
    let contacts = state.contacts.values().map(|it| it.view());
    let panels = state.all::<Panel>().iter().flat_map(|panel| {
        let interviews = panel.interviews.iter();
        let interviews = interviews.map(|it| panel.interview_view(it, state));
        interviews.chain([panel.view(state)])
    });
    let forms = state.all::<Feedback>().iter().map(|form| form.view());
    let templates = state.all::<Template>().iter().map(|template| template.view());
    let questions = state.postings.iter().map(|it| state.questions(it).view(it, None));
    let files = state.all::<File>().iter().map(|file| file.view());
    let actions = state.all::<FileAction>().iter().map(|action| action.view());
    let resumes = state.all::<Resume>().iter().map(|resume| resume.view());
    let offers = state.all::<Offer>().iter().map(|offer| offer.view());
    let deleted = state.all::<Deleted>().iter().map(|it| state.deleted_view(it));
    let all = rows.chain(notes).chain(applications).chain(contacts).chain(panels).chain(forms);
    let all = all.chain(templates).chain(questions).chain(files).chain(actions);
    let all: Vec<_> = all.chain(resumes).chain(offers).chain(deleted).collect();
    let (applications, postings) = deleted_ids(state);
    let requisitions: Vec<_> = state.all::<Requisition>().iter().map(|it| &it.0).collect();
    let referrals: Vec<_> = state.all::<Referral>().iter().map(|it| &it.view).collect();
    json!([all, state.users, state.postings, requisitions, referrals, applications, postings])
        .to_string()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let account = |seed| written(&account(seed, 60, EPOCH, History::Long));
    assert_eq!(account(1), account(1));
    assert_ne!(account(1), account(2));
}

#[test]
fn every_awkward_case_is_there() {
    let state = account(1, 250, EPOCH, History::Long);
    assert_eq!(state.opportunities.len(), 250);
    let hired = |row: &Opportunity| {
        let reason = row.archived.as_ref().and_then(|mark| state.reason(&mark.reason));
        reason.is_some_and(|reason| reason.hired)
    };
    let name = |row: &Opportunity| state.contacts[&row.contact].name.clone();
    type Case<'a> = (&'a str, &'a dyn Fn(&Opportunity) -> bool);
    let rows: [Case; 17] = [
        ("with application", &|row| row.application.is_some()),
        ("lead without application", &|row| row.application.is_none() && row.location.is_none()),
        ("archived", &|row| row.archived.is_some() && !hired(row)),
        ("hired", &hired),
        ("active", &|row| row.archived.is_none()),
        ("snoozed", &|row| row.snoozed_until.is_some()),
        ("confidential", &|row| row.confidential),
        ("never updated", &|row| row.updated_at.is_none()),
        ("updated", &|row| row.updated_at.is_some()),
        ("change by nobody", &|row| row.stage_changes.iter().any(|change| change.user.is_none())),
        ("change by somebody", &|row| row.stage_changes.iter().any(|change| change.user.is_some())),
        ("built-in stage", &|row| row.stage == "offer"),
        ("own stage", &|row| row.stage.len() == 36),
        ("undocumented key", &|row| !row.extra.is_empty()),
        ("not Latin", &|row| name(row).chars().any(|letter| letter as u32 > 0x400)),
        ("anonymized", &|row| state.contacts[&row.contact].is_anonymized),
        ("shared contact", &|row| {
            state.opportunities.values().filter(|other| other.contact == row.contact).count() > 1
        }),
    ];
    for (case, is_there) in rows {
        assert!(state.opportunities.values().any(is_there), "{case}");
    }
    for kind in ["posting", "user", "referral"] {
        let has = |it: &Application| it.fields["type"] == kind;
        assert!(state.applications.values().any(has), "{kind}");
    }
    let notes = state.all::<Note>();
    assert!(notes.iter().any(|note| note.comments.len() > 1));
    assert!(notes.iter().any(|note| note.secret));
    assert!(notes.iter().any(|note| note.comments.iter().any(|it| it.score.is_some())));
    assert!(
        notes.iter().any(|note| note.made_by_api) && notes.iter().any(|note| !note.made_by_api)
    );
}

type Case<'c> = (&'c str, &'c dyn Fn(&Value) -> bool);

/// Fails with the name of the first case that none of the values is.
fn met(rows: &[Value], cases: &[Case]) {
    for (case, is_there) in cases {
        assert!(rows.iter().any(is_there), "{case}");
    }
}

#[test]
fn every_awkward_panel_and_interview_is_there() {
    let state = account(1, 250, EPOCH, History::Long);
    let panels: Vec<_> = state.all::<Panel>().iter().map(|panel| panel.view(&state)).collect();
    met(
        &panels,
        &[
            ("read-only", &|it| it["externallyManaged"] == false),
            ("canceled", &|it| !it["canceledAt"].is_null()),
            ("by nobody", &|it| it["user"].is_null()),
            ("of no application", &|it| it["applications"] == json!([])),
            ("with an address", &|it| it["externalUrl"].is_string()),
            ("of two", &|it| it["interviews"].as_array().unwrap().len() == 2),
        ],
    );
    let interviews = state.all::<Panel>().iter().flat_map(|panel| {
        panel.interviews.iter().map(|interview| panel.interview_view(interview, &state))
    });
    met(
        &interviews.collect::<Vec<_>>(),
        &[
            ("nothing said", &|it| {
                ["subject", "note", "location", "feedbackTemplate"]
                    .iter()
                    .all(|key| it[key].is_null())
            }),
            ("canceled", &|it| !it["canceledAt"].is_null()),
            ("no feedback wanted", &|it| it["feedbackTemplate"] == "no-feedback"),
            ("own template", &|it| {
                it["interviewers"][0]["feedbackTemplate"] != it["feedbackTemplate"]
            }),
            ("with feedback", &|it| it["feedbackForms"] != json!([])),
            ("without further keys", &|it| it.get("gcalEventUrl").is_none()),
            ("without calendar", &|it| it.get("gcalEventUrl") == Some(&Value::Null)),
            ("with calendar", &|it| it["gcalEventUrl"].is_string()),
            ("to come", &|it| it["date"].as_u64() > Some(EPOCH)),
        ],
    );
}

#[test]
fn every_awkward_form_is_there() {
    let state = account(1, 250, EPOCH, History::Long);
    let forms: Vec<_> = state.all::<Feedback>().iter().map(|form| form.view()).collect();
    let has = |kind: &str, it: &Value| it["type"] == kind;
    met(
        &forms,
        &[
            ("of an interview", &|it| has("interview", it) && it["interview"].is_string()),
            ("of none", &|it| has("interview", it) && it["interview"].is_null()),
            ("assignment", &|it| has("assignment", it)),
            ("share", &|it| has("share", it)),
            ("deleted", &|it| !it["deletedAt"].is_null()),
            ("unfinished", &|it| it["completedAt"].is_null()),
            ("updated", &|it| !it["updatedAt"].is_null()),
        ],
    );
    let questions = state.all::<Questions>().iter().flat_map(|asked| &asked.sets);
    let fields = forms.iter().chain(questions).flat_map(|it| it["fields"].as_array().unwrap());
    let fields: Vec<_> = fields.cloned().collect();
    for kind in [
        "code",
        "currency",
        "date",
        "dropdown",
        "file-upload",
        "multiple-choice",
        "multiple-select",
        "note",
        "score-system",
        "score",
        "scorecard",
        "text",
        "textarea",
        "university",
        "yes-no",
    ] {
        let holds = |it: &Value, filled| it["type"] == kind && it["value"].is_null() != filled;
        assert!(fields.iter().any(|it| holds(it, true)), "{kind} is nowhere");
    }
    met(
        &fields,
        &[
            ("date as text", &|it| it["type"] == "date" && it["value"].is_string()),
            ("amount as text", &|it| it["type"] == "currency" && it["value"].is_string()),
            ("nothing chosen", &|it| it["type"] == "multiple-select" && it["value"] == json!([])),
            ("unanswered", &|it| it["type"] == "score" && it["value"].is_null()),
        ],
    );
    let templates: Vec<_> = state.all::<Template>().iter().map(|it| it.view()).collect();
    met(
        &templates,
        &[
            ("never dated", &|it| it["createdAt"].is_null()),
            ("grouped", &|it| it["group"]["name"].is_string()),
            ("at a stage", &|it| it["stage"]["text"].is_string()),
        ],
    );
}

#[test]
fn every_awkward_paper_is_there() {
    let state = account(1, 250, EPOCH, History::Long);
    let resumes: Vec<_> = state.all::<Resume>().iter().map(|it| it.view()).collect();
    met(
        &resumes,
        &[
            ("unprocessable", &|it| {
                it["file"]["status"] == "error" && it.get("parsedData").is_none()
            }),
            ("without file", &|it| it["file"].is_null() && it["parsedData"].is_object()),
            ("not parsed", &|it| it.get("parsedData") == Some(&Value::Null)),
            ("numbers as text", &|it| it["file"]["size"].is_string()),
            ("a name to escape", &|it| {
                it["file"]["name"].as_str().is_some_and(|it| it.contains('"'))
            }),
        ],
    );
    let files: Vec<_> = state.all::<File>().iter().map(|it| it.view()).collect();
    met(
        &files,
        &[
            ("picture", &|it| it["status"] == "unsupported" && it["ext"] == ".png"),
            ("never looked at", &|it| it["status"].is_null()),
            ("unprocessable", &|it| it["status"] == "error"),
            ("numbers as text", &|it| it["uploadedAt"].is_string()),
        ],
    );
    let actions: Vec<_> = state.all::<FileAction>().iter().map(|it| it.view()).collect();
    met(
        &actions,
        &[
            ("added", &|it| it["type"] == "file-added" && it["user"]["id"].is_string()),
            ("imported by nobody", &|it| it["type"] == "resume-imported" && it["user"].is_null()),
            ("removed", &|it| it["type"] == "file-remove"),
        ],
    );
    let offers: Vec<_> = state.all::<Offer>().iter().map(|it| it.view()).collect();
    for status in [
        "draft",
        "approval-sent",
        "approved",
        "sent",
        "sent-manually",
        "opened",
        "denied",
        "signed",
    ] {
        let offer = offers.iter().find(|it| it["status"] == status);
        let offer = offer.unwrap_or_else(|| panic!("{status} is nowhere"));
        assert_eq!(offer["signedDocument"].is_object(), status == "signed");
        assert_eq!(offer["signatures"].is_null(), status == "sent-manually");
    }
}

#[test]
fn records_of_each_kind_were_deleted_within_thirty_days_and_before() {
    let state = account(1, 250, EPOCH, History::Long);
    let (applications, postings) = deleted_ids(&state);
    let opportunities: Vec<_> =
        state.all::<Deleted>().iter().map(|it| state.deleted_view(it)).collect();
    assert!(state.all::<Deleted>().iter().any(|it| it.row.confidential));
    for rows in [&opportunities, &applications, &postings] {
        let is_recent = |row: &&Value| row["deletedAt"].as_u64() >= Some(EPOCH - 30 * DAY);
        let recent = rows.iter().filter(is_recent).count();
        assert!(recent > 1 && rows.len() > recent + 1);
    }
    met(
        &applications,
        &[
            ("of no posting", &|it| it["postingId"].is_null()),
            ("of a posting", &|it| it["postingId"].is_string()),
        ],
    );
}

#[test]
fn every_record_keeps_the_rules_of_its_kind() {
    let state = account(3, 250, EPOCH, History::Long);
    for row in state.opportunities.values() {
        let last = row.stage_changes.last().map(|change| &change.stage);
        assert_eq!(last, Some(&row.stage), "{}", row.id);
        assert_eq!(row.application.is_some(), row.location.is_some(), "{}", row.id);
        assert_eq!(row.sourced_by.is_some(), row.origin == "sourced", "{}", row.id);
        let times = row.stage_changes.iter().map(|change| change.at);
        assert!(times.is_sorted(), "{}", row.id);
        assert!(
            row.created_at <= row.last_advanced_at && row.last_advanced_at <= EPOCH,
            "{}",
            row.id
        );
        assert!(
            row.archived
                .as_ref()
                .is_none_or(|mark| mark.at >= row.last_advanced_at && mark.at <= EPOCH)
        );
    }
}

#[test]
fn an_early_epoch_and_an_empty_account_are_fine() {
    assert!(account(1, 0, 0, History::Long).opportunities.is_empty());
}
