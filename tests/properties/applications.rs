//! Applications: whatever is asked and whatever is answered, what is sent is an
//! application that Lever takes, by another reading of the rules.

use lever::bindings::exports::ats::lever::postings::{
    ApplyAnswer, ConsentAnswer, ConsentAnswers, EeoResponses, NewApplication, SetAnswers,
};
use lever::bindings::exports::ats::lever::types::NewFile;
use lever::core::http::request::Method;
use lever::core::settings::Settings;
use lever::resources::postings;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::answers::{answer, fits, is_none, question};
use super::{config, guest, texts};
use crate::support::random::Random;

const FILE: &str = "https://files.example/";

fn asked(random: &mut Random, name: &str, required: bool) -> Value {
    let mut field = json!({ "name": name, "required": required });
    if random.below(6) == 0 {
        field["options"] = json!([{ "text": "a" }, { "text": texts::hostile(random) }]);
    }
    field
}

/// What a posting asks.
fn questions(random: &mut Random) -> Value {
    let mut person = vec![
        json!({ "name": "fullName", "required": true }),
        json!({ "name": "email", "required": true }),
    ];
    for name in ["phone", "resume", "company", "\u{1b}[2J\u{202e}"] {
        if random.below(2) == 0 {
            let required = random.below(4) == 0;
            let mut field = asked(random, name, required);
            if name == "resume" {
                field["options"] = Value::Null;
            }
            person.push(field);
        }
    }
    let mut sets = Vec::new();
    for n in 0..random.below(4) {
        let fields: Vec<Value> =
            (0..random.below(4)).map(|m| question(random, &format!("s{n}f{m}"))).collect();
        let channels = random
            .of(&[
                json!(["external", "internal"]),
                json!(["internal"]),
                json!(["external"]),
                json!([]),
            ])
            .clone();
        sets.push(json!({ "id": format!("s{n}"), "distribution": channels, "fields": fields }));
    }
    let mut asked = json!({
        "id": "p", "personalInformation": person, "customQuestions": sets,
        "urls": [asked(random, "LinkedIn", false)],
    });
    if random.below(2) == 0 {
        asked["eeoQuestions"] = json!({
            "gender": { "type": "dropdown", "options": [{ "text": "Female" }, { "text": "\u{1b}]0;x\u{7}" }] },
            "disabilitySignature": { "type": "text" },
        });
    }
    if random.below(2) == 0 {
        asked["consentDisclosures"] = json!({ "store": { "compliancePolicyId": "policy" } });
    }
    asked
}

fn pair(name: &str, value: &str) -> ApplyAnswer {
    ApplyAnswer { name: name.to_owned(), value: value.to_owned() }
}

/// What somebody answers, mostly what is asked.
fn application(random: &mut Random, asked: &Value) -> NewApplication {
    let list = |name: &str| asked[name].as_array().cloned().unwrap_or_default();
    let mut person = Vec::new();
    for field in list("personalInformation") {
        let name = field["name"].as_str().expect("a name");
        if random.below(8) > 0 && name != "resume" {
            let value = *random.of(&["a", "a", "a", "a", "S3CRET", ""]);
            person.push(pair(name, value));
        }
    }
    if random.below(12) == 0 {
        person.push(pair(random.of::<&str>(&["phone", "nobody-asks", "email"]), "S3CRET"));
    }
    let mut sets = Vec::new();
    for set in list("customQuestions") {
        if random.below(6) == 0 {
            continue;
        }
        let mut fields = Vec::new();
        for field in set["fields"].as_array().into_iter().flatten() {
            let id = field["id"].as_str().expect("an id");
            if field["required"] == true || random.below(3) > 0 {
                fields.push(answer(random, id, field));
            }
        }
        if fields.len() > 1 && random.below(10) == 0 {
            fields.swap(0, 1);
        }
        let id = if random.below(20) == 0 { "s9" } else { set["id"].as_str().expect("an id") };
        sets.push(SetAnswers { id: id.to_owned(), fields });
    }
    let resume = random.below(3) == 0;
    let resume = resume.then(|| NewFile {
        name: if random.below(6) == 0 { texts::hostile(random) } else { "cv.pdf".to_owned() },
        content_type: None,
        content: vec![1; random.below(3)],
    });
    let eeo = random.below(6) == 0;
    NewApplication {
        personal_information: person,
        resume,
        custom_questions: sets,
        urls: if random.below(3) == 0 {
            vec![pair(random.of::<&str>(&["LinkedIn", "Other"]), "a")]
        } else {
            vec![]
        },
        eeo_responses: eeo.then(|| EeoResponses {
            gender: Some(random.of(&["Female", "S3CRET"]).to_string()),
            race: (random.below(4) == 0).then(|| "S3CRET".to_owned()),
            veteran: None,
            disability: None,
            disability_signature: None,
            disability_signature_date: None,
        }),
        diversity_survey: None,
        consent: (random.below(3) == 0).then_some(ConsentAnswers {
            marketing: None,
            store: Some(ConsentAnswer { provided: true, compliance_policy_id: None }),
        }),
        origin: random.of(&[None, Some("applied".to_owned()), Some("internal".to_owned())]).clone(),
        source: Some(texts::hostile(random)),
        ip_address: None,
        referer: None,
        user_agent: None,
        accept_language: None,
        timezone: None,
    }
}

