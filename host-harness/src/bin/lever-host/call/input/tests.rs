use lever_host::catalog::Catalog;
use serde_json::json;

use super::*;

fn function(name: &str) -> &'static Function {
    Catalog::embedded().function_by_id(name).unwrap()
}

/// What standard input holds, as the first argument of a function.
fn parsed(name: &str, bytes: &[u8]) -> anyhow::Result<Value> {
    parse(bytes.to_vec(), function(name).params.first(), &Name(0, Source::StandardInput))
}

fn error(name: &str, bytes: &[u8]) -> String {
    parsed(name, bytes).unwrap_err().to_string()
}

#[test]
fn a_bare_word_is_answered_with_its_quoted_form() {
    let error = |text: &str| here(text, &Name(1, Source::Here(text))).unwrap_err();
    assert_eq!(
        error("lead-new").to_string(),
        r#"argument 2 is not JSON; to pass it as a string, write '"lead-new"'"#
    );
    assert!(error("O'Brien").to_string().ends_with(r#"write '"O'\''Brien"'"#));
    assert_eq!(error("{\"a\":").to_string(), "argument 2 is not JSON");
    assert_eq!(here("\"x\"", &Name(0, Source::Here(""))).unwrap(), "x");
}

#[test]
fn ids_come_one_a_line_or_as_json() {
    let rows: [&[u8]; 7] = [
        b"a\nb\n",
        b"a\r\nb",
        b"\n\n a \n\n\tb\n\n",
        b"\xef\xbb\xbfa\nb",
        b"\"a\"\n\"b\"\n",
        b"[\"a\",\n\"b\"]",
        b"  [\"a\", \"b\"]\n",
    ];
    for bytes in rows {
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(parsed("notes.list-for-many", bytes).unwrap(), json!(["a", "b"]), "{shown}");
    }
    assert_eq!(parsed("notes.list-for-many", b"[]").unwrap(), json!([]));
    let tags = parse(
        b"two words\n".to_vec(),
        function("opportunities.add-tags").params.get(1),
        &Name(1, Source::StandardInput),
    );
    assert_eq!(tags.unwrap(), json!(["two words"]));
    assert_eq!(parsed("opportunities.list-all", b"{\"tag\":[]}").unwrap(), json!({"tag": []}));
}

#[test]
fn a_wrong_line_is_named_and_not_repeated() {
    let rows: [(&str, &[u8], &str); 8] = [
        ("notes.list-for-many", b"a\n\nb\tjane\n", "line 3 holds a control character"),
        ("notes.list-for-many", b"a\n\"jane\n", "line 2 is not one JSON string"),
        ("notes.list-for-many", b"a\n{\"id\":\"jane\"}\n", "line 2 is JSON"),
        ("notes.list-for-many", b"a\nb\njane\xff\n", "is not UTF-8 in line 3"),
        ("notes.list-for-many", b"[\"a\",\njane]", "line 2 column"),
        ("notes.list-for-many", b" \n\r\n", "is empty; give one value a line, or [] for none"),
        ("opportunities.list-all", b"", "is empty; give one JSON value"),
        ("opportunities.list-all", b"jane\n", "is not JSON"),
    ];
    for (function, bytes, expected) in rows {
        let error = error(function, bytes);
        assert!(error.starts_with("argument 1 (standard input)"), "{error}");
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("jane"), "{error}");
    }
}

#[tokio::test]
async fn files_are_read_and_standard_input_once_at_most() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    std::fs::write(path("ids"), "a\nb\n").unwrap();
    std::fs::write(path("query.json"), "{\"limit\": 3}").unwrap();
    let word = |name: &str| format!("@{}", path(name).display());
    let many = Some(function("notes.list-for-many"));
    let read = |words: Vec<String>| async move { read(&words, many, false).await };
    let Given::InOrder(values) = read(vec![word("ids"), word("query.json")]).await.unwrap() else {
        panic!("they are in order");
    };
    assert_eq!(values, [json!(["a", "b"]), json!({"limit": 3})]);

    let refused = |words: Vec<String>| async move { read(words).await.err().unwrap().to_string() };
    let twice = refused(vec!["-".into(), "@-".into()]).await;
    assert_eq!(twice, "only one argument may be `-`: standard input is read once");
    assert!(refused(vec![word("none")]).await.contains("none) cannot be read: "));
    assert!(refused(vec![word("")]).await.contains("cannot be read: "));
    assert!(refused(vec!["@".into()]).await.contains("`@` is followed by the path"));
}

#[tokio::test]
async fn an_argument_larger_than_any_request_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("sparse");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let source = Source::File(&path);
    let error = load(source, &Name(0, source)).await.unwrap_err().to_string();
    assert!(error.ends_with("has more than 64 MiB"), "{error}");
}

#[test]
fn one_object_stands_for_all_parameters_where_it_names_one() {
    let by_name = |name: &str, object: Value, is_tool: bool| {
        let given = Given::new(vec![object], Some(function(name)), is_tool);
        matches!(given, Given::ByName(_))
    };
    assert!(by_name("opportunities.list-all", json!({"query": {}}), false));
    assert!(by_name("opportunities.list-all", json!({"max-items": 3, "qery": {}}), false));
    assert!(!by_name("opportunities.list-all", json!({"tag": ["a"]}), false));
    assert!(!by_name("opportunities.list-all", json!({}), false));
    assert!(by_name("opportunities.list-all", json!({"tag": ["a"]}), true));
    // A string comes first, so it can be nothing else.
    assert!(by_name("opportunities.get", json!({"oportunity": "x"}), false));
    assert!(!by_name("uploads.upload", json!({"name": "a.pdf"}), false));
    assert!(matches!(Given::new(vec![json!({})], None, false), Given::InOrder(_)));
}

#[test]
fn no_first_parameter_has_a_key_of_a_parameters_name() {
    for function in Catalog::embedded().functions() {
        let Some(first) = function.params.first() else { continue };
        for param in &function.params {
            let key = &first.schema["properties"][&param.name];
            assert!(key.is_null(), "{}: {}", function.id(), param.name);
        }
    }
}
