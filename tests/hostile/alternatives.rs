//! Requests for which Lever's documents name two permissions: the one that the
//! policy mentions first decides, and no other way round opens the door.

use lever_host::policy::Agent;
use serde_json::{Value, json};

use super::Rig;

/// What becomes of a request: it goes out, or is refused by this rule.
type Fate = Result<(), &'static str>;

fn agent(grants: &[&str]) -> Agent {
    let grants = grants.iter().chain(&["foreign:attack=full"]).map(ToString::to_string);
    Agent::from_grants("prober", &grants.collect::<Vec<_>>()).expect("the grants are well formed")
}

/// The requests in question, each with what may become of it.
async fn try_all(rig: &mut Rig, grants: &[&str], fates: &[(&str, &str, Fate)]) {
    rig.agent = agent(grants);
    rig.agent.eeo = true;
    for (method, path, fate) in fates {
        let shown = format!("{grants:?} {method} {path}");
        let mut message = rig.message(method, &format!("/v1{path}"));
        if !["GET", "DELETE"].contains(method) {
            message["headers"] = json!([["content-type", "application/json"]]);
            message["body"] = "{}".into();
        }
        let (sent, refused) = (rig.mock.requests().len(), rig.refused().len());
        let said = rig.says("request", json!([message])).await;
        let rules: Vec<String> =
            rig.refused().split_off(refused).into_iter().map(|record| record.rule).collect();
        let reached = rig.mock.requests().len() - sent;
        match fate {
            Ok(()) => assert_eq!((reached, rules.len()), (1, 0), "{shown}: {said}"),
            Err(rule) => {
                assert_eq!(said, "ErrorCode::HttpRequestDenied", "{shown}");
                assert_eq!((reached, rules.as_slice()), (0, &[(*rule).to_owned()][..]), "{shown}");
            }
        }
    }
}

const NOTES: &str = "/opportunities/canary/notes";
const NOTE: &str = "/opportunities/canary/notes/canary";
const ONE: &str = "/opportunities/canary";
const APPLY: &str = "/postings/canary/apply";

#[tokio::test]
async fn notes_are_what_the_policy_says_of_notes_and_else_of_opportunities() {
    let mut rig = Rig::new().await;
    let none = "no grant for notes";
    let writes = |fate: Fate| [("POST", NOTES, fate), ("PUT", NOTE, fate), ("DELETE", NOTE, fate)];
    let reads = |fate: Fate| [("GET", NOTES, fate), ("GET", NOTE, fate)];
    let rows: [(&[&str], Fate, Fate, Fate); 9] = [
        (&["opportunities=full"], Ok(()), Ok(()), Ok(())),
        (&["opportunities=read"], Ok(()), Err(none), Ok(())),
        (&["opportunities=off"], Err(none), Err(none), Err("opportunities=off")),
        (&[], Err(none), Err(none), Err("no grant for opportunities")),
        (&["opportunities=full", "notes=off"], Err("notes=off"), Err("notes=off"), Ok(())),
        (&["notes=off", "opportunities=full"], Err("notes=off"), Err("notes=off"), Ok(())),
        (&["opportunities=full", "notes=read"], Ok(()), Err("only notes=read"), Ok(())),
        (&["opportunities=off", "notes=full"], Ok(()), Ok(()), Err("opportunities=off")),
        (&["notes=full"], Ok(()), Ok(()), Err("no grant for opportunities")),
    ];
    for (grants, read, write, other) in rows {
        try_all(&mut rig, grants, &reads(read)).await;
        try_all(&mut rig, grants, &writes(write)).await;
        try_all(&mut rig, grants, &[("GET", ONE, other)]).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn applying_is_what_the_policy_says_of_applications_and_else_of_postings() {
    let mut rig = Rig::new().await;
    let none = "no grant for applications";
    let rows: [(&[&str], Fate, Fate); 6] = [
        (&["postings=full"], Ok(()), Ok(())),
        (&["postings=read"], Err(none), Ok(())),
        (&["postings=full", "applications=off"], Err("applications=off"), Ok(())),
        (&["postings=full", "applications=read"], Err("only applications=read"), Ok(())),
        (&["postings=off", "applications=full"], Ok(()), Err("postings=off")),
        (&["opportunities=full"], Err(none), Err("no grant for postings")),
    ];
    for (grants, write, read) in rows {
        try_all(&mut rig, grants, &[("POST", APPLY, write), ("GET", APPLY, read)]).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn one_function_opens_its_own_requests_whatever_it_is_called_from() {
    let mut rig = Rig::new().await;
    // Granted by its name: the requests of its line, and no others of the resource.
    let shut = ["opportunities=off", "notes=off", "notes.create=allow"];
    try_all(
        &mut rig,
        &shut,
        &[
            ("POST", NOTES, Ok(())),
            ("GET", NOTE, Ok(())),
            ("GET", NOTES, Err("notes=off")),
            ("PUT", NOTE, Err("notes=off")),
            ("DELETE", NOTE, Err("notes=off")),
            ("GET", ONE, Err("opportunities=off")),
        ],
    )
    .await;
    // Under the name of a function, not even what the agent may do otherwise.
    rig.agent = agent(&["opportunities=full", "notes=full", "uploads=full", "postings=full"]);
    let rows: [(&str, &str, &str); 6] = [
        ("notes.list-page", "POST", NOTES),
        ("notes.list-page", "GET", ONE),
        ("notes.update", "DELETE", NOTE),
        ("opportunities.get", "GET", NOTES),
        ("opportunities.get", "PUT", "/opportunities/canary/stage"),
        ("postings.apply", "POST", "/postings"),
    ];
    for (function, method, path) in rows {
        let message: Value = rig.message(method, &format!("/v1{path}"));
        let said = rig.last(function, vec![message]).await;
        assert_eq!(said, "ErrorCode::HttpRequestDenied", "{function} {method} {path}");
        let rule = rig.refused().pop().map(|record| record.rule);
        assert_eq!(rule.as_deref(), Some("not a request of this function"), "{function} {method}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn reading_any_path_needs_the_permission_of_the_path() {
    let mut rig = Rig::new().await;
    rig.agent = agent(&["raw=read", "opportunities=full", "notes=off"]);
    let rows = [
        ("/opportunities", None),
        (NOTES, Some("notes=off")),
        (NOTE, Some("notes=off")),
        ("/users", Some("no grant for users")),
        ("/eeo/responses", Some("no grant for eeo-responses")),
        ("/eeo/responses/pii", Some("no grant for eeo-responses-pii")),
        ("/surveys/diversity/canary", Some("no grant for diversity-surveys")),
        ("/webhooks", Some("no grant for webhooks")),
        ("/oauth/token", Some("unknown request")),
    ];
    for (path, rule) in rows {
        let before = rig.refused().len();
        let said = rig.last("raw.get", vec![rig.message("GET", &format!("/v1{path}"))]).await;
        let refused = rig.refused().split_off(before).pop().map(|record| record.rule);
        assert_eq!(refused.as_deref(), rule, "{path}: {said:.100}");
    }
    rig.is_unharmed().await;
}
