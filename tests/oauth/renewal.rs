//! Calls by a login: renewed before its end and on a 401, once, and with care when it goes wrong.

use std::sync::Arc;
use std::time::Duration;

use lever_host::audit::{Audit, Kind};
use lever_host::credentials::login::{Renewal, Stored, TokenFile};
use lever_host::embedded::COMPONENT;
use lever_host::limiter::{Limiter, Rate};
use lever_host::mock::{CLIENT_SECRET, Config, Content, Effect, Fault, Mock};
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Component, Host, HostConfig};
use serde_json::{Value, json};

use super::browser::{Folder, asked, edit, let_it_end, lines, open, read, sign_in, until};
use crate::support::{agent, host_config};

const SCOPES: &[&str] = &["stages:read:admin", "opportunities:read:admin", "notes:write:admin"];

/// A host whose calls go by a login that was just made.
struct Rig {
    mock: Mock,
    folder: Folder,
    first: Stored,
    audit: Audit,
    host: Arc<Host>,
    lever: Arc<Component>,
    agent: Agent,
}

impl Rig {
    async fn new() -> Rig {
        let config = Config { rate: None, opportunities: 5, ..Config::default() };
        let (mock, folder) = (Mock::start(config).await.unwrap(), Folder::new());
        let first = sign_in(&mock, &folder.file(), SCOPES).await;
        let audit = Audit::in_memory();
        let (host, lever) = host(&mock, &folder.file(), &audit);
        let agent = agent(&["stages=read", "notes=full", "opportunities=read"]);
        Rig { mock, folder, first, audit, host, lever, agent }
    }

    fn file(&self) -> TokenFile {
        self.folder.file()
    }

    async fn call(&self, function: &str, args: Value) -> Result<Value, CallError> {
        let (interface, name) = function.split_once('.').unwrap();
        let args = args.as_array().unwrap().clone();
        self.host.call(&self.lever, &self.agent, interface, name, &args).await
    }

    async fn stages(&self) -> Result<Value, CallError> {
        self.call("stages.list-page", json!([])).await
    }

    async fn let_it_end(&self) {
        let_it_end(&self.mock, &self.file()).await;
    }

    fn end_access(&self) {
        self.mock.revoke_token(read(&self.file()).access_token.secret());
    }

    /// Nothing that was said or recorded holds a secret.
    fn check(&self, error: &CallError) -> String {
        let text = error.to_string();
        let records = serde_json::to_string(&self.audit.records()).unwrap();
        let now = read(&self.file());
        for stored in [&self.first, &now] {
            let refresh = stored.refresh_token.as_ref().unwrap();
            for secret in [stored.access_token.secret(), refresh.secret(), CLIENT_SECRET] {
                assert!(!format!("{text} {error:?} {records}").contains(secret), "{text}");
            }
        }
        text
    }
}

fn host(mock: &Mock, file: &TokenFile, audit: &Audit) -> (Arc<Host>, Arc<Component>) {
    let config = HostConfig {
        credential: Some(open(mock, file, audit).into()),
        limiter: Limiter::new(Rate { per_second: 1000, burst: 1000 }),
        ..host_config(mock)
    };
    let host = Host::new(config, audit.clone()).unwrap();
    let lever = host.load(COMPONENT).unwrap();
    (Arc::new(host), lever)
}

