//! Files, resumes and offers over loopback: uploads byte for byte, downloads and where they
//! redirect to.

use serde_json::{Value, json};

use super::{
    Parts, exchange_at, fetch, first, form, get, header, ids, parsed, parted, post_form, send,
    start, user,
};
use crate::endpoints::uploads::Upload;
use crate::http::multipart::MAX_FILE;
use crate::server::config::Downloads;
use crate::{Config, Effect, Fault, Mock};

/// The path of the first opportunity whose list of this kind has a record that fits, and the
/// record.
fn with(
    mock: &Mock,
    list: fn(&Mock, &str) -> Vec<Value>,
    fits: fn(&Value) -> bool,
) -> (String, Value) {
    let mut found = mock.store().opportunity_ids().into_iter().filter_map(|id| {
        let record = list(mock, &id).into_iter().find(&fits)?;
        Some((format!("/opportunities/{id}"), record))
    });
    found.next().unwrap()
}

fn resumes(mock: &Mock, id: &str) -> Vec<Value> {
    mock.store().resumes(id)
}

fn files(mock: &Mock, id: &str) -> Vec<Value> {
    mock.store().files(id)
}

fn offers(mock: &Mock, id: &str) -> Vec<Value> {
    mock.store().offers(id)
}

/// What the storage answers to a URL of its own.
async fn from_storage(mock: &Mock, url: &str, headers: &str) -> (String, Vec<u8>) {
    let target = url.strip_prefix(&format!("http://{}", mock.storage_authority())).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\n{headers}");
    parted(&exchange_at(mock.storage, &head, b"").await.unwrap())
}

#[tokio::test]
async fn a_file_lives_from_upload_to_deletion() {
    let mock = start(Config::default()).await;
    let (id, _) = first(&mock, |row| mock.store().files(row["id"].as_str().unwrap()).is_empty());
    let path = format!("/opportunities/{id}/files");
    let target = format!("{path}?perform_as={}", user(&mock));
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let name = "name=\"file\"; filename=\"Zoë%22%0D%0A 100%.pdf\"";
    let (status, body) = post_form(&mock, &target, &[(name, &bytes)]).await;
    assert_eq!(status, 201, "{body}");
    let made = &body["data"];
    assert_eq!((&made["name"], &made["ext"]), (&json!("Zoë\"\r\n 100%.pdf"), &json!(".pdf")));
    assert_eq!((&made["size"], &made["status"]), (&json!(70_000), &json!("processed")));
    let file = made["id"].as_str().unwrap();
    assert_eq!(mock.store().file_bytes(file), Some(bytes.clone()));
    let (_, one) = get(&mock, &format!("{path}/{file}")).await;
    assert_eq!(one["data"], *made);
    let (head, found) = fetch(&mock, &format!("{path}/{file}/download")).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(header(&head, "content-type"), Some("application/pdf"));
    assert_eq!(found, bytes);
    let gone = format!("{path}/{file}?perform_as={}", user(&mock));
    assert_eq!(send(&mock, "DELETE", &gone, &Value::Null).await, (204, Value::Null));
    assert_eq!(get(&mock, &format!("{path}/{file}")).await.0, 404);
    let (_, actions) = get(&mock, &format!("/opportunities/{id}/file_actions")).await;
    let kinds: Vec<_> =
        actions["data"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["file-added", "file-remove"]);
    let last = actions["data"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["user"]["id"], &last["meta"]["fileId"]), (&json!(user(&mock)), &json!(file)));
}

