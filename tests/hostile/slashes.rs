//! One of Lever's paths ends in a slash, so that the policy takes slashes at the
//! end: against every route of the catalog.

use std::collections::BTreeSet;

use lever_host::catalog::{Catalog, Route, Segment};
use serde_json::Value;

use super::{Rig, agent};

/// Tries at a time; a hundred refusals would end a call.
const AT_ONCE: usize = 50;

/// Grants for everything that the catalog knows, besides opportunities.
fn everything() -> Vec<String> {
    let routes = Catalog::embedded().routes().iter();
    let resources: BTreeSet<&str> = routes
        .map(|route| route.scope.resource.as_str())
        .filter(|it| *it != "opportunities")
        .collect();
    resources.into_iter().map(|resource| format!("{resource}=full")).collect()
}

/// The path of a route with an id in each place.
fn path(route: &Route) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Literal(word) => format!("/{word}"),
        Segment::Parameter(_) => "/canary".to_owned(),
    };
    route.segments().iter().map(segment).collect()
}

/// Other spellings, each of another path or of none.
fn spellings(path: &str) -> Vec<String> {
    let bare = path.trim_end_matches('/');
    let cut = bare.rfind('/').expect("paths have slashes");
    let (start, last) = (&bare[..cut], &bare[cut..]);
    let mut all = vec![
        format!("{bare}//"),
        format!("{bare}///"),
        format!("{bare}/."),
        format!("{bare}/./"),
        format!("{bare}/.."),
        format!("{bare}/../"),
        format!("{bare}/%2e"),
        format!("{bare}/%2f"),
        format!("{bare}%2f"),
        format!("{bare}%2F%2F"),
        format!("{bare}/%20"),
        format!("{bare}/%20/"),
        format!("{bare}/;"),
        format!("{bare};/"),
        format!("{bare}/\\"),
        format!("{bare}%5c"),
        format!("{bare}/?/"),
        format!("{start}/{last}"),
        format!("{start}/.{last}"),
        format!("{start}//canary/..{last}"),
        format!("//{}", bare.trim_start_matches('/')),
    ];
    // The own spelling of none but one.
    all.push(if path.ends_with('/') { bare.to_owned() } else { format!("{bare}/") });
    all
}

#[tokio::test]
async fn no_spelling_of_a_slash_is_another_request() {
    let mut rig = Rig::new().await;
    let grants = everything();
    rig.agent = agent(&grants.iter().map(String::as_str).collect::<Vec<_>>());
    let catalog = Catalog::embedded();
    let mut tries: Vec<(Value, String)> = Vec::new();
    for route in catalog.routes() {
        for spelling in spellings(&path(route)) {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                // What another route is spelled like is that route's.
                let segments: Vec<&str> = spelling.split('/').skip(1).collect();
                let known = method.parse().expect("a method");
                if catalog.route(&known, &segments).is_none() {
                    let shown = format!("{method} {spelling}");
                    tries.push((rig.message(method, &format!("/v1{spelling}")), shown));
                }
            }
        }
    }
    println!("{} requests are tried", tries.len());
    assert!(tries.len() > 5_000, "{}", tries.len());
    for tries in tries.chunks(AT_ONCE) {
        let before = rig.refused().len();
        let messages: Vec<Value> = tries.iter().map(|(message, _)| message.clone()).collect();
        let said = rig.says("follow", serde_json::json!([messages])).await;
        let refused = said.matches("ErrorCode::HttpRequestDenied").count();
        assert_eq!(refused, tries.len(), "{tries:?}\n{said}");
        assert_eq!(rig.refused().len() - before, tries.len(), "{tries:?}");
    }
    assert!(rig.mock.requests().is_empty(), "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn the_path_that_ends_in_a_slash_is_one_and_takes_its_own_grant() {
    let mut rig = Rig::new().await;
    rig.agent = agent(&["webhooks=read"]);
    let put = |rig: &Rig| {
        let mut message = rig.message("PUT", "/v1/webhooks/");
        message["headers"] = serde_json::json!([["content-type", "application/json"]]);
        message["body"] = "[]".into();
        message
    };
    let refused = |rig: &Rig| rig.refused().pop().map(|record| record.rule);
    assert_eq!(
        rig.says("request", serde_json::json!([put(&rig)])).await,
        "ErrorCode::HttpRequestDenied"
    );
    assert_eq!(refused(&rig).as_deref(), Some("only webhooks=read"));
    rig.agent = agent(&["webhooks=full"]);
    let said = rig.says("request", serde_json::json!([put(&rig)])).await;
    assert!(!said.contains("Denied"), "{said}");
    // Under the name of another function it is not sent.
    for (function, rule) in [
        ("webhooks.list-all", "not a request of this function"),
        ("files.get", "not a request of this function"),
    ] {
        rig.agent = agent(&["webhooks=full", "files=read"]);
        let said = rig.last(function, vec![put(&rig)]).await;
        assert_eq!(said, "ErrorCode::HttpRequestDenied", "{function}");
        assert_eq!(refused(&rig).as_deref(), Some(rule), "{function}");
    }
    let paths: Vec<String> = rig.mock.requests().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(paths, ["/v1/webhooks/"]);
    rig.is_unharmed().await;
}
