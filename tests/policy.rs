//! Access: every allow has its deny, at the function and on the wire.

use lever_host::mock::Config;
use lever_host::policy::{Agent, Policy};
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use crate::support::{Rig, agent, opportunity, user};

fn refusal(result: Result<Value, CallError>) -> String {
    match result {
        Err(CallError::Refused(refusal)) => refusal.message,
        other => panic!("it was not refused: {other:?}"),
    }
}

fn from_policy(text: &str) -> Agent {
    Policy::parse(text).expect("the policy is sound").agent("a").expect("it has a").clone()
}

#[tokio::test]
async fn a_denied_call_never_reaches_the_server_and_shows_the_grant_to_add() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let rows: [(&[&str], &str, Value, &str); 6] = [
        (&[], "stages.list-all", json!([]), "--grant stages=read"),
        (&["stages=read"], "users.list-all", json!([]), "--grant users=read"),
        (&["stages=read"], "notes.list-all", json!([id]), "--grant notes=read"),
        (&["notes=read"], "notes.create", json!([id, { "value": "x" }]), "--grant notes=full"),
        (
            &["opportunities=read"],
            "opportunities.update-stage",
            json!([id, "offer"]),
            "opportunities=full",
        ),
        (&[], "webhook-events.decode", json!(["{}", "t"]), "--grant webhook-events=read"),
    ];
    for (grants, function, args, way_out) in rows {
        let message = refusal(rig.call_as(&agent(grants), function, args).await);
        assert!(message.contains(way_out), "{function}: {message}");
        assert!(message.contains("[agents.sourcer.grants]"), "{message}");
    }
    assert!(rig.sent().is_empty(), "{}", rig.mock.describe());
}

#[tokio::test]
async fn a_grant_opens_its_resource_and_no_other() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let reader = agent(&["opportunities=read"]);
    assert!(rig.call_as(&reader, "opportunities.get", json!([id])).await.is_ok());
    refusal(rig.call_as(&reader, "opportunities.add-tags", json!([id, ["x"]])).await);
    let writer = agent(&["opportunities=full"]);
    assert!(rig.call_as(&writer, "opportunities.add-tags", json!([id, ["x"]])).await.is_ok());
    refusal(rig.call_as(&writer, "interviews.list-all", json!([id])).await);
}

#[tokio::test]
async fn an_expansion_needs_the_grant_of_what_it_shows_before_anything_is_sent() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let reader = agent(&["opportunities=read", "interviews=read", "raw=read", "stages=read"]);
    let raw = json!([format!("/opportunities/{id}"), [{ "name": "expand", "value": "contact" }]]);
    let rows = [
        ("opportunities.get", json!([id, [], ["contact"]]), "contact=read"),
        ("opportunities.get", json!([id, [], ["stage", "owner"]]), "users=read"),
        ("opportunities.get-many", json!([[id], [], ["applications"]]), "applications=read"),
        ("opportunities.list-page", json!([{ "expand": ["followers"] }]), "users=read"),
        ("opportunities.list-all", json!([{ "expand": ["sourcedBy"] }]), "users=read"),
        ("interviews.list-page", json!([id, { "expand": ["postings"] }]), "postings=read"),
        (
            "interviews.list-for-many",
            json!([[id], { "expand": ["feedbackForms"] }]),
            "feedback=read",
        ),
        ("raw.get", raw, "contact=read"),
    ];
    for (function, args, missing) in rows {
        let message = refusal(rig.call_as(&reader, function, args).await);
        assert!(message.contains(&format!("--grant {missing}")), "{function}: {message}");
        assert!(message.contains("`expand` of `"), "{function}: {message}");
    }
    assert!(rig.sent().is_empty(), "{}", rig.mock.describe());
    let shown =
        rig.call_as(&reader, "opportunities.get", json!([id, [], ["stage"]])).await.unwrap();
    assert!(shown["stage"]["stage"]["text"].is_string(), "{shown}");
}

#[tokio::test]
async fn where_levers_documents_differ_the_first_name_in_the_policy_decides() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let rows: [(&[&str], &str, bool); 8] = [
        (&["notes=read"], "notes.list-all", true),
        (&["opportunities=read"], "notes.list-all", true),
        (&["opportunities=full", "notes=off"], "notes.list-all", false),
        (&["notes=full"], "notes.create", true),
        (&["opportunities=full"], "notes.create", true),
        (&["opportunities=read"], "notes.create", false),
        (&["opportunities=full", "notes=read"], "notes.create", false),
        (&["opportunities=off"], "notes.list-all", false),
    ];
    for (grants, function, is_allowed) in rows {
        let args = match function {
            "notes.create" => json!([id, { "value": "x" }]),
            _ => json!([id]),
        };
        let result = rig.call_as(&agent(grants), function, args).await;
        assert_eq!(result.is_ok(), is_allowed, "{grants:?} {function} {result:?}");
    }
}

