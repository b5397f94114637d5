//! Bytes on the command line: files in, files out, and none that was not meant.

use std::path::{Path, PathBuf};

use lever_host::mock::{Config, Downloads, Mock};
use serde_json::{Value, json};

use crate::cli::run;

/// A directory of this test's own.
fn place(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    place
}

async fn mock() -> Mock {
    let config = Config { rate: None, downloads: Downloads::Direct, ..Config::default() };
    Mock::start(config).await.unwrap()
}

/// A file of the mock's: its opportunity and itself.
fn file(mock: &Mock) -> (String, Value) {
    let store = mock.store();
    let mut files = store.opportunity_ids().into_iter().filter_map(|id| {
        let file = store.files(&id).into_iter().find(|file| file["status"] == "processed");
        file.map(|file| (id, file))
    });
    files.next().expect("the mock has files")
}

fn text(value: &Value) -> String {
    value.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_for_an_argument_and_arrives_as_it_is() {
    let (mock, place) = (mock().await, place("bytes-up"));
    let content = b"\x00\xff\r\n--lever".repeat(9999);
    std::fs::write(place.join("cv.pdf"), &content).unwrap();
    let opportunity = mock.store().opportunity_ids()[0].clone();
    let user = mock.store().users()[0]["id"].clone();
    let new = json!({ "name": "cv.pdf", "content": { "file": "cv.pdf" } });
    let [opportunity, new, user] = [json!(opportunity), new, user].map(|it| text(&it));
    let call = ["--grant", "files=full", "call", "files", "upload", &opportunity, &new, &user];
    let (code, out, err) = run(&mock, &call).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("file.content: ") && err.contains("--files DIR"), "{err}");
    assert!(mock.requests().is_empty(), "nothing is read or sent without --files");

    let with = [&call[..], &["--files", place.to_str().unwrap()]].concat();
    let (code, out, err) = run(&mock, &with).await;
    assert_eq!(code, 0, "{err}");
    let made: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(mock.store().file_bytes(made["id"].as_str().unwrap()).unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_result_go_to_a_file_and_the_rest_is_printed() {
    let (mock, place) = (mock().await, place("bytes-down"));
    let (opportunity, known) = file(&mock);
    let stored = mock.store().file_bytes(known["id"].as_str().unwrap()).unwrap();
    let [opportunity, id] = [json!(opportunity), known["id"].clone()].map(|it| text(&it));
    let path = place.join("got.bin");
    let to = path.to_str().unwrap();
    let call = ["--grant", "files=read", "call", "files", "download", &opportunity, &id];
    let with = [&call[..], &["--out", to]].concat();
    let (code, out, err) = run(&mock, &with).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(std::fs::read(&path).unwrap(), stored);
    let rest: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(rest["content"], json!({ "file": to, "size": stored.len() }));
    assert!(rest["content-type"].is_string(), "{rest}");

    let before = mock.requests().len();
    let (code, out, err) = run(&mock, &with).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("--force"), "{err}");
    assert_eq!(mock.requests().len(), before, "refused before the call");
    std::fs::write(&path, "old").unwrap();
    let (code, _, err) = run(&mock, &[&with[..], &["--force"]].concat()).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(std::fs::read(&path).unwrap(), stored);

    let (code, out, _) = run(&mock, &call).await;
    let whole: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!(crate::support::bytes(&whole["content"]), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_without_bytes_is_printed_and_no_file_is_left() {
    let (mock, place) = (mock().await, place("bytes-none"));
    let to = place.join("nothing");
    let call = ["--grant", "stages=read", "call", "stages", "get", "\"offer\"", "--out"];
    let (code, out, err) = run(&mock, &[&call[..], &[to.to_str().unwrap()]].concat()).await;
    assert_eq!(code, 1);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["id"], "offer");
    assert!(err.contains("one list of bytes") && err.contains("has 0"), "{err}");
    let stage = ["--grant", "stages=read", "call", "stages", "get", "\"nope\"", "--out"];
    let (code, ..) = run(&mock, &[&stage[..], &[to.to_str().unwrap()]].concat()).await;
    assert_eq!(code, 2, "an error of the component stays one");
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
}
