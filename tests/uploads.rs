//! `uploads`: a file for an application to come.

use serde_json::json;

use crate::support::{Rig, base64, refused_locally};

#[tokio::test]
pub async fn upload() {
    let rig = Rig::new().await;
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let file = json!([{ "name": "résumé 履歴書.pdf", "content": base64(&content) }]);
    let made = rig.ok("uploads.upload", file).await;
    assert_eq!(made["filename"], "résumé 履歴書.pdf");
    assert_eq!(made["size"], 100_000);
    let stored = rig.mock.store().upload_bytes(made["id"].as_str().unwrap()).unwrap();
    assert_eq!(stored, content);
    let seen = &rig.mock.requests()[0];
    let length: usize = seen.header("content-length").unwrap().parse().unwrap();
    assert_eq!(length, seen.body.len());
    assert!(seen.pairs.is_empty(), "uploads are in nobody's name");
}

#[tokio::test]
async fn a_name_that_could_arrive_as_another_is_refused() {
    let rig = Rig::new().await;
    let file = |name: &str| json!([{ "name": name, "content": "x" }]);
    let rows: Vec<_> = ["a\"b.pdf", "a\nb.pdf", "a\r\nb.pdf", "a\\b.pdf", "../a.pdf", "", "\u{0}"]
        .map(|name| ("uploads.upload", file(name), "file name"))
        .into();
    refused_locally(&rig, &rows).await;
    let empty = json!([{ "name": "a.pdf", "content": "" }]);
    refused_locally(&rig, &[("uploads.upload", empty, "is empty")]).await;
    let odd = json!([{ "name": "a.pdf", "content": "x", "content-type": "a/b\r\nx: y" }]);
    refused_locally(&rig, &[("uploads.upload", odd, "content-type")]).await;
    assert!(rig.sent().is_empty());
}
