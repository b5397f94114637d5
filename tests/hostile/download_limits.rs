//! How often and how long a component may try to reach a storage.

use lever_host::runtime::CallError;
use tokio::net::TcpListener;

use super::downloads::*;

#[tokio::test]
async fn a_storage_is_not_flooded() {
    let (rig, path) = rig().await;
    let mut messages = vec![rig.message("GET", &path)];
    messages.extend(std::iter::repeat_with(there).take(300));
    match rig.impersonate("files.download", messages).await {
        Err(CallError::Refused(refusal)) => assert_eq!(refusal.rule, "too many downloads"),
        other => panic!("{:.300}", format!("{other:?}")),
    }
    let fetched = rig.mock.storage_requests().len();
    // What a download needs, with each of its redirections tried again and again.
    assert!((20..=64).contains(&fetched), "{fetched}");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn addresses_that_are_not_connected_to_are_not_tried_for_ever() {
    let (rig, path) = rig().await;
    point(&rig, &path, "https://10.0.0.1/canary");
    let mut messages = vec![rig.message("GET", &path)];
    messages.extend(std::iter::repeat_with(there).take(300));
    match rig.impersonate("files.download", messages).await {
        Err(CallError::Refused(refusal)) => {
            assert_eq!(refusal.rule, "private addresses are not connected to");
        }
        other => panic!("{:.300}", format!("{other:?}")),
    }
    assert!(rig.refused().len() <= 101, "{}", rig.refused().len());
    rig.is_unharmed().await;
}

/// Takes one connection and never says a word.
async fn silence() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    port
}

#[tokio::test]
async fn a_storage_that_never_answers_ends_with_the_call() {
    let (mut rig, path) = rig().await;
    // Both requests are sent before that on any machine.
    rig.agent.limits.call_timeout = std::time::Duration::from_secs(2);
    let port = silence().await;
    point(&rig, &path, &format!("http://127.0.0.1:{port}/canary"));
    match rig.impersonate("files.download", vec![rig.message("GET", &path), there()]).await {
        Err(CallError::Limit(limit)) => {
            assert!(limit.contains("`call-timeout` of 2 s"), "{limit}")
        }
        other => panic!("{:.300}", format!("{other:?}")),
    }
    let records = rig.audit.records();
    let last = records.iter().rfind(|it| it.route.as_deref() == Some("(redirected download)"));
    assert_eq!(last.and_then(|it| it.error.as_deref()), Some("abandoned"));
    rig.is_unharmed().await;
}
