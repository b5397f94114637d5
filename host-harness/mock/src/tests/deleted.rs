//! The three lists of what was deleted, over loopback: which window they demand and what falls into
//! it.

use serde_json::Value;

use super::{get, start};
use crate::Config;

const DAY: u64 = 86_400_000;

#[tokio::test]
async fn windows_are_demanded_in_order_and_at_most_thirty_days_wide() {
    let mock = start(Config::default()).await;
    let epoch = Config::default().epoch;
    let start = epoch - 30 * DAY;
    let rows = [
        (String::new(), 400),
        (format!("deleted_at_start={start}"), 400),
        (format!("deleted_at_end={epoch}"), 400),
        (format!("deleted_at_start={start}&deleted_at_end={epoch}"), 200),
        (format!("deleted_at_start={}&deleted_at_end={epoch}", start - 1), 400),
        (format!("deleted_at_start={epoch}&deleted_at_end={start}"), 400),
        (format!("deleted_at_start=x&deleted_at_end={epoch}"), 400),
    ];
    for list in ["applications", "postings"] {
        for (query, status) in &rows {
            let (found, body) = get(&mock, &format!("/{list}/deleted?{query}")).await;
            assert_eq!(found, *status, "{list} {query}: {body}");
        }
    }
    assert_eq!(get(&mock, "/opportunities/deleted").await.0, 200);
}

fn within(rows: &[Value], start: u64, last: u64) -> Vec<Value> {
    let at = |row: &Value| row["deletedAt"].as_u64().unwrap();
    let mut rows: Vec<_> =
        rows.iter().filter(|row| (start..=last).contains(&at(row))).cloned().collect();
    rows.sort_by_key(|row| (at(row), row["id"].to_string()));
    rows
}

#[tokio::test]
async fn each_list_has_what_was_deleted_in_its_window() {
    let mock = start(Config::default()).await;
    let store = mock.store();
    let epoch = Config::default().epoch;
    // Exactly thirty days before the epoch, and one day before it, something was deleted.
    let (start, end) = (epoch - 30 * DAY, epoch - DAY);
    let query = format!("deleted_at_start={start}&deleted_at_end={end}");
    let open: Vec<_> = store
        .deleted_opportunities()
        .into_iter()
        .filter(|row| row["confidentiality"] == "non-confidential")
        .collect();
    assert!(open.len() < store.deleted_opportunities().len());
    let rows = [
        ("opportunities", within(&open, start, end)),
        // Their end is not part of the window.
        ("applications", within(&store.deleted_applications(), start, end - 1)),
        ("postings", within(&store.deleted_postings(), start, end)),
    ];
    for (list, expected) in rows {
        let (_, body) = get(&mock, &format!("/{list}/deleted?{query}")).await;
        assert_eq!(body["data"].as_array(), Some(&expected), "{list}");
        assert!(expected.len() >= 2, "{list}");
    }
    let (_, all) = get(&mock, "/opportunities/deleted?limit=2").await;
    assert_eq!((all["data"].as_array().unwrap().len(), all["hasNext"].as_bool()), (2, Some(true)));
    let gone = &all["data"][0];
    assert!(gone["deletedBy"].is_string() && gone["stageChanges"].is_array());
    let target = format!("/opportunities/{}", gone["id"].as_str().unwrap());
    assert_eq!(get(&mock, &target).await.0, 404);
}

#[tokio::test]
async fn confidential_ones_are_listed_with_access_only() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    let (_, body) = get(&mock, "/opportunities/deleted").await;
    assert_eq!(body["data"].as_array().unwrap().len(), mock.store().deleted_opportunities().len());
}
