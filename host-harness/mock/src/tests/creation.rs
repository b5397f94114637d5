//! Opportunities made from a form over loopback: names with brackets, a resume, files, what the
//! resume says.

use serde_json::{Value, json};

use super::{Parts, get, post_form, start, user};
use crate::{Config, Mock};

const RESUME: &[u8] =
    b"Name: Ana Lindgren\nEmail: ana.new@example.com\nPhone: 1\nHeadline: Sailor\n\
    Position: Engineer at Tidewater Labs\n";

fn target(mock: &Mock, query: &str) -> String {
    format!("/opportunities?perform_as={}{query}", user(mock))
}

#[tokio::test]
async fn a_form_builds_the_same_opportunity_as_json() {
    let mock = start(Config::default()).await;
    let reason = mock.store().archive_reasons()[2]["id"].as_str().unwrap().to_owned();
    let posting = mock.store().postings()[0]["id"].as_str().unwrap().to_owned();
    let parts: Vec<(&str, &[u8])> = vec![
        ("name=\"name\"", b"Remy"),
        ("name=\"emails[]\"", b"remy@example.com"),
        ("name=\"emails[]\"", b"remy@example.org"),
        ("name=\"phones[0][value]\"", b"(503) 555-0177"),
        ("name=\"phones[0][type]\"", b"mobile"),
        ("name=\"tags[]\"", b"Boats"),
        ("name=\"postings[]\"", posting.as_bytes()),
        ("name=\"createdAt\"", b"1500000000000"),
        ("name=\"archived[reason]\"", reason.as_bytes()),
        ("name=\"archived[archivedAt]\"", b"1600000000000"),
    ];
    let (status, body) = post_form(&mock, &target(&mock, ""), &parts).await;
    assert_eq!(status, 201, "{body}");
    assert!(mock.requests()[0].unknown_body.is_empty());
    let made = mock.store().opportunity(body["data"]["id"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&made["name"], &made["createdAt"]),
        (&json!("Remy"), &json!(1_500_000_000_000_u64))
    );
    assert_eq!(made["emails"], json!(["remy@example.com", "remy@example.org"]));
    assert_eq!(made["phones"], json!([{"type": "mobile", "value": "(503) 555-0177"}]));
    assert_eq!(made["archived"], json!({"reason": reason, "archivedAt": 1_600_000_000_000_u64}));
    assert_eq!(made["tags"][0], "Boats");
    assert_eq!(made["applications"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_refused_and_makes_nothing() {
    let mock = start(Config::default()).await;
    const PDF: &[u8] = b"%PDF";
    let rows: [(Parts, &str); 7] = [
        (&[("name=\"emails\"", b"a@example.com")], "Expected an array of strings. at /emails"),
        (&[("name=\"createdAt\"", b"yesterday")], "Expected a whole number. at /createdAt"),
        (&[("name=\"phones[0][type]\"", b"home")], "Required field is missing. at /phones/0/value"),
        (&[("name=\"name\"", b"\xff")], "Expected UTF-8. at /name"),
        (
            &[("name=\"name\"", b"a"), ("name=\"name\"", b"b")],
            "Given more than once, or out of order. at /name",
        ),
        (
            &[
                ("name=\"resumeFile\"; filename=\"a.pdf\"", PDF),
                ("name=\"resumeFile\"; filename=\"b.pdf\"", PDF),
            ],
            "Only one file is allowed. at /resumeFile",
        ),
        (
            &[("name=\"files[]\"; filename=\"a.exe\"", PDF)],
            "Unsupported file type; known are docx, doc, pdf, txt, jpg, png, js. at /files[]",
        ),
    ];
    let before = mock.store().all_opportunity_ids().len();
    for (parts, message) in rows {
        let (status, body) = post_form(&mock, &target(&mock, ""), parts).await;
        assert_eq!((status, &body["message"]), (400, &json!(message)));
    }
    assert_eq!(mock.store().all_opportunity_ids().len(), before);
}

#[tokio::test]
async fn its_resume_and_files_are_with_the_opportunity() {
    let mock = start(Config::default()).await;
    let parts: Vec<(&str, &[u8])> = vec![
        ("name=\"resumeFile\"; filename=\"ana.txt\"", RESUME),
        ("name=\"files[]\"; filename=\"a.pdf\"", b"%PDF a"),
        ("name=\"files[]\"; filename=\"b.png\"", b"png"),
        ("name=\"files\"; filename=\"c.txt\"", b"c"),
        ("name=\"file\"; filename=\"d.txt\"", b"d"),
    ];
    let (status, body) = post_form(&mock, &target(&mock, ""), &parts).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(mock.requests()[0].unknown_body, ["/file"]);
    let id = body["data"]["id"].as_str().unwrap();
    let files = mock.store().files(id);
    let names: Vec<_> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.pdf", "b.png", "c.txt"]);
    let resume = mock.store().resumes(id)[0].clone();
    assert_eq!((&resume["file"]["name"], &resume["parsedData"]), (&json!("ana.txt"), &Value::Null));
    assert_eq!(mock.store().resume_bytes(resume["id"].as_str().unwrap()).unwrap(), RESUME);
    let (_, actions) = get(&mock, &format!("/opportunities/{id}/file_actions")).await;
    assert_eq!(actions["data"].as_array().unwrap().len(), 4);
    assert_eq!(mock.store().opportunity(id).unwrap()["name"], "");
}

#[tokio::test]
async fn a_resume_says_only_what_the_form_does_not() {
    let mock = start(Config::default()).await;
    let resume: (&str, &[u8]) = ("name=\"resumeFile\"; filename=\"ana.txt\"", RESUME);
    let parts = [resume, ("name=\"headline\"", b"Engineer".as_slice())];
    let (status, body) = post_form(&mock, &target(&mock, "&parse=true"), &parts).await;
    assert_eq!((status, &body["deduped"]), (201, &json!(false)));
    let made = &body["data"];
    assert_eq!((&made["name"], &made["headline"]), (&json!("Ana Lindgren"), &json!("Engineer")));
    assert_eq!(made["emails"], json!(["ana.new@example.com"]));
    let id = made["id"].as_str().unwrap();
    let parsed = &mock.store().resumes(id)[0]["parsedData"];
    assert_eq!(parsed["positions"][0]["title"], "Engineer");
    // The e-mail in the resume makes it the same person.
    let (_, again) = post_form(&mock, &target(&mock, "&parse=true"), &[resume]).await;
    assert_eq!((&again["deduped"], &again["data"]["contact"]), (&json!(true), &made["contact"]));
    let (_, plain) = post_form(&mock, &target(&mock, "&parse=false"), &[resume]).await;
    assert_eq!((&plain["deduped"], &plain["data"]["name"]), (&json!(false), &json!("")));
}
