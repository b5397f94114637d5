//! Applications as a job site sends them: answers are checked against the
//! posting's questions, files are uploaded, and then the application is sent.
//!
//! Lever matches a question set's answers by position and ignores what it does
//! not know, so that a slip would go unnoticed: here it is refused.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::form_fields::FormField;
use crate::bindings::exports::ats::lever::postings::{
    Applied, ApplyAnswer, ApplyField, ApplyQuestions, ConsentAnswer, EeoQuestions, EeoResponses,
    NewApplication, QuestionSet, SetAnswers, SurveyAnswers,
};
use crate::bindings::exports::ats::lever::types::NewFile;
use crate::bindings::exports::ats::lever::uploads::UploadedFile;
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome, listed, named as word, shown};
use crate::core::http::query::chosen;
use crate::core::http::request::Request;
use crate::core::read::replace::{Object, object_of};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::resources::answers;
use crate::resources::uploads;
use crate::routes::postings as route;

/// What Lever always demands.
const ALWAYS: [&str; 2] = ["fullName", "email"];

/// An application that fits its posting, and the files whose addresses are
/// still to be put into it.
struct Checked {
    body: Object,
    /// Where in the body, as a JSON pointer, and what.
    files: Vec<(String, NewFile)>,
}

/// Applies to a posting.
///
/// # Errors
///
/// Answers that do not fit the posting's questions, or whatever kept the
/// application from being sent.
pub fn apply<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    posting: &str,
    application: NewApplication,
    send_confirmation_email: Option<bool>,
) -> Result<Applied, Error> {
    let request = route::APPLY.request(&[posting])?;
    if let Some(zone) = &application.timezone {
        rules::check(&[("timezone", Rule::Zone(zone))])?;
    }
    let questions =
        lever.act::<ApplyQuestions>(&route::GET_APPLY_QUESTIONS, &[posting], Vec::new())?;
    let Checked { body, files } = checked(&questions, application)?;
    let mut body = Value::Object(body);
    // All of them are sound before the first one leaves.
    let parts: Vec<_> = files
        .into_iter()
        .map(|(place, file)| Ok((place, uploads::part(file)?)))
        .collect::<Result<_, Error>>()?;
    for (place, part) in parts {
        let uri = uploads::upload_part(lever, part).and_then(address).map_err(before)?;
        if let Some(value) = body.pointer_mut(&place) {
            *value = Value::from(uri);
        }
    }
    let flag = send_confirmation_email.map(|flag| flag.to_string());
    let query = chosen([("send_confirmation_email", flag)]);
    let body = Some(crate::core::json::body(&body));
    lever.answered(Request { query, body, ..request })
}

fn address(uploaded: UploadedFile) -> Result<String, Error> {
    uploaded.uri.ok_or_else(|| {
        let message = "Lever took the file and did not say its address. Try again.";
        Error::new(ErrorKind::MalformedAnswer, message)
    })
}

/// A file that nobody uses ends by itself, so a failing upload changed nothing.
fn before(error: Error) -> Error {
    let outcome = match error.outcome {
        Outcome::NotSent => Outcome::NotSent,
        _ => Outcome::NotApplied,
    };
    error.with_outcome(outcome).adding("The application was not sent.")
}