/// The bearer of each request to the API, in order.
fn bearers(mock: &Mock) -> Vec<String> {
    let header = |seen: &lever_host::mock::Seen| seen.header("authorization").map(str::to_owned);
    mock.requests().iter().filter_map(header).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_used_as_it_is_while_it_is_fresh() {
    let rig = Rig::new().await;
    rig.stages().await.unwrap();
    assert_eq!(bearers(&rig.mock), [format!("Bearer {}", rig.first.access_token.secret())]);
    assert_eq!(asked(&rig.mock), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_token_is_renewed_and_the_new_one_stored_before_it_is_used() {
    let rig = Rig::new().await;
    rig.let_it_end().await;
    // Held back until the file was looked at.
    rig.mock.inject(Fault::new(Effect::Delay(Duration::from_millis(300))).path("/stages"));
    let calling = rig.stages();
    let looking = async {
        until("the API is called", || !bearers(&rig.mock).is_empty()).await;
        read(&rig.file())
    };
    let (result, stored) = tokio::join!(calling, looking);
    result.unwrap();
    assert_eq!(bearers(&rig.mock), [format!("Bearer {}", stored.access_token.secret())]);
    assert_ne!(stored.refresh_token, rig.first.refresh_token);
    assert_eq!(stored.id, rig.first.id);
    assert_eq!(lines(&rig.mock), ["POST /oauth/token 200", "GET /v1/stages 200"]);
    rig.stages().await.unwrap();
    assert_eq!(asked(&rig.mock), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_renewed_and_the_request_sent_once_more() {
    let rig = Rig::new().await;
    rig.end_access();
    rig.stages().await.unwrap();
    let expected = ["GET /v1/stages 401", "POST /oauth/token 200", "GET /v1/stages 200"];
    assert_eq!(lines(&rig.mock), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_through_a_renewal_and_is_made_once() {
    let rig = Rig::new().await;
    let opportunity = rig.mock.store().opportunity_ids()[0].clone();
    let before = rig.mock.store().notes(&opportunity).len();
    rig.end_access();
    let args = json!([opportunity, {"value": "once"}]);
    rig.call("notes.create", args).await.unwrap();
    let notes = rig.mock.store().notes(&opportunity);
    assert_eq!(notes.len(), before + 1, "{}", rig.mock.describe());
    let lines = lines(&rig.mock);
    let posts: Vec<&String> = lines.iter().filter(|line| line.starts_with("POST /v1")).collect();
    assert_eq!(posts.len(), 2, "{lines:?}");
    assert!(posts[0].ends_with(" 401") && !posts[1].ends_with(" 401"), "{lines:?}");
    assert_eq!(asked(&rig.mock), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_refuses_every_token_costs_one_renewal() {
    let rig = Rig::new().await;
    let body = json!({"code": "UnauthorizedError", "message": "No."});
    let headers = vec![("retry-after".to_owned(), "0".to_owned())];
    let refusal = Effect::Status { code: 401, body: Content::Json(body), headers };
    rig.mock.inject(Fault::new(refusal).path("/stages").always());
    let error = rig.stages().await.unwrap_err();
    let text = rig.check(&error);
    let CallError::Component(record) = &error else { panic!("{error:?}") };
    assert_eq!(
        (&record["kind"], &record["outcome"]),
        (&json!("unauthorized"), &json!("not-applied"))
    );
    assert!(text.contains("issued 0 s ago"), "{text}");
    let expected = ["GET /v1/stages 401", "POST /oauth/token 200", "GET /v1/stages 401"];
    assert_eq!(lines(&rig.mock), expected);
    // Nor does the next one begin anew, in this process or another.
    rig.mock.clear_requests();
    rig.stages().await.unwrap_err();
    let (other, lever) = host(&rig.mock, &rig.file(), &Audit::none());
    other.call(&lever, &rig.agent, "stages", "list-page", &[]).await.unwrap_err();
    assert_eq!(lines(&rig.mock), ["GET /v1/stages 401", "GET /v1/stages 401"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_500_keeps_the_login() {
    let rig = Rig::new().await;
    rig.let_it_end().await;
    rig.mock.inject(Fault::status(500).path("/oauth/token"));
    let error = rig.stages().await.unwrap_err();
    let text = rig.check(&error);
    assert!(matches!(error, CallError::Credential(_)), "{error:?}");
    assert!(text.contains("500") && text.contains("The login is kept"), "{text}");
    assert_eq!(lines(&rig.mock), ["POST /oauth/token 500"]);
    let records = rig.audit.records();
    let renewal = records
        .iter()
        .find(|record| record.function == "oauth.refresh" && record.kind != Kind::Intent);
    assert_eq!(renewal.unwrap().status, Some(500));
    let kept_back = records.iter().find(|record| record.error.as_deref() == Some("credential"));
    assert_eq!(kept_back.unwrap().outcome.as_deref(), Some("not-sent"));
    let stored = read(&rig.file());
    assert_eq!(stored.refresh_token, rig.first.refresh_token);
    // The pause is over.
    edit(&rig.file(), |stored| stored["renewal"]["until"] = json!(1)).await;
    rig.stages().await.unwrap();
    assert_eq!(asked(&rig.mock), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_slow_does_not_disturb_a_token_that_is_good() {
    let rig = Rig::new().await;
    // Within the last tenth of its time.
    edit(&rig.file(), |stored| {
        let (start, end) = (stored["issued_at"].clone(), stored["expires_at"].clone());
        stored["issued_at"] = json!(start.as_u64().unwrap() - 3_400_000);
        stored["expires_at"] = json!(end.as_u64().unwrap() - 3_400_000);
    })
    .await;
    rig.mock.inject(Fault::new(Effect::Delay(Duration::from_secs(1))).path("/oauth/token"));
    rig.stages().await.unwrap();
    // It went out with the old token, so it did not wait for the new one.
    assert_eq!(bearers(&rig.mock), [format!("Bearer {}", rig.first.access_token.secret())]);
    rig.host.settle().await;
    assert_eq!(asked(&rig.mock), 1);
    assert_ne!(read(&rig.file()).refresh_token, rig.first.refresh_token);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_grant_says_to_log_in_and_asks_nobody_again() {
    let rig = Rig::new().await;
    rig.mock.end_logins();
    rig.let_it_end().await;
    for _ in 0..3 {
        let error = rig.stages().await.unwrap_err();
        let text = rig.check(&error);
        assert!(matches!(error, CallError::Credential(_)), "{error:?}");
        assert!(text.contains("invalid_grant") && text.contains("lever-host auth login"), "{text}");
    }
    let (other, lever) = host(&rig.mock, &rig.file(), &Audit::none());
    other.call(&lever, &rig.agent, "stages", "list-page", &[]).await.unwrap_err();
    assert_eq!(lines(&rig.mock), ["POST /oauth/token 403"]);
    // Logging in again is seen by those that run.
    sign_in(&rig.mock, &rig.file(), SCOPES).await;
    rig.stages().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_grant_on_a_401_adds_the_way_out_to_the_components_error() {
    let rig = Rig::new().await;
    rig.mock.end_logins();
    rig.end_access();
    let error = rig.stages().await.unwrap_err();
    let text = rig.check(&error);
    let CallError::Component(record) = &error else { panic!("{error:?}") };
    assert_eq!((&record["kind"], &record["status"]), (&json!("unauthorized"), &json!(401)));
    assert!(text.contains("lever-host auth login"), "{text}");
    assert_eq!(lines(&rig.mock), ["GET /v1/stages 401", "POST /oauth/token 403"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_sent_once_where_its_answer_was_lost() {
    let effects = [
        Effect::ResetAfter,
        Effect::ResetBefore,
        Effect::CloseMidHead,
        Effect::TruncatedBody { chunked: true },
        Effect::HtmlPage,
        Effect::EmptyBody,
    ];
    for effect in effects {
        let name = format!("{effect:?}");
        let rig = Rig::new().await;
        rig.let_it_end().await;
        rig.mock.inject(Fault::new(effect).path("/oauth/token"));
        for _ in 0..2 {
            let error = rig.stages().await.unwrap_err();
            let text = rig.check(&error);
            assert!(text.contains("no answer to that is known"), "{name}: {text}");
        }
        let (other, lever) = host(&rig.mock, &rig.file(), &Audit::none());
        other.call(&lever, &rig.agent, "stages", "list-page", &[]).await.unwrap_err();
        assert_eq!(asked(&rig.mock), 1, "{name}: {}", rig.mock.describe());
        assert!(matches!(read(&rig.file()).renewal, Renewal::Asked { .. }), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_uses_nothing_up() {
    let rig = Rig::new().await;
    rig.let_it_end().await;
    // A port that nobody listens on any more.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    edit(&rig.file(), |stored| stored["place"]["url"] = json!(url)).await;
    let error = rig.stages().await.unwrap_err();
    let text = rig.check(&error);
    assert!(text.contains("The login is kept"), "{text}");
    edit(&rig.file(), |stored| {
        stored["place"]["url"] = json!(rig.mock.auth_url());
        stored["renewal"]["until"] = json!(1);
    })
    .await;
    rig.stages().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_takes_no_more_than_a_calls_own_time() {
    let mut rig = Rig::new().await;
    rig.let_it_end().await;
    // The token is asked for before that on any machine.
    rig.agent.limits.call_timeout = Duration::from_secs(2);
    rig.mock.inject(Fault::new(Effect::Delay(Duration::from_secs(5))).path("/oauth/token"));
    let error = rig.stages().await.unwrap_err();
    assert!(matches!(error, CallError::Limit(_)), "{error:?}");
    let under_way = read(&rig.file());
    assert!(matches!(under_way.renewal, Renewal::Asked { .. }), "{under_way:?}");
    // The renewal goes on, and what comes of it is kept.
    rig.host.settle().await;
    assert_ne!(read(&rig.file()).refresh_token, rig.first.refresh_token);
    rig.stages().await.unwrap();
    assert_eq!(asked(&rig.mock), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_in_the_middle_of_a_renewal_is_a_logout() {
    let rig = Rig::new().await;
    rig.let_it_end().await;
    rig.mock.inject(Fault::new(Effect::Delay(Duration::from_millis(300))).path("/oauth/token"));
    let file = rig.file();
    let out = async {
        until("a token is asked for", || asked(&rig.mock) > 0).await;
        lever_host::sign_in::sign_out(&file).await.unwrap()
    };
    let (result, was_there) = tokio::join!(rig.stages(), out);
    assert!(was_there);
    // It had its token already, or came too late; either way not logged in now.
    if let Err(error) = result {
        assert!(error.to_string().contains("not logged in"), "{error}");
    }
    assert!(rig.file().read().unwrap().is_none());
    let error = rig.stages().await.unwrap_err();
    assert!(error.to_string().contains("not logged in"), "{error}");
    assert_eq!(asked(&rig.mock), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_recorded_as_what_it_is() {
    let rig = Rig::new().await;
    rig.let_it_end().await;
    rig.stages().await.unwrap();
    let records = rig.audit.records();
    let renewal: Vec<_> =
        records.iter().filter(|record| record.function == "oauth.refresh").collect();
    assert_eq!(renewal.len(), 3, "before it leaves, its end, and the call");
    assert!(renewal.iter().all(|record| record.agent == "lever-host.auth"));
    assert_eq!(renewal[0].route.as_deref(), Some("/oauth/token"));
    let agents = records.iter().filter(|record| record.agent == "sourcer").count();
    assert_eq!(agents, 2, "the call and its request");
}
