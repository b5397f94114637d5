//! The way out by a download: only where Lever pointed, only within the call it
//! pointed in, and with nothing of the component's.

use lever_host::audit::Decision;
use lever_host::mock::{Config, Content, Downloads, Effect, Fault};
use lever_host::policy::Agent;
use serde_json::{Value, json};

use super::{CANARY, Rig};

pub(super) const ADDRESS: &str = "not the API's address";

/// Hosts that the policy names besides the mock's storage: nobody is there.
pub(super) const NAMED: [&str; 7] = [
    "evil.example",
    "*.wild.example",
    "169.254.169.254",
    "10.0.0.1",
    "100.100.100.200",
    "[fd00:ec2::254]",
    "[::ffff:10.0.0.1]",
];

/// An agent that may download, its downloads led to the mock's storage.
pub(super) fn agent() -> Agent {
    let grants = ["files=full", "offers=read", "opportunities=read", "raw=read", "notes=off"];
    let grants = grants.iter().chain(&["foreign:attack=full"]).map(ToString::to_string);
    let start = Agent::from_grants("prober", &grants.collect::<Vec<_>>()).expect("they are sound");
    let start = start.with_download_host("127.0.0.1").expect("that is a host");
    NAMED.iter().fold(start, |agent, host| agent.with_download_host(host).expect("a host"))
}

/// A rig whose files all lie in the storage, and the path of one of them.
pub(super) async fn rig() -> (Rig, String) {
    let config = Config { opportunities: 20, downloads: Downloads::Redirect, ..Config::default() };
    let mut rig = Rig::with(config, None).await;
    rig.agent = agent();
    let store = rig.mock.store();
    let sound = |id: String| {
        let files = store.files(&id).into_iter();
        let mut sound = files.filter(|file| file["status"] == "processed");
        sound.next().and_then(|file| Some((id, file["id"].as_str()?.to_owned())))
    };
    let (opportunity, file) =
        store.opportunity_ids().into_iter().find_map(sound).expect("somebody has a file");
    (rig, format!("/v1/opportunities/{opportunity}/files/{file}/download"))
}

/// A request to where the answer before pointed.
pub(super) fn there() -> Value {
    json!({
        "method": "GET",
        "scheme": "{scheme}",
        "authority": "{authority}",
        "path-with-query": "{path}",
        "body": "",
    })
}

/// The same with some of it changed.
pub(super) fn changed(change: Value) -> Value {
    let mut message = there();
    for (name, value) in change.as_object().expect("an object") {
        message[name] = value.clone();
    }
    message
}

/// Lever's next answer to a request for this points here.
pub(super) fn point(rig: &Rig, path: &str, place: &str) {
    let path = path.trim_start_matches("/v1");
    let headers = vec![("Location".to_owned(), place.to_owned())];
    let fault = Fault::new(Effect::Status { code: 302, body: Content::Empty, headers });
    rig.mock.inject(fault.path(path));
}

/// Sends these, of which the last must be refused by this rule and reach nobody.
pub(super) async fn is_held_in(rig: &Rig, function: &str, messages: Vec<Value>, rule: &str) {
    let shown = format!("{function} {messages:?}");
    let (stored, refused) = (rig.mock.storage_requests().len(), rig.refused().len());
    let said = rig.last(function, messages).await;
    assert_eq!(said, "ErrorCode::HttpRequestDenied", "{shown}");
    assert_eq!(rig.mock.storage_requests().len(), stored, "{shown}");
    let records = rig.refused().split_off(refused);
    let [record] = records.as_slice() else { panic!("{shown}: {records:?}") };
    assert_eq!(record.rule, rule, "{shown}");
    let line = serde_json::to_string(record).expect("records are JSON");
    assert!(!line.contains("signature") && !line.contains("storage/"), "{line}");
}

