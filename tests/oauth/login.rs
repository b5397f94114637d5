//! Logging in, through the component and the mock.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use lever_host::audit::{Audit, Kind};
use lever_host::credentials::login::Renewal;
use lever_host::mock::{CLIENT_SECRET, Config, Effect, Fault, Mock};

use super::browser::{Folder, asked, begin, get, lines, read, sign_in, visit};

const WAIT: Duration = Duration::from_secs(60);

async fn mock() -> Mock {
    let config = Config { rate: None, opportunities: 5, ..Config::default() };
    Mock::start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_brings_tokens_and_a_record_of_it_brings_none() {
    let (mock, folder, audit) = (mock().await, Folder::new(), Audit::in_memory());
    let file = folder.file();
    let waiting = begin(&mock, &file, &["stages:read:admin"], &audit).await.unwrap();
    // What comes by meanwhile changes nothing.
    let redirect = waiting.redirect_uri().to_owned();
    for other in ["?code=evil&state=guess", "?error=access_denied", "/x"] {
        let (head, _) = get(&format!("{redirect}{other}")).await;
        assert!(head.starts_with("HTTP/1.1 40"), "{other}: {head}");
    }
    let (location, page) = visit(waiting.url()).await;
    // The browser asks twice.
    get(&location).await;
    let stored = waiting.finish(WAIT).await.unwrap();
    assert_eq!(read(&file), stored);
    assert_eq!(stored.scopes, ["stages:read:admin", "offline_access"]);
    assert_eq!(stored.renewal, Renewal::Done);
    assert_eq!((&stored.api, &stored.place.url), (&mock.base_url(), &mock.auth_url()));
    let life = stored.expires_at.unwrap() - stored.issued_at;
    assert_eq!(life, 3_600_000);
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(&folder.0), 0o700);

    let requests = mock.requests();
    assert_eq!(lines(&mock), ["GET /authorize 302", "POST /oauth/token 200"]);
    assert_eq!(requests[1].header("authorization"), None);
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let records = audit.records();
    let functions: Vec<&str> = records.iter().map(|record| record.function.as_str()).collect();
    let exchange = "oauth.exchange-code";
    assert_eq!(functions, ["oauth.authorize-url", exchange, exchange, exchange]);
    assert_eq!([records[1].kind, records[2].kind], [Kind::Intent, Kind::Request]);
    let said = format!("{} {page} {stored:?}", serde_json::to_string(&records).unwrap());
    let refresh_token = stored.refresh_token.as_ref().unwrap();
    for secret in [stored.access_token.secret(), refresh_token.secret(), CLIENT_SECRET, code] {
        assert!(!said.contains(secret), "{said}");
    }
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains(refresh_token.secret()), "the search finds what is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_leaves_the_login_there_was() {
    let (mock, folder) = (mock().await, Folder::new());
    let before = sign_in(&mock, &folder.file(), &["stages:read:admin"]).await;
    mock.refuse_authorization("access_denied", "Only \u{1b}[31mSuper Admins can");
    let waiting = begin(&mock, &folder.file(), &["users:read:admin"], &Audit::none()).await;
    let waiting = waiting.unwrap();
    let (_, page) = visit(waiting.url()).await;
    assert!(page.contains("did not authorise"), "{page}");
    let error = waiting.finish(WAIT).await.unwrap_err().to_string();
    assert!(error.contains("access_denied (Only"), "{error}");
    assert_eq!(read(&folder.file()), before);
    assert_eq!(asked(&mock), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_sent_once_whatever_comes_of_it() {
    let (mock, folder) = (mock().await, Folder::new());
    let faults = [
        (Fault::status(500), "again"),
        (Fault::new(Effect::ResetBefore), "lost"),
        (Fault::new(Effect::ResetAfter), "lost"),
        (Fault::new(Effect::TruncatedBody { chunked: false }), "lost"),
        (Fault::new(Effect::HtmlPage), "lost"),
        (Fault::new(Effect::Body("{}".to_owned())), "lost"),
        (Fault::status(403), "403"),
    ];
    for (fault, said) in faults {
        let name = format!("{fault:?}");
        mock.clear_requests();
        mock.inject(fault.path("/oauth/token"));
        let waiting = begin(&mock, &folder.file(), &["stages:read:admin"], &Audit::none()).await;
        let waiting = waiting.unwrap();
        visit(waiting.url()).await;
        let error = waiting.finish(WAIT).await.unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("lever-host auth login"), "{name}: {error}");
        assert_eq!(asked(&mock), 1, "{name}: {}", mock.describe());
        assert!(folder.file().read().unwrap().is_none(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_is_said_before_a_person_is_asked() {
    let (mock, folder) = (mock().await, Folder::new());
    let many: Vec<String> = (0..21).map(|n| format!("x{n}:read:admin")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for scopes in [&["stages:read"][..], &["stages:read:admin", "stages:read:admin"], &many] {
        let begun = begin(&mock, &folder.file(), scopes, &Audit::none()).await;
        let error = begun.err().expect("it is refused").to_string();
        assert!(error.contains("scopes holds"), "{error}");
    }
    std::fs::set_permissions(&folder.0, PermissionsExt::from_mode(0o777)).unwrap();
    let begun = begin(&mock, &folder.file(), &["stages:read:admin"], &Audit::none()).await;
    let error = begun.err().expect("it is refused").to_string();
    assert!(error.contains("changed by others"), "{error}");
    assert!(mock.requests().is_empty());
}
