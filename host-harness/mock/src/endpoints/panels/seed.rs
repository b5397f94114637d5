//! Seeded panels with their interviews: past and still to come, canceled, read-only ones, with few
//! fields set.

use serde_json::{Map, Value, json};

use crate::account::records::{Opportunity, text};
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::feedback_templates::Template;
use crate::endpoints::panels::record::{Interview, Interviewer, Panel};

/// An hour in milliseconds.
const HOUR: u64 = DAY / 24;

fn users(state: &State) -> Vec<String> {
    state.users.iter().map(|user| text(user, "id").to_owned()).collect()
}

/// An interview without optional fields.
fn bare(state: &mut State, row: &Opportunity, date: u64, interviewers: &[String]) -> Interview {
    let interviewers = interviewers.iter();
    Interview {
        id: state.random.uuid(),
        subject: None,
        note: None,
        interviewers: interviewers
            .map(|id| Interviewer { id: id.clone(), template: None })
            .collect(),
        created_at: row.created_at + state.random.below(DAY),
        date,
        duration: 45,
        location: None,
        template: None,
        reminder: "frequently".to_owned(),
        user: row.owner.clone(),
        stage: row.stage.clone(),
        canceled_at: None,
        extra: Map::new(),
    }
}

fn panel(state: &mut State, row: &Opportunity, interviews: Vec<Interview>) -> Panel {
    Panel {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        applications: row.application.iter().cloned().collect(),
        canceled_at: None,
        created_at: interviews.first().map_or(row.created_at, |first| first.created_at),
        timezone: "America/Los_Angeles".to_owned(),
        is_external: true,
        external_url: None,
        reminder: "daily".to_owned(),
        note: None,
        stage: row.stage.clone(),
        user: row.owner.clone(),
        interviews,
    }
}

fn extra(row: &Opportunity, link: Value) -> Map<String, Value> {
    let fields = [("gcalEventUrl", link), ("opportunityId", json!(row.id))];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// A panel of two interviews with most of their fields set.
fn complete(
    state: &mut State,
    row: &Opportunity,
    template: Option<String>,
    date: u64,
    [first, second, third]: [String; 3],
) -> Panel {
    let first = Interview {
        subject: Some("Phone interview".to_owned()),
        note: Some("Please review the take-home first.\n".to_owned()),
        location: Some("Call - (503) 555-0142".to_owned()),
        template: template.clone(),
        reminder: "daily".to_owned(),
        extra: extra(row, Value::Null),
        ..bare(state, row, date, &[first])
    };
    let second = Interview { template, ..bare(state, row, date + HOUR, &[second, third]) };
    panel(state, row, vec![first, second])
}

/// The panels of the n-th opportunity that has any.
fn of(state: &mut State, row: &Opportunity, n: usize, epoch: u64) -> Vec<Panel> {
    let users = users(state);
    let user = |n: usize| users.get(n % users.len().max(1)).cloned().unwrap_or_default();
    let template = state.all::<Template>().first().map(|template| template.id.clone());
    let past = row.created_at + state.random.below(DAY) + HOUR;
    // So far ahead that it is still to come whenever this runs.
    let ahead = epoch + (3000 + state.random.below(30)) * DAY;
    match n % 8 {
        // Two that went well.
        0 => vec![complete(state, row, template, past, [user(1), user(6), user(2)])],
        // Made in the product: no optional fields, read-only.
        1 => {
            let interview = bare(state, row, past, &[user(8)]);
            vec![Panel { is_external: false, ..panel(state, row, vec![interview]) }]
        }
        // Canceled as a whole.
        2 => {
            let canceled_at = Some(past - HOUR);
            let interview = Interview { canceled_at, ..bare(state, row, past, &[user(9)]) };
            vec![Panel { canceled_at, ..panel(state, row, vec![interview]) }]
        }
        // Still to come, each interviewer with another template.
        3 => {
            let mut interview = Interview {
                template: Some("no-feedback".to_owned()),
                ..bare(state, row, ahead, &[user(1), user(4)])
            };
            if let Some(interviewer) = interview.interviewers.first_mut() {
                interviewer.template = template;
            }
            let mut panel = panel(state, row, vec![interview]);
            panel.note = Some("Panel by the scheduler".to_owned());
            panel.external_url = Some("https://scheduler.example/p/991".to_owned());
            vec![panel]
        }
        // One of two canceled, in the product, still to come, with a calendar.
        4 => {
            let link = json!("https://calendar.example/event?eid=1");
            let first =
                Interview { extra: extra(row, link), ..bare(state, row, ahead, &[user(5)]) };
            let canceled_at = Some(row.created_at + 2 * HOUR);
            let second = Interview { canceled_at, ..bare(state, row, ahead + HOUR, &[user(5)]) };
            vec![Panel { is_external: false, ..panel(state, row, vec![first, second]) }]
        }
        // Of no application, with no template and no reminder.
        5 => {
            let interview =
                Interview { reminder: "none".to_owned(), ..bare(state, row, past, &[user(7)]) };
            vec![Panel {
                applications: Vec::new(),
                reminder: "none".to_owned(),
                user: None,
                ..panel(state, row, vec![interview])
            }]
        }
        // By a deactivated user, in a distant time zone.
        6 => {
            let interview = Interview { duration: 1, ..bare(state, row, past, &[user(3)]) };
            let timezone = "Asia/Tokyo".to_owned();
            vec![Panel { timezone, ..panel(state, row, vec![interview]) }]
        }
        // Two panels, in different hands.
        _ => {
            let first = bare(state, row, past, &[user(10)]);
            let second = bare(state, row, ahead, &[user(11)]);
            let product = Panel { is_external: false, ..panel(state, row, vec![first]) };
            vec![product, panel(state, row, vec![second])]
        }
    }
}

/// Panels to every fifth opportunity.
pub(crate) fn seed(state: &mut State, &Seeding { epoch, .. }: &Seeding) {
    let rows: Vec<_> = state.opportunities.values().step_by(5).cloned().collect();
    for (n, row) in rows.iter().enumerate() {
        let panels = of(state, row, n, epoch);
        state.all_mut().extend(panels);
    }
}
