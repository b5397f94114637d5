//! The address for the browser: another reader finds in it what was given, once.

use http::Uri;
use lever::bindings::exports::ats::lever::oauth::AuthorizeRequest;
use lever::core::settings::Settings;
use lever::resources::oauth::authorization_url;
use proptest::prelude::*;

use super::{config, texts};
use crate::support::random::Random;

const SCOPES: [&str; 12] = [
    "opportunities:read:admin",
    "notes:write:admin",
    "archive_reasons:read:admin",
    "offline_access",
    "confidential:access:admin",
    "opportunities:read",
    "opportunities:admin:read",
    "Opportunities:read:admin",
    "opportunities:read:admin openid",
    "x:read:admin\u{202e}",
    ":read:admin",
    "",
];

const REDIRECTS: [&str; 12] = [
    "http://localhost:8910/callback",
    "http://127.0.0.1:1/",
    "https://app.example/cb?x=1&state=y",
    "https://app.example",
    "http://[::1]:9/cb",
    "http://app.example/cb",
    "https://app.example/cb#x",
    "https://user@app.example/cb",
    "https://app.example/../cb",
    "javascript:alert(1)",
    "https://app.example/cb?\r\nX: y",
    "",
];

/// Whether there is an address.
pub fn read(random: &mut Random) -> bool {
    let mut scopes: Vec<String> = Vec::new();
    for _ in 0..random.below(24) {
        let scope = match random.below(20) {
            0 => texts::hostile(random),
            1 => random.of(&SCOPES).to_string(),
            _ => format!(
                "{}:read:admin",
                random.of(&[
                    "notes",
                    "users",
                    "files",
                    "offers",
                    "tags",
                    "panels",
                    "stages",
                    "uploads",
                    "feedback",
                    "postings",
                    "resumes",
                    "webhooks",
                    "requisitions",
                    "interviews",
                    "sources",
                    "contact",
                    "forms",
                    "referrals",
                    "groups",
                    "tasks",
                    "roles"
                ])
            ),
        };
        if !scopes.contains(&scope) || random.below(20) == 0 {
            scopes.push(scope);
        }
    }
    let request = AuthorizeRequest {
        client_id: texts::any(random),
        redirect_uri: random.of(&REDIRECTS).to_string(),
        state: texts::any(random),
        scopes: scopes.clone(),
        audience: (random.below(3) == 0).then(|| texts::any(random)),
    };
    let settings = Settings::default();
    let is_text = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    let url = authorization_url(request.clone(), &settings);
    let is_made = url.is_ok();
    match url {
        Ok(url) => {
            assert!(
                url.is_ascii()
                    && !url.contains(|c: char| c.is_ascii_control() || "\" <>\\#".contains(c)),
                "{}",
                url
            );
            let uri: Uri = url.parse().expect("it is an address");
            assert_eq!(
                (uri.scheme_str(), uri.authority().map(|it| it.as_str()), uri.path()),
                (Some("https"), Some("auth.lever.co"), "/authorize")
            );
            let pairs: Vec<(String, String)> =
                form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                    .into_owned()
                    .collect();
            let audience =
                request.audience.unwrap_or_else(|| "https://api.lever.co/v1/".to_owned());
            let expected = [
                ("client_id", request.client_id),
                ("redirect_uri", request.redirect_uri),
                ("response_type", "code".to_owned()),
                ("state", request.state),
                ("audience", audience),
                ("scope", scopes.join(" ")),
            ]
            .map(|(name, value)| (name.to_owned(), value));
            assert_eq!(&pairs, &expected);
            assert!((1..=20).contains(&scopes.len()));
            for scope in &scopes {
                assert!(scope.split(' ').count() == 1 && is_text(scope), "{:?}", scope);
                assert_eq!(scopes.iter().filter(|it| *it == scope).count(), 1);
            }
            let redirect: Uri = pairs[1].1.parse().expect("it is an address");
            let is_own = matches!(redirect.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
            assert!(redirect.scheme_str() == Some("https") || is_own, "{}", redirect);
            assert!(!pairs[1].1.contains('@') && !pairs[1].1.contains('#'));
        }
        Err(error) => {
            texts::check(&error);
            let is_scope = |scope: &String| {
                SCOPES[..5].contains(&scope.as_str())
                    || (scope.ends_with(":read:admin")
                        && scope.bytes().all(|b| b.is_ascii_lowercase() || b"_:".contains(&b))
                        && !scope.starts_with(':'))
            };
            let twice =
                scopes.iter().any(|scope| scopes.iter().filter(|it| *it == scope).count() > 1);
            let is_sound = is_text(&request.client_id)
                && is_text(&request.state)
                && REDIRECTS[..5].contains(&request.redirect_uri.as_str())
                && (1..=20).contains(&scopes.len())
                && !twice
                && scopes.iter().all(is_scope)
                && request.audience.is_none();
            assert!(!is_sound, "{:?}: {}", request, error.message);
        }
    }
    is_made
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn what_is_given_is_what_is_read(seed: u64) {
        read(&mut Random(seed));
    }
}
