//! What goes in and comes out, by the component's own types.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Val};
use wasmtime::{Config, Engine};

use super::{Arguments, Shown, Tree, ValueError, check_numbers, tree};

fn arguments(function: &ComponentFunc, given: &[Value]) -> Result<Vec<Val>, ValueError> {
    super::arguments(function, &Arguments::new(given))
}

/// The JSON of a function's parameters.
fn back(function: &ComponentFunc, values: Vec<Val>) -> Vec<Value> {
    let types = function.params().map(|(_, ty)| ty);
    let trees = values.into_iter().zip(types).map(|(val, ty)| tree(val, &ty).unwrap());
    trees.map(|tree| serde_json::to_value(Shown::new(&tree)).unwrap()).collect()
}

/// The type of a function that a component imports, which is all that the tests
/// want of it.
fn function() -> ComponentFunc {
    let text = r#"(component
        (type $types (instance
            (type $order (enum "asc" "desc"))
            (export "order" (type (eq $order)))
            (type $limit (option u32))
            (type $expand (list string))
            (type $time (option u64))
            (type $query (record (field "limit" $limit) (field "expand" $expand)
                                 (field "created-at-start" $time)))
            (export "query" (type (eq $query)))
            (type $note (record (field "value" string) (field "secret" bool)))
            (export "note" (type (eq $note)))
            (type $change (variant (case "clear") (case "set" string)))
            (export "change" (type (eq $change)))))
        (import "t" (instance $t (type $types)))
        (alias export $t "order" (type $order))
        (alias export $t "query" (type $query))
        (alias export $t "note" (type $note))
        (alias export $t "change" (type $change))
        (type $bytes (list u8))
        (type $option-order (option $order))
        (type $option-change (option $change))
        (import "f" (func $f (param "id" string) (param "note" $note)
            (param "query" $query) (param "order" $option-order)
            (param "change" $option-change) (param "body" $bytes)
            (result bool))))"#;
    let mut config = Config::new();
    config.wasm_component_model(true);
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let component = component.component_type();
    match component.get_import(&engine, "f").unwrap().ty {
        ComponentItem::ComponentFunc(function) => function,
        _ => unreachable!(),
    }
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let note = json!({"value": "x", "secret": false});
    let short = arguments(&function(), &[json!("id"), note.clone()]).unwrap();
    let long = [
        json!("id"),
        note,
        json!({"limit": null, "expand": []}),
        json!(null),
        json!(null),
        json!([]),
    ];
    assert_eq!(short, arguments(&function(), &long).unwrap());
    assert_eq!(short.len(), 6);
}

