//! The reader against serde_json, which knows JSON by itself.

use proptest::prelude::*;
use serde_json::Value;

use crate::reader::Reader;
use crate::{Json, Read, Record, Slot, fill, lenient, list, open, plain, read};

/// A record with a field of every form.
#[derive(Debug, Default, PartialEq)]
struct Row {
    id: String,
    name: Option<String>,
    flag: Option<bool>,
    count: Option<u64>,
    small: Option<u32>,
    real: Option<f64>,
    tags: Vec<String>,
    inner: Vec<Row>,
    open: Option<String>,
    other: Option<String>,
}

impl Read for Row {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Object(self)
    }
}

impl Record for Row {
    fn names(&self) -> &'static [&'static str] {
        &["id", "name", "flag", "count", "small", "real", "tags", "inner", "open"]
    }

    fn field(&mut self, index: usize) -> Option<Slot<'_>> {
        Some(match index {
            0 => plain(&mut self.id),
            1 => plain(&mut self.name),
            2 => plain(&mut self.flag),
            3 => plain(&mut self.count),
            4 => plain(&mut self.small),
            5 => plain(&mut self.real),
            6 => list(&mut self.tags),
            7 => list(&mut self.inner),
            8 => open(&mut self.open),
            _ => return None,
        })
    }

    fn other(&mut self) -> Option<&mut Option<String>> {
        Some(&mut self.other)
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("JSON has no such number", |real| {
            serde_json::Number::from_f64(real).map(Value::Number)
        }),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// JSON, or nearly so: a few bytes of it are others.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (value(), any::<bool>(), places).prop_map(|(value, is_pretty, places)| {
        let text = if is_pretty { format!("{value:#}") } else { value.to_string() };
        let mut bytes = text.into_bytes();
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] =
                if byte < 128 { byte } else { b"{}[]\",:\\u0123etfn-."[byte as usize % 18] };
        }
        bytes
    })
}

/// Whether a text is JSON, as the reader sees it.
fn is_json(text: &[u8]) -> bool {
    let mut json = Json::default();
    fill(json.slot(), text).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_json_is_json_for_both(bytes in nearly()) {
        // Strings that nobody decodes may hold half a surrogate pair.
        let is_sound = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
            && std::str::from_utf8(&bytes).is_ok();
        prop_assert_eq!(is_json(&bytes), is_sound, "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_string_is_read_as_it_was_written(text: String, escapes in "(\\\\u[0-9a-fA-F]{4}|\\\\n|x)*") {
        let written = Value::from(text.as_str()).to_string();
        prop_assert_eq!(read::<String>(written.as_bytes()), Ok(text));
        let escaped = format!("\"{escapes}\"");
        let theirs = serde_json::from_str::<String>(&escaped);
        prop_assert_eq!(read::<String>(escaped.as_bytes()).ok(), theirs.ok(), "{}", escaped);
    }

    #[test]
    fn a_number_is_the_one_that_was_written(number in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?") {
        let theirs: serde_json::Number = number.parse().expect("it is a number");
        prop_assert_eq!(read::<f64>(number.as_bytes()).ok(), theirs.as_f64());
        if let Some(whole) = theirs.as_u64() {
            prop_assert_eq!(read::<u64>(number.as_bytes()), Ok(whole));
            prop_assert_eq!(read::<u64>(format!("\"{number}\"").as_bytes()), Ok(whole));
        }
    }

    #[test]
    fn no_bytes_make_a_record_panic(bytes in nearly()) {
        let _ = read::<Row>(&bytes);
        let _ = read::<Vec<Row>>(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = lenient::read::<Row>(&text);
        let _ = lenient::read::<Vec<Row>>(&crate::mended(&text));
    }

    #[test]
    fn a_known_key_is_read_wherever_it_stands(keys in prop::collection::vec(0_usize..9, 0..9), id: String) {
        let pairs = [
            (r#""name":"\u0041b""#, "name"), (r#""flag":true"#, "flag"), (r#""count":5.0"#, "count"),
            (r#""small":"7""#, "small"), (r#""real":-1.5e1"#, "real"), (r#""tags":["a","b"]"#, "tags"),
            (r#""inner":[{"id":"x"}]"#, "inner"), (r#""open":{"a":[1]}"#, "open"), (r#""new":[null]"#, "new"),
        ];
        let members: Vec<&str> = keys.iter().map(|key| pairs[*key].0).collect();
        let text = format!("{{\"id\":{},{}\"end\":null}}", Value::from(id.as_str()),
            members.iter().map(|it| format!("{it} , ")).collect::<String>());
        let row: Row = read(text.as_bytes()).expect("it is a row");
        let has = |name: &str| keys.iter().any(|key| pairs[*key].1 == name);
        prop_assert_eq!(row.id, id);
        prop_assert_eq!(row.name.as_deref(), has("name").then_some("Ab"));
        prop_assert_eq!(row.flag, has("flag").then_some(true));
        prop_assert_eq!(row.count, has("count").then_some(5));
        prop_assert_eq!(row.small, has("small").then_some(7));
        prop_assert_eq!(row.real, has("real").then_some(-15.0));
        prop_assert_eq!(row.tags.len(), if has("tags") { 2 } else { 0 });
        prop_assert_eq!(row.inner.len(), usize::from(has("inner")));
        prop_assert_eq!(row.open.as_deref(), has("open").then_some(r#"{"a":[1]}"#));
        prop_assert_eq!(row.other.is_some(), has("new"));
    }
}

#[test]
fn what_must_be_there_is_missed_and_what_may_be_absent_is_not() {
    let rows = [
        (r#"{"id":"a"}"#, true),
        (r#" {"id" : "a" , "name" : null} "#, true),
        ("\u{feff}{\"id\":\"a\"}", true),
        ("{}", false),
        (r#"{"id":null}"#, false),
        (r#"{"id":"a"} x"#, false),
        (r#"{"id":"a",}"#, false),
        (r#"{"id":"a" "name":"b"}"#, false),
        (r#"{"id":"a","count":-1}"#, false),
        (r#"{"id":"a","count":"007"}"#, false),
        (r#"{"id":"a","count":18446744073709551616}"#, false),
        (r#"{"id":"a","small":4294967296}"#, false),
        (r#"{"id":"a","flag":"true"}"#, false),
        (r#"["a"]"#, false),
        ("", false),
    ];
    for (text, is_read) in rows {
        assert_eq!(read::<Row>(text.as_bytes()).is_ok(), is_read, "{text}");
    }
}

#[test]
fn a_text_of_any_depth_is_skipped_without_a_stack() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    assert_eq!(Reader::new(&deep).value().map(str::len), Ok(deep.len()));
    assert!(Reader::new(&deep[1..]).value().is_ok(), "one bracket too many stands behind it");
    assert!(Reader::new(&deep[..deep.len() - 1]).value().is_err());
}
