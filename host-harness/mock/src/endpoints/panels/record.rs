//! Panels and the interviews in them: the records, their JSON, and how a body describes them.
//!
//! Every interview belongs to a panel; there is no panel without interviews.

use serde_json::{Map, Value, json};

use crate::account::records::{Opportunity, text};
use crate::account::state::State;
use crate::endpoints::feedback_templates::Template;
use crate::http::body::Fields;
use crate::http::reply::Failure;

/// How often an interviewer is reminded of the feedback.
pub(crate) const REMINDERS: [&str; 4] = ["once", "daily", "frequently", "none"];

/// The reminder of an interview that names none.
const INTERVIEW_REMINDER: &str = "frequently";

/// The reminder of a panel that names none.
pub(crate) const PANEL_REMINDER: &str = "daily";

/// The id that stands for no feedback form at all.
const NO_FEEDBACK: &str = "no-feedback";

/// Minutes as milliseconds.
const MINUTE: u64 = 60_000;

/// An interviewer.
#[derive(Clone, Debug)]
pub(crate) struct Interviewer {
    pub id: String,
    /// Replaces the interview's.
    pub template: Option<String>,
}

/// An interview.
#[derive(Clone, Debug)]
pub(crate) struct Interview {
    pub id: String,
    pub subject: Option<String>,
    pub note: Option<String>,
    pub interviewers: Vec<Interviewer>,
    pub created_at: u64,
    pub date: u64,
    /// In minutes.
    pub duration: u64,
    pub location: Option<String>,
    pub template: Option<String>,
    pub reminder: String,
    pub user: Option<String>,
    pub stage: String,
    pub canceled_at: Option<u64>,
    /// Keys only some interviews have.
    pub extra: Map<String, Value>,
}

/// A panel.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub id: String,
    pub opportunity: String,
    pub applications: Vec<String>,
    pub canceled_at: Option<u64>,
    pub created_at: u64,
    pub timezone: String,
    /// Only these can be changed through the API.
    pub is_external: bool,
    pub external_url: Option<String>,
    pub reminder: String,
    pub note: Option<String>,
    pub stage: String,
    pub user: Option<String>,
    pub interviews: Vec<Interview>,
}

impl Interview {
    fn end(&self) -> u64 {
        self.date.saturating_add(self.duration.saturating_mul(MINUTE))
    }

    /// Whether it is still to come at this time.
    pub fn is_pending(&self, now: u64) -> bool {
        self.canceled_at.is_none() && self.date > now
    }

    pub fn interviewers_view(&self, state: &State) -> Vec<Map<String, Value>> {
        let views = self.interviewers.iter().map(|interviewer| {
            let user = state.user(&interviewer.id);
            let fields = [
                ("id", json!(interviewer.id)),
                ("name", json!(user.map(|user| text(user, "name")))),
                ("email", json!(user.map(|user| text(user, "email")))),
                (
                    "feedbackTemplate",
                    json!(interviewer.template.as_ref().or(self.template.as_ref())),
                ),
            ];
            fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
        });
        views.collect()
    }

    /// As its panel shows it.
    fn brief(&self, state: &State) -> Value {
        let interviewers = self.interviewers_view(state).into_iter().map(|mut view| {
            view.insert("responseStatus".to_owned(), json!("needsAction"));
            view
        });
        json!({
            "id": self.id,
            "date": self.date,
            "duration": self.duration,
            "feedbackReminder": self.reminder,
            "feedbackTemplate": self.template,
            "interviewers": interviewers.collect::<Vec<_>>(),
            "location": self.location,
            "note": self.note,
            "subject": self.subject,
        })
    }
}

impl Panel {
    pub fn view(&self, state: &State) -> Value {
        json!({
            "id": self.id,
            "applications": self.applications,
            "canceledAt": self.canceled_at,
            "createdAt": self.created_at,
            "start": self.interviews.iter().map(|it| it.date).min(),
            "end": self.interviews.iter().map(Interview::end).max(),
            "timezone": self.timezone,
            "externallyManaged": self.is_external,
            "externalUrl": self.external_url,
            "feedbackReminder": self.reminder,
            "note": self.note,
            "stage": self.stage,
            "user": self.user,
            "interviews": self.interviews.iter().map(|it| it.brief(state)).collect::<Vec<_>>(),
        })
    }
}

