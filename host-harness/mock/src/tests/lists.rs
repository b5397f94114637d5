//! The lists an account is set up with.

use super::{get, ids, start};
use crate::Config;

#[tokio::test]
async fn set_up_lists_are_filtered_as_asked() {
    let mock = start(Config::default()).await;
    let rows = [
        ("/stages", 12),
        ("/archive_reasons", 9),
        ("/archive_reasons?type=hired", 2),
        ("/users", 15),
        ("/users?includeDeactivated=true", 18),
        ("/users?accessRole=super%20admin", 2),
        ("/users?accessRole[]=super+admin&accessRole[]=admin", 4),
        ("/users?email=MIRA.okafor@harborlight.example", 1),
        ("/users?external_directory_id=HL-1000", 1),
        ("/postings?state=published", 5),
    ];
    for (target, count) in rows {
        let (_, body) = get(&mock, target).await;
        assert_eq!(ids(&body).len(), count, "{target}");
    }
    let (_, tags) = get(&mock, "/tags").await;
    assert!(tags["data"][0]["count"].as_u64().unwrap() > 0);
}