#[test]
fn arguments_by_name_are_the_same_as_in_order() {
    let function = function();
    let note = json!({"value": "x", "secret": false});
    let named = json!({"note": note, "id": "id", "order": "asc"});
    let named = named.as_object().unwrap();
    let in_order = [json!("id"), note, json!({}), json!("asc")];
    assert_eq!(
        super::arguments(&function, &Arguments::by_name(named)).unwrap(),
        arguments(&function, &in_order).unwrap()
    );
    let rows = [
        (json!({"note": {"value": "x", "secret": true}}), "id: missing; it is a string"),
        (json!({"id": "a", "nota": 1}), "nota: unknown key; it is written \"note\""),
        (
            json!({"id": "a", "colour": 1}),
            "colour: unknown key; known are id, note, query, order, change, body",
        ),
        (
            json!({"limit": 3}),
            "limit: unknown parameter; it is a key of query: {\"query\": {\"limit\": ...}}",
        ),
        (json!({"id": 3}), "id: expected a string, got 3"),
    ];
    for (named, expected) in rows {
        let arguments = Arguments::by_name(named.as_object().unwrap());
        let error = super::arguments(&function, &arguments).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn what_goes_in_comes_out() {
    let given = [
        json!("Zoë \u{202e}\u{0}"),
        json!({"value": "", "secret": true}),
        json!({"limit": 4_294_967_295_u32, "expand": ["a", "b"], "created-at-start": u64::MAX}),
        json!("desc"),
        json!({"set": "x"}),
        json!({"base64": "AP8="}),
    ];
    let values = arguments(&function(), &given).unwrap();
    assert_eq!(back(&function(), values), given);
}

fn with_body(body: Value) -> [Value; 6] {
    let note = json!({"value": "x", "secret": false});
    [json!("id"), note, json!({}), json!(null), json!("clear"), body]
}

#[test]
fn bytes_may_be_a_string_base64_or_numbers() {
    let rows = [
        (json!("é"), "w6k="),
        (json!({"base64": "w6k="}), "w6k="),
        (json!([0xc3, 0xa9]), "w6k="),
        (json!(""), ""),
        (json!([]), ""),
        (json!({"base64": ""}), ""),
    ];
    for (given, expected) in rows {
        let values = arguments(&function(), &with_body(given.clone())).unwrap();
        let all = back(&function(), values);
        assert_eq!(all[5], json!({"base64": expected}), "{given}");
        assert_eq!(all[4], json!("clear"));
    }
}

#[test]
fn bytes_may_come_from_beside_the_json_where_bytes_are_wanted_and_nowhere_else() {
    let beside = |object: &Map<String, Value>| match object.get("part")?.as_str()? {
        "a" => Some(Ok(Bytes::from_static(b"\0\x01"))),
        other => Some(Err(format!("there is no part {other}"))),
    };
    let read = |given: &[Value]| {
        let given = Arguments::new(given).with_bytes(&beside);
        super::arguments(&function(), &given).map_err(|error| error.to_string())
    };
    let values = read(&with_body(json!({"part": "a"}))).unwrap();
    assert_eq!(back(&function(), values)[5], json!({"base64": "AAE="}));
    let error = read(&with_body(json!({"part": "b"}))).unwrap_err();
    assert_eq!(error, "body: there is no part b");
    let mut given = with_body(json!({"other": "a"}));
    assert!(read(&given).unwrap_err().starts_with("body: expected a string, {\"base64\""));
    given[0] = json!({"part": "a"});
    assert_eq!(read(&given).unwrap_err(), "id: expected a string, got an object");
}

#[test]
fn bytes_that_would_take_much_memory_as_values_are_refused_unless_something_else_is_wrong() {
    let mut given = with_body(json!("x".repeat((4 << 20) + 1)));
    let error = arguments(&function(), &given).unwrap_err().to_string();
    assert!(error.starts_with("body: 4194305 bytes; "), "{error}");
    given[3] = json!("up");
    let error = arguments(&function(), &given).unwrap_err().to_string();
    assert_eq!(error, "order: expected one of asc, desc, got a string");
}

#[test]
fn every_error_names_the_place_and_none_the_text() {
    let id = json!("id");
    let note = json!({"value": "x", "secret": false});
    let rows: &[(&[Value], &str)] = &[
        (&[], "id: missing; argument 1 is a string"),
        (std::slice::from_ref(&id), "note: missing; argument 2 is an object with value, secret"),
        (&[json!(3), note.clone()], "id: expected a string, got 3"),
        (&[id.clone(), json!({"value": "x"})], "note.secret: missing; it is true or false"),
        (
            &[id.clone(), json!({"value": "x", "secret": "Jane Doe"})],
            "note.secret: expected true or false, got a string",
        ),
        (
            &[id.clone(), note.clone(), json!({"expand": ["a", 3]})],
            "query.expand[1]: expected a string, got 3",
        ),
        (
            &[id.clone(), note.clone(), json!({"limit": -1})],
            "query.limit: expected a whole number from 0 to 4294967295, got -1",
        ),
        (
            &[id.clone(), note.clone(), json!({"limit": 447_700_900_123_u64})],
            "query.limit: expected a whole number from 0 to 4294967295, got another number",
        ),
        (
            &[id.clone(), note.clone(), json!({"expand": null})],
            "query.expand: expected a list, got null",
        ),
        (
            &[id.clone(), note.clone(), json!({"createdAtStart": 1})],
            "query.createdAtStart: unknown key; it is written \"created-at-start\"",
        ),
        (
            &[id.clone(), note.clone(), json!({"colour": 1})],
            "query.colour: unknown key; known are limit, expand, created-at-start",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!("up")],
            "order: expected one of asc, desc, got a string",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!(null), json!({"set": 1})],
            "change.set: expected a string, got 1",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!(null), json!("other")],
            "change: expected one case of clear, set, as \"case\" or {\"case\": value}",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!(null), json!(null), json!([256])],
            "body[0]: expected a whole number from 0 to 255, got 256",
        ),
        (
            &[
                id.clone(),
                note.clone(),
                json!({}),
                json!(null),
                json!(null),
                json!({"base64": "?"}),
            ],
            "body: expected base64 with its padding",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!(null), json!(null), json!(1)],
            "body: expected a string, {\"base64\": \"...\"} or a list of numbers from 0 to 255, got 1",
        ),
        (
            &[id.clone(), note.clone(), json!({}), json!(null), json!(null), json!([]), json!(1)],
            "the function takes at most 6 (id, note, query, order, change, body), got 7 arguments",
        ),
    ];
    let function = function();
    for (given, expected) in rows {
        let error = arguments(&function, given).unwrap_err();
        assert_eq!(error.to_string(), *expected);
    }
}

#[test]
fn a_number_without_a_json_form_is_an_error_with_its_place() {
    let rate = Tree::List(vec![Tree::Float(1.5), Tree::Float(f64::NAN)]);
    let tree = Tree::Record(vec![("rate".to_owned(), rate)]);
    assert_eq!(
        check_numbers(&tree).unwrap_err().to_string(),
        "rate[1]: JSON has no form for a number that is not finite"
    );
}

/// As the build script would write it.
#[derive(Debug, PartialEq)]
enum Change {
    Clear,
    Set(String),
    Leave(Option<u32>),
}
super::given_variant!(Change "change" { "clear" Clear, "set" Set (value), "leave-it" Leave (value) });
super::data_variant!(Change { "clear" Clear, "set" Set (value), "leave-it" Leave (value) });

#[test]
fn a_variant_is_a_name_or_a_name_with_what_it_carries() {
    let rows = [
        (json!("clear"), Change::Clear, json!("clear")),
        (json!({"clear": null}), Change::Clear, json!("clear")),
        (json!({"set": "x"}), Change::Set("x".to_owned()), json!({"set": "x"})),
        (json!({"leave-it": 3}), Change::Leave(Some(3)), json!({"leave-it": 3})),
        (json!("leave-it"), Change::Leave(None), json!({"leave-it": null})),
    ];
    for (given, expected, written) in rows {
        let read: Change = serde_json::from_value(given).unwrap();
        assert_eq!(read, expected);
        assert_eq!(serde_json::to_value(&read).unwrap(), written);
    }
    for given in [json!("set"), json!({"clear": 1}), json!("other"), json!({}), json!(["clear"])] {
        let error = serde_json::from_value::<Change>(given).unwrap_err();
        assert_eq!(error.to_string(), "this is not a change of the WIT");
    }
}
