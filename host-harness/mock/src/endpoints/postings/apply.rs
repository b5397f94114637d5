//! Applying to a posting as its job site does: checks the answers against the questions, then adds
//! a contact, an opportunity and an application.
//!
//! All of it at once; Lever parses the resume and looks for the contact later.

use serde_json::{Map, Value, json};

use crate::account::postings::{category, posting_tags};
use crate::account::records::{Application, Contact, Opportunity, StageChange, text};
use crate::account::state::State;
use crate::account::timezones::is_timezone;
use crate::endpoints::applications;
use crate::endpoints::common::access;
use crate::endpoints::common::form_fields::stored;
use crate::endpoints::postings::form::Questions;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::reply::{Failure, Reply};

/// The query.
pub(crate) const QUERY: &[&str] = &["send_confirmation_email"];

/// What the body may hold: answers, and the questions sent back with them.
pub(crate) const KEYS: &[&str] = &[
    "personalInformation/*/name",
    "personalInformation/*/value",
    "personalInformation/*/text",
    "personalInformation/*/type",
    "personalInformation/*/required",
    "personalInformation/*/options",
    "customQuestions/*/id",
    "customQuestions/*/text",
    "customQuestions/*/distribution",
    "customQuestions/*/fields/*/value",
    "customQuestions/*/fields/*/id",
    "customQuestions/*/fields/*/text",
    "customQuestions/*/fields/*/type",
    "customQuestions/*/fields/*/description",
    "customQuestions/*/fields/*/required",
    "customQuestions/*/fields/*/prompt",
    "customQuestions/*/fields/*/options",
    "eeoResponses/gender",
    "eeoResponses/race",
    "eeoResponses/veteran",
    "eeoResponses/disability",
    "eeoResponses/disabilitySignature",
    "eeoResponses/disabilitySignatureDate",
    "urls/*/name",
    "urls/*/value",
    "urls/*/text",
    "urls/*/type",
    "urls/*/required",
    "ipAddress",
    "source",
    "consent/marketing/provided",
    "consent/marketing/compliancePolicyId",
    "consent/store/provided",
    "consent/store/compliancePolicyId",
    "diversitySurvey/surveyId",
    "diversitySurvey/candidateSelectedLocation",
    "diversitySurvey/responses/*/questionId",
    "diversitySurvey/responses/*/questionText",
    "diversitySurvey/responses/*/questionType",
    "diversitySurvey/responses/*/answer",
    "origin",
    "timezone",
    "userAgent",
    "acceptLanguage",
    "referer",
];

/// Answers by name, each checked against the field of that name.
fn named(
    state: &State,
    body: &Fields,
    list: &str,
    questions: &[Value],
    now: u64,
) -> Result<Map<String, Value>, Failure> {
    let mut answers = Map::new();
    for given in body.children(list)?.unwrap_or_default() {
        let name = given.need_text("name")?;
        let question = questions.iter().find(|question| text(question, "name") == name);
        let question = question.ok_or_else(|| given.refuse("name", "Unknown question."))?;
        let value = given.value("value").unwrap_or(&Value::Null);
        let value = stored(state, question, value, now).map_err(|it| given.refuse("value", it))?;
        if answers.insert(name.to_owned(), value).is_some() {
            return Err(given.refuse("name", "Given more than once."));
        }
    }
    let missing = questions.iter().find(|question| {
        let is_required = question.get("required") == Some(&Value::Bool(true));
        is_required && !answers.contains_key(text(question, "name"))
    });
    match missing {
        Some(question) => {
            let message = format!("Required field is missing: {}.", text(question, "name"));
            Err(body.refuse(list, &message))
        }
        None => Ok(answers),
    }
}

/// A question set with the answers given to it, which go by position.
fn filled_set(state: &State, given: &Fields, set: &Value, now: u64) -> Result<Vec<Value>, Failure> {
    let fields = set.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
    let values = given.children("fields")?;
    let values = values.ok_or_else(|| Failure::missing(given.pointer("fields")))?;
    if values.len() != fields.len() {
        let message = format!("Expected {} fields, one for each question.", fields.len());
        return Err(given.refuse("fields", &message));
    }
    let fields = fields.into_iter().zip(&values).map(|(mut field, entry)| {
        let value = entry.value("value").unwrap_or(&Value::Null);
        let value = stored(state, &field, value, now).map_err(|it| entry.refuse("value", it))?;
        if let Some(map) = field.as_object_mut() {
            map.insert("value".to_owned(), value);
        }
        Ok(field)
    });
    fields.collect()
}

