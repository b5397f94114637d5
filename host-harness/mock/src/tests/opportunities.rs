//! Opportunities: the list, its pages and filters, expanded fields, their old name.

use serde_json::{Value, json};

use super::{exchange, first, get, ids, parsed, send, start, user};
use crate::{Config, History, Mock};

#[tokio::test]
async fn following_next_meets_every_opportunity_once_in_order() {
    let mock = start(Config::default()).await;
    for spelled in ["raw", "encoded"] {
        let mut met = Vec::new();
        let mut target = "/opportunities?limit=40".to_owned();
        loop {
            let (status, body) = get(&mock, &target).await;
            assert_eq!(status, 200, "{}", mock.describe());
            met.extend(ids(&body));
            assert_eq!(body["hasNext"].as_bool(), Some(body.get("next").is_some()));
            let Some(next) = body.get("next").and_then(Value::as_str) else { break };
            let next = match spelled {
                "raw" => next.to_owned(),
                _ => form_urlencoded::byte_serialize(next.as_bytes()).collect(),
            };
            target = format!("/opportunities?limit=40&offset={next}");
        }
        assert_eq!(met, mock.store().opportunity_ids(), "{spelled}");
    }
    assert!(mock.requests().iter().all(|seen| seen.unknown_query.is_empty()));
}

#[tokio::test]
async fn a_token_of_another_query_is_refused() {
    let mock = start(Config::default()).await;
    let (_, body) = get(&mock, "/opportunities?limit=1&archived=false").await;
    let next = body["next"].as_str().unwrap();
    let target = |filter| format!("/opportunities?limit=1&{filter}&offset={next}");
    assert_eq!(get(&mock, &target("archived=true")).await.0, 400);
    assert_eq!(get(&mock, &target("archived=false")).await.0, 200);
}

/// The records of every page of a list.
async fn all_pages(mock: &Mock, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut offset = String::new();
    loop {
        let (_, body) = get(mock, &format!("/opportunities?{query}{offset}")).await;
        found.extend(body["data"].as_array().unwrap().clone());
        let Some(next) = body.get("next").and_then(Value::as_str) else { break };
        offset = format!("&offset={next}");
    }
    found
}

#[tokio::test]
async fn every_filter_lists_exactly_the_records_that_fit() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    let store = mock.store();
    let all: Vec<_> =
        store.all_opportunity_ids().iter().map(|id| store.opportunity(id).unwrap()).collect();
    let (_, archived) = first(&mock, |row| {
        !row["archived"].is_null() && !row["emails"].as_array().unwrap().is_empty()
    });
    let reason = archived["archived"]["reason"].as_str().unwrap().to_owned();
    let email = archived["emails"][0].as_str().unwrap().to_owned();
    let at = archived["createdAt"].as_u64().unwrap();
    let open = |row: &Value| row["confidentiality"] == "non-confidential";
    let has = |row: &Value, list: &str, text: &str| {
        row[list].as_array().unwrap().iter().any(|it| it == text)
    };
    type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let rows: Vec<(String, Fits)> = vec![
        ("confidentiality=all".into(), Box::new(|_| true)),
        ("confidentiality=confidential".into(), Box::new(move |row| !open(row))),
        (
            "tag=Rust&tag=senior".into(),
            Box::new(move |row| {
                open(row) && (has(row, "tags", "Rust") || has(row, "tags", "senior"))
            }),
        ),
        (
            "tag=Rust&origin=applied".into(),
            Box::new(move |row| {
                open(row) && has(row, "tags", "Rust") && row["origin"] == "applied"
            }),
        ),
        (
            "source=LinkedIn".into(),
            Box::new(move |row| open(row) && has(row, "sources", "LinkedIn")),
        ),
        (
            "stage_id=lead-new&stage_id=offer".into(),
            Box::new(move |row| {
                open(row) && (row["stage"] == "lead-new" || row["stage"] == "offer")
            }),
        ),
        ("archived=true".into(), Box::new(move |row| open(row) && !row["archived"].is_null())),
        ("snoozed=true".into(), Box::new(move |row| open(row) && !row["snoozedUntil"].is_null())),
        (
            "location=unspecified".into(),
            Box::new(move |row| open(row) && row.get("opportunityLocation").is_none()),
        ),
        (
            "location=Lisbon".into(),
            Box::new(move |row| open(row) && row["opportunityLocation"] == "Lisbon"),
        ),
        (
            format!("archive_reason_id={reason}"),
            Box::new(|row| open(row) && row["archived"]["reason"] == reason.as_str()),
        ),
        (
            format!("email={}", email.to_uppercase()),
            Box::new(|row| open(row) && has(row, "emails", &email)),
        ),
        (
            format!("contact_id={}", archived["contact"].as_str().unwrap()),
            Box::new(|row| open(row) && row["contact"] == archived["contact"]),
        ),
        (
            format!("created_at_start={at}&created_at_end={at}"),
            Box::new(move |row| open(row) && row["createdAt"] == at),
        ),
        (
            "updated_at_start=0".into(),
            Box::new(move |row| open(row) && !row["updatedAt"].is_null()),
        ),
    ];
    for (query, fits) in rows {
        let expected: Vec<_> = all.iter().filter(|row| fits(row)).cloned().collect();
        assert!(!expected.is_empty(), "{query} fits nothing");
        let found = all_pages(&mock, &query).await;
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn expanded_fields_survive_an_include_of_others() {
    let mock = start(Config::default()).await;
    let (id, plain) = first(&mock, |row| !row["applications"].as_array().unwrap().is_empty());
    let target = format!(
        "/opportunities/{id}?include=name&expand=applications&expand=stage&expand=owner&expand=contact"
    );
    let (_, body) = get(&mock, &target).await;
    let mut keys: Vec<_> = body["data"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["applications", "contact", "id", "name", "owner", "stage"]);
    assert_eq!(body["data"]["stage"]["id"], plain["stage"]);
    assert_eq!(body["data"]["owner"]["id"], plain["owner"]);
    assert_eq!(body["data"]["contact"]["id"], plain["contact"]);
    assert_eq!(body["data"]["applications"][0]["opportunityId"], id.as_str());
    assert_eq!(body["data"]["applications"][0].as_object().unwrap().len(), 23);
}

#[tokio::test]
async fn candidates_are_opportunities_by_their_old_name() {
    let mock = start(Config { opportunities: 20, ..Config::default() }).await;
    let user = user(&mock);
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
