//! Applying over loopback: what is asked, which answers are taken, what an application leaves
//! behind.

use serde_json::{Value, json};

use super::{fired, first, get, ids, post_form, send, start};
use crate::endpoints::uploads::Upload;
use crate::server::config::Rate;
use crate::{Config, Mock};

/// The id of the posting with this title.
fn posting(mock: &Mock, title: &str) -> String {
    let postings = mock.store().postings();
    let posting = postings.iter().find(|posting| posting["text"] == title).unwrap();
    posting["id"].as_str().unwrap().to_owned()
}

/// The first posting asks everything but demands no resume; this answers what it must.
fn application(mock: &Mock, posting: &str, email: &str) -> Value {
    let questions = mock.store().apply_questions(posting).unwrap();
    json!({
        "personalInformation": [
            {"name": "fullName", "value": "Ana Lindgren"},
            {"name": "email", "value": email},
        ],
        "customQuestions": [{
            "id": questions["customQuestions"][0]["id"],
            "fields": [
                {"value": "I like boats."},
                {"value": ["Go", "Rust"]},
                {"value": null},
                {"value": null},
                {"value": "Now"},
                {"value": null},
                {"value": ""},
            ],
        }],
    })
}

async fn upload(mock: &Mock, name: &str, bytes: &[u8]) -> Value {
    let part = format!("name=\"file\"; filename=\"{name}\"");
    let (status, body) = post_form(mock, "/uploads", &[(&part, bytes)]).await;
    assert_eq!(status, 201, "{body}");
    body["data"].clone()
}

async fn unlimited() -> Mock {
    start(Config::default()).await
}

#[tokio::test]
async fn the_form_asks_what_the_posting_does() {
    let mock = unlimited().await;
    let id = posting(&mock, "Backend Engineer");
    let (status, body) = get(&mock, &format!("/postings/{id}/apply")).await;
    assert_eq!((status, &body["data"]), (200, &mock.store().apply_questions(&id).unwrap()));
    let form = &body["data"];
    assert!(form.get("eeoQuestions").is_none() && form["consentDisclosures"].is_null());
    assert_eq!(form["customQuestions"].as_array().unwrap().len(), 2);
    let demanded: Vec<_> = form["personalInformation"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| field["required"] == true)
        .map(|field| field["name"].clone())
        .collect();
    assert_eq!(demanded, ["fullName", "email", "phone", "resume"]);
    let (_, body) = get(&mock, &format!("/postings/{id}/apply?distribution=external")).await;
    assert_eq!(body["data"]["customQuestions"].as_array().unwrap().len(), 1);
    let rigger = posting(&mock, "Rigger");
    let (_, body) = get(&mock, &format!("/postings/{rigger}/apply")).await;
    let places = &body["data"]["personalInformation"][6]["options"];
    assert_eq!(*places, json!([{"text": "Lisbon"}, {"text": "Remote - EU"}]));
}