impl Panel {
    /// Refuses changes to a panel that was made in the product.
    pub fn check_external(&self) -> Result<(), Failure> {
        match self.is_external {
            true => Ok(()),
            false => {
                let message = "Only externally managed panels can be changed.";
                Err(Failure::Forbidden(message.to_owned()))
            }
        }
    }
}

impl State {
    /// The panels of an opportunity, oldest first.
    pub fn panels_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Panel> {
        self.all::<Panel>().iter().filter(move |panel| panel.opportunity == opportunity)
    }

    fn is_template(&self, id: &str) -> bool {
        id == NO_FEEDBACK || self.all::<Template>().iter().any(|template| template.id == id)
    }

    /// Takes interviews out of the panels of an opportunity, panels that are left empty too, and
    /// fires an event for each.
    pub fn drop_interviews(
        &mut self,
        row: &Opportunity,
        is_dropped: impl Fn(&Panel, &Interview) -> bool,
    ) {
        let mut dropped = Vec::new();
        for panel in self.all_mut::<Panel>().iter_mut().filter(|panel| panel.opportunity == row.id)
        {
            let whole = panel.clone();
            panel.interviews.retain(|interview| {
                let is_dropped = is_dropped(&whole, interview);
                dropped.extend(is_dropped.then(|| interview.id.clone()));
                !is_dropped
            });
        }
        self.all_mut::<Panel>()
            .retain(|panel| panel.opportunity != row.id || !panel.interviews.is_empty());
        for id in dropped {
            self.fire("interviewDeleted", row, json!({"interviewId": id}));
        }
    }
}

fn interviewers(state: &State, body: &Fields) -> Result<Vec<Interviewer>, Failure> {
    let mut interviewers: Vec<Interviewer> = Vec::new();
    for given in body.need_children("interviewers")? {
        let id = given.id_of("id", "User", |id| state.user(id).is_some())?;
        let id = id.ok_or_else(|| Failure::missing(given.pointer("id")))?;
        if interviewers.iter().any(|known| known.id == id) {
            return Err(given.refuse("id", "Given more than once."));
        }
        let template = template(state, &given)?;
        interviewers.push(Interviewer { id, template });
    }
    Ok(interviewers)
}

fn template(state: &State, body: &Fields) -> Result<Option<String>, Failure> {
    body.id_of("feedbackTemplate", "Feedback template", |id| state.is_template(id))
}

/// The interview a body describes; what it leaves out is empty. `before` is the one it replaces,
/// whose history stays.
pub(crate) fn interview(
    state: &State,
    body: &Fields,
    row: &Opportunity,
    actor: Option<&str>,
    now: u64,
    before: Option<&Interview>,
) -> Result<Interview, Failure> {
    let optional = |name: &str| Ok::<_, Failure>(body.text(name)?.map(str::to_owned));
    let duration = body.need_number("duration")?;
    if duration == 0 {
        return Err(body.refuse("duration", "Must be at least 1 minute."));
    }
    let mut extra = Map::new();
    extra.insert("gcalEventUrl".to_owned(), Value::Null);
    extra.insert("opportunityId".to_owned(), json!(row.id));
    let reminder = body.one_of("feedbackReminder", &REMINDERS)?.unwrap_or(INTERVIEW_REMINDER);
    Ok(Interview {
        id: before.map_or(String::new(), |before| before.id.clone()),
        subject: optional("subject")?,
        note: optional("note")?,
        interviewers: interviewers(state, body)?,
        created_at: before.map_or(now, |before| before.created_at),
        date: body.need_number("date")?,
        duration,
        location: optional("location")?,
        template: template(state, body)?,
        reminder: reminder.to_owned(),
        user: before.map_or_else(|| actor.map(str::to_owned), |before| before.user.clone()),
        stage: before.map_or_else(|| row.stage.clone(), |before| before.stage.clone()),
        canceled_at: before.and_then(|before| before.canceled_at),
        extra: before.map_or(extra, |before| before.extra.clone()),
    })
}
