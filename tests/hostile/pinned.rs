//! Components pinned by their digest: what another one may do that names its
//! functions as ours does.

use lever_host::policy::{Agent, Policy};
use lever_host::runtime::CallError;
use serde_json::json;

use super::{CANARY, Rig};

/// An agent whose policy pins a component of this digest.
fn pinned(digest: &str, more: &str) -> Agent {
    let text = format!(
        "[agents.prober]\ncomponents = [\"sha256:{digest}\"]\n\
         [agents.prober.grants]\nopportunities = \"read\"\nstages = \"read\"\n{more}"
    );
    Policy::parse(&text).expect("it is sound").agent("prober").expect("it is there").clone()
}

#[tokio::test]
async fn a_component_that_is_not_pinned_is_foreign_whatever_its_functions_are_called() {
    let mut rig = Rig::new().await;
    let ours = rig.lever.digest().to_owned();
    let message = rig.message("GET", &format!("/v1/opportunities/{CANARY}"));

    rig.agent = pinned(&ours, "");
    let refused = rig.impersonate("opportunities.get", vec![message.clone()]).await;
    let Err(CallError::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.rule, "another component");
    for part in [format!("sha256:{}", rig.hostile.digest()), "foreign".to_owned()] {
        assert!(refusal.message.contains(&part), "{}", refusal.message);
    }
    assert_eq!(rig.mock.requests().len(), 0);
    let stages = rig.host.call(&rig.lever, &rig.agent, "stages", "list-all", &[]).await;
    stages.expect("the pinned component may");

    // The same, pinned, or granted as what it is.
    let theirs = rig.hostile.digest().to_owned();
    let foreign = "[agents.prober.foreign]\n\"opportunities.get\" = \"allow\"\n";
    for (digest, more) in [(&theirs, ""), (&ours, foreign)] {
        rig.agent = pinned(digest, more);
        let said = rig.last("opportunities.get", vec![message.clone()]).await;
        assert!(said.starts_with("404"), "{said}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_foreign_component_gets_none_of_what_our_functions_may_beyond_grants() {
    let mut rig = Rig::new().await;
    // A function's own routes come with its name only where the name is ours.
    let foreign = "\"notes.list-page\" = \"allow\"\n[agents.prober.foreign]\nfiles = \"full\"\n";
    rig.agent = pinned(rig.lever.digest(), foreign);
    let id = rig.mock.store().opportunity_ids().remove(0);
    let stage = rig.message("GET", "/v1/stages");
    let users = rig.message("GET", &format!("/v1/users/{id}"));
    let said = rig.last("files.get", vec![stage]).await;
    assert!(said.starts_with("200"), "its grants cover it: {said}");
    let said = rig.last("files.get", vec![users]).await;
    assert!(said.ends_with("ErrorCode::HttpRequestDenied"), "{said}");
    let function = rig.impersonate("notes.list-page", vec![json!({})]).await;
    assert!(matches!(function, Err(CallError::Refused(_))), "{function:?}");
    rig.is_unharmed().await;
}