/// The application, if it fits.
fn checked(questions: &ApplyQuestions, given: NewApplication) -> Result<Checked, Error> {
    let mut files = Vec::new();
    let mut body = Object::new();
    let audience =
        if given.origin.as_deref() == Some("internal") { "internal" } else { "external" };
    let person = person(
        &questions.personal_information,
        given.personal_information,
        given.resume,
        &mut files,
    )?;
    body.insert("personalInformation".to_owned(), person);
    let sets = sets(&questions.custom_questions, given.custom_questions, audience, &mut files)?;
    if !sets.is_empty() {
        body.insert("customQuestions".to_owned(), Value::from(sets));
    }
    named("urls", &questions.urls, &given.urls)?;
    required("urls", &questions.urls, &given.urls, &[])?;
    if !given.urls.is_empty() {
        body.insert("urls".to_owned(), given.urls.iter().map(pair).collect());
    }
    if let Some(responses) = given.eeo_responses {
        let responses = eeo(questions.eeo_questions.as_ref(), &responses)?;
        body.insert("eeoResponses".to_owned(), Value::Object(responses));
    }
    if let Some(survey) = given.diversity_survey {
        body.insert("diversitySurvey".to_owned(), self::survey(survey));
    }
    if let Some(consent) = given.consent {
        let disclosures = questions.consent_disclosures.as_ref();
        let mut object = Object::new();
        for (name, answer, disclosure) in [
            ("marketing", consent.marketing, disclosures.and_then(|it| it.marketing.as_ref())),
            ("store", consent.store, disclosures.and_then(|it| it.store.as_ref())),
        ] {
            let policy = disclosure.and_then(|it| it.compliance_policy_id.clone());
            object.extend(answer.map(|answer| (name.to_owned(), self::consent(answer, policy))));
        }
        body.insert("consent".to_owned(), Value::Object(object));
    }
    for (name, value) in [
        ("origin", given.origin),
        ("source", given.source),
        ("ipAddress", given.ip_address),
        ("referer", given.referer),
        ("userAgent", given.user_agent),
        ("acceptLanguage", given.accept_language),
        ("timezone", given.timezone),
    ] {
        body.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
    Ok(Checked { body, files })
}

fn pair(answer: &ApplyAnswer) -> Value {
    json!({ "name": answer.name, "value": answer.value })
}

fn person(
    asked: &[ApplyField],
    given: Vec<ApplyAnswer>,
    resume: Option<NewFile>,
    files: &mut Vec<(String, NewFile)>,
) -> Result<Value, Error> {
    named("personal-information", asked, &given)?;
    let by_file = if resume.is_some() { vec!["resume"] } else { Vec::new() };
    let asks_for_resume = asked.iter().any(|field| field.name.as_deref() == Some("resume"));
    if resume.is_some() && !asks_for_resume {
        return Err(Error::invalid(
            "this posting does not ask for a resume, so that Lever would ignore it. Leave resume out.",
        ));
    }
    if resume.is_some() && given.iter().any(|answer| answer.name == "resume") {
        return Err(Error::invalid(
            "the resume is given as a file and in personal-information as well. Keep one of the two.",
        ));
    }
    required("personal-information", asked, &given, &by_file)?;
    for name in ALWAYS {
        if !given.iter().any(|answer| answer.name == name && !answer.value.trim().is_empty()) {
            return Err(Error::invalid(format!(
                "personal-information has no {name}, which every application needs."
            )));
        }
    }
    let mut answers: Vec<Value> = given.iter().map(pair).collect();
    if let Some(file) = resume {
        files.push((format!("/personalInformation/{}/value", answers.len()), file));
        answers.push(json!({ "name": "resume", "value": "" }));
    }
    Ok(Value::from(answers))
}

/// Each answer is to something that is asked, once, and one of its options.
fn named(what: &str, asked: &[ApplyField], given: &[ApplyAnswer]) -> Result<(), Error> {
    for (place, answer) in given.iter().enumerate() {
        let Some(field) = asked.iter().find(|field| field.name.as_ref() == Some(&answer.name))
        else {
            let names = asked.iter().filter_map(|field| field.name.as_deref());
            return Err(Error::invalid(format!(
                "{what} holds the name {}, which this posting does not ask for, so that Lever would ignore it. It asks for {}.",
                shown(&answer.name),
                listed(names)
            )));
        };
        if given.iter().take(place).any(|earlier| earlier.name == answer.name) {
            return Err(Error::invalid(format!(
                "{what} holds the name {} twice.",
                shown(&answer.name)
            )));
        }
        let mut options = field.options.iter().filter_map(|option| option.text.as_ref());
        if !field.options.is_empty() && !options.any(|option| *option == answer.value) {
            let options = field.options.iter().filter_map(|option| option.text.as_deref());
            return Err(Error::invalid(format!(
                "{what}: {} is answered by the text of an option: {}.",
                word(&answer.name),
                listed(options)
            )));
        }
    }
    Ok(())
}

fn required(
    what: &str,
    asked: &[ApplyField],
    given: &[ApplyAnswer],
    besides: &[&str],
) -> Result<(), Error> {
    let is_given = |name: &str| {
        besides.contains(&name)
            || given.iter().any(|answer| answer.name == name && !answer.value.trim().is_empty())
    };
    for field in asked.iter().filter(|field| field.required == Some(true)) {
        let name = field.name.as_deref().unwrap_or_default();
        if !is_given(name) {
            return Err(Error::invalid(format!(
                "{what} has no {}, which this posting requires.",
                word(name)
            )));
        }
    }
    Ok(())
}

fn sets(
    asked: &[QuestionSet],
    mut given: Vec<SetAnswers>,
    audience: &str,
    files: &mut Vec<(String, NewFile)>,
) -> Result<Vec<Value>, Error> {
    if let Some(other) =
        given.iter().find(|answers| !asked.iter().any(|set| set.id.as_ref() == Some(&answers.id)))
    {
        let ids = listed(asked.iter().filter_map(|set| set.id.as_deref()));
        return Err(Error::invalid(format!(
            "custom-questions holds the set {}, which this posting does not ask. It asks {ids}.",
            shown(&other.id)
        )));
    }
    let mut sets = Vec::new();
    for set in asked {
        let id = set.id.clone().unwrap_or_default();
        let place = given.iter().position(|answers| answers.id == id);
        let answers = place.map(|place| given.remove(place));
        if given.iter().any(|answers| answers.id == id) {
            return Err(Error::invalid(format!(
                "custom-questions holds the set {} twice.",
                shown(&id)
            )));
        }
        let is_asked =
            set.distribution.is_empty() || set.distribution.iter().any(|it| it == audience);
        let is_left_out = answers.is_none();
        if is_left_out && !is_asked {
            continue;
        }
        let at = format!("/customQuestions/{}", sets.len());
        let fields = by_position(&set.fields, answers, &at, files)?;
        if !is_left_out {
            sets.push(json!({ "id": id, "fields": fields }));
        }
    }
    Ok(sets)
}

/// One value for each question, in the order of the questions.
fn by_position(
    asked: &[FormField],
    answers: Option<SetAnswers>,
    at: &str,
    files: &mut Vec<(String, NewFile)>,
) -> Result<Vec<Value>, Error> {
    let mut answers =
        answers.map(|answers| answers.fields).unwrap_or_default().into_iter().peekable();
    let mut values = Vec::new();
    for (place, field) in asked.iter().enumerate() {
        let mut own = answers.next_if(|answer| Some(&answer.id) == field.id.as_ref());
        let value = answers::value(field, own.as_ref())?;
        if let Some(file) = own.as_mut().and_then(|own| own.file.take()) {
            files.push((format!("{at}/fields/{place}/value"), file));
        }
        values.push(json!({ "value": value }));
    }
    match answers.next() {
        None => Ok(values),
        Some(odd) => {
            let ids = listed(asked.iter().filter_map(|field| field.id.as_deref()));
            Err(Error::invalid(format!(
                "custom-questions: the field {} is out of position or not in the set. Lever matches answers by position; give them in the order {ids}.",
                shown(&odd.id)
            )))
        }
    }
}

fn eeo(asked: Option<&EeoQuestions>, given: &EeoResponses) -> Result<Object, Error> {
    let Some(asked) = asked else {
        return Err(Error::invalid("this posting has no EEO questions. Leave eeo-responses out."));
    };
    let mut responses = Object::new();
    for (name, question, answer) in [
        ("gender", &asked.gender, &given.gender),
        ("race", &asked.race, &given.race),
        ("veteran", &asked.veteran, &given.veteran),
        ("disability", &asked.disability, &given.disability),
        ("disabilitySignature", &asked.disability_signature, &given.disability_signature),
        (
            "disabilitySignatureDate",
            &asked.disability_signature_date,
            &given.disability_signature_date,
        ),
    ] {
        let Some(answer) = answer else { continue };
        let options: Vec<&str> = question
            .iter()
            .flat_map(|question| &question.options)
            .filter_map(|option| option.text.as_deref())
            .collect();
        if question.is_none() || (!options.is_empty() && !options.contains(&answer.as_str())) {
            return Err(Error::invalid(format!(
                "eeo-responses: {name} is not asked, or answered by one of {}.",
                listed(options)
            )));
        }
        responses.insert(name.to_owned(), Value::from(answer.as_str()));
    }
    Ok(responses)
}

fn survey(given: SurveyAnswers) -> Value {
    let responses: Vec<Value> = given
        .responses
        .into_iter()
        .map(|response| {
            let several = response.question_type.as_deref() == Some("multiple-select");
            let answer = match (several, response.answer) {
                (true, answers) => Value::from(answers),
                (false, answers) => answers.into_iter().next().map(Value::from).unwrap_or_default(),
            };
            json!({
                "questionId": response.question_id,
                "questionText": response.question_text,
                "questionType": response.question_type,
                "answer": answer,
            })
        })
        .collect();
    json!({
        "surveyId": given.survey_id,
        "candidateSelectedLocation": given.candidate_selected_location,
        "responses": responses,
    })
}

fn consent(answer: ConsentAnswer, policy: Option<String>) -> Value {
    let policy = answer.compliance_policy_id.clone().or(policy);
    Value::Object(object_of(&ConsentAnswer { compliance_policy_id: policy, ..answer }))
}

#[cfg(test)]
mod tests;
