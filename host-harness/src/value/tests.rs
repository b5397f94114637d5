use super::{arguments, to_json};
use serde_json::{Value, json};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Val};
use wasmtime::{Config, Engine};

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
fn what_goes_in_comes_out() {
    let given = [
        json!("Zoë \u{202e}\u{0}"),
        json!({"value": "", "secret": true}),
        json!({"limit": 4_294_967_295_u32, "expand": ["a", "b"], "created-at-start": u64::MAX}),
        json!("desc"),
        json!({"set": "x"}),
        json!([0, 255]),
    ];
    let values = arguments(&function(), &given).unwrap();
    let back: Vec<Value> = values.into_iter().map(|val| to_json(val).unwrap()).collect();
    assert_eq!(back, given);
}

#[test]
fn bytes_may_be_a_string() {
    let note = json!({"value": "x", "secret": false});
    let given = [json!("id"), note, json!({}), json!(null), json!("clear"), json!("é")];
    let values = arguments(&function(), &given).unwrap();
    assert_eq!(to_json(values[5].clone()).unwrap(), json!([0xc3, 0xa9]));
    assert_eq!(to_json(values[4].clone()).unwrap(), json!("clear"));
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
    let val = Val::Record(vec![("rate".to_owned(), Val::List(vec![Val::Float64(f64::NAN)]))]);
    assert_eq!(
        to_json(val).unwrap_err().to_string(),
        "rate[0]: JSON has no form for a number that is not finite"
    );
}
