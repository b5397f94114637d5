//! Postings over loopback: which the list has, what a change does and what it takes away.

use serde_json::{Value, json};

use super::{get, ids, send, start, user};
use crate::{Config, Mock};

/// Ids of the postings that fit, oldest first.
fn fitting(mock: &Mock, fits: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut rows: Vec<_> = mock.store().postings().into_iter().filter(|it| fits(it)).collect();
    rows.sort_by_key(|row| (row["createdAt"].as_u64(), row["id"].to_string()));
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn has(row: &Value, list: &str, text: &str) -> bool {
    row[list].as_array().is_some_and(|items| items.iter().any(|item| item == text))
}

fn open(row: &Value) -> bool {
    row["confidentiality"] == "non-confidential"
}

#[tokio::test]
async fn the_list_has_exactly_the_postings_that_fit() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    type Fits = Box<dyn Fn(&Value) -> bool>;
    let published = |row: &Value| open(row) && row["state"] == "published";
    let rows: Vec<(&str, Fits)> = vec![
        ("", Box::new(open)),
        ("confidentiality=all", Box::new(|_| true)),
        ("confidentiality=confidential", Box::new(|row| !open(row))),
        ("state=draft", Box::new(|row| open(row) && row["state"] == "draft")),
        (
            "state=published",
            Box::new(move |row| published(row) && has(row, "distributionChannels", "public")),
        ),
        (
            "state=published&distributionChannel=public&distributionChannel=internal",
            Box::new(published),
        ),
        (
            "distributionChannel=internal",
            Box::new(|row| open(row) && has(row, "distributionChannels", "internal")),
        ),
        ("team=Platform", Box::new(|row| open(row) && row["categories"]["team"] == "Platform")),
        (
            "team=Platform&location=Remote%20-%20EU",
            Box::new(|row| {
                let has_place = has(&row["categories"], "allLocations", "Remote - EU");
                open(row) && row["categories"]["team"] == "Platform" && has_place
            }),
        ),
        (
            "department=Sales&department=People",
            Box::new(|row| {
                open(row)
                    && ["Sales", "People"].iter().any(|it| row["categories"]["department"] == *it)
            }),
        ),
        ("commitment=Contract", Box::new(|row| row["categories"]["commitment"] == "Contract")),
        ("level=Senior", Box::new(|row| row["categories"]["level"] == "Senior")),
        ("tag=high-priority", Box::new(|row| open(row) && has(row, "tags", "high-priority"))),
    ];
    for (query, fits) in rows {
        let expected = fitting(&mock, fits);
        assert!(!expected.is_empty(), "{query} fits nothing");
        let (status, body) = get(&mock, &format!("/postings?{query}")).await;
        assert_eq!((status, ids(&body)), (200, expected), "{query}");
    }
    for query in ["state=x", "distributionChannel=x", "group=x", "confidentiality=x", "limit=0"] {
        assert_eq!(get(&mock, &format!("/postings?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_time_of_change_combines_with_nothing_but_the_confidentiality() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    let newest = mock.store().postings().iter().map(|it| it["updatedAt"].as_u64().unwrap()).max();
    let at = format!("updated_at_start={}", newest.unwrap());
    let (status, body) = get(&mock, &format!("/postings?{at}&confidentiality=all&limit=5")).await;
    assert_eq!((status, ids(&body).is_empty()), (200, false));
    for other in ["state=published", "tag=a", "team=a", "group=team", "distributionChannel=public"]
    {
        for time in [at.as_str(), "updated_at_end=5"] {
            let (status, body) = get(&mock, &format!("/postings?{time}&{other}")).await;
            assert_eq!(status, 400, "{other}");
            assert!(body["message"].as_str().unwrap().contains("confidentiality"));
        }
    }
}

#[tokio::test]
async fn a_group_orders_the_list_by_its_category() {
    let mock = start(Config::default()).await;
    let mut teams = Vec::new();
    let mut offset = String::new();
    loop {
        let (_, body) = get(&mock, &format!("/postings?group=team&limit=3{offset}")).await;
        let page = body["data"].as_array().unwrap().clone();
        teams.extend(page.iter().map(|row| row["categories"]["team"].to_string()));
        let Some(next) = body["next"].as_str() else { break };
        offset = format!("&offset={next}");
    }
    assert!(teams.is_sorted() && teams.len() > 10, "{teams:?}");
}

#[tokio::test]
async fn people_are_expanded_where_asked() {
    let mock = start(Config::default()).await;
    let id = mock.store().postings()[0]["id"].as_str().unwrap().to_owned();
    let target = format!(
        "/postings/{id}?expand=owner&expand=hiringManager&expand=user&expand=followers&include=text"
    );
    let (_, body) = get(&mock, &target).await;
    for name in ["owner", "hiringManager", "user"] {
        assert!(body["data"][name]["email"].is_string(), "{name}: {body}");
    }
    assert!(body["data"]["followers"][0]["email"].is_string());
    assert!(body["data"].get("urls").is_none());
    assert_eq!(get(&mock, &format!("/postings/{id}?distribution=external")).await.0, 200);
    assert_eq!(get(&mock, &format!("/postings/{id}?distribution=x")).await.0, 400);
}

#[tokio::test]
async fn a_confidential_posting_is_neither_shown_nor_changed() {
    let mock = start(Config::default()).await;
    let id = fitting(&mock, |row| !open(row))[0].clone();
    assert!(!ids(&get(&mock, "/postings").await.1).contains(&id));
    assert_eq!(get(&mock, &format!("/postings/{id}")).await.0, 403);
    let made = json!({"name": "A", "postings": [id]});
    let target = format!("/opportunities?perform_as={}", user(&mock));
    assert_eq!(send(&mock, "POST", &target, &made).await.0, 403);
    let deep = start(Config { confidential_access: true, ..Config::default() }).await;
    let target = format!("/postings/{id}?perform_as={}", user(&deep));
    assert_eq!(get(&deep, &format!("/postings/{id}")).await.0, 200);
    let change = json!({"text": "x", "state": "draft"});
    assert_eq!(send(&deep, "POST", &target, &change).await.0, 403);
}

#[tokio::test]
async fn a_posting_is_made_as_told_and_a_draft_otherwise() {
    let mock = start(Config::default()).await;
    let user = user(&mock);
    let target = format!("/postings?perform_as={user}");
    let (status, body) = send(&mock, "POST", &target, &json!({"text": "Cook"})).await;
    assert_eq!(status, 201);
    let posting = &body["data"];
    assert_eq!((&posting["state"], &posting["urls"]), (&json!("draft"), &Value::Null));
    assert_eq!((&posting["owner"], &posting["user"]), (&json!(user), &json!(user)));
    assert_eq!(posting["distributionChannels"], Value::Null);
    assert!(posting.get("salaryRange").is_none());
    let whole = json!({
        "text": "Cook",
        "state": "published",
        "distributionChannels": ["internal"],
        "owner": mock.store().users()[4]["id"],
        "hiringManager": mock.store().users()[1]["id"],
        "categories": {"team": "Galley", "location": "Lisbon", "commitment": "Full-time"},
        "content": {
            "descriptionHtml": "<div>Cook <script>well</script></div>",
            "lists": [{"text": "Needed", "content": "<ul><li>Knife</li></ul>"}],
            "closingPostingHtml": "<p>Bye</p>",
        },
        "tags": ["food"],
        "workplaceType": "onsite",
        "requisitionCodes": ["ENG-145"],
        "salaryDescriptionHtml": "<p>Fair</p>",
        "salaryRange": {"min": 1, "max": 2.5, "currency": "EUR", "interval": "per-hour-wage"},
    });
    let (status, body) = send(&mock, "POST", &target, &whole).await;
    assert_eq!(status, 201, "{body}");
    let posting = &body["data"];
    assert!(mock.requests().iter().all(|seen| seen.unknown_body.is_empty()));
    let expected = [
        ("/categories/allLocations", json!(["Lisbon"])),
        ("/content/description", json!("Cook well\n")),
        ("/content/descriptionHtml", json!("<div>Cook well</div>")),
        ("/content/lists/0/content", json!("<li>Knife</li>")),
        ("/content/closingHtml", json!("<p>Bye</p>")),
        ("/salaryDescription", json!("Fair\n")),
        ("/salaryRange", whole["salaryRange"].clone()),
        ("/reqCode", json!("ENG-145")),
        ("/distributionChannels", json!(["internal"])),
        ("/owner", whole["owner"].clone()),
        ("/hiringManager", whole["hiringManager"].clone()),
    ];
    for (pointer, value) in expected {
        assert_eq!(posting.pointer(pointer), Some(&value), "{pointer}");
    }
    assert!(posting["urls"]["apply"].as_str().unwrap().ends_with("/apply"));
    assert_eq!(get(&mock, &format!("/postings/{}", posting["id"].as_str().unwrap())).await.1, body);
}

#[tokio::test]
async fn a_posting_that_makes_no_sense_is_refused_by_field() {
    let mock = start(Config::default()).await;
    let target = format!("/postings?perform_as={}", user(&mock));
    let rows = [
        (json!({}), "/text"),
        (json!({"text": ""}), "/text"),
        (json!({"text": 5}), "/text"),
        (json!({"text": "x", "state": "open"}), "/state"),
        (json!({"text": "x", "distributionChannels": ["x"]}), "/distributionChannels"),
        (json!({"text": "x", "workplaceType": "unspecified"}), "/workplaceType"),
        (json!({"text": "x", "owner": "nobody"}), "/owner"),
        (json!({"text": "x", "hiringManager": 5}), "/hiringManager"),
        (json!({"text": "x", "categories": []}), "/categories"),
        (json!({"text": "x", "categories": {"team": 5}}), "/categories/team"),
        (json!({"text": "x", "content": {"lists": [{"text": "a"}]}}), "/content/lists/0/content"),
        (json!({"text": "x", "salaryRange": {"min": 1, "max": 2}}), "/salaryRange/currency"),
        (
            json!({"text": "x", "salaryRange": {"min": "1", "max": 2, "currency": "EUR", "interval": "y"}}),
            "/salaryRange/min",
        ),
    ];
    let before = mock.store().postings().len();
    for (body, pointer) in rows {
        let (status, answer) = send(&mock, "POST", &target, &body).await;
        assert_eq!(status, 400, "{body}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.ends_with(&format!(" at {pointer}")), "{body}: {message}");
    }
    assert_eq!(mock.store().postings().len(), before);
}

#[tokio::test]
async fn a_change_without_a_state_turns_the_posting_into_a_draft() {
    let mock = start(Config::default()).await;
    let id = fitting(&mock, |row| row["text"] == "Rigger")[0].clone();
    let target = format!("/postings/{id}?perform_as={}", user(&mock));
    let (status, body) =
        send(&mock, "POST", &target, &json!({"text": "Head rigger", "state": "internal"})).await;
    assert_eq!(status, 200);
    let kept = &body["data"];
    assert_eq!((&kept["text"], &kept["state"]), (&json!("Head rigger"), &json!("internal")));
    assert!(kept["urls"].is_object() && kept["salaryDescription"].is_string());
    assert_eq!(kept["categories"]["allLocations"].as_array().unwrap().len(), 2);
    let (_, body) = send(&mock, "POST", &target, &json!({"text": "Rigger"})).await;
    let lost = &body["data"];
    assert_eq!((&lost["state"], &lost["urls"]), (&json!("draft"), &Value::Null));
    assert_eq!(lost["categories"]["allLocations"], json!([]));
    assert_eq!(lost["categories"]["location"], "Lisbon");
    let categories =
        json!({"text": "Rigger", "state": "published", "categories": {"allLocations": ["Lisbon"]}});
    let (_, body) = send(&mock, "POST", &target, &categories).await;
    assert_eq!(body["data"]["categories"]["allLocations"], json!(["Lisbon"]));
    assert_eq!(body["data"]["distributionChannels"], json!(["internal", "public"]));
    let owner = json!({"state": "published", "owner": mock.store().users()[6]["id"]});
    let (_, body) = send(&mock, "POST", &target, &owner).await;
    assert_ne!(body["data"]["owner"], owner["owner"]);
    assert_eq!(mock.requests().pop().unwrap().unknown_body, ["/owner"]);
}