#[tokio::test]
async fn a_fixed_user_holds_for_the_one_body_that_can_name_another() {
    let rig = Rig::new().await;
    let (id, fixed) = (opportunity(&rig), user(&rig));
    let note = rig.ok("notes.create", json!([id, { "value": "x" }, null, fixed])).await;
    let bound = from_policy(&format!(
        "[agents.a]\nperform-as = \"{fixed}\"\n[agents.a.grants]\nnotes = \"full\""
    ));
    let change =
        |user: &Value| json!([id, note["id"], { "values": [{ "value": "y" }], "user": user }]);
    rig.mock.clear_requests();
    let other = rig.mock.store().users()[1]["id"].clone();
    let message = refusal(rig.call_as(&bound, "notes.update", change(&other)).await);
    assert!(message.contains("another user"), "{message}");
    // Only the note was read, of which the change is a part.
    let is_read = |line: &String| line.starts_with("GET ");
    assert!(rig.sent().iter().all(is_read), "{}", rig.mock.describe());
    rig.call_as(&bound, "notes.update", change(&json!(fixed))).await.unwrap();
    rig.call_as(&bound, "notes.update", change(&Value::Null)).await.unwrap();
}

#[tokio::test]
async fn one_action_can_be_granted_alone_with_its_read_back() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let mover = agent(&["opportunities.update-stage=allow"]);
    assert!(rig.call_as(&mover, "opportunities.update-stage", json!([id, "offer"])).await.is_ok());
    refusal(rig.call_as(&mover, "opportunities.get", json!([id])).await);
    refusal(rig.call_as(&mover, "opportunities.unarchive", json!([id])).await);
}

#[tokio::test]
async fn confidential_records_need_a_grant_of_their_own() {
    let config = Config { rate: None, confidential_access: true, ..Config::default() };
    let rig = Rig::with(config).await;
    let query = json!([{ "confidentiality": "all" }]);
    let open = from_policy("[agents.a.grants]\nopportunities = \"read\"");
    let message = refusal(rig.call_as(&open, "opportunities.list-all", query.clone()).await);
    assert!(message.contains("confidential"), "{message}");
    assert!(rig.sent().is_empty());
    let trusted =
        from_policy("[agents.a]\nconfidential = true\n[agents.a.grants]\nopportunities = \"read\"");
    let all = rig.call_as(&trusted, "opportunities.list-all", query).await.unwrap();
    let expected = rig.mock.store().all_opportunity_ids();
    assert_eq!(all["items"].as_array().unwrap().len(), expected.len());
    assert!(expected.len() > rig.mock.store().opportunity_ids().len());
}

#[tokio::test]
async fn a_fixed_perform_as_is_set_on_every_write_and_no_other_is_let_through() {
    let rig = Rig::new().await;
    let (id, fixed) = (opportunity(&rig), user(&rig));
    let bound = from_policy(&format!(
        "[agents.a]\nperform-as = \"{fixed}\"\n[agents.a.grants]\nopportunities = \"full\"\nnotes = \"full\""
    ));
    rig.mock.clear_requests();
    let made = rig.call_as(&bound, "opportunities.create", json!([{ "name": "X" }])).await;
    assert!(made.is_ok(), "{made:?}");
    rig.call_as(&bound, "notes.create", json!([id, { "value": "x" }])).await.unwrap();
    for seen in rig.mock.requests().iter().filter(|seen| seen.method == "POST") {
        assert_eq!(seen.values("perform_as"), [fixed.as_str()], "{seen}");
    }
    rig.mock.clear_requests();
    let other = rig.mock.store().users()[1]["id"].clone();
    refusal(rig.call_as(&bound, "opportunities.update-stage", json!([id, "offer", other])).await);
    assert!(rig.sent().is_empty(), "{}", rig.mock.describe());
}

#[tokio::test]
async fn a_mistake_in_a_policy_names_the_key_and_the_way_out() {
    let rows = [
        ("[agents.a.grants]\nopportunties = \"read\"", "opportunities"),
        ("[agents.a.grants]\nopportunities = \"write\"", "full"),
        ("[agents.a]\nperfrom-as = \"x\"", "perfrom-as"),
        ("[agents.a.limits]\nrequests-per-second = 50", "10"),
        ("[agents.a.limits]\ncall-timeout = \"soon\"", "soon"),
        ("agents = 3", "line 1"),
    ];
    for (text, named) in rows {
        let error = Policy::parse(text).expect_err(text).to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}