/// Says what Lever would turn down or overlook in an application.
fn fault(asked: &Value, body: &Value) -> Option<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    for (what, always) in [("personalInformation", &["fullName", "email"][..]), ("urls", &[])] {
        let (known, given) = (list(asked, what), list(body, what));
        for (n, one) in given.iter().enumerate() {
            let Some(field) = known.iter().find(|field| field["name"] == one["name"]) else {
                return Some(format!("{what}: nobody asks for {}", one["name"]));
            };
            if given.iter().take(n).any(|other| other["name"] == one["name"]) {
                return Some(format!("{what}: {} twice", one["name"]));
            }
            let options = list(field, "options");
            if !options.is_empty() && !options.iter().any(|option| option["text"] == one["value"]) {
                return Some(format!("{what}: {} is not an option", one["name"]));
            }
        }
        let required = known
            .iter()
            .filter(|field| field["required"] == true)
            .filter_map(|field| field["name"].as_str());
        for name in required.chain(always.iter().copied()) {
            if !given.iter().any(|one| {
                one["name"] == name && one["value"].as_str().is_some_and(|it| !it.is_empty())
            }) {
                return Some(format!("{what}: no {name}"));
            }
        }
    }
    let channel = if body["origin"] == "internal" { "internal" } else { "external" };
    let (known, given) = (list(asked, "customQuestions"), list(body, "customQuestions"));
    for (n, one) in given.iter().enumerate() {
        if !known.iter().any(|set| set["id"] == one["id"])
            || given.iter().take(n).any(|it| it["id"] == one["id"])
        {
            return Some(format!("the set {}", one["id"]));
        }
    }
    for set in known {
        let fields = list(&set, "fields");
        let channels = list(&set, "distribution");
        let Some(own) = given.iter().find(|it| it["id"] == set["id"]) else {
            let is_asked = channels.is_empty() || channels.iter().any(|it| it == channel);
            if is_asked && fields.iter().any(|field| field["required"] == true) {
                return Some(format!("no set {}", set["id"]));
            }
            continue;
        };
        let values = list(own, "fields");
        if values.len() != fields.len() {
            return Some(format!(
                "{} has {} values for {} questions",
                set["id"],
                values.len(),
                fields.len()
            ));
        }
        for (field, value) in fields.iter().zip(&values) {
            let value = &value["value"];
            let is_left_out = is_none(field, value) && field["required"] != true;
            // An answer without a choice is one, if there must be one.
            if !is_left_out && !fits(field, value, FILE) {
                return Some(format!("{field} is answered by {value}"));
            }
        }
    }
    if let Some(responses) = body["eeoResponses"].as_object() {
        for (name, value) in responses {
            let question = &asked["eeoQuestions"][name];
            let options = list(question, "options");
            if question.is_null()
                || (!options.is_empty() && !options.iter().any(|it| it["text"] == *value))
            {
                return Some(format!("eeo {name}"));
            }
        }
    }
    None
}

/// Whether it was sent.
pub fn sent(random: &mut Random) -> bool {
    let asked = questions(random);
    let application = application(random, &asked);
    let fields = application.custom_questions.iter().flat_map(|set| &set.fields);
    let files =
        usize::from(application.resume.is_some()) + fields.filter(|it| it.file.is_some()).count();
    let mut uploads = 0;
    let (result, sent) = guest::with(
        &Settings::default(),
        |request| match (request.method, request.path.as_str()) {
            (Method::Get, _) => guest::ok(json!({ "data": asked })),
            (_, "/uploads") => {
                uploads += 1;
                guest::ok(json!({ "data": { "id": "u", "uri": format!("{FILE}{uploads}") } }))
            }
            _ => guest::ok(json!({ "data": { "applicationId": "a" } })),
        },
        |client| postings::apply(client, "p", application, None),
    );
    let posts =
        sent.iter().filter(|it| it.path == "/postings/p/apply" && it.method == Method::Post);
    let posts: Vec<_> = posts.collect();
    match result {
        Ok(_) => {
            let [post] = posts.as_slice() else { panic!("{} were sent", posts.len()) };
            let body: Value = serde_json::from_slice(&guest::body(post)).expect("it is JSON");
            assert_eq!(fault(&asked, &body), None, "{} {}", asked, body);
            // Each file once, by an address of its own.
            let text = body.to_string();
            assert_eq!(uploads, files);
            for n in 1..=files {
                assert_eq!(text.matches(&format!("\"{FILE}{n}\"")).count(), 1, "{}", text);
            }
        }
        Err(error) => {
            texts::check(&error);
            assert!(posts.is_empty() && uploads == 0, "{}: {:?}", error.message, sent);
            assert!(!error.message.contains("S3CRET"), "{}", error.message);
        }
    }
    !posts.is_empty()
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn what_is_sent_is_an_application_that_lever_takes(seed: u64) {
        sent(&mut Random(seed));
    }
}
