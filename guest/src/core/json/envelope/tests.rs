//! Reading envelopes and pages, and what is said of those that cannot be read.

use super::*;
use crate::bindings::exports::ats::lever::form_fields::FormField;
use crate::bindings::exports::ats::lever::opportunities::Opportunity;

fn get(body: &str) -> Error {
    let response = Response { status: 200, body: body.into(), ..Response::default() };
    data::<Opportunity>(&response, Effect::Read).unwrap_err()
}

#[derive(Debug)]
struct Page {
    data: Vec<Opportunity>,
    next: Option<String>,
    skipped: Vec<Skipped>,
}

fn rows_of(body: impl Into<Vec<u8>>) -> Result<Page, Error> {
    let mut data = Vec::new();
    let response = Response { status: 200, body: body.into(), ..Response::default() };
    let PageInfo { next, skipped, .. } = page_into(&mut data, &response)?;
    Ok(Page { data, next, skipped })
}

#[test]
fn a_decode_error_names_the_place_and_not_the_value() {
    let rows = [
        (r#"{"data":{"id":["ana@example.com"]}}"#, "at `data.id` expected a string"),
        (r#"{"data":{"name":"Ana"}}"#, "at `data.id` expected a value"),
        (r#"{"data":null}"#, "at `data` expected an object"),
        (r#"{"next":"Ana"}"#, "at `data` expected a value"),
        (r#"["Ana"]"#, "at `the top` expected an object with data"),
        (r#"{"data":{"id":"ana"#, "the JSON ends too early"),
        ("<html>Ana", "that is not JSON"),
        (r#"{"data":{"id":"a"}} Ana"#, "that is not JSON"),
    ];
    for (body, expected) in rows {
        let error = get(body);
        assert!(error.message.contains(expected), "{body}\n{}\n{expected}", error.message);
        assert!(!error.message.contains("ana@") && !error.message.contains("Ana"));
        assert_eq!(error.outcome, Outcome::NotApplied);
    }
}

#[test]
fn a_record_that_cannot_be_read_is_named_beside_the_good_ones() {
    let body = r#"{"data":[{"id":"a"},null,{"id":null,"name":"Ana"},{"id":"c","createdAt":-1},
        7,{"id":"d"},{"name":"Ana"},{"id":["ana@example.com"]}],"next":"n"}"#;
    let page = rows_of(body).unwrap();
    let ids: Vec<&str> = page.data.iter().map(|row| row.id.as_str()).collect();
    assert_eq!((ids, page.next.as_deref()), (vec!["a", "c", "d"], Some("n")));
    let named: Vec<String> = page
        .skipped
        .iter()
        .map(|one| format!("{} {} {:?} {}", one.position, one.path, one.id, one.reason))
        .collect();
    let expected = [
        "2 data[2].id None expected a string",
        "4 data[4] None expected an object",
        "6 data[6].id None expected a value",
        "7 data[7].id None expected a string",
    ];
    assert_eq!(named, expected);
}

#[test]
fn the_id_of_a_skipped_record_is_told_where_it_looks_like_one() {
    let odd = Odd { path: ".x".into(), expected: "a string" };
    let rows = [
        (r#"{"id":"6f1c-a_b.c"}"#, Some("6f1c-a_b.c")),
        (r#"{"id":7}"#, Some("7")),
        (r#"{"id":"ana@example.com"}"#, None),
        (r#"{"id":"Ana B"}"#, None),
        (r#"{"id":""}"#, None),
        (r#"{"ID":"a"}"#, None),
        (r#"["id"]"#, None),
    ];
    for (row, id) in rows {
        assert_eq!(skip(0, row, &odd).id.as_deref(), id, "{row}");
    }
}

#[test]
fn a_page_that_is_no_list_or_hides_where_it_goes_on_is_an_error() {
    let rows = [
        (r#"{"data":null}"#, "at `data` expected a list"),
        (r#"{"data":{"id":"a"}}"#, "at `data` expected a list"),
        (r#"{"data":[{"id":null}],"next":["n"]}"#, "at `next` expected what says"),
        (r#"{"data":[],"next":{"offset":"n"}}"#, "at `next` expected what says"),
        (r#"{"next":"n"}"#, "at `data` expected a list"),
        ("[]", "at `the top` expected an object with data"),
        (r#"{"data":[{"#, "the JSON ends too early"),
        ("<html>", "that is not JSON"),
        (r#"{"data":[]} x"#, "that is not JSON"),
    ];
    for (body, expected) in rows {
        let error = rows_of(body).err().unwrap();
        assert!(error.message.contains(expected), "{body}\n{}\n{expected}", error.message);
    }
    for (body, next) in [
        (r#"{"data":{},"hasNext":false}"#, None),
        (r#"{"data":[],"next":7}"#, Some("7")),
        (r#"{"data":[{"id":1}],"next":null}"#, None),
    ] {
        let page = rows_of(body).unwrap();
        assert_eq!((page.next.as_deref(), page.skipped.len()), (next, 0), "{body}");
    }
}

#[test]
fn texts_that_are_cut_or_not_utf_8_and_a_byte_order_mark_are_read() {
    let rows: [(&[u8], &str); 5] = [
        (b"{\"data\":[{\"id\":\"b\",\"name\":\"An\xffa\"}]}", "An\u{fffd}a"),
        (br#"{"data":[{"id":"b","name":"An\ud83d"}]}"#, "An\u{fffd}"),
        (br#"{"data":[{"id":"b","name":"\ud83d\ude00"}]}"#, "\u{1f600}"),
        (b"{\"data\":[{\"id\":\"b\",\"name\":\"A\tn\"}]}", "A\tn"),
        (b"\xef\xbb\xbf{\"data\":[{\"id\":\"b\",\"name\":\"A\"}]}", "A"),
    ];
    for (body, name) in rows {
        let page = rows_of(body).unwrap();
        assert_eq!(page.data[0].name.as_deref(), Some(name));
        assert_eq!((page.data[0].other.as_deref(), page.skipped.len()), (None, 0));
    }
    assert!(rows_of(b"{\"data\":[]}\xff".as_slice()).is_err());
    let text = br#"{"id":"o","recap":{"a":"\udc00"},"new":"\ud83d"}"#;
    let read: Opportunity = record::read(text).unwrap();
    assert_eq!(read.recap.as_deref(), Some(r#"{"a":"\ufffd"}"#));
    assert_eq!(read.other.as_deref(), Some(r#"{"new":"\ufffd"}"#));
}

#[test]
fn the_answer_to_a_change_that_cannot_be_read_tells_the_id() {
    let body = r#"{"data":{"id":"o-1"}}"#;
    let response = Response { status: 201, body: body.into(), ..Response::default() };
    let error = data::<Vec<Opportunity>>(&response, Effect::Create).unwrap_err();
    assert_eq!(error.outcome, Outcome::Applied);
    assert!(error.message.ends_with("The id in it is \"o-1\"."), "{}", error.message);
}

#[test]
fn what_is_to_be_written_back_is_not_mended() {
    let original =
        |body: &[u8]| original(&Response { status: 200, body: body.into(), ..Response::default() });
    assert_eq!(original(br#"{"data":{"id":7,"x":[null]}}"#).unwrap()["id"], 7);
    let rows: [(&[u8], &str); 4] = [
        (br#"{"data":{"note":"x\ud83d"}}"#, "at `data.note` stands what cannot be written back"),
        (b"{\"data\":{\"note\":\"\xff\"}}", "at `data.note` stands what cannot be written back"),
        (br#"{"data":[]}"#, "at `data` expected an object"),
        (br#"{"data":{"#, "the JSON ends too early"),
    ];
    for (body, expected) in rows {
        let error = original(body).unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied);
        assert!(error.message.contains(expected), "{}", error.message);
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let deep = format!("{{\"data\":[{{\"id\":\"a\",\"tags\":{}", "[".repeat(100_000));
    assert_eq!(rows_of(deep).unwrap_err().kind, ErrorKind::MalformedAnswer);
    let closed = format!(
        "{{\"data\":[{{\"id\":\"a\",\"tags\":{}{}}}]}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let page = rows_of(closed).unwrap();
    assert!(page.data[0].tags.is_empty() && page.data[0].other.is_some());
}

#[test]
fn open_json_is_carried_as_it_came() {
    let text = r#"{"id":"q","value":{"id": "x" , "size":46},"options":null}"#;
    let field: FormField = record::read(text.as_bytes()).unwrap();
    assert_eq!(field.value.as_deref(), Some(r#"{"id": "x" , "size":46}"#));
    assert!(field.options.is_empty());
    let absent: FormField = record::read(br#"{"value":null}"#).unwrap();
    assert_eq!(absent.value, None);
    let back = record::value(&field);
    assert_eq!(back, serde_json::json!({"id": "q", "value": {"id": "x", "size": 46}}));
}

#[test]
fn a_reference_is_an_id_or_an_object() {
    let text = r#"{"id":"o","stage":"offer","owner":{"id":"u","name":"Mira"},"followers":["a",{"id":"b"}]}"#;
    let record: Opportunity = record::read(text.as_bytes()).unwrap();
    assert_eq!(record.stage.unwrap().id, "offer");
    assert_eq!(record.owner.unwrap().user.unwrap().name.as_deref(), Some("Mira"));
    let ids: Vec<_> = record.followers.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
}