#[tokio::test]
async fn what_goes_to_the_storage_is_the_address_and_nothing_of_the_components() {
    let (rig, path) = rig().await;
    let headers = [
        ("authorization", "Basic canary"),
        ("cookie", "session=canary"),
        ("accept", "text/canary"),
        ("accept-language", "canary"),
        ("user-agent", "canary"),
        ("content-type", "text/canary"),
        ("content-length", "6"),
        ("range", "bytes=0-canary"),
        ("referer", "http://canary.example/"),
        ("x-amz-security-token", "canary"),
        ("if-none-match", "canary"),
    ];
    let mut last = there();
    last["headers"] = json!(headers);
    last["body"] = "canary".into();
    let said = rig.last("files.download", vec![rig.message("GET", &path), last]).await;
    assert!(said.contains("200\n"), "{said}");
    let stored = rig.mock.storage_requests();
    let [seen] = stored.as_slice() else { panic!("{stored:?}") };
    assert!(!format!("{seen:?}").contains(CANARY), "{seen:?}");
    let names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    let known = ["accept", "user-agent", "host"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    assert_eq!(seen.header("accept"), Some("*/*"));
    let records = rig.audit.records();
    let followed = records.iter().find(|it| it.route.as_deref() == Some("(redirected download)"));
    let followed = followed.expect("it is recorded");
    assert_eq!((followed.decision, followed.status), (Decision::Allowed, Some(200)));
    assert_eq!(followed.rule, "download-hosts 127.0.0.1");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn an_address_that_lever_did_not_name_is_not_followed() {
    let (rig, path) = rig().await;
    let first = || rig.message("GET", &path);
    let port = rig.mock.storage_authority().rsplit(':').next().map(str::to_owned);
    let port = port.expect("it has a port");
    let rows = [
        json!({ "path-with-query": "{path}&canary=1" }),
        json!({ "path-with-query": "{path}&" }),
        json!({ "path-with-query": "{path}%20" }),
        json!({ "path-with-query": "/canary{path}" }),
        json!({ "path-with-query": "/{path}" }),
        json!({ "path-with-query": "/./{path}" }),
        json!({ "path-with-query": "/storage/canary" }),
        json!({ "path-with-query": "/" }),
        json!({ "scheme": "https" }),
        json!({ "scheme": "HTTP" }),
        json!({ "scheme": null }),
        json!({ "authority": "canary@{authority}" }),
        json!({ "authority": "canary:canary@{authority}" }),
        json!({ "authority": format!("localhost:{port}") }),
        json!({ "authority": format!("127.1:{port}") }),
        json!({ "authority": format!("2130706433:{port}") }),
        json!({ "authority": format!("127.0.0.1:0{port}") }),
        json!({ "authority": format!("127.0.0.1.:{port}") }),
        json!({ "authority": format!("[::ffff:127.0.0.1]:{port}") }),
        json!({ "authority": format!("127.0.0.1:{}", rig.evil_port()) }),
        json!({ "authority": "127.0.0.1" }),
        json!({ "authority": "evil.example", "scheme": "https" }),
        json!({ "authority": "data.wild.example", "scheme": "https" }),
        json!({ "method": "POST", "body": "canary" }),
        json!({ "method": "PUT", "body": "canary" }),
        json!({ "method": "DELETE" }),
        json!({ "method": "HEAD" }),
        json!({ "method": "OPTIONS" }),
        json!({ "method": "CONNECT" }),
        json!({ "method": "TRACE" }),
        json!({ "method": "get" }),
        json!({ "method": "CANARY" }),
    ];
    for row in rows {
        let messages = vec![first(), changed(row)];
        is_held_in(&rig, "files.download", messages, ADDRESS).await;
    }
    // Without any answer of Lever's, and before it.
    let storage = rig.mock.storage_authority();
    let own = |path: &str| json!({ "method": "GET", "scheme": "http", "authority": storage, "path-with-query": path, "body": "" });
    is_held_in(&rig, "files.download", vec![own("/storage/canary")], ADDRESS).await;
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_fragment_stays_behind() {
    let (rig, path) = rig().await;
    let last = changed(json!({ "path-with-query": "{path}#canary" }));
    let said = rig.last("files.download", vec![rig.message("GET", &path), last]).await;
    assert!(said.starts_with("200\n"), "{said}");
    assert!(!format!("{:?}", rig.mock.storage_requests()).contains(CANARY));
    rig.is_unharmed().await;
}

#[tokio::test]
async fn an_address_is_good_for_the_call_it_was_named_in() {
    let (rig, path) = rig().await;
    let first = rig.last("files.download", vec![rig.message("GET", &path)]).await;
    let place = first.lines().find_map(|line| line.strip_prefix("location: "));
    let place = place.expect("it is redirected").to_owned();
    let (scheme, rest) = place.split_once("://").expect("it has a scheme");
    let (authority, rest) = rest.split_once('/').expect("it has a path");
    let later = json!({
        "method": "GET", "scheme": scheme, "authority": authority,
        "path-with-query": format!("/{rest}"), "body": "",
    });
    is_held_in(&rig, "files.download", vec![later.clone()], ADDRESS).await;
    // Neither does another answer of Lever's bring it back.
    let messages = vec![rig.message("GET", &path), later.clone()];
    is_held_in(&rig, "files.download", messages, ADDRESS).await;
    // Nor the answer of a call that another agent has under way.
    let mut stall = rig.message("GET", &path);
    stall["path-with-query"] = path.replace("/download", "").into();
    let delay = Effect::Delay(std::time::Duration::from_millis(300));
    rig.mock
        .inject(Fault::new(delay).path(&path.trim_start_matches("/v1").replace("/download", "")));
    let one = rig.impersonate("files.download", vec![rig.message("GET", &path), stall]);
    let other = is_held_in(&rig, "files.download", vec![later], ADDRESS);
    let (one, ()) = tokio::join!(one, other);
    one.expect("it comes back");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn nothing_but_a_download_is_led_elsewhere() {
    let (rig, path) = rig().await;
    let storage = format!("http://{}/storage/canary", rig.mock.storage_authority());
    let opportunity = path.split('/').nth(3).expect("the path has an opportunity");
    let rows = [
        ("files.get", "GET", path.replace("/download", "")),
        ("opportunities.get", "GET", format!("/v1/opportunities/{opportunity}")),
        ("files.upload", "POST", format!("/v1/opportunities/{opportunity}/files")),
        ("raw.get", "GET", path.clone()),
        ("raw.get", "GET", "/v1/opportunities".to_owned()),
    ];
    for (function, method, path) in rows {
        point(&rig, &path, &storage);
        let messages = vec![rig.message(method, &path), there()];
        is_held_in(&rig, function, messages, ADDRESS).await;
    }
    // A component that is not ours downloads as little.
    let before = rig.refused().len();
    let said = rig.says("chase", json!([rig.message("GET", &path)])).await;
    assert!(said.ends_with("\nthen ErrorCode::HttpRequestDenied"), "{said}");
    assert_eq!(rig.refused().split_off(before)[0].rule, ADDRESS);
    assert!(rig.mock.storage_requests().is_empty());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_redirection_back_to_the_api_is_judged_as_any_request() {
    let (rig, path) = rig().await;
    let api = rig.authority();
    let other = "not a request of this function";
    let rows = [
        ("/v1/users", other),
        ("/v1/opportunities", other),
        ("/v1/opportunities?confidentiality=all", other),
        ("/v1/canary", "unknown request"),
        ("/v1/../oauth/token", "malformed request"),
        ("/oauth/token", "outside the API's path"),
        ("/authorize?client_id=canary", "outside the API's path"),
        ("/storage/canary", "outside the API's path"),
        ("/", "malformed request"),
    ];
    for (place, rule) in rows {
        point(&rig, &path, &format!("http://{api}{place}"));
        is_held_in(&rig, "files.download", vec![rig.message("GET", &path), there()], rule).await;
    }
    // By another method as little, whatever pointed there.
    for method in ["POST", "PUT", "DELETE"] {
        point(&rig, &path, &format!("http://{api}{path}"));
        let last = changed(json!({ "method": method, "body": "{}" }));
        let messages = vec![rig.message("GET", &path), last];
        is_held_in(&rig, "files.download", messages, "unknown request").await;
    }
    let gets = rig.mock.requests().iter().all(|seen| seen.method == "GET" && seen.path == path);
    assert!(gets, "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_lever_gone_mad_leads_to_no_host_that_the_policy_does_not_name() {
    let (rig, path) = rig().await;
    let evil = rig.evil_port();
    let rows = [
        ("https://other.example/canary", "no such download host"),
        ("https://evil.example.other.example/canary", "no such download host"),
        ("https://xevil.example/canary", "no such download host"),
        ("https://wild.example/canary", "no such download host"),
        ("https://xwild.example/canary", "no such download host"),
        ("https://127.0.0.2/canary", "no such download host"),
        ("https://api.lever.co/v1/users", "no such download host"),
        ("http://evil.example/canary", "malformed redirection"),
        ("http://169.254.169.254/latest/meta-data/", "malformed redirection"),
        ("http://10.0.0.1/canary", "malformed redirection"),
        ("https://evil.example:8443/canary", "malformed redirection"),
        ("https://canary@evil.example/canary", "malformed redirection"),
        ("https://evil.example./canary", "malformed redirection"),
        ("https://evil_host.wild.example/canary", "malformed redirection"),
        ("https://-x.wild.example/canary", "malformed redirection"),
        ("https://2130706433/canary", "malformed redirection"),
        ("https://0x7f.1/canary", "malformed redirection"),
        ("ftp://evil.example/canary", "malformed redirection"),
        ("file://evil.example/canary", "malformed redirection"),
        (
            "https://169.254.169.254/latest/meta-data/",
            "link-local or cloud metadata addresses are not connected to",
        ),
        ("https://10.0.0.1/canary", "private addresses are not connected to"),
        ("https://100.100.100.200/canary", "carrier-grade NAT addresses are not connected to"),
        (
            "https://[fd00:ec2::254]/canary",
            "unique local or cloud metadata addresses are not connected to",
        ),
        ("https://[::ffff:10.0.0.1]/canary", "private addresses are not connected to"),
    ];
    for (place, rule) in rows {
        point(&rig, &path, place);
        is_held_in(&rig, "files.download", vec![rig.message("GET", &path), there()], rule).await;
    }
    // A storage that sends on is believed no more than Lever.
    rig.mock.redirect_storage_to(&format!("http://localhost:{evil}/canary"));
    let messages = vec![rig.message("GET", &path), there(), there()];
    let before = rig.refused().len();
    let said = rig.last("files.download", messages).await;
    assert_eq!(said, "ErrorCode::HttpRequestDenied");
    let record = rig.refused().split_off(before).remove(0);
    assert_eq!(
        (record.rule.as_str(), record.host.as_deref()),
        ("no such download host", Some("localhost"))
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_host_in_capitals_is_the_same_host() {
    let (mut rig, path) = rig().await;
    rig.agent = rig.agent.clone().with_download_host("localhost").expect("a host");
    let first = rig.last("files.download", vec![rig.message("GET", &path)]).await;
    let place = first.lines().find_map(|line| line.strip_prefix("location: "));
    let place = place.expect("it is redirected").replace("127.0.0.1", "LocalHost");
    point(&rig, &path, &place);
    let said = rig.last("files.download", vec![rig.message("GET", &path), there()]).await;
    assert!(said.starts_with("200\n"), "{said}");
    rig.is_unharmed().await;
}