#[tokio::test]
async fn a_form_that_is_not_one_file_is_refused() {
    let mock = start(Config::default()).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let target = format!("/opportunities/{id}/files?perform_as={}", user(&mock));
    let pdf: &[u8] = b"%PDF";
    let rows: [(Parts, &str); 6] = [
        (&[], "Required field is missing. at /file"),
        (&[("name=\"file\"", pdf)], "Required field is missing. at /file"),
        (&[("name=\"upload\"; filename=\"a.pdf\"", pdf)], "Required field is missing. at /file"),
        (
            &[
                ("name=\"file\"; filename=\"a.pdf\"", pdf),
                ("name=\"file\"; filename=\"b.pdf\"", pdf),
            ],
            "Only one file is allowed. at /file",
        ),
        (
            &[("name=\"file\"; filename=\"a.exe\"", pdf)],
            "Unsupported file type; known are docx, doc, pdf, txt, jpg, png, js. at /file",
        ),
        (
            &[("name=\"file\"; filename=\"a\\\"b.pdf\"", pdf)],
            "Malformed multipart body: a backslash in a quoted value is ambiguous",
        ),
    ];
    for (parts, message) in rows {
        let (status, body) = post_form(&mock, &target, parts).await;
        assert_eq!((status, &body["message"]), (400, &json!(message)));
    }
    assert_eq!(mock.requests()[2].unknown_body, ["/upload"]);
    let (status, body) = send(&mock, "POST", &target, &json!({"file": "x"})).await;
    assert_eq!((status, &body["message"]), (415, &json!("Only multipart/form-data is accepted.")));
    assert!(mock.store().files(&id).iter().all(|file| file["name"] != "a.pdf"));
}

#[tokio::test]
async fn a_form_without_its_length_is_refused() {
    let mock = start(Config::default()).await;
    let body = form(&[("name=\"file\"; filename=\"a.pdf\"", b"%PDF")]);
    let body = String::from_utf8(body).unwrap();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nhost: mock\r\n{}connection: close\r\ntransfer-encoding: chunked\r\n\
         content-type: multipart/form-data; boundary=edge\r\n\r\n",
        super::AUTH
    );
    let text = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let mut stream = tokio::net::TcpStream::connect(mock.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert_eq!(parsed(&answer).0, 411);
    assert!(mock.store().uploads().is_empty());
}

#[tokio::test]
async fn an_upload_is_kept_byte_for_byte() {
    let mock = start(Config::default()).await;
    let bytes = b"line\r\n--edge-not\r\n--\r\n\0";
    let name = "name=\"file\"; filename=\"r\u{e9}sum\u{e9} 1.txt\"";
    let (status, body) = post_form(&mock, "/uploads", &[(name, bytes)]).await;
    assert_eq!(status, 400, "a line that starts as the boundary does is not framed: {body}");
    let bytes = b"line\r\n--edg\r\n--\r\n\0";
    let (status, body) = post_form(&mock, "/uploads", &[(name, bytes)]).await;
    let made = &body["data"];
    assert_eq!(
        (status, &made["filename"], &made["size"]),
        (201, &json!("résumé 1.txt"), &json!(18))
    );
    let id = made["id"].as_str().unwrap();
    assert!(id.ends_with("-résumé 1.txt"));
    assert!(made["uri"].as_str().unwrap().starts_with("https://api.lever.co/v1/uploads/"));
    assert_eq!(mock.store().upload_bytes(id).unwrap(), bytes);
    assert_eq!(mock.store().uploads(), std::slice::from_ref(made));
}

#[tokio::test]
async fn the_largest_file_is_kept_in_one_copy_and_a_larger_one_is_refused() {
    let mock = start(Config::default()).await;
    let bytes = vec![b'x'; MAX_FILE + 1];
    let part = "name=\"file\"; filename=\"a.pdf\"";
    assert_eq!(post_form(&mock, "/uploads", &[(part, &bytes)]).await.0, 413);
    assert_eq!(post_form(&mock, "/uploads", &[(part, &bytes[..MAX_FILE])]).await.0, 201);
    let inner = mock.service.lock();
    let (kept, body) = (&inner.state.all::<Upload>()[0].bytes, &inner.seen[1].body);
    assert_eq!(kept.len(), MAX_FILE);
    assert!(body.as_ptr_range().contains(&kept.as_ptr()));
}

