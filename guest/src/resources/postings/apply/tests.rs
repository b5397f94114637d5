use super::*;
use crate::bindings::exports::ats::lever::form_fields::FieldValue;
use crate::core::http::request::Method;
use crate::core::http::response::Response;
use crate::core::json::record;
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::testing::{Answer, Fake, ok};
use crate::core::settings::Settings;
use crate::resources::answers::tests::none;

const QUESTIONS: &str = r#"{"id":"p","text":"Engineer",
  "customQuestions":[
    {"id":"s1","text":"Screening","distribution":["external","internal"],"fields":[
      {"id":"f1","type":"textarea","required":true},
      {"id":"f2","type":"multiple-select","required":false,"options":[{"text":"Go"},{"text":"Rust"}]},
      {"id":"f3","type":"file-upload","required":false}]},
    {"id":"s2","text":"For colleagues","distribution":["internal"],"fields":[
      {"id":"f4","type":"text","required":true}]}],
  "eeoQuestions":{"gender":{"type":"dropdown","options":[{"text":"Female"},{"text":"Male"}]},
                  "disabilitySignature":{"type":"text"}},
  "personalInformation":[
    {"name":"fullName","required":true},{"name":"email","required":true},{"name":"phone","required":false},
    {"name":"resume","type":"file-upload","required":false},
    {"name":"preferredPostingLocation","required":false,"options":[{"text":"Lisbon"}]}],
  "urls":[{"name":"LinkedIn","required":false}],
  "consentDisclosures":{"store":{"compliancePolicyId":"policy"}}}"#;

fn questions() -> ApplyQuestions {
    record::read(QUESTIONS.as_bytes()).unwrap()
}

fn text(id: &str, text: &str) -> FieldValue {
    FieldValue { text: Some(text.into()), ..none(id) }
}

fn file(name: &str) -> NewFile {
    NewFile { name: name.into(), content_type: None, content: vec![1] }
}

fn answers(pairs: &[(&str, &str)]) -> Vec<ApplyAnswer> {
    let answer = |(name, value): &(&str, &str)| ApplyAnswer {
        name: name.to_string(),
        value: value.to_string(),
    };
    pairs.iter().map(answer).collect()
}

fn sound() -> NewApplication {
    NewApplication {
        personal_information: answers(&[("fullName", "Ana"), ("email", "ana@x")]),
        resume: None,
        custom_questions: vec![SetAnswers { id: "s1".into(), fields: vec![text("f1", "boats")] }],
        urls: vec![],
        eeo_responses: None,
        diversity_survey: None,
        consent: None,
        origin: None,
        source: None,
        ip_address: None,
        referer: None,
        user_agent: None,
        accept_language: None,
        timezone: None,
    }
}

#[test]
fn answers_stand_by_position_with_null_where_there_is_none() {
    let body = checked(&questions(), sound()).unwrap().body;
    let expected = json!({
        "personalInformation": [{"name": "fullName", "value": "Ana"}, {"name": "email", "value": "ana@x"}],
        "customQuestions": [{"id": "s1", "fields": [{"value": "boats"}, {"value": []}, {"value": null}]}],
    });
    assert_eq!(Value::Object(body), expected);
}

#[test]
fn what_lever_would_refuse_or_ignore_is_refused_before_anything_is_sent() {
    type Change = fn(&mut NewApplication);
    let rows: [(Change, &str); 16] = [
        (|a| a.personal_information = answers(&[("fullName", "Ana")]), "no email"),
        (|a| a.personal_information = answers(&[("fullName", ""), ("email", "x")]), "no fullName"),
        (|a| a.personal_information.push(answers(&[("shoeSize", "9")]).remove(0)), "\"shoeSize\""),
        (|a| a.personal_information.push(answers(&[("email", "y")]).remove(0)), "twice"),
        (
            |a| {
                a.personal_information
                    .push(answers(&[("preferredPostingLocation", "Rome")]).remove(0))
            },
            "\"Lisbon\"",
        ),
        (|a| a.custom_questions.clear(), "\"f1\" (textarea) is required"),
        (|a| a.custom_questions[0].fields.clear(), "\"f1\" (textarea) is required"),
        (|a| a.custom_questions[0].id = "s9".into(), "\"s9\""),
        (
            |a| a.custom_questions[0].fields.insert(0, text("f3", "u")),
            "\"f1\" (textarea) is required",
        ),
        (
            |a| {
                a.custom_questions[0].fields.push(text("f3", "u"));
                a.custom_questions[0].fields.push(none("f2"));
            },
            "\"f2\" is out of position",
        ),
        (|a| a.custom_questions[0].fields.push(text("f9", "u")), "\"f1\", \"f2\", \"f3\""),
        (|a| a.origin = Some("internal".into()), "\"f4\" (text) is required"),
        (|a| a.urls = answers(&[("Myspace", "x")]), "\"Myspace\""),
        (
            |a| {
                a.resume = Some(file("cv.pdf"));
                a.personal_information.push(answers(&[("resume", "uri")]).remove(0));
            },
            "as well",
        ),
        (
            |a| {
                a.eeo_responses = Some(EeoResponses {
                    gender: Some("secret".into()),
                    race: None,
                    veteran: None,
                    disability: None,
                    disability_signature: None,
                    disability_signature_date: None,
                })
            },
            "\"Female\"",
        ),
        (
            |a| {
                a.eeo_responses = Some(EeoResponses {
                    gender: None,
                    race: Some("secret".into()),
                    veteran: None,
                    disability: None,
                    disability_signature: None,
                    disability_signature_date: None,
                })
            },
            "race is not asked",
        ),
    ];
    for (change, named) in rows {
        let mut application = sound();
        change(&mut application);
        let error = checked(&questions(), application).err().expect(named);
        assert!(error.message.contains(named), "{named}: {}", error.message);
        assert!(!error.message.contains("secret") && !error.message.contains("ana@x"));
        assert_eq!(error.outcome, Outcome::NotSent);
    }
}

