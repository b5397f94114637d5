//! Paths that end in slashes: what the policy lets out is exactly the route that
//! it was judged as.

use std::sync::LazyLock;

use http::Method;
use lever_host::catalog::{Catalog, Segment};
use lever_host::policy::{Agent, CallScope, Outgoing};
use lever_host::upstream::Upstream;
use proptest::prelude::*;

use super::config;
use crate::support::random::Random;

const PARTS: [&str; 30] = [
    "webhooks",
    "Webhooks",
    "%77ebhooks",
    "opportunities",
    "users",
    "deactivate",
    "oauth",
    "token",
    "uploads",
    "a",
    "a-b",
    "0",
    "%20",
    "%2f",
    "%2F",
    "%5c",
    "%2e",
    "..",
    ".",
    "",
    "",
    ";",
    "%3b",
    "?",
    "#",
    "%00",
    "\\",
    " ",
    "é",
    "%c3%a9",
];

/// An agent that may do everything.
fn almighty() -> &'static Agent {
    static ALMIGHTY: LazyLock<Agent> = LazyLock::new(|| {
        let routes = Catalog::embedded().routes().iter();
        let grants = routes.map(|route| format!("{}=full", route.scope.resource));
        let more = ["raw=read".to_owned(), "foreign:probe=full".to_owned()];
        let grants: Vec<String> = grants.chain(more).collect();
        Agent::from_grants("a", &grants).expect("they are sound")
    });
    &ALMIGHTY
}

/// Whether it was let out.
pub fn slashes(random: &mut Random) -> bool {
    admitted(random).is_some()
}

/// Whether one with a slash at its end was let out.
pub fn ends_in_a_slash(random: &mut Random) -> bool {
    admitted(random) == Some(true)
}

/// Whether a path that was let out ends in a slash.
fn admitted(random: &mut Random) -> Option<bool> {
    let catalog = Catalog::embedded();
    let path = if random.below(8) == 0 {
        format!("/webhooks{}", random.of(&["/", "", "//", "%2f"]))
    } else if random.below(2) == 0 {
        (0..random.below(6)).map(|_| format!("/{}", random.of(&PARTS))).collect::<String>()
    } else {
        let routes = catalog.routes();
        let own = random.of(routes).segments().iter();
        let mut path: String = own
            .map(|segment| match segment {
                Segment::Literal(word) => format!("/{word}"),
                Segment::Parameter(_) => format!("/{}", random.of(&PARTS)),
            })
            .collect();
        for _ in 0..random.below(3) {
            let end: &str =
                random.of::<&str>(&["/", "//", "/.", "%2f", "/%20", "?", "/?", "/..", "#"]);
            path.push_str(end);
        }
        path
    };
    let raw = format!("/v1{path}");
    let method = random.of(&[Method::GET, Method::POST, Method::PUT, Method::DELETE]).clone();
    let call = CallScope::new("probe", "run");
    let request = Outgoing {
        method: &method,
        scheme: "https",
        authority: "api.lever.co",
        path_and_query: &raw,
    };
    let Ok(admitted) = almighty().may_send(catalog, &Upstream::default(), &call, &request) else {
        return None;
    };

    let sent = admitted.path_and_query.split('?').next().unwrap_or_default();
    let sent: Vec<&str> = sent.strip_prefix("/v1/").expect("below the API").split('/').collect();
    let own = admitted.route.segments();
    assert_eq!(&admitted.route.method, &method);
    assert_eq!(sent.len(), own.len(), "{}", raw);
    for (segment, given) in own.iter().zip(&sent) {
        match segment {
            Segment::Literal(word) => assert_eq!(word, given, "{}", raw),
            Segment::Parameter(_) => {
                let id = percent_encoding::percent_decode_str(given).decode_utf8().expect("UTF-8");
                assert!(
                    !id.trim().is_empty() && !id.contains(['/', '\\', ';', '?', '#']),
                    "{} {:?}",
                    raw,
                    id
                );
                assert!(
                    !id.chars().any(char::is_control) && id != "." && id != "..",
                    "{} {:?}",
                    raw,
                    id
                );
            }
        }
    }
    // One of Lever's paths ends in a slash.
    let ends = sent.last() == Some(&"");
    assert_eq!(ends, admitted.route.template == "/webhooks/", "{}", raw);
    assert!(!ends || method == Method::PUT, "{}", raw);
    Some(ends)
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn a_slash_at_the_end_makes_no_other_request(seed: u64) {
        slashes(&mut Random(seed));
    }
}
