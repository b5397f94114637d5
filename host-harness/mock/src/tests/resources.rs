//! Referrals, requisitions, the old name of opportunities and the job site's API, over loopback.

use serde_json::{Value, json};

use super::{exchange, get, ids, parsed, send, start};
use crate::{Config, History};

/// Every referral with the opportunity it belongs to.
async fn referred(mock: &crate::Mock) -> Vec<(String, Value)> {
    let mut referrals = Vec::new();
    for id in mock.store().opportunity_ids() {
        let (status, body) = get(mock, &format!("/opportunities/{id}/referrals")).await;
        assert_eq!(status, 200);
        let rows = body["data"].as_array().unwrap().clone();
        referrals.extend(rows.into_iter().map(|row| (id.clone(), row)));
    }
    referrals
}

#[tokio::test]
async fn everybody_who_was_referred_has_a_referral_and_nobody_else_does() {
    let mock = start(Config::default()).await;
    let referrals = referred(&mock).await;
    for id in mock.store().opportunity_ids() {
        let is_referred = mock.store().opportunity(&id).unwrap()["origin"] == "referred";
        assert_eq!(referrals.iter().any(|(of, _)| *of == id), is_referred, "{id}");
    }
    type Case = (&'static str, fn(&Value) -> bool);
    let cases: [Case; 5] = [
        ("by nobody of the account", |it| it["referrer"].is_null()),
        ("by a user", |it| it["referrer"].is_string() && it["referrer"] == it["user"]),
        ("unfinished", |it| it["completedAt"].is_null()),
        ("at a stage", |it| it["stage"].is_string()),
        ("with a comment", |it| it["fields"][2]["value"].is_string()),
    ];
    for (case, fits) in cases {
        assert!(referrals.iter().any(|(_, row)| fits(row)), "{case}");
    }
    let (of, row) = referrals.iter().find(|(_, row)| row["stage"].is_string()).unwrap();
    let path = format!("/opportunities/{of}/referrals/{}", row["id"].as_str().unwrap());
    assert_eq!(get(&mock, &path).await, (200, json!({"data": row})));
    let (_, body) = get(&mock, &format!("{path}?expand=user&expand=stage&include=type")).await;
    let shown = &body["data"];
    assert_eq!((&shown["user"]["id"], &shown["stage"]["id"]), (&row["user"], &row["stage"]));
    assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
    assert_eq!(get(&mock, &format!("/opportunities/{of}/referrals/none")).await.0, 404);
}

#[tokio::test]
async fn requisitions_are_filtered_and_expanded() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    let (_, body) = get(&mock, "/requisitions?confidentiality=all").await;
    let all = body["data"].as_array().unwrap().clone();
    let count = |fits: &dyn Fn(&Value) -> bool| all.iter().filter(|row| fits(row)).count();
    let middle = all[3]["createdAt"].as_u64().unwrap();
    let open = |row: &Value| row["confidentiality"] == "non-confidential";
    let rows = [
        (String::new(), count(&open)),
        ("confidentiality=confidential".to_owned(), 1),
        ("status=onHold".to_owned(), count(&|row| row["status"] == "onHold")),
        ("requisition_code=ENG-145".to_owned(), 1),
        ("requisition_code=ENG".to_owned(), 0),
        (
            format!("created_at_start={middle}"),
            count(&|row| open(row) && row["createdAt"].as_u64() >= Some(middle)),
        ),
        (format!("created_at_end={middle}&limit=2"), 2),
    ];
    for (query, expected) in rows {
        let (status, body) = get(&mock, &format!("/requisitions?{query}")).await;
        assert_eq!((status, ids(&body).len()), (200, expected), "{query}");
    }
    assert_eq!(get(&mock, "/requisitions?status=Open").await.0, 400);
    let unlimited = all.iter().find(|row| row["headcountTotal"] == "unlimited").unwrap();
    assert!(unlimited["creator"].is_null() && unlimited["approval"] == json!({"steps": []}));
    let id = all.iter().find(|row| row["requisitionCode"] == "ENG-145").unwrap()["id"].as_str();
    let path = format!("/requisitions/{}?expand=postings&expand=owner", id.unwrap());
    let (_, body) = get(&mock, &path).await;
    assert_eq!(body["data"]["postings"][0]["text"], "Infrastructure Engineer");
    assert_eq!(body["data"]["owner"]["name"], "Mira Okafor");
}

#[tokio::test]
async fn a_confidential_requisition_shows_to_those_who_may_see_it() {
    let mock = start(Config::default()).await;
    assert_eq!(get(&mock, "/requisitions?confidentiality=all").await.0, 403);
    let (_, body) = get(&mock, "/requisitions").await;
    assert!(ids(&body).len() > 3);
    let (open, others) = mock.store().requisitions();
    let mut refused = 0;
    for id in open.iter().chain(&others) {
        refused += usize::from(get(&mock, &format!("/requisitions/{id}")).await.0 == 403);
    }
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn candidates_are_opportunities_by_their_old_name() {
    let mock = start(Config { opportunities: 20, ..Config::default() }).await;
    let user = super::user(&mock);
    let id = &mock.store().opportunity_ids()[0];
    for rest in ["?limit=7", &format!("/{id}"), &format!("/{id}/notes"), &format!("/{id}/offers")] {
        let old = get(&mock, &format!("/candidates{rest}")).await;
        let (status, mut new) = get(&mock, &format!("/opportunities{rest}")).await;
        let mut old_body = old.1;
        // Paging tokens belong to the path they were handed out for.
        for body in [&mut old_body, &mut new] {
            body.as_object_mut().unwrap().remove("next");
        }
        assert_eq!((old.0, old_body), (status, new), "{rest}");
    }
    let note = json!({"value": "By the old name"});
    let path = format!("/candidates/{id}/notes?perform_as={user}");
    assert_eq!(send(&mock, "POST", &path, &note).await.0, 201);
    assert!(mock.store().notes(id).iter().any(|it| it["fields"][0]["value"] == note["value"]));

    let life = std::time::Duration::MAX;
    mock.issue_token("old", &["candidates:read:admin"], life);
    for (path, expected) in [
        ("/candidates".to_owned(), 200),
        (format!("/candidates/{id}"), 200),
        ("/opportunities".to_owned(), 403),
        (format!("/candidates/{id}/offers"), 403),
    ] {
        let head = format!("GET /v1{path} HTTP/1.1\r\nauthorization: Bearer old\r\n");
        let (status, body) = parsed(&exchange(&mock, &head, "").await.unwrap());
        assert_eq!(status, expected, "{path}: {body}");
    }
}

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

#[tokio::test]
async fn a_recent_account_changed_within_ninety_days_and_says_when() {
    const DAY: u64 = 86_400_000;
    let epoch = 1_790_000_000_000;
    let config = Config { epoch, history: History::Recent, ..Config::default() };
    let mock = start(config).await;
    let window = format!("updated_at_start={}&updated_at_end={epoch}", epoch - 90 * DAY);
    let mut found = 0;
    let mut path = format!("/opportunities?{window}");
    loop {
        let (_, body) = get(&mock, &path).await;
        found += ids(&body).len();
        match body["next"].as_str() {
            Some(next) => path = format!("/opportunities?{window}&offset={next}"),
            None => break,
        }
    }
    assert_eq!(found, mock.store().opportunity_ids().len());
    for id in mock.store().opportunity_ids() {
        let notes = mock.store().notes(&id);
        assert!(notes.iter().all(|note| note["createdAt"].as_u64() <= Some(epoch)), "{id}");
    }
}
