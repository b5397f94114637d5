//! What is said of a refusal, and what is not.

use super::*;
use crate::core::http::request::{Method, Route};
use crate::routes::{files, notes, oauth, opportunities, stages};

fn answer(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

fn request(route: &Route) -> Request {
    route.request(&["a", "b"]).unwrap()
}

fn auth() -> Request {
    Request { target: Target::Auth, ..request(&oauth::REFRESH) }
}

fn storage() -> Request {
    let base = Base::parse("x", "https://store.example", "").unwrap();
    Request { target: Target::Elsewhere(base), ..request(&files::DOWNLOAD) }
}

const LEVERS: &str = r#"{"code":"SomeError","message":"why"}"#;

#[test]
fn every_status_of_the_reference_has_its_error() {
    use ErrorKind as K;
    use Outcome::{NotApplied, Unknown};
    let rows = [
        (400, K::Rejected, NotApplied),
        (401, K::Unauthorized, NotApplied),
        (403, K::Forbidden, NotApplied),
        (404, K::NotFound, NotApplied),
        (408, K::Timeout, Unknown),
        (409, K::Rejected, NotApplied),
        (422, K::Rejected, NotApplied),
        (429, K::RateLimited, NotApplied),
        (500, K::Unavailable, Unknown),
        (503, K::Unavailable, Unknown),
        (301, K::MalformedAnswer, Unknown),
    ];
    for (status, kind, outcome) in rows {
        let error = refused(&answer(status, LEVERS), &request(&notes::CREATE));
        assert_eq!((error.kind, error.outcome), (kind, outcome), "{status}");
        assert_eq!(error.status, Some(status));
        assert_eq!(error.code.as_deref(), Some("SomeError"));
        let start = format!("Lever answered {status} SomeError: why. ");
        assert!(error.message.starts_with(&start), "{}", error.message);
        let read = refused(&answer(status, ""), &request(&notes::GET));
        assert_eq!(read.outcome, NotApplied);
    }
}

#[test]
fn an_authorization_server_names_its_errors_differently() {
    let body =
        r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#;
    let error = refused(&answer(403, body), &auth());
    assert_eq!(error.code.as_deref(), Some("invalid_grant"));
    assert!(error.message.contains("invalid refresh token."), "{}", error.message);
    assert!(!error.message.contains("permission"), "{}", error.message);
}

#[test]
fn a_body_of_somebody_else_gives_no_reason_of_levers() {
    let bodies = [
        "<html><h1>Forbidden</h1> ana@example.com</html>",
        r#"{"message":"Forbidden"}"#,
        r#"{"error":"blocked","ray":"7f"}"#,
        r#"{"code":7}"#,
        r#"{"code":"","message":"x"}"#,
        "[1]",
        "null",
        "Access denied",
    ];
    for body in bodies {
        for status in [400, 401, 403, 404, 409, 422, 451, 500, 502, 302] {
            let error = refused(&answer(status, body), &request(&stages::GET));
            assert_eq!((error.code, error.status), (None, Some(status)));
            assert!(error.message.contains("something in between"), "{}", error.message);
            for reason in
                ["permission", "Check the id", "credential", "Lever's;", "ana@", "blocked"]
            {
                assert!(!error.message.contains(reason), "{}", error.message);
            }
        }
        // It may have let the change through.
        for (status, outcome) in [
            (403, Outcome::Unknown),
            (404, Outcome::Unknown),
            (502, Outcome::Unknown),
            (429, Outcome::NotApplied),
            (407, Outcome::NotApplied),
        ] {
            let error = refused(&answer(status, body), &request(&notes::CREATE));
            assert_eq!(error.outcome, outcome, "{status}");
        }
    }
    let html = Response { content_type: Some("text/html; charset=x".into()), ..answer(403, "<p>") };
    let error = refused(&html, &request(&stages::GET));
    assert!(error.message.starts_with("The answer 403 with text/html is not"), "{}", error.message);
    let odd = Response { content_type: Some("a/b\u{1b}[31m".into()), ..answer(403, "<p>") };
    let error = refused(&odd, &request(&stages::GET));
    assert!(error.message.starts_with("The answer 403 is not"), "{}", error.message);
}

#[test]
fn an_empty_body_may_be_levers() {
    let error = refused(&answer(502, ""), &request(&stages::GET));
    assert_eq!(error.message, "Lever answered 502. The fault is Lever's; try later.");
    let error = refused(&answer(400, " \n"), &request(&notes::CREATE));
    assert_eq!(error.outcome, Outcome::NotApplied);
    assert!(error.message.contains("does not say why"), "{}", error.message);
}

#[test]
fn a_403_names_the_permission_that_is_missing() {
    let error = refused(&answer(403, ""), &request(&notes::CREATE));
    assert!(error.message.contains("notes:write"), "{}", error.message);
    let raw = Request::to(Method::Get, "/tags".into(), "raw:read");
    let error = refused(&answer(403, LEVERS), &raw);
    assert!(error.message.contains("the permission for this path"), "{}", error.message);
}

#[test]
fn a_404_points_at_the_id_where_there_is_one() {
    let none = r#"{"code":"ResourceNotFound","message":"stages a was not found"}"#;
    let path = r#"{"code":"ResourceNotFound","message":"/stages does not exist"}"#;
    let list = || stages::LIST_PAGE.request(&[]).unwrap();
    let create = || opportunities::CREATE.request(&[]).unwrap();
    let rows = [
        (none, request(&stages::GET), "Check the id;"),
        ("", request(&stages::GET), "Check the id;"),
        (path, request(&stages::GET), "ends in /v1"),
        (path, list(), "ends in /v1"),
        ("", list(), "ends in /v1"),
        (none, list(), "No id was given"),
        (none, create(), "Check the ids that are given"),
        ("<html>", request(&stages::GET), "Check the base URL"),
        (r#"{"message":"no Route matched"}"#, list(), "Check the base URL"),
    ];
    for (body, request, says) in rows {
        let error = refused(&answer(404, body), &request);
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.contains(says), "{body}: {}", error.message);
    }
}

#[test]
fn a_proxy_that_asks_for_a_credential_is_named() {
    for body in ["", "<html>", LEVERS] {
        let error = refused(&answer(407, body), &request(&notes::CREATE));
        assert_eq!((error.kind, error.outcome), (ErrorKind::Connection, Outcome::NotApplied));
        assert!(error.message.starts_with("A proxy "), "{}", error.message);
    }
}

#[test]
fn a_redirection_shows_no_more_than_the_host_it_leads_to() {
    let rows = [
        ("https://login.corp.example/x?token=secret", "the host \"login.corp.example\""),
        ("https://a@evil.example/secret", "Check the base URL"),
        ("/v2/secret", "Check the base URL"),
        ("", "Check the base URL"),
    ];
    for (location, says) in rows {
        for body in ["", "<html>moved</html>"] {
            let response = Response { location: Some(location.into()), ..answer(302, body) };
            let error = refused(&response, &request(&stages::GET));
            assert!(error.message.contains(says), "{location}: {}", error.message);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}

#[test]
fn a_storage_is_no_lever() {
    let rows = [
        (401, ErrorKind::Forbidden, "download it again"),
        (403, ErrorKind::Forbidden, "download it again"),
        (404, ErrorKind::NotFound, "download it again"),
        (503, ErrorKind::Unavailable, "Try later."),
        (429, ErrorKind::RateLimited, "Wait"),
        (418, ErrorKind::Rejected, "something in between"),
    ];
    for (status, kind, says) in rows {
        let error =
            refused(&answer(status, "<Error><Code>AccessDenied</Code></Error>"), &storage());
        assert_eq!((error.kind, error.code), (kind, None), "{status}");
        assert!(error.message.starts_with("The place that Lever named"), "{}", error.message);
        assert!(error.message.contains(says), "{}", error.message);
        assert!(!error.message.contains("permission"), "{}", error.message);
    }
    let download = Request { takes_redirection: true, ..request(&files::DOWNLOAD) };
    let error = refused(&answer(422, LEVERS), &download);
    assert!(error.message.contains("could not process this file"), "{}", error.message);
}
