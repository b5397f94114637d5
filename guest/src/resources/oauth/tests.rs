//! The flow, against an authorization server made of prepared responses.

use super::*;
use crate::core::http::response::Response;
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::testing::{Answer, Fake, ok};

fn request() -> AuthorizeRequest {
    AuthorizeRequest {
        client_id: "app".into(),
        redirect_uri: "http://localhost:8910/callback".into(),
        state: "s t/1".into(),
        scopes: vec!["opportunities:read:admin".into(), "offline_access".into()],
        audience: None,
    }
}

#[test]
fn the_url_holds_what_lever_demands() {
    let url = authorization_url(request(), &Settings::default()).unwrap();
    assert_eq!(
        url,
        "https://auth.lever.co/authorize?client_id=app&redirect_uri=http%3A%2F%2Flocalhost%3A8910%2Fcallback\
         &response_type=code&state=s%20t%2F1&audience=https%3A%2F%2Fapi.lever.co%2Fv1%2F\
         &scope=opportunities%3Aread%3Aadmin%20offline_access"
    );
}

#[test]
fn what_would_be_refused_is_named_before() {
    type Change = fn(&mut AuthorizeRequest);
    let rows: [(Change, &str); 11] = [
        (|r| r.client_id.clear(), "client-id"),
        (|r| r.state.clear(), "state"),
        (|r| r.redirect_uri = "http://app.example/cb".into(), "redirect-uri"),
        (|r| r.redirect_uri = "https://app.example/cb#x".into(), "redirect-uri"),
        (|r| r.redirect_uri = "https://app.example/cb?a\nb".into(), "redirect-uri"),
        (|r| r.redirect_uri = "app.example".into(), "redirect-uri"),
        (|r| r.scopes.clear(), "scopes is empty"),
        (|r| r.scopes = (0..21).map(|n| format!("x{n}:read:admin")).collect(), "20 at most"),
        (|r| r.scopes.push("opportunities:read".into()), "opportunities:read"),
        (|r| r.scopes.push("offline_access".into()), "twice"),
        (|r| r.audience = Some("https://api.sandbox.lever.co/v1/".into()), "audience"),
    ];
    for (change, named) in rows {
        let mut request = request();
        change(&mut request);
        let error = authorization_url(request, &Settings::default()).unwrap_err();
        assert!(error.message.contains(named), "{named}: {}", error.message);
    }
}

fn refresh(answer: Answer) -> (Result<Token, Error>, Vec<String>, String) {
    refresh_at(Settings::default(), answer)
}

fn refresh_at(settings: Settings, answer: Answer) -> (Result<Token, Error>, Vec<String>, String) {
    let body = std::rc::Rc::new(std::cell::RefCell::new(String::new()));
    let seen = std::rc::Rc::clone(&body);
    let mut fake = Fake::new(1, move |request| {
        assert_eq!(request.target, Target::Auth);
        let bytes = request.body.as_ref().map(|body| body.pieces.concat()).unwrap_or_default();
        *seen.borrow_mut() = String::from_utf8(bytes).unwrap();
        answer.clone()
    });
    let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
    let mut client =
        Client { transport: &mut fake, clock: &clock, limiter: &mut limiter, settings: &settings };
    let app = App {
        client_id: "app".into(),
        client_secret: "s&c".into(),
        redirect_uri: "https://x/".into(),
    };
    let result = super::refresh(&mut client, app, "old+token");
    let lines = fake.lines();
    (result, lines, body.borrow().clone())
}

#[test]
fn a_refresh_is_one_filled_form() {
    let answer = r#"{"access_token":"a","refresh_token":"b","token_type":"Bearer","scope":"x:read:admin","expires_in":3600}"#;
    let (token, sent, body) = refresh(ok(answer));
    let token = token.unwrap();
    assert_eq!((token.access_token.as_deref(), token.expires_in), (Some("a"), Some(3600)));
    assert_eq!(sent, ["Post /oauth/token"]);
    assert_eq!(
        body,
        "grant_type=refresh_token&client_id=app&client_secret=s%26c&refresh_token=old%2Btoken"
    );
}