#[tokio::test]
async fn downloads_come_directly_or_by_redirect_as_configured() {
    let rows = [
        (Downloads::Direct, false, false),
        (Downloads::Redirect, true, true),
        (Downloads::Mixed, true, false),
    ];
    for (downloads, resume_redirects, file_redirects) in rows {
        let mock = start(Config { downloads, ..Config::default() }).await;
        let (path, resume) = with(&mock, resumes, |it| it["file"]["status"] == "processed");
        let (other, file) = with(&mock, files, |it| it["status"] == "processed");
        let resume = resume["id"].as_str().unwrap();
        let file = file["id"].as_str().unwrap();
        let targets = [
            (
                format!("{path}/resumes/{resume}/download"),
                resume_redirects,
                mock.store().resume_bytes(resume),
            ),
            (
                format!("{other}/files/{file}/download"),
                file_redirects,
                mock.store().file_bytes(file),
            ),
        ];
        for (target, redirects, bytes) in targets {
            let (head, body) = fetch(&mock, &target).await;
            let body = if redirects {
                assert!(head.starts_with("HTTP/1.1 302") && body.is_empty(), "{head}");
                from_storage(&mock, header(&head, "location").unwrap(), "").await.1
            } else {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                body
            };
            assert_eq!(Some(body), bytes, "{downloads:?} {target}");
        }
    }
}

#[tokio::test]
async fn a_credential_that_reaches_the_storage_is_refused_and_recorded() {
    let mock = start(Config::default()).await;
    let (path, resume) = with(&mock, resumes, |it| it["file"]["status"] == "processed");
    let target = format!("{path}/resumes/{}/download", resume["id"].as_str().unwrap());
    let (head, _) = fetch(&mock, &target).await;
    let url = header(&head, "location").unwrap();
    let (refused, _) = from_storage(&mock, url, super::AUTH).await;
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
    let (sound, _) = from_storage(&mock, url, "").await;
    assert!(sound.starts_with("HTTP/1.1 200"), "{sound}");
    let seen = mock.storage_requests();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].header("authorization").is_some() && seen[1].header("authorization").is_none());
    mock.redirect_storage();
    let (again, _) = from_storage(&mock, url, "").await;
    assert!(header(&again, "location").unwrap().contains(&mock.storage_authority()));
    mock.redirect_storage_to("http://169.254.169.254/latest");
    let (away, _) = from_storage(&mock, url, "").await;
    assert_eq!(header(&away, "location"), Some("http://169.254.169.254/latest"));
}

#[tokio::test]
async fn a_signed_url_ends_with_its_lifetime() {
    let lifetime = std::time::Duration::ZERO;
    let mock = start(Config { storage_lifetime: lifetime, ..Config::default() }).await;
    let (path, resume) = with(&mock, resumes, |it| it["file"]["status"] == "processed");
    let target = format!("{path}/resumes/{}/download", resume["id"].as_str().unwrap());
    let (head, _) = fetch(&mock, &target).await;
    let (late, body) = from_storage(&mock, header(&head, "location").unwrap(), "").await;
    assert!(late.starts_with("HTTP/1.1 403"), "{late}");
    assert!(String::from_utf8(body).unwrap().contains("Request has expired"));
}

#[tokio::test]
async fn faults_hit_the_storage_too() {
    let mock = start(Config::default()).await;
    let (path, resume) = with(&mock, resumes, |it| it["file"]["status"] == "processed");
    let target = format!("{path}/resumes/{}/download", resume["id"].as_str().unwrap());
    mock.inject(Fault::new(Effect::TruncatedBody { chunked: false }).path("/storage/**"));
    let (head, _) = fetch(&mock, &target).await;
    let url = header(&head, "location").unwrap();
    let (cut, part) = from_storage(&mock, url, "").await;
    let length: usize = header(&cut, "content-length").unwrap().parse().unwrap();
    assert!(part.len() < length);
    let (_, whole) = from_storage(&mock, url, "").await;
    assert!(whole.starts_with(&part) && whole.len() > part.len());
}