#[test]
fn consent_and_survey_are_written_as_lever_reads_them() {
    use crate::bindings::exports::ats::lever::postings::{ConsentAnswers, SurveyAnswer};
    let response = |kind: &str, answer: &[&str]| SurveyAnswer {
        question_id: "q".into(),
        question_text: None,
        question_type: Some(kind.into()),
        answer: answer.iter().map(ToString::to_string).collect(),
    };
    let application = NewApplication {
        consent: Some(ConsentAnswers {
            marketing: None,
            store: Some(ConsentAnswer { provided: true, compliance_policy_id: None }),
        }),
        diversity_survey: Some(SurveyAnswers {
            survey_id: "v".into(),
            candidate_selected_location: Some("US".into()),
            responses: vec![
                response("multiple-choice", &["a"]),
                response("multiple-select", &["a"]),
            ],
        }),
        timezone: Some("America/Los_Angeles".into()),
        ..sound()
    };
    let body = checked(&questions(), application).unwrap().body;
    assert_eq!(
        body["consent"],
        json!({"store": {"provided": true, "compliancePolicyId": "policy"}})
    );
    let answers: Vec<&Value> = body["diversitySurvey"]["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["answer"])
        .collect();
    assert_eq!(answers, [&json!("a"), &json!(["a"])]);
    assert_eq!(body["timezone"], "America/Los_Angeles");
}

fn apply(
    application: NewApplication,
    mut answer: impl FnMut(&Request) -> Answer + 'static,
) -> (Result<Applied, Error>, Vec<String>, String) {
    let body = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let seen = std::rc::Rc::clone(&body);
    let mut fake = Fake::new(1, move |request| {
        if request.method == Method::Get {
            return ok(&format!("{{\"data\":{QUESTIONS}}}"));
        }
        let bytes = request.body.as_ref().map(|body| body.pieces.concat()).unwrap_or_default();
        *seen.borrow_mut() = String::from_utf8_lossy(&bytes).into_owned();
        answer(request)
    });
    let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
    let settings = Settings::default();
    let mut client =
        Client { transport: &mut fake, clock: &clock, limiter: &mut limiter, settings: &settings };
    let result = super::apply(&mut client, "p", application, Some(true));
    let last = body.borrow().clone();
    (result, fake.lines(), last)
}

const QUESTIONS_LINE: &str = "Get /postings/p/apply";
const APPLY: &str = "Post /postings/p/apply?send_confirmation_email=true";

fn with_files() -> NewApplication {
    let mut application = sound();
    application.resume = Some(file("cv.pdf"));
    let own = FieldValue { file: Some(file("task.txt")), ..none("f3") };
    application.custom_questions[0].fields.push(own);
    application
}

#[test]
fn files_are_uploaded_first_and_stand_in_the_application_by_their_address() {
    let mut uploads = 0;
    let (applied, sent, body) = apply(with_files(), move |request| match request.path.as_str() {
        "/uploads" => {
            uploads += 1;
            ok(&format!(r#"{{"data":{{"id":"u{uploads}","uri":"https://x/u{uploads}"}}}}"#))
        }
        _ => Ok(Response {
            status: 201,
            body: r#"{"data":{"applicationId":"a"}}"#.into(),
            ..Response::default()
        }),
    });
    assert_eq!(applied.unwrap().application_id, "a");
    assert_eq!(sent, [QUESTIONS_LINE, "Post /uploads", "Post /uploads", APPLY]);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["personalInformation"][2], json!({"name": "resume", "value": "https://x/u1"}));
    assert_eq!(body["customQuestions"][0]["fields"][2], json!({"value": "https://x/u2"}));
}

#[test]
fn an_upload_that_fails_leaves_nothing_applied() {
    for status in [500, 422] {
        let (applied, sent, _) =
            apply(with_files(), move |_| Ok(Response { status, ..Response::default() }));
        let error = applied.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied, "{status}");
        assert!(error.message.contains("was not sent"), "{}", error.message);
        assert_eq!(sent, [QUESTIONS_LINE, "Post /uploads"]);
    }
    let mut application = with_files();
    application.custom_questions[0].fields[1].file = Some(file("a\nb"));
    let (applied, sent, _) = apply(application, |_| ok("{}"));
    assert_eq!(applied.unwrap_err().kind, ErrorKind::InvalidInput);
    assert_eq!(sent, [QUESTIONS_LINE], "no file leaves when one is unsound");
}

#[test]
fn an_application_in_doubt_is_not_sent_again() {
    let (applied, sent, _) =
        apply(sound(), |_| Ok(Response { status: 503, ..Response::default() }));
    assert_eq!(applied.unwrap_err().outcome, Outcome::Unknown);
    assert_eq!(sent, [QUESTIONS_LINE, APPLY]);
}

#[test]
fn a_resume_that_nobody_asks_for_is_not_sent() {
    let mut questions = questions();
    questions.personal_information.retain(|field| field.name.as_deref() != Some("resume"));
    let error = checked(&questions, with_files()).err().unwrap();
    assert!(error.message.contains("does not ask for a resume"), "{}", error.message);
}
