//! Where a download may lead, by the component and by the host, and the name that
//! comes with it.

use std::sync::LazyLock;

use http::{Method, Uri};
use lever::core::error::Outcome;
use lever::core::http::download::covers;
use lever::core::http::request::Target;
use lever::core::http::response::Response;
use lever::core::settings::Settings;
use lever::routes::files;
use lever_host::catalog::Catalog;
use lever_host::policy::{Agent, CallScope};
use proptest::prelude::*;

use super::{config, guest, texts};
use crate::support::random::Random;

const LABELS: [&str; 8] = ["a", "b", "store", "xstore", "s3", "example", "com", "a-b"];

/// A host's name of a few labels, so that some are alike.
fn host(random: &mut Random) -> String {
    match random.below(12) {
        0 => "127.0.0.1".to_owned(),
        1 => "localhost".to_owned(),
        2 => "[::1]".to_owned(),
        3 => "10.0.0.1".to_owned(),
        _ => {
            let labels = (0..1 + random.below(4)).map(|_| *random.of(&LABELS));
            labels.collect::<Vec<_>>().join(".")
        }
    }
}

/// A host as a policy names it.
fn named(random: &mut Random) -> String {
    let host = host(random);
    if random.below(2) == 0 && host.contains('.') { format!("*.{host}") } else { host }
}

/// What a name covers, by its labels from the end.
fn is_covered(named: &str, host: &str) -> bool {
    let labels = |text: &str| text.split('.').rev().map(str::to_owned).collect::<Vec<_>>();
    match named.strip_prefix("*.") {
        None => named == host,
        Some(end) => {
            let (end, host) = (labels(end), labels(host));
            host.len() > end.len() && host.starts_with(&end) && host.iter().all(|it| !it.is_empty())
        }
    }
}

fn agent(hosts: &[String]) -> Option<Agent> {
    static START: LazyLock<Agent> =
        LazyLock::new(|| Agent::from_grants("a", &["files=read".to_owned()]).expect("a grant"));
    hosts.iter().try_fold(START.clone(), |agent, host| agent.with_download_host(host)).ok()
}

/// Whether the host would follow to there.
fn host_follows(agent: &Agent, uri: &Uri) -> bool {
    let call = CallScope::new("files", "download");
    agent.may_follow(Catalog::embedded(), &call, &Method::GET, uri, true).is_ok()
}

/// An address, often of one of these hosts, and mostly sound.
fn location(random: &mut Random, hosts: &[String]) -> String {
    let scheme = *random.of(&["https", "https", "https", "http", "ftp", "HTTPS", ""]);
    let mut host = match random.below(2) {
        0 => host(random),
        _ => random.of(hosts).replace('*', &host(random)),
    };
    match random.below(16) {
        0 => host = host.to_uppercase(),
        1 => host.push('.'),
        2 => host.insert(0, '.'),
        3 => host = format!("user@{host}"),
        4 => host = format!("evil.example%2f.{host}"),
        5 => {
            host = format!(
                "evil.example{}{host}",
                random.of(&["\\", "#", "?", "/", "@", ";", ",", " ", "\u{ff0f}", "\u{3002}"])
            )
        }
        _ => {}
    }
    let port = *random.of(&["", "", "", ":443", ":8443", ":", ":0", ":x", ":65536"]);
    let path = *random.of(&[
        "",
        "/",
        "/a%2Fb?sig=x%2B",
        "?x",
        "/a?b#c",
        "/a b",
        "//a",
        "/..",
        "/\u{e9}",
        "/\u{7f}",
    ]);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{port}{path}")
}

fn agree(random: &mut Random) {
    for _ in 0..8 {
        let (named, host) = (named(random), host(random));
        let expected = is_covered(&named, &host);
        assert_eq!(covers(&named, &host), expected, "the component: {} {}", named, host);
        if let Some(agent) = agent(std::slice::from_ref(&named)) {
            let uri: Uri = format!("https://{host}/x").parse().expect("a host");
            assert_eq!(host_follows(&agent, &uri), expected, "the host: {} {}", named, host);
        }
    }
}