#[tokio::test]
async fn what_could_not_be_processed_is_not_handed_out() {
    let mock = start(Config::default()).await;
    let (path, resume) = with(&mock, resumes, |it| it["file"]["status"] == "error");
    let (other, file) = with(&mock, files, |it| it["status"] == "error");
    let (bare, none) = with(&mock, resumes, |it| it["file"].is_null());
    let rows = [
        (format!("{path}/resumes/{}/download", resume["id"].as_str().unwrap()), 422),
        (format!("{other}/files/{}/download", file["id"].as_str().unwrap()), 422),
        (format!("{bare}/resumes/{}/download", none["id"].as_str().unwrap()), 404),
        (format!("{bare}/resumes/x/download"), 404),
    ];
    for (target, status) in rows {
        assert_eq!(get(&mock, &target).await.0, status, "{target}");
    }
    let target = format!("{path}/files?perform_as={}", user(&mock));
    let (_, empty) = post_form(&mock, &target, &[("name=\"file\"; filename=\"a.pdf\"", b"")]).await;
    assert_eq!(empty["data"]["status"], "error");
}

#[tokio::test]
async fn an_offer_is_handed_out_signed_if_it_is() {
    let mock = start(Config { downloads: Downloads::Direct, ..Config::default() }).await;
    let (path, signed) = with(&mock, offers, |it| !it["signedDocument"].is_null());
    let id = signed["id"].as_str().unwrap();
    let target = format!("{path}/offers/{id}/download");
    let (store, sent) = (mock.store(), format!("{target}?status=sent"));
    for (target, is_signed) in [(&target, true), (&sent, false)] {
        assert_eq!(
            Some(fetch(&mock, target).await.1),
            store.offer_bytes(id, is_signed),
            "{target}"
        );
    }
    assert_eq!(get(&mock, &format!("{target}?status=x")).await.0, 400);
    let (path, sent) =
        with(&mock, offers, |it| it["signedDocument"].is_null() && !it["sentDocument"].is_null());
    let target = format!("{path}/offers/{}/download", sent["id"].as_str().unwrap());
    assert!(fetch(&mock, &target).await.0.starts_with("HTTP/1.1 200"));
    assert_eq!(get(&mock, &format!("{target}?status=signed")).await.0, 404);
    let (path, draft) = with(&mock, offers, |it| it["status"] == "draft");
    let target = format!("{path}/offers/{}/download", draft["id"].as_str().unwrap());
    assert_eq!(get(&mock, &target).await.0, 404);
    let (_, list) = get(&mock, &format!("{path}/offers?expand=creator&include=status")).await;
    assert!(list["data"][0]["creator"]["email"].is_string());
    assert!(list["data"][0].get("fields").is_none());
}

#[tokio::test]
async fn lists_of_papers_keep_to_their_times() {
    let mock = start(Config::default()).await;
    let (path, two) = with(&mock, resumes, |it| it["file"]["uploadedAt"].is_u64());
    let at = two["file"]["uploadedAt"].as_u64().unwrap();
    let rows = [
        ("resumes", format!("uploaded_at_start={at}&uploaded_at_end={at}"), true),
        ("resumes", format!("uploaded_at_start={}", at + 1), false),
        ("file_actions", format!("occurred_at_start={at}&occurred_at_end={}", at + 1), true),
        ("file_actions", format!("occurred_at_start={at}&occurred_at_end={at}"), false),
        ("file_actions", "occurred_at_end=0".to_owned(), false),
    ];
    for (list, query, is_there) in rows {
        let (status, body) = get(&mock, &format!("{path}/{list}?{query}")).await;
        assert_eq!((status, !ids(&body).is_empty()), (200, is_there), "{list} {query}");
    }
    let (path, file) = with(&mock, files, |it| it["uploadedAt"].is_u64());
    let at = file["uploadedAt"].as_u64().unwrap();
    for (query, count) in
        [(format!("uploaded_at_end={at}"), 1), (format!("uploaded_at_end={}", at - 1), 0)]
    {
        assert_eq!(
            ids(&get(&mock, &format!("{path}/files?{query}")).await.1).len(),
            count,
            "{query}"
        );
    }
    let (path, resume) = with(&mock, resumes, |it| it["file"].is_object());
    let (_, body) =
        get(&mock, &format!("{path}/resumes/{}?include=createdAt", resume["id"].as_str().unwrap()))
            .await;
    assert_eq!(body["data"].as_object().unwrap().len(), 2);
}