#[tokio::test]
async fn an_application_makes_a_contact_an_opportunity_and_itself() {
    let mock = unlimited().await;
    let id = posting(&mock, "Infrastructure Engineer");
    let resume = upload(&mock, "resume.pdf", b"%PDF").await;
    let exercise = upload(&mock, "take home.txt", b"fn main() {}").await;
    let mut body = application(&mock, &id, "new.person@example.com");
    body["customQuestions"][0]["fields"][3]["value"] = exercise["uri"].clone();
    let more = [
        ("phone", json!("(503) 555-0142")),
        ("currentCompany", json!("Northfield")),
        ("resume", resume["uri"].clone()),
        ("additionalInformation", json!("Happy to relocate.")),
        ("preferredPostingLocation", json!("Portland, OR")),
    ];
    for (name, value) in more {
        let list = body["personalInformation"].as_array_mut().unwrap();
        list.push(json!({"name": name, "value": value}));
    }
    let whole = json!({
        "urls": [{"name": "LinkedIn", "value": "https://www.example.com/in/ana"}],
        "eeoResponses": {"gender": "Female", "disabilitySignature": "Ana Lindgren"},
        "ipAddress": "203.0.113.24",
        "source": "Our own job site",
        "origin": "internal",
        "timezone": "America/Los_Angeles",
        "userAgent": "agent",
        "acceptLanguage": "en",
        "referer": "https://example.com",
        "consent": {"marketing": {"provided": true, "compliancePolicyId": "p"}},
        "diversitySurvey": {"surveyId": "s", "responses": [{"questionId": "q", "answer": ["a"]}]},
    });
    body.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
    let target = format!("/postings/{id}/apply?send_confirmation_email=true");
    let (status, answer) = send(&mock, "POST", &target, &body).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(fired(&mock), ["contactCreated", "applicationCreated"]);
    assert!(mock.requests().iter().all(|seen| seen.unknown_body.is_empty()));
    let application = answer["data"]["applicationId"].as_str().unwrap();
    let made = mock.store().application(application).unwrap();
    for (name, value) in [
        ("type", json!("posting")),
        ("posting", json!(id)),
        ("name", json!("Ana Lindgren")),
        ("email", json!("new.person@example.com")),
        ("phone", json!({"type": null, "value": "(503) 555-0142"})),
        ("company", json!("Northfield")),
        ("comments", json!("Happy to relocate.")),
        ("links", json!(["https://www.example.com/in/ana"])),
        ("ipAddress", json!("203.0.113.24")),
        ("timezone", json!("America/Los_Angeles")),
        ("user", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let fields = &made["customQuestions"][0]["fields"];
    assert_eq!(fields[1]["value"], json!(["Go", "Rust"]));
    let file = &fields[3]["value"];
    assert_eq!(
        (&file["name"], &file["ext"], &file["size"]),
        (&json!("take home.txt"), &json!(".txt"), &json!(12))
    );
    assert_eq!((&fields[2]["value"], &fields[6]["value"]), (&Value::Null, &Value::Null));
    let opportunity = made["opportunityId"].as_str().unwrap();
    let row = mock.store().opportunity(opportunity).unwrap();
    assert_eq!((&row["stage"], &row["origin"]), (&json!("applicant-new"), &json!("internal")));
    assert_eq!(row["sources"], json!(["Our own job site"]));
    assert_eq!(row["opportunityLocation"], "Portland, OR");
    assert!(row["tags"].as_array().unwrap().contains(&json!("Infrastructure Engineer")));
    let resumes = mock.store().resumes(opportunity);
    assert_eq!(resumes[0]["file"]["name"], "resume.pdf");
    assert_eq!(mock.store().file_actions(opportunity)[0]["type"], "resume-imported");
    let (_, list) = get(&mock, &format!("/opportunities/{opportunity}/applications")).await;
    assert_eq!(ids(&list), [application]);
}

#[tokio::test]
async fn a_known_e_mail_keeps_its_contact() {
    let mock = unlimited().await;
    let (_, known) = first(&mock, |row| !row["emails"].as_array().unwrap().is_empty());
    let id = posting(&mock, "Infrastructure Engineer");
    let email = known["emails"][0].as_str().unwrap().to_uppercase();
    let body = application(&mock, &id, &email);
    let (status, answer) = send(&mock, "POST", &format!("/postings/{id}/apply"), &body).await;
    assert_eq!(status, 201);
    assert_eq!(fired(&mock), ["applicationCreated"]);
    let made = mock.store().application(answer["data"]["applicationId"].as_str().unwrap()).unwrap();
    let row = mock.store().opportunity(made["opportunityId"].as_str().unwrap()).unwrap();
    assert_eq!((&row["contact"], &row["name"]), (&known["contact"], &known["name"]));
    assert_eq!(made["name"], "Ana Lindgren");
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused_by_field() {
    let mock = unlimited().await;
    let id = posting(&mock, "Infrastructure Engineer");
    let sound = application(&mock, &id, "a@example.com");
    let rows: Vec<(&str, Value, &str)> = vec![
        ("/personalInformation", Value::Null, "/personalInformation"),
        (
            "/personalInformation",
            json!([{"name": "fullName", "value": "A"}]),
            "/personalInformation",
        ),
        ("/personalInformation/0/value", json!("  "), "/personalInformation/0/value"),
        ("/personalInformation/0/name", json!("fullname"), "/personalInformation/0/name"),
        ("/personalInformation/0/name", json!("email"), "/personalInformation/1/name"),
        ("/personalInformation/1/value", json!("nobody"), "/personalInformation"),
        ("/personalInformation/1/value", json!(["a@example.com"]), "/personalInformation/1/value"),
        ("/customQuestions", json!([]), "/customQuestions"),
        ("/customQuestions/0/id", json!("x"), "/customQuestions/0/id"),
        ("/customQuestions/0/fields", json!([{"value": "only one"}]), "/customQuestions/0/fields"),
        ("/customQuestions/0/fields/0/value", Value::Null, "/customQuestions/0/fields/0/value"),
        ("/customQuestions/0/fields/0/value", json!(["Go"]), "/customQuestions/0/fields/0/value"),
        ("/customQuestions/0/fields/1/value", json!("Go"), "/customQuestions/0/fields/1/value"),
        ("/customQuestions/0/fields/1/value", json!(["C"]), "/customQuestions/0/fields/1/value"),
        ("/customQuestions/0/fields/4/value", json!("now"), "/customQuestions/0/fields/4/value"),
        (
            "/customQuestions/0/fields/3/value",
            json!("https://x.example"),
            "/customQuestions/0/fields/3/value",
        ),
        ("/urls", json!([{"name": "Blog", "value": "x"}]), "/urls/0/name"),
        ("/eeoResponses", json!({"gender": "x"}), "/eeoResponses/gender"),
        ("/origin", json!("sourced"), "/origin"),
        ("/timezone", json!("Pacific Time"), "/timezone"),
        ("/consent", json!({"store": {}}), "/consent/store/provided"),
        ("/diversitySurvey", json!({}), "/diversitySurvey/surveyId"),
        ("/userAgent", json!(5), "/userAgent"),
    ];
    let before = mock.store().all_opportunity_ids().len();
    for (pointer, value, at) in rows {
        let mut body = sound.clone();
        match body.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => body[&pointer[1..]] = value.clone(),
        }
        let (status, answer) = send(&mock, "POST", &format!("/postings/{id}/apply"), &body).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{pointer} {value}");
        assert!(message.ends_with(&format!(" at {at}")), "{pointer} {value}: {message}");
    }
    assert_eq!(mock.store().all_opportunity_ids().len(), before);
}

#[tokio::test]
async fn a_question_set_is_demanded_on_its_channel_only() {
    let mock = unlimited().await;
    let id = posting(&mock, "Backend Engineer");
    let resume = upload(&mock, "resume.pdf", b"%PDF").await;
    let mut body = application(&mock, &id, "b@example.com");
    let list = body["personalInformation"].as_array_mut().unwrap();
    list.push(json!({"name": "phone", "value": "1"}));
    list.push(json!({"name": "resume", "value": resume["uri"]}));
    body["urls"] = json!([{"name": "LinkedIn", "value": "x"}]);
    let form = mock.store().apply_questions(&id).unwrap();
    body["customQuestions"][0]["id"] = form["customQuestions"][1]["id"].clone();
    let target = format!("/postings/{id}/apply");
    assert_eq!(send(&mock, "POST", &target, &body).await.0, 201);
    body["origin"] = json!("internal");
    let (status, answer) = send(&mock, "POST", &target, &body).await;
    assert_eq!(status, 400);
    let missing = form["customQuestions"][0]["id"].as_str().unwrap();
    assert!(answer["message"].as_str().unwrap().contains(missing));
    let both = json!({"id": missing, "fields": [{"value": "Mira"}]});
    body["customQuestions"].as_array_mut().unwrap().push(both);
    assert_eq!(send(&mock, "POST", &target, &body).await.0, 201);
    body["urls"] = json!([]);
    assert_eq!(send(&mock, "POST", &target, &body).await.0, 400);
}

#[tokio::test]
async fn only_open_postings_accept_applications() {
    let mock = unlimited().await;
    for posting in mock.store().postings() {
        if posting["confidentiality"] == "confidential" {
            continue;
        }
        let id = posting["id"].as_str().unwrap();
        let (_, answer) = send(&mock, "POST", &format!("/postings/{id}/apply"), &json!({})).await;
        let message = answer["message"].as_str().unwrap();
        let is_open = ["published", "internal"].contains(&posting["state"].as_str().unwrap());
        assert_eq!(message.contains("accept applications"), !is_open, "{message}");
    }
    assert_eq!(send(&mock, "POST", "/postings/none/apply", &json!({})).await.0, 404);
}

#[tokio::test]
async fn an_upload_serves_for_a_day() {
    let mock = unlimited().await;
    let id = posting(&mock, "Infrastructure Engineer");
    let made = upload(&mock, "resume.pdf", b"%PDF").await;
    let mut body = application(&mock, &id, "c@example.com");
    let list = body["personalInformation"].as_array_mut().unwrap();
    list.push(json!({"name": "resume", "value": made["uri"]}));
    let target = format!("/postings/{id}/apply");
    // Twice: it may be named again while it lives.
    for _ in 0..2 {
        assert_eq!(send(&mock, "POST", &target, &body).await.0, 201);
    }
    mock.service.lock().state.all_mut::<Upload>()[0].expires_at -= 86_400_000;
    let (status, answer) = send(&mock, "POST", &target, &body).await;
    assert_eq!(status, 400);
    assert_eq!(answer["message"], "Upload has expired. at /personalInformation/2/value");
}

#[tokio::test]
async fn applications_have_a_narrower_limit_inside_the_other() {
    let rate = Some(Rate { per_second: 0, burst: 5, retry_after: None });
    let apply_rate = Some(Rate { per_second: 0, burst: 2, retry_after: None });
    let mock = Mock::start(Config { rate, apply_rate, ..Config::default() }).await.unwrap();
    let rows = [
        ("POST", "/postings/none/apply", 404),
        ("POST", "/postings/none/apply", 404),
        ("POST", "/postings/none/apply", 429),
        ("GET", "/postings/none/apply", 404),
        ("GET", "/stages", 200),
        ("GET", "/stages", 429),
    ];
    for (method, target, status) in rows {
        let body = if method == "POST" { json!({}) } else { Value::Null };
        assert_eq!(send(&mock, method, target, &body).await.0, status, "{method} {target}");
    }
}

#[tokio::test]
async fn an_application_is_expanded_where_asked() {
    let mock = unlimited().await;
    let (id, row) = first(&mock, |row| {
        row["applications"].as_array().is_some_and(|all| !all.is_empty())
            && row["origin"] == "referred"
    });
    let application = row["applications"][0].as_str().unwrap();
    let target = format!("/opportunities/{id}/applications/{application}");
    let query =
        "expand=posting&expand=postingOwner&expand=user&expand=postingHiringManager&include=name";
    let (status, body) = get(&mock, &format!("{target}?{query}")).await;
    assert_eq!(status, 200);
    assert!(body["data"]["posting"]["categories"].is_object());
    assert!(body["data"]["postingOwner"]["email"].is_string());
    assert!(body["data"]["user"]["email"].is_string());
    assert!(body["data"].get("company").is_none());
    let (_, plain) = get(&mock, &target).await;
    assert_eq!(plain["data"], mock.store().application(application).unwrap());
    assert_eq!(get(&mock, &format!("/opportunities/{id}/applications/x")).await.0, 404);
    let (lead, _) = first(&mock, |row| row["applications"] == json!([]));
    let (_, none) = get(&mock, &format!("/opportunities/{lead}/applications")).await;
    assert_eq!(none["data"], json!([]));
}