/// Whether it was followed.
pub fn follow(random: &mut Random) -> bool {
    let hosts: Vec<String> = (0..1 + random.below(3)).map(|_| named(random)).collect();
    let location = location(random, &hosts);
    let settings = Settings { download_hosts: hosts.clone(), ..Settings::default() };
    let mut answers = 0;
    let (result, sent) = guest::with(
        &settings,
        |_| {
            answers += 1;
            match answers {
                1 => Response {
                    status: 302,
                    location: Some(location.clone()),
                    ..Response::default()
                },
                _ => guest::ok("bytes"),
            }
        },
        |client| client.download(&files::DOWNLOAD, &["o", "f"], Vec::new()),
    );
    let uri = location.split('#').next().and_then(|it| it.parse::<Uri>().ok());
    match sent.get(1) {
        Some(request) => {
            assert_eq!(&result.expect("it was followed").content, b"bytes");
            let Target::Elsewhere(base) = &request.target else {
                panic!("{location}: {request:?}")
            };
            // By another reader of addresses.
            let uri = uri.clone().unwrap_or_else(|| panic!("{location} is not an address"));
            let authority = uri.authority().expect("it has a host");
            assert_eq!(&base.authority, authority.as_str(), "{}", location);
            let host = authority.host().to_ascii_lowercase();
            let own = hosts.iter().any(|it| is_covered(it, &host));
            assert!(own, "{} is none of {:?}", location, hosts);
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let is_loopback = bare == "localhost"
                || bare.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
            assert!(base.https || is_loopback, "{}", location);
            assert_eq!(base.https, uri.scheme_str() == Some("https"));
            let path = uri.path_and_query().map_or("/", |it| it.as_str());
            let sent_to = request.path_and_query();
            assert_eq!(
                sent_to.trim_start_matches('/'),
                path.trim_start_matches('/'),
                "{}",
                location
            );
        }
        None => {
            let error = result.expect_err("it was not followed");
            texts::check(&error);
            assert_eq!(error.outcome, Outcome::NotApplied);
            assert!(!error.message.contains("sig="), "{}", error.message);
        }
    }
    assert_eq!(sent.len(), 1 + usize::from(sent.len() > 1));
    // The host is as strict or stricter.
    if let (Some(agent), Some(uri)) = (agent(&hosts), uri)
        && host_follows(&agent, &uri)
    {
        // But for spellings that nobody answers with.
        let is_odd = location.starts_with("HTTPS") || !location.is_ascii();
        assert!(sent.len() == 2 || is_odd, "{} {:?}", location, hosts);
    }
    sent.len() == 2
}

fn name(random: &mut Random) {
    let name = texts::any(random);
    let clean: String = name.chars().filter(|c| !texts::steers(*c)).collect();
    let is_plain = clean == name
        && !name.contains(['/', '\\'])
        && !matches!(name.trim(), "" | "." | "..")
        && name == name.trim();
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let extended = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
    let headers = [
        format!("attachment; filename=\"{quoted}\""),
        format!("inline ;x=\"filename=y;\"; FILENAME = \"{quoted}\" ; size=3"),
        format!("attachment; filename=\"x\"; filename*=UTF-8''{extended}"),
        format!("attachment; filename*=utf-8'en'{extended}; filename=x"),
        format!("attachment; filename={name}"),
        name.clone(),
        format!("attachment;{name}"),
        format!("attachment; filename*={name}"),
    ];
    for (n, header) in headers.into_iter().enumerate() {
        // A header has no line ends; what else is in it depends on the host.
        let disposition = Some(header.replace(['\r', '\n', '\0'], " "));
        let is_whole = disposition.as_deref() == Some(&header);
        let (file, _) = guest::with(
            &Settings::default(),
            |_| Response { disposition: disposition.clone(), ..guest::ok("bytes") },
            |client| client.download(&files::DOWNLOAD, &["o", "f"], Vec::new()),
        );
        let found = file.expect("it is there").name;
        if n < 4 && is_plain && is_whole {
            assert_eq!(found.as_deref(), Some(name.as_str()), "{}", header);
        }
        if let Some(found) = found {
            assert!(!found.contains(texts::steers), "{:?} of {:?}", found, header);
            assert!(!found.contains(['/', '\\']), "{:?} of {:?}", found, header);
            assert!(
                !matches!(found.as_str(), "" | "." | "..") && found.len() <= 255,
                "{:?}",
                found
            );
        }
    }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn component_and_host_agree_on_what_a_name_covers(seed: u64) {
        agree(&mut Random(seed));
    }

    #[test]
    fn nothing_is_followed_to_a_host_that_was_not_named(seed: u64) {
        follow(&mut Random(seed));
    }

    #[test]
    fn a_name_arrives_as_it_was_quoted_or_without_what_is_no_name(seed: u64) {
        name(&mut Random(seed));
    }
}