/// The question sets as forms filled in.
fn filled(
    state: &State,
    body: &Fields,
    questions: &Questions,
    distribution: &str,
    now: u64,
) -> Result<Vec<(String, Vec<Value>)>, Failure> {
    let mut filled: Vec<(String, Vec<Value>)> = Vec::new();
    for given in body.children("customQuestions")?.unwrap_or_default() {
        let id = given.need_text("id")?;
        let set = questions.sets.iter().find(|set| text(set, "id") == id);
        let set = set.ok_or_else(|| given.refuse("id", "Question set was not found."))?;
        if filled.iter().any(|(known, _)| known == id) {
            return Err(given.refuse("id", "Given more than once."));
        }
        filled.push((id.to_owned(), filled_set(state, &given, set, now)?));
    }
    for set in questions.sets(Some(distribution)) {
        let fields = set.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_required = fields.iter().any(|it| it.get("required") == Some(&Value::Bool(true)));
        if is_required && !filled.iter().any(|(id, _)| id == text(set, "id")) {
            let message = format!("Required question set is missing: {}.", text(set, "id"));
            return Err(body.refuse("customQuestions", &message));
        }
    }
    Ok(filled)
}

/// Checks the legally required answers, which are shown nowhere here.
fn check_private(
    state: &State,
    body: &Fields,
    questions: &Questions,
    now: u64,
) -> Result<(), Failure> {
    if let Some(given) = body.child("eeoResponses")? {
        for name in [
            "gender",
            "race",
            "veteran",
            "disability",
            "disabilitySignature",
            "disabilitySignatureDate",
        ] {
            let Some(value) = given.text(name)? else {
                continue;
            };
            if let Some(question) = questions.eeo.as_ref().and_then(|eeo| eeo.get(name)) {
                stored(state, question, &json!(value), now).map_err(|it| given.refuse(name, it))?;
            }
        }
    }
    if let Some(consent) = body.child("consent")? {
        for name in ["marketing", "store"] {
            if let Some(given) = consent.child(name)? {
                given
                    .flag("provided")?
                    .ok_or_else(|| Failure::missing(given.pointer("provided")))?;
                given.text("compliancePolicyId")?;
            }
        }
    }
    if let Some(survey) = body.child("diversitySurvey")? {
        survey.need_text("surveyId")?;
        survey.text("candidateSelectedLocation")?;
        for response in survey.children("responses")?.unwrap_or_default() {
            for name in ["questionId", "questionText", "questionType"] {
                response.text(name)?;
            }
        }
    }
    Ok(())
}

