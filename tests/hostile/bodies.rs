//! Bodies that the policy reads, written such that it might read another thing
//! than Lever does.

use base64::Engine as _;
use lever_host::audit::Kind;
use lever_host::policy::Agent;
use serde_json::{Value, json};

use super::Rig;

/// The user that the agent acts for, and another one.
pub(super) const OWN: &str = "8d49b010-cc6a-4f40-ace5-e86061c677ed";
pub(super) const OTHER: &str = "canary-0000-4000-8000-000000000000";

pub(super) const UNREADABLE: &str = "body that cannot be read";

pub(super) fn agent() -> Agent {
    let grants = ["notes=full", "postings=full", "uploads=full"].map(str::to_owned);
    let mut agent = Agent::from_grants("prober", &grants).expect("the grants are well formed");
    agent.perform_as = Some(OWN.to_owned());
    agent
}

/// The two functions whose bodies are read: method, path, and a sound body.
pub(super) async fn rig() -> (Rig, [(&'static str, Value); 2]) {
    let mut rig = Rig::new().await;
    rig.agent = agent();
    let id = rig.mock.store().opportunity_ids().remove(0);
    let posting = rig.mock.store().postings()[0]["id"].as_str().expect("an id").to_owned();
    let note = rig.message("PUT", &format!("/v1/opportunities/{id}/notes/some-note"));
    let apply = rig.message("POST", &format!("/v1/postings/{posting}/apply"));
    (rig, [("notes.update", note), ("postings.apply", apply)])
}

pub(super) const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

pub(super) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The outcome of one body, and what of it reached the mock.
pub(super) async fn sent(
    rig: &Rig,
    (function, message): &(&str, Value),
    headers: &[(&str, &str)],
    body: &[u8],
    more: Value,
) -> (String, Vec<Vec<u8>>) {
    let mut message = message.clone();
    message["headers"] = json!(headers);
    message["bytes"] = json!(body);
    for (name, value) in more.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    rig.mock.clear_requests();
    let said = rig.last(function, vec![message]).await;
    (said, rig.mock.requests().iter().map(|seen| seen.body.to_vec()).collect())
}

/// A body that must go nowhere, by this rule.
pub(super) async fn is_held_in(
    rig: &Rig,
    target: &(&str, Value),
    headers: &[(&str, &str)],
    body: &[u8],
    more: Value,
    rule: &str,
) {
    let shown = format!("{} {headers:?} {:.300}", target.0, String::from_utf8_lossy(body));
    let before = rig.refused().len();
    let (said, reached) = sent(rig, target, headers, body, more).await;
    assert!(said.ends_with("ErrorCode::HttpRequestDenied"), "{shown}: {said}");
    assert!(reached.is_empty(), "{shown}: {reached:?}");
    let records = rig.refused().split_off(before);
    let [record] = records.as_slice() else { panic!("{shown}: {records:?}") };
    assert_eq!(record.rule, rule, "{shown}");
}

#[tokio::test]
async fn what_is_sound_goes_out_as_it_was_read() {
    let (rig, [note, apply]) = rig().await;
    let own = format!("{{\"values\":[{{\"value\":\"x\"}}],\"user\":\"{OWN}\"}}");
    let rows = [
        (&note, own.clone()),
        (&note, own.replace("user", "us\\u0065r")),
        (&note, r#"{"values":[{"value":"user","user":"canary"}]}"#.to_owned()),
        (&note, r#"{"user":null}"#.to_owned()),
        (&apply, r#"{"personalInformation":[{"name":"eeoResponses","value":"x"}]}"#.to_owned()),
        (&apply, r#" {"eeoResponses" : null , "diversitySurvey":{}} "#.to_owned()),
    ];
    for (target, body) in rows {
        for (headers, piece) in [
            (JSON, 1),
            (&[("content-type", "Application/JSON; charset=UTF-8")][..], 7),
            (&[("content-type", "application/json;charset=\"utf-8\"")][..], 4096),
        ] {
            let (said, reached) =
                sent(&rig, target, headers, body.as_bytes(), json!({ "piece": piece })).await;
            assert!(!said.contains("Denied"), "{body}: {said}");
            assert_eq!(reached, [body.as_bytes()], "{body}: {said}");
        }
    }
}

#[tokio::test]
async fn nobody_else_signs_a_note() {
    let (rig, [note, _]) = rig().await;
    let bodies = [
        format!("{{\"user\":\"{OTHER}\"}}"),
        format!("{{\"us\\u0065r\":\"{OTHER}\"}}"),
        format!("{{\"User\":\"{OTHER}\"}}"),
        format!("{{\"user_id\":\"{OTHER}\"}}"),
        format!("{{\"performAs\":\"{OTHER}\"}}"),
        format!("{{\"perform_as\":\"{OTHER}\"}}"),
        format!("{{\"user[id]\":\"{OTHER}\"}}"),
        format!("{{\"user \":\"{OTHER}\"}}"),
        format!("{{\"user\\u0000x\":\"{OWN}\",\"user\":\"{OTHER}\"}}"),
        format!("{{\"user\":{{\"id\":\"{OTHER}\"}}}}"),
        format!("{{\"user\":[\"{OTHER}\"]}}"),
        format!("{{\"user\":\"{OWN} \"}}"),
        "{\"user\":true}".to_owned(),
        "{\"user\":\"\"}".to_owned(),
        // One that is the agent's, and one that is not.
        format!("{{\"User\":\"{OWN}\",\"user\":\"{OTHER}\"}}"),
        format!("{{\"user\":\"{OWN}\",\"userId\":\"{OTHER}\"}}"),
        format!("{{\"perform_as\":\"{OWN}\",\"user\":\"{OTHER}\"}}"),
        format!("{{\"USER\":\"{OWN}\",\"values\":[],\"user\":\"{OTHER}\"}}"),
    ];
    for body in bodies {
        is_held_in(&rig, &note, JSON, body.as_bytes(), json!({}), "perform-as").await;
    }
    // The same key twice: servers take the first, the last, or both.
    for body in [
        format!("{{\"user\":\"{OTHER}\",\"user\":\"{OWN}\"}}"),
        format!("{{\"user\":\"{OWN}\",\"user\":\"{OTHER}\"}}"),
        format!("{{\"user\":\"{OTHER}\",\"user\":null}}"),
        format!("{{\"user\":\"{OTHER}\",\"us\\u0065r\":\"{OWN}\"}}"),
        "{\"values\":[],\"values\":[]}".to_owned(),
    ] {
        is_held_in(&rig, &note, JSON, body.as_bytes(), json!({}), UNREADABLE).await;
    }
    rig.is_unharmed().await;
}

/// Sends whatever it is told to, as a component that is not ours.
pub(super) const FOLLOW: &str = "attack.follow";

/// Writes of every kind that names nobody in its body when our own component makes it.
pub(super) async fn writes() -> (Rig, Vec<(&'static str, Value)>) {
    let mut rig = Rig::new().await;
    let grants =
        ["foreign:attack=full", "opportunities=full", "notes=full", "files=full", "users=full"]
            .map(str::to_owned);
    rig.agent = Agent::from_grants("prober", &grants).expect("the grants are well formed");
    rig.agent.perform_as = Some(OWN.to_owned());
    let id = rig.mock.store().opportunity_ids().remove(0);
    let rows = [
        ("POST", "/v1/opportunities".to_owned()),
        ("PUT", format!("/v1/opportunities/{id}/stage")),
        ("POST", format!("/v1/opportunities/{id}/addTags")),
        ("POST", format!("/v1/opportunities/{id}/notes")),
        ("POST", format!("/v1/opportunities/{id}/files")),
        ("POST", "/v1/users/some-user/deactivate".to_owned()),
    ];
    let rows = rows.map(|(method, path)| (FOLLOW, rig.message(method, &path)));
    (rig, rows.into())
}

pub(super) const FORM: &[(&str, &str)] = &[("content-type", "multipart/form-data; boundary=b")];

/// A form of one part.
pub(super) fn part(head: &str, content: &str) -> String {
    format!("--b\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n--b--\r\n")
}

#[tokio::test]
async fn no_write_of_a_bound_agent_names_another_user_in_its_body() {
    let (rig, targets) = writes().await;
    let nested = format!("{{\"value\":\"x\",\"more\":[{{\"perform_as\":\"{OTHER}\"}}]}}");
    let json = [
        format!("{{\"perform_as\":\"{OTHER}\"}}"),
        format!("{{\"performAs\":\"{OTHER}\",\"perform_as\":\"{OWN}\"}}"),
        format!("{{\"value\":\"x\",\"user\":\"{OTHER}\"}}"),
        nested,
    ];
    let file = part("name=\"file\"; filename=\"cv.pdf\"", "%PDF");
    let forms = [
        part("name=\"perform_as\"", OTHER),
        part("name=\"performAs[]\"", OTHER),
        part("name=\"user\"", OTHER),
        file.replace("--b--\r\n", &part("name=\"perform-as\"", OTHER)),
    ];
    for target in &targets {
        for body in &json {
            is_held_in(&rig, target, JSON, body.as_bytes(), json!({}), "perform-as").await;
        }
        for body in &forms {
            let more = json!({ "piece": 5 });
            is_held_in(&rig, target, FORM, body.as_bytes(), more, "perform-as").await;
        }
        for (headers, body) in [
            (&[][..], format!("perform_as={OTHER}")),
            (
                &[("content-type", "application/x-www-form-urlencoded")],
                format!("perform_as={OTHER}"),
            ),
            (FORM, format!("{{\"perform_as\":\"{OTHER}\"}}")),
            (FORM, part("name=\"file\"", &format!("\n--b\n{}", part("name=\"user\"", OTHER)))),
            (JSON, file.clone()),
        ] {
            is_held_in(&rig, target, headers, body.as_bytes(), json!({}), UNREADABLE).await;
        }
    }
    let sound = [
        (JSON, format!("{{\"value\":\"x\",\"perform_as\":\"{OWN}\"}}")),
        (FORM, file),
        (&[], String::new()),
    ];
    for (headers, body) in sound {
        let (said, reached) = sent(&rig, &targets[3], headers, body.as_bytes(), json!({})).await;
        assert_eq!(reached, [body.as_bytes()], "{said}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_large_form_is_broken_off_before_it_names_another_user() {
    let (rig, targets) = writes().await;
    let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"cv\"\r\n\r\n";
    let large = [head, &"x".repeat(2 << 20), "\r\n", &part("name=\"perform_as\"", OTHER)].concat();
    let mut message = targets[4].1.clone();
    message["headers"] = json!(FORM);
    message["bytes"] = json!({ "base64": base64(large.as_bytes()) });
    let said = rig.last(FOLLOW, vec![message]).await;
    assert!(said.contains("ErrorCode::"), "{said}");
    for seen in rig.mock.requests() {
        assert!(!seen.is_applied, "{seen}");
        assert!(!seen.body.windows(10).any(|it| it == b"perform_as"), "{seen}");
    }
    // What was sent of it may have been acted upon, for all that the record can say.
    let records = rig.audit.records();
    let record = records.iter().find(|record| record.kind == Kind::Request).expect("it was sent");
    assert_eq!(record.outcome.as_deref(), Some("unknown"), "{record:?}");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn what_takes_no_body_leaves_without_one() {
    let mut rig = Rig::new().await;
    let grants = ["foreign:attack=full", "opportunities=read", "notes=full"].map(str::to_owned);
    rig.agent = Agent::from_grants("prober", &grants).expect("the grants are well formed");
    let id = rig.mock.store().opportunity_ids().remove(0);
    let get = rig.message("GET", &format!("/v1/opportunities/{id}"));
    let delete = rig.message("DELETE", &format!("/v1/opportunities/{id}/notes/some-note"));
    for target in [(FOLLOW, get), (FOLLOW, delete)] {
        for headers in [JSON, FORM, &[]] {
            for body in [&b"{\"perform_as\":\"canary\"}"[..], b" "] {
                let rule = "body where none belongs";
                is_held_in(&rig, &target, headers, body, json!({}), rule).await;
            }
        }
        let (said, reached) = sent(&rig, &target, JSON, b"", json!({})).await;
        assert_eq!(reached, [b""], "{said}");
        let seen = rig.mock.requests().remove(0);
        assert!(seen.header("content-type").is_none() && seen.header("content-length").is_none());
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn protected_answers_are_found_in_every_spelling() {
    let (rig, [_, apply]) = rig().await;
    let bodies = [
        r#"{"eeoResponses":{"gender":"canary"}}"#,
        r#"{"eeo\u0052esponses":{"gender":"canary"}}"#,
        r#"{"\u0065\u0065\u006f\u0052\u0065\u0073\u0070\u006f\u006e\u0073\u0065\u0073":{"race":"canary"}}"#,
        r#"{"EEOResponses":{"gender":"canary"}}"#,
        r#"{"eeo_responses":{"gender":"canary"}}"#,
        r#"{"eeoResponses[gender]":"canary","eeoresponses":1}"#,
        r#"{"eeoResponses\u0000":{"gender":"canary"}}"#,
        r#"{"\ufeffeeoResponses":{"gender":"canary"}}"#,
        r#"{"diversitySurvey":{"surveyId":"canary"}}"#,
        r#"{"diversity-survey":["canary"]}"#,
        r#"{"eeoResponses":null,"eeo_responses":{"gender":"canary"}}"#,
        r#"{"eeoResponses":false}"#,
    ];
    for body in bodies {
        for piece in [1, 5, 4096] {
            let more = json!({ "piece": piece });
            is_held_in(&rig, &apply, JSON, body.as_bytes(), more, "eeo = false").await;
        }
    }
    for body in [
        r#"{"eeoResponses":{"gender":"canary"},"eeoResponses":null}"#,
        r#"{"eeoResponses":null,"eeoResponses":{"gender":"canary"}}"#,
        r#"{"eeoResponses":{},"\u0065eoResponses":{"gender":"canary"}}"#,
    ] {
        is_held_in(&rig, &apply, JSON, body.as_bytes(), json!({}), UNREADABLE).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn what_is_not_one_json_object_by_its_type_and_its_bytes_is_not_guessed_at() {
    let (rig, targets) = rig().await;
    let sound = br#"{"values":[]}"#;
    let form = b"a={&eeoResponses[gender]=canary&user=canary&b=}";
    let types: [&[(&str, &str)]; 14] = [
        &[],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "application/jsonp")],
        &[("content-type", "application/vnd.api+json")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=application/json")],
        &[("content-type", "application/json, application/x-www-form-urlencoded")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json; charset=iso-8859-1")],
        &[("content-type", "application/json; charset=utf-8; charset=utf-7")],
        &[("content-type", "application/json; x=multipart/form-data")],
        &[("content-type", "application/json"), ("content-type", "text/plain")],
        &[("content-type", "application/json"), ("content-type", "application/json")],
    ];
    let utf16: Vec<u8> =
        "{\"user\":\"canary\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    // `{"user":"canary"}`, packed.
    let packed: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0x56, 0x2a, 0x2d, 0x4e, 0x2d, 0x52, 0xb2, 0x52,
        0x4a, 0x4e, 0xcc, 0x4b, 0x2c, 0xaa, 0x54, 0xaa, 0x05, 0,
    ];
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"null",
        b"[]",
        b"[{\"user\":\"canary\"}]",
        b"\"canary\"",
        b"{",
        b"{}{\"user\":\"canary\"}",
        b"{} {\"eeoResponses\":{\"a\":1}}",
        b"{}\n{\"user\":\"canary\"}",
        b"{}\0",
        b"{}&user=canary",
        b"\xef\xbb\xbf{\"values\":[]}",
        b"{\"values\":\"\xff\"}",
        b"{\"us\xc0\xa5r\":\"canary\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{'user':'canary'}",
        b"{user:\"canary\"}",
        b"{\"a\":NaN}",
        b"{\"a\":1,}",
        b"{/**/\"a\":1}",
        b"{\"a\":\"\x01\"}",
        form,
        &utf16,
        deep.as_bytes(),
        packed,
    ];
    for target in &targets {
        for headers in types {
            is_held_in(&rig, target, headers, sound, json!({}), UNREADABLE).await;
        }
        for body in &bodies {
            is_held_in(&rig, target, JSON, body, json!({}), UNREADABLE).await;
        }
        let packed_by_name = [("content-type", "application/json"), ("content-encoding", "gzip")];
        is_held_in(&rig, target, &packed_by_name, packed, json!({}), UNREADABLE).await;
    }
    rig.is_unharmed().await;
}