#[test]
fn an_ended_grant_and_a_wrong_client_say_what_to_do() {
    let rows = [
        (403, "invalid_grant", ErrorKind::Unauthorized, "authorise the app again"),
        (400, "invalid_grant", ErrorKind::Unauthorized, "authorise the app again"),
        (401, "invalid_client", ErrorKind::Unauthorized, "client id"),
        (400, "invalid_request", ErrorKind::Rejected, "invalid_request"),
        (503, "temporarily_unavailable", ErrorKind::Unavailable, "Lever's"),
    ];
    for (status, code, kind, says) in rows {
        let body = format!(r#"{{"error":"{code}","error_description":"why"}}"#);
        let answer = Ok(Response { status, body: body.into(), ..Response::default() });
        let (result, sent, _) = refresh(answer);
        let error = result.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (kind, Some(code)));
        assert!(error.message.contains(says), "{}", error.message);
        assert_eq!(sent.len(), 1, "{code}");
    }
}

#[test]
fn an_answer_without_a_token_counts_as_applied() {
    for body in [
        "{}",
        r#"{"access_token":{}}"#,
        r#"{"access_token":"","refresh_token":""}"#,
        r#"{"access_token":"a","token_type":"mac"}"#,
    ] {
        let (result, ..) = refresh(ok(body));
        let error = result.unwrap_err();
        assert_eq!(error.outcome, crate::core::error::Outcome::Applied, "{body}");
        assert!(!error.message.contains("old+token"));
    }
}

#[test]
fn a_new_refresh_token_is_kept_whatever_else_is_wrong() {
    // What stands beside it, and what access token and time are read.
    let rows = [
        (r#""access_token":"a","expires_in":3600"#, Some("a"), Some(3600)),
        (r#""access_token":"a","expires_in":"3600""#, Some("a"), Some(3600)),
        (r#""access_token":"a","expires_in":3599.8"#, Some("a"), Some(3599)),
        (r#""access_token":"a","expires_in":-1"#, Some("a"), None),
        (r#""access_token":"a","expires_in":"soon""#, Some("a"), None),
        (r#""access_token":"a","expires_in":1e999"#, Some("a"), None),
        (r#""access_token":"a","scope":["x:read:admin"]"#, Some("a"), None),
        (r#""access_token":"a","scope":"\ud83d""#, Some("a"), None),
        (r#""access_token":"a","token_type":null"#, Some("a"), None),
        (r#""access_token":"a","token_type":["Bearer"]"#, Some("a"), None),
        (r#""access_token":"a","token_type":" bearer ""#, Some("a"), None),
        (r#""access_token":"a","token_type":"mac""#, None, None),
        (r#""access_token":null"#, None, None),
        (r#""access_token":{"value":"a"}"#, None, None),
        (r#""access_token":"""#, None, None),
        (r#""expires_in":3600"#, None, Some(3600)),
    ];
    for (beside, access, expires_in) in rows {
        for body in [
            format!(r#"{{{beside},"refresh_token":"new"}}"#),
            format!(r#"{{"refresh_token":"new",{beside}}}"#),
            format!("\u{feff}{{\"refresh_token\":\"new\",{beside}}}"),
        ] {
            let token = refresh(ok(&body)).0.unwrap_or_else(|error| panic!("{body} {error:?}"));
            assert_eq!(token.refresh_token.as_deref(), Some("new"), "{body}");
            assert_eq!(
                (token.access_token.as_deref(), token.expires_in),
                (access, expires_in),
                "{body}"
            );
        }
    }
    for (body, access) in [
        (r#"{"access_token":"a","expires_in":NaN,"refresh_token":"new"}"#, Some("a")),
        (r#"{"refresh_token":"new","access_token":"a","expires_in":36"#, Some("a")),
        (r#"{"refresh_token":"new","access_token":"a"#, None),
        (r#"{"access_token":"a","refresh_token":"new"} <!-- x -->"#, Some("a")),
    ] {
        let token = refresh(ok(body)).0.unwrap_or_else(|error| panic!("{body} {error:?}"));
        assert_eq!(token.refresh_token.as_deref(), Some("new"), "{body}");
        assert_eq!(token.access_token.as_deref(), access, "{body}");
    }
    assert!(refresh(ok(r#"{"access_token":"a","refresh_token":"ne"#)).0.is_err());
}

#[test]
fn a_secret_does_not_travel_in_the_clear() {
    for (authority, sent) in [("auth.example", 0), ("127.0.0.1:9", 1)] {
        let mut settings = Settings::default();
        settings.auth.https = false;
        authority.clone_into(&mut settings.auth.authority);
        let (_, lines, _) = refresh_at(settings, ok(r#"{"access_token":"a"}"#));
        assert_eq!(lines.len(), sent, "{authority}");
    }
}
