//! The public postings API.

use serde_json::{Value, json};

use super::{exchange, parsed, start};
use crate::Config;

/// Status and JSON of a GET of the job site's API, without a credential.
async fn site(mock: &crate::Mock, rest: &str) -> (u16, Value) {
    let head = format!("GET /v0/postings/{rest} HTTP/1.1\r\n");
    parsed(&exchange(mock, &head, "").await.unwrap())
}

#[tokio::test]
async fn the_job_site_has_what_is_published_in_its_own_form() {
    let mock = start(Config::default()).await;
    let held = mock.store().postings();
    let fits = |row: &&Value| {
        row["state"] == "published"
            && row["distributionChannels"].as_array().unwrap().contains(&json!("public"))
            && row["confidentiality"] == "non-confidential"
    };
    let held: Vec<_> = held.iter().filter(fits).cloned().collect();
    let (status, list) = site(&mock, "harborlight?mode=json").await;
    let list = list.as_array().unwrap();
    assert_eq!((status, list.len()), (200, held.len()));
    for row in list {
        let truth = held.iter().find(|it| it["id"] == row["id"]).unwrap();
        // Plain keys are HTML here and text there.
        assert_eq!(row["description"], truth["content"]["descriptionHtml"]);
        assert_eq!(row["descriptionPlain"], truth["content"]["description"]);
        assert_eq!(row["hostedUrl"], truth["urls"]["show"]);
        assert!(row["createdAt"].is_u64() && row["categories"].get("level").is_none());
    }
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(site(&mock, &format!("harborlight/{id}?mode=json")).await, (200, list[0].clone()));

    let (_, page) = site(&mock, "harborlight?mode=json&skip=1&limit=2").await;
    assert_eq!(page.as_array().unwrap()[..], list[1..3]);
    let (_, some) = site(&mock, "harborlight?mode=json&team=Platform&team=Docs").await;
    assert_eq!(some.as_array().unwrap().len(), 2);
    assert_eq!(site(&mock, "harborlight?mode=json&team=platform").await, (200, json!([])));
    let (_, groups) = site(&mock, "harborlight?mode=json&group=location").await;
    let grouped =
        groups.as_array().unwrap().iter().map(|it| it["postings"].as_array().unwrap().len());
    assert_eq!(grouped.sum::<usize>(), list.len());
    let gone = json!({"ok": false, "error": "Document not found"});
    let hidden = mock.store().postings();
    let hidden = hidden.iter().find(|it| it["state"] == "draft").unwrap()["id"].clone();
    for rest in ["Harborlight?mode=json", "harborlight/none?mode=json", "harborlight/a/b", ""] {
        assert_eq!(site(&mock, rest).await, (404, gone.clone()), "{rest}");
    }
    let rest = format!("harborlight/{}?mode=json", hidden.as_str().unwrap());
    assert_eq!(site(&mock, &rest).await, (404, gone));
    assert_eq!(site(&mock, "harborlight?mode=xml").await.0, 400);
}

#[tokio::test]
async fn the_job_site_is_a_page_unless_json_is_asked_for() {
    let mock = start(Config::default()).await;
    for (query, accept, is_json) in [
        ("", "*/*", false),
        ("", "application/json, text/plain, */*", true),
        ("?mode=html", "application/json", false),
        ("?mode=json", "text/html", true),
    ] {
        let head = format!("GET /v0/postings/harborlight{query} HTTP/1.1\r\naccept: {accept}\r\n");
        let answer = exchange(&mock, &head, "").await.unwrap();
        assert_eq!(answer.contains("application/json"), is_json, "{query} {accept}");
        assert!(answer.contains("Infrastructure Engineer"));
    }
}
