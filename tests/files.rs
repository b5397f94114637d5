//! `files`: on an opportunity, up and down, byte for byte.

use lever_host::mock::{Config, Downloads};
use serde_json::{Value, json};

use crate::support::{
    Rig, agent, base64, bytes, first, id, ids, items, listed_for_many, opportunity,
    refused_locally, sorted, user,
};

async fn with(downloads: Downloads) -> Rig {
    Rig::with(Config { rate: None, downloads, ..Config::default() }).await
}

fn file(rig: &Rig) -> (String, Value) {
    first(rig, |store, id| {
        let files = store.files(id);
        files.into_iter().find(|file| file["status"] == "processed")
    })
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, _) = file(&rig);
    let page = rig.ok("files.list-page", json!([opportunity, { "uploaded-at-start": 1 }])).await;
    assert_eq!(sorted(ids(items(&page))), sorted(ids(&rig.mock.store().files(&opportunity))));
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, _) = file(&rig);
    let all = rig.ok("files.list-all", json!([opportunity, { "limit": 1 }])).await;
    assert_eq!(sorted(ids(items(&all))), sorted(ids(&rig.mock.store().files(&opportunity))));
    assert!(items(&all)[0]["size"].is_u64(), "a size may come as text");
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("files.list-for-many", json!({ "limit": 1 }), |store, id| store.files(id))
        .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let (opportunity, known) = file(&rig);
    let found = rig.ok("files.get", json!([opportunity, known["id"]])).await;
    assert_eq!((&found["name"], &found["ext"]), (&known["name"], &known["ext"]));
}

#[tokio::test]
pub async fn upload() {
    let rig = Rig::new().await;
    let opportunity = opportunity(&rig);
    let content = b"\x00\xff--lever-\r\n".repeat(1000);
    let new = json!({ "name": "cover.pdf", "content": base64(&content) });
    let made = rig.ok("files.upload", json!([opportunity, new, user(&rig)])).await;
    assert_eq!(rig.mock.store().file_bytes(&id(&made)).unwrap(), content);
    let seen = &rig.mock.requests()[0];
    assert_eq!(seen.values("perform_as"), [user(&rig)]);
}

#[tokio::test]
pub async fn download() {
    for downloads in [Downloads::Direct, Downloads::Redirect] {
        let rig = with(downloads).await;
        let (opportunity, known) = file(&rig);
        let found = rig.ok("files.download", json!([opportunity, known["id"]])).await;
        let stored = rig.mock.store().file_bytes(&id(&known)).unwrap();
        assert_eq!(bytes(&found["content"]), stored);
        for fetched in rig.mock.storage_requests() {
            let key = fetched.headers.iter().find(|(name, _)| name == "authorization");
            assert_eq!(key, None, "a storage gets no credential");
        }
        let led = usize::from(downloads == Downloads::Redirect);
        assert_eq!(rig.mock.storage_requests().len(), led);
    }
}

#[tokio::test]
async fn a_download_goes_nowhere_that_the_policy_does_not_name() {
    let rig = with(Downloads::Redirect).await;
    let (opportunity, known) = file(&rig);
    let narrow = agent(&["files=read"]);
    let args = json!([opportunity, known["id"]]);
    let result = rig.call_as(&narrow, "files.download", args.clone()).await;
    let Err(lever_host::runtime::CallError::Component(error)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(error["kind"], "refused-by-host");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("download-hosts") && message.contains("127.0.0.1"), "{message}");
    assert!(rig.mock.storage_requests().is_empty());
    // The storage itself may send it on, and that is judged again.
    rig.mock.redirect_storage_to("https://evil.example/secret?key=1");
    let error = rig.err("files.download", args.clone()).await;
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("evil.example") && !message.contains("secret"), "{message}");
    rig.mock.redirect_storage();
    let found = rig.call("files.download", args).await.unwrap();
    assert_eq!(bytes(&found["content"]), rig.mock.store().file_bytes(&id(&known)).unwrap());
}

#[tokio::test]
async fn the_record_of_a_redirected_download_shows_its_host_and_no_key() {
    let rig = with(Downloads::Redirect).await;
    let (opportunity, known) = file(&rig);
    rig.ok("files.download", json!([opportunity, known["id"]])).await;
    let records = rig.audit.records();
    let led =
        records.iter().find(|record| record.route.as_deref() == Some("(redirected download)"));
    let led = led.expect("it is recorded");
    assert_eq!(led.host.as_deref(), Some("127.0.0.1"));
    assert_eq!(led.rule, "download-hosts 127.0.0.1");
    let fetched = &rig.mock.storage_requests()[0];
    let written = format!("{records:?}");
    assert!(!written.contains(&fetched.path), "{written}");
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let (opportunity, known) = file(&rig);
    let nothing = rig.ok("files.delete", json!([opportunity, known["id"], user(&rig)])).await;
    assert_eq!(nothing, Value::Null);
    assert!(!ids(&rig.mock.store().files(&opportunity)).contains(&id(&known)));
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let new = json!({ "name": "a.pdf", "content": "x" });
    refused_locally(
        &rig,
        &[
            ("files.upload", json!(["o", new]), "perform-as"),
            ("files.delete", json!(["o", "f"]), "perform-as"),
            ("files.upload", json!(["o", { "name": "a\nb", "content": "x" }, "u"]), "file name"),
        ],
    )
    .await;
}
