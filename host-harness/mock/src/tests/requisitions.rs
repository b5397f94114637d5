//! Requisitions.

use serde_json::{Value, json};

use super::{get, ids, start};
use crate::Config;

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
