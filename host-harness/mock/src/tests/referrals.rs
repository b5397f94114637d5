//! Referrals.

use serde_json::{Value, json};

use super::{get, start};
use crate::Config;

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
