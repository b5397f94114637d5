//! Random and hostile requests against an oracle that shares no code with the decision.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::*;
use crate::catalog::{Access, Segment};

/// An id as hostile as ids come: words of other routes, escapes, dots, and noise.
fn hostile_segment() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "opportunities",
        "deleted",
        "Deleted",
        "stage",
        "notes",
        "users",
        "eeo",
        "responses",
        "pii",
        "postings",
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "%252f",
        "%5c",
        "%64eleted",
        "",
        "a",
        "0a1b-2c",
        "lead-new",
        ";",
        "\\",
        "?",
        "#",
        "%00",
        "webhooks",
        "applications",
        "%",
        "@",
        "{x}",
    ]);
    prop_oneof![
        4 => word.clone().prop_map(str::to_owned),
        1 => (word.clone(), word).prop_map(|(a, b)| format!("{a}{b}")),
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
    ]
}

/// The oracle: cuts the path that would be sent, by itself, and says under which permissions it
/// could be taken.
fn readings(method: &Method, sent: &str) -> Vec<&'static Route> {
    let path = sent.split('?').next().unwrap_or_default();
    let decoded =
        percent_encoding::percent_decode_str(path).decode_utf8().unwrap().to_ascii_lowercase();
    let segments: Vec<&str> = decoded.trim_start_matches("/v1/").split('/').collect();
    let fits = |route: &&Route| {
        route.method == *method
            && route.segments().len() == segments.len()
            && route.segments().iter().zip(&segments).all(|(own, given)| match own {
                Segment::Literal(literal) => literal.to_ascii_lowercase() == *given,
                Segment::Parameter(_) => true,
            })
    };
    let all: Vec<&Route> = Catalog::embedded().routes().iter().filter(fits).collect();
    // Of several readings a server takes the most literal.
    let literals = |route: &Route| {
        route.segments().iter().filter(|s| matches!(s, Segment::Literal(_))).count()
    };
    let most = all.iter().map(|route| literals(route)).max().unwrap_or(0);
    all.into_iter().filter(|route| literals(route) == most).collect()
}

/// As many cases as `PROPTEST_CASES` says; failures are kept in `random.regressions` and tried
/// first.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let kept = FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases: asked.unwrap_or(1_000),
        failure_persistence: Some(Box::new(kept)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_is_sent_lies_within_the_grants(
        segments in prop::collection::vec(hostile_segment(), 0..6),
        start in prop::sample::select(vec!["/v1/", "/v1/opportunities/", "/v1/eeo/", "/", "//", "/v1/postings/", "https://evil/"]),
        query in prop::sample::select(vec!["", "?", "?limit=1", "?confidentiality=all", "?perform_as=x", "?a[b]=c"]),
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::PUT, Method::DELETE]),
        function in prop::sample::select(vec![("probe", "run"), ("opportunities", "get"), ("opportunities", "archive"), ("raw", "get"), ("notes", "list-all")]),
    ) {
        let agent = agent(&["opportunities=read", "notes=full", "raw=read", "foreign:probe=full"]);
        let allowed = |route: &Route| match route.scope.resource.as_str() {
            "opportunities" => route.scope.access == Access::Read,
            "notes" => true,
            _ => false,
        };
        let raw = format!("{start}{}{query}", segments.join("/"));
        let call = CallScope::new(function.0, function.1);
        let request = Outgoing { method: &method, scheme: "https", authority: "api.lever.co", path_and_query: &raw };
        if let Ok(admitted) = agent.may_send(Catalog::embedded(), &Upstream::default(), &call, &request) {
            let sent = &admitted.path_and_query;
            let path = sent.split('?').next().unwrap_or_default();
            prop_assert!(sent.is_ascii() && path.starts_with("/v1/"), "{raw:?} -> {sent:?}");
            for segment in path.split('/').skip(1) {
                let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap();
                prop_assert!(!decoded.is_empty() && decoded != "." && decoded != "..", "{raw:?} -> {sent:?}");
                prop_assert!(!decoded.contains(['/', '\\', ';', '?', '#', '\0']), "{raw:?} -> {sent:?}");
            }
            let readings = readings(&method, sent);
            prop_assert!(!readings.is_empty() && readings.iter().all(|route| allowed(route)), "{raw:?} -> {sent:?}: {readings:?}");
            prop_assert!(!sent.contains("confidentiality=all"));
            if let Some(function) = Catalog::embedded().function(function.0, function.1) {
                prop_assert!(readings.iter().all(|route| function.sends(route)), "{raw:?} -> {sent:?}");
            }
            // What is sent is judged the same again, and sent the same again.
            let again = Outgoing { path_and_query: sent, ..request };
            prop_assert_eq!(agent.may_send(Catalog::embedded(), &Upstream::default(), &call, &again), Ok(admitted.clone()));
        }
    }

    #[test]
    fn no_text_makes_the_decision_panic(raw in "\\PC{0,40}", authority in "\\PC{0,20}", encoded in "(%[0-9a-fA-F]{0,2}|[/.?&=a]){0,20}") {
        let agent = almighty();
        for path in [raw.as_str(), encoded.as_str(), &format!("/v1/users/{encoded}"), &format!("/v1/users?{encoded}")] {
            let _ = Row { method: "GET", scheme: "https", authority: &authority, path }.send(&agent, &probe());
            let _ = send(&agent, &probe(), "GET", path);
        }
    }
}
