//! What is read of JSON that is not as Lever documents it.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::files::File;
use crate::bindings::exports::ats::lever::offers::Offer;
use crate::bindings::exports::ats::lever::opportunities::Opportunity;
use crate::core::json::record::lenient::read;
use crate::core::json::record::value;

/// An opportunity of these members, as JSON but for its id, and its other.
fn opportunity(members: &str) -> (Value, Option<Value>) {
    let text = format!(r#"{{"id":"o",{members}}}"#);
    let read: Opportunity = read(&text).unwrap_or_else(|odd| panic!("{text} {odd:?}"));
    let mut object = value(&read);
    object.as_object_mut().unwrap().remove("id");
    (object, read.other.map(|other| serde_json::from_str(&other).unwrap()))
}

#[test]
fn what_has_a_plain_meaning_is_read() {
    let rows = [
        (r#""name":123"#, json!({"name": "123"})),
        (r#""name":1.50"#, json!({"name": "1.50"})),
        (r#""tags":[2024,"a",null]"#, json!({"tags": ["2024", "a"]})),
        (r#""tags":"a""#, json!({"tags": ["a"]})),
        (r#""tags":7"#, json!({"tags": ["7"]})),
        (r#""tags":{}"#, json!({})),
        (r#""tags":"""#, json!({})),
        (r#""emails":[null]"#, json!({})),
        (r#""emails":[null,"a"]"#, json!({"emails": ["a"]})),
        (r#""phones":[{"type":null,"value":null}]"#, json!({})),
        (r#""phones":[{},{"type":"","value":[]},null]"#, json!({})),
        (r#""phones":[{"type":null,"value":5551234}]"#, json!({"phones": [{"value": "5551234"}]})),
        (r#""phones":{}"#, json!({})),
        (r#""isAnonymized":0"#, json!({"isAnonymized": false})),
        (r#""isAnonymized":1"#, json!({"isAnonymized": true})),
        (r#""isAnonymized":"true""#, json!({"isAnonymized": true})),
        (r#""isAnonymized":"""#, json!({})),
        (r#""createdAt":1767225600000.75"#, json!({"createdAt": 1_767_225_600_000_u64})),
        (r#""createdAt":"1767225600000""#, json!({"createdAt": 1_767_225_600_000_u64})),
        (r#""createdAt":1.7672256e12"#, json!({"createdAt": 1_767_225_600_000_u64})),
        (r#""createdAt":0"#, json!({"createdAt": 0})),
        (r#""createdAt":"""#, json!({})),
        (r#""archived":{"reason":null,"archivedAt":5}"#, json!({"archived": {"archivedAt": 5}})),
        (r#""archived":[]"#, json!({})),
        (r#""archived":"""#, json!({})),
        (r#""urls":[ ]"#, json!({})),
        (r#""owner":[]"#, json!({})),
        (r#""owner":{ }"#, json!({})),
        (r#""owner":7"#, json!({"owner": "7"})),
        (r#""owner":{"id":7,"name":"M"}"#, json!({"owner": {"id": "7", "name": "M"}})),
        (r#""followers":["a",{"id":"b"},null,7]"#, json!({"followers": ["a", {"id": "b"}, "7"]})),
        (r#""followers":"a""#, json!({"followers": ["a"]})),
        (
            r#""stageChanges":[{"toStageId":9,"toStageIndex":"2","updatedAt":1.5,"userId":null}]"#,
            json!({"stageChanges": [{"toStageId": "9", "toStageIndex": 2, "updatedAt": 1}]}),
        ),
    ];
    for (members, expected) in rows {
        assert_eq!(opportunity(members), (expected, None), "{members}");
    }
}

#[test]
fn what_has_none_is_absent_and_kept_beside() {
    let rows = [
        (r#""createdAt":-5"#, json!({})),
        (r#""createdAt":1e300"#, json!({})),
        (r#""createdAt":"soon""#, json!({})),
        (r#""createdAt":true"#, json!({})),
        (r#""createdAt":{"$date":5}"#, json!({})),
        (r#""name":{"first":"A"}"#, json!({})),
        (r#""name":true"#, json!({})),
        (r#""isAnonymized":2"#, json!({})),
        (r#""archived":true"#, json!({})),
        (r#""archived":{"reason":["r"],"archivedAt":5}"#, json!({"archived": {"archivedAt": 5}})),
        (r#""tags":true"#, json!({})),
        (r#""tags":{"0":"a"}"#, json!({})),
        (r#""emails":["a",{"value":"b"}]"#, json!({"emails": ["a"]})),
        (r#""phones":[{"type":"home"},{"value":"1"}]"#, json!({"phones": [{"value": "1"}]})),
        (r#""phones":["5551234"]"#, json!({})),
        (r#""owner":{"name":"M"}"#, json!({})),
        (r#""urls":"https://x""#, json!({})),
        (r#""dataProtection":{"store":{"allowed":null}}"#, json!({"dataProtection": {}})),
    ];
    for (members, expected) in rows {
        let kept: Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
        assert_eq!(opportunity(members), (expected, Some(kept)), "{members}");
    }
}

#[test]
fn an_expanded_record_keeps_what_is_its_own() {
    let text = r#"{"id":"o","owner":{"id":"u","createdAt":-1,"new":[1]},"newer":{"a":"b"}}"#;
    let read: Opportunity = read(text).unwrap();
    let owner = read.owner.unwrap().user.unwrap();
    assert_eq!(owner.other.as_deref(), Some(r#"{"createdAt":-1,"new":[1]}"#));
    assert_eq!(read.other.as_deref(), Some(r#"{"newer":{"a":"b"}}"#));
}

#[test]
fn a_record_that_cannot_be_read_says_where() {
    let rows = [
        (r#"{"name":"A"}"#, ".id", "a value"),
        (r#"{"id":null}"#, ".id", "a string"),
        (r#"{"id":{"a":1}}"#, ".id", "a string"),
        ("7", "", "an object"),
        ("[]", "", "an object"),
        (r#""o""#, "", "an object"),
    ];
    for (text, path, expected) in rows {
        let odd = read::<Opportunity>(text).unwrap_err();
        assert_eq!((odd.path.as_str(), odd.expected), (path, expected), "{text}");
    }
}

#[test]
fn sizes_and_keyed_lists_are_read_as_well() {
    let file: File = read(r#"{"id":"f","size":"12.0","uploadedAt":null,"name":5}"#).unwrap();
    assert_eq!((file.size, file.name.as_deref()), (Some(12), Some("5")));
    for (signatures, count, is_kept) in [
        (r#"{"a":{"name":"A"},"b":null,"c":{}}"#, 2, false),
        ("[]", 0, false),
        (r#"[{"name":"A"}]"#, 1, false),
        ("7", 0, true),
    ] {
        let text = format!(r#"{{"id":"f","signatures":{signatures}}}"#);
        let offer: Offer = read(&text).unwrap();
        assert_eq!(offer.signatures.len(), count, "{signatures}");
        assert_eq!(offer.other.is_some(), is_kept, "{signatures}");
    }
}