/// A checked application.
struct Submission {
    personal: Map<String, Value>,
    links: Vec<String>,
    sets: Vec<(String, Vec<Value>)>,
    resume: Option<String>,
    origin: String,
    source: Option<String>,
    /// About the applicant's browser, by the name of the application's field.
    about: Vec<(&'static str, Value)>,
}

fn submission(
    state: &State,
    body: &Fields,
    posting: &Value,
    now: u64,
) -> Result<Submission, Failure> {
    let questions = state.questions(posting);
    if !body.has("personalInformation") {
        return Err(Failure::missing(body.pointer("personalInformation")));
    }
    let origin = body.one_of("origin", &["applied", "internal"])?.unwrap_or("applied");
    let distribution = if origin == "internal" { "internal" } else { "external" };
    let personal_questions = questions.personal(posting);
    let personal = named(state, body, "personalInformation", &personal_questions, now)?;
    let given = body.children("personalInformation")?.unwrap_or_default();
    let uri = given.iter().find(|entry| entry.value("name") == Some(&json!("resume")));
    let urls = named(state, body, "urls", &questions.links(), now)?;
    check_private(state, body, &questions, now)?;
    let mut about = Vec::new();
    for name in ["ipAddress", "referer", "userAgent", "acceptLanguage", "timezone"] {
        let value = body.text(name)?;
        if name == "timezone" && value.is_some_and(|zone| !is_timezone(zone)) {
            return Err(body.refuse(name, "Must be an IANA time zone."));
        }
        about.push((name, json!(value)));
    }
    Ok(Submission {
        personal,
        links: urls.values().filter_map(Value::as_str).map(str::to_owned).collect(),
        sets: filled(state, body, &questions, distribution, now)?,
        resume: uri.and_then(|entry| entry.value("value")?.as_str()).map(str::to_owned),
        origin: origin.to_owned(),
        source: body.text("source")?.map(str::to_owned),
        about,
    })
}

impl Submission {
    /// The answer to a personal question, if it is a text.
    fn typed(&self, name: &str) -> Option<String> {
        self.personal.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// The contact it makes.
    fn contact(&self, id: String) -> Contact {
        let phone = self.typed("phone").map(|phone| ("other".to_owned(), phone));
        Contact {
            id,
            name: self.typed("fullName").unwrap_or_default(),
            headline: self.typed("currentCompany").unwrap_or_default(),
            location: self.typed("currentLocation").unwrap_or_default(),
            emails: self.typed("email").into_iter().collect(),
            phones: phone.into_iter().collect(),
            links: self.links.clone(),
            is_anonymized: false,
            data_protection: Value::Null,
        }
    }

    /// The fields it fills in of an application.
    fn fields(&self) -> impl Iterator<Item = (String, Value)> {
        let phone = self.typed("phone").map(|phone| json!({"type": null, "value": phone}));
        let typed = [
            ("type", json!("posting")),
            ("name", json!(self.typed("fullName"))),
            ("company", json!(self.typed("currentCompany"))),
            ("phone", json!(phone)),
            ("email", json!(self.typed("email"))),
            ("links", json!(self.links)),
            ("comments", json!(self.typed("additionalInformation"))),
        ];
        let fields = typed.into_iter().chain(self.about.iter().cloned());
        fields.map(|(name, value)| (name.to_owned(), value))
    }
}

/// The sets as the application stores them.
fn forms(state: &mut State, submission: &Submission, posting: &Value, now: u64) -> Vec<Value> {
    let questions = state.questions(posting);
    let mut forms = Vec::new();
    for (set, fields) in &submission.sets {
        let known = questions.sets.iter().find(|known| text(known, "id") == set);
        forms.push(json!({
            "id": state.random.uuid(),
            "type": "posting",
            "text": known.map(|set| text(set, "text")),
            "instructions": "",
            "fields": fields,
            "baseTemplateId": set,
            "user": posting.get("owner"),
            "stage": null,
            "createdAt": posting.get("createdAt"),
            "completedAt": now,
        }));
    }
    forms
}

pub(crate) fn apply(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    call.flag("send_confirmation_email")?;
    let posting = access::posting(state, call)?.clone();
    if !["published", "internal"].contains(&text(&posting, "state")) {
        let message = "Only published and internal postings accept applications.";
        return Err(Failure::Query(message.to_owned()));
    }
    let submission = submission(state, &call.body()?, &posting, call.now)?;
    let email = submission.typed("email").unwrap_or_default();
    if !email.contains('@') {
        let pointer = "/personalInformation".to_owned();
        return Err(Failure::Field("Must be an email address.".to_owned(), pointer));
    }
    let stage = "applicant-new".to_owned();
    let index = state.stage_index(&stage).unwrap_or(0);

    let (id, application) = (state.random.uuid(), state.random.uuid());
    let known = state.contact_of(std::slice::from_ref(&email));
    let is_new = known.is_none();
    let contact = known.unwrap_or_else(|| {
        let id = state.random.uuid();
        state.contacts.insert(id.clone(), submission.contact(id.clone()));
        id
    });
    let mut fields = applications::blank(&application, &id, &posting, call.now);
    fields.extend(submission.fields());
    let forms = forms(state, &submission, &posting, call.now);
    fields.insert("customQuestions".to_owned(), json!(forms));
    let made = Application::new(&posting, fields);
    state.applications.insert(application.clone(), made);
    let location = submission.typed("preferredPostingLocation");
    let location = location.unwrap_or_else(|| category(&posting, "location").to_owned());
    let owner = posting.get("owner").and_then(Value::as_str).map(str::to_owned);
    let row = Opportunity {
        id: id.clone(),
        contact,
        stage: stage.clone(),
        confidential: false,
        tags: posting_tags(&posting),
        sources: submission.source.clone().into_iter().collect(),
        archived: None,
        stage_changes: vec![StageChange { stage, index, at: call.now, user: None }],
        origin: submission.origin.clone(),
        sourced_by: None,
        followers: owner.iter().cloned().collect(),
        owner,
        application: Some(application.clone()),
        created_at: call.now,
        updated_at: Some(call.now),
        last_interaction_at: call.now,
        last_advanced_at: call.now,
        snoozed_until: None,
        location: Some(location),
        extra: Map::new(),
    };
    if let Some(upload) =
        submission.resume.as_deref().and_then(|uri| state.upload(uri, call.now).ok())
    {
        let (name, bytes) = (upload.name.clone(), upload.bytes.clone());
        state.add_resume(&id, (&name, &bytes), Value::Null, None, call.now);
    }
    if is_new {
        state.fire_contact("contactCreated", &row.contact);
    }
    state.fire("applicationCreated", &row, json!({"applicationId": application}));
    state.opportunities.insert(id, row);
    Ok(Reply::Data(201, json!({"applicationId": application})))
}
