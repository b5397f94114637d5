//! Functions by their own types: the same to the caller as by values of the
//! component's, and open to a host that is written in Rust.

use std::collections::HashMap;

use lever_host::catalog::{Catalog, Function};
use lever_host::functions;
use lever_host::limiter::{Limiter, Rate};
use lever_host::mock::Mock;
use lever_host::runtime::{CallError, Host, HostConfig};
use lever_host::types::notes::NewNote;
use lever_host::types::opportunities::OpportunityQuery;
use lever_host::types::types::{ErrorKind, Outcome};
use serde_json::{Value, json};

use crate::support::{Rig, agent, host_config, opportunity};

/// A mock of its own behind a host that calls by values.
async fn by_values() -> Rig {
    let mut rig = Rig::unpaced(&[]).await;
    let limiter = Limiter::new(Rate { per_second: 100_000, burst: 100_000 });
    let config = HostConfig { by_values: true, limiter, ..host_config(&rig.mock) };
    rig.host = Host::new(config, rig.audit.clone()).unwrap().into();
    rig.lever = rig.host.load(lever_host::embedded::COMPONENT).unwrap();
    rig
}

/// Times around now differ from run to run.
fn timeless(value: Value) -> Value {
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|it| it > 1_000_000_000_000) => {
            json!("a time")
        }
        Value::Array(items) => items.into_iter().map(timeless).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(name, value)| (name, timeless(value))).collect()
        }
        other => other,
    }
}

/// What a call told, but for the mock's own address.
async fn told(rig: &Rig, function: &Function, args: Value) -> (bool, String) {
    let result = rig.call(&function.id(), args).await;
    let is_answered = result.is_ok();
    let text = match result {
        Ok(value) => timeless(value).to_string(),
        Err(error) => format!("{error:?}"),
    };
    (is_answered, text.replace(&rig.mock.base_url(), "the mock"))
}

/// The least that a parameter takes, ids by their name where one is known.
fn least(name: &str, schema: &Value, ids: &HashMap<String, Value>) -> Value {
    if let Some(id) = ids.get(name) {
        return id.clone();
    }
    match schema["type"].as_str() {
        Some("string") => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("x")),
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            let fields = required
                .filter_map(Value::as_str)
                .map(|name| (name.to_owned(), least(name, &schema["properties"][name], ids)));
            fields.collect()
        }
        Some("array") => json!([]),
        _ if !schema["default"].is_null() => schema["default"].clone(),
        _ => Value::Null,
    }
}

fn arguments(function: &Function, ids: &HashMap<String, Value>) -> Value {
    function.params.iter().map(|param| least(&param.name, &param.schema, ids)).collect()
}

/// An id for each kind of record that a list shows.
async fn known(rig: &Rig) -> HashMap<String, Value> {
    let mut ids = HashMap::new();
    let first = rig.mock.store().users()[0]["id"].clone();
    ids.insert("perform-as".to_owned(), first);
    let lists = Catalog::embedded().functions().iter().filter(|it| it.name == "list-page");
    // Those of an account before those of an opportunity.
    let mut lists: Vec<&Function> = lists.collect();
    lists.sort_by_key(|list| list.params.len());
    for list in lists {
        let name = list.interface.trim_end_matches('s').to_owned();
        for opportunity in rig.mock.store().opportunity_ids() {
            let mut ids_here = ids.clone();
            ids_here.insert("opportunity".to_owned(), json!(opportunity));
            let page = rig.call(&list.id(), arguments(list, &ids_here)).await.unwrap_or_default();
            if let Some(item) = page["items"].get(0) {
                ids.insert("opportunity".to_owned(), json!(opportunity));
                ids.insert(name, item["id"].clone());
                break;
            }
        }
    }
    ids
}

#[tokio::test]
async fn every_function_tells_the_same_either_way() {
    let (one, other) = (Rig::unpaced(&[]).await, by_values().await);
    let ids = known(&one).await;
    assert_eq!(ids, known(&other).await, "the mocks are alike");
    let mut answered = 0;
    for function in Catalog::embedded().functions() {
        let args = arguments(function, &ids);
        let first = told(&one, function, args.clone()).await;
        answered += usize::from(first.0);
        let second = told(&other, function, args.clone()).await;
        assert_eq!(first, second, "{} with {args}", function.id());
    }
    assert!(answered * 2 > Catalog::embedded().functions().len(), "{answered} had an answer");
    let counted = |rig: &Rig| -> Vec<_> {
        let records = rig.audit.records().into_iter();
        records.map(|it| (it.function, it.records, it.error, it.attempts)).collect()
    };
    assert_eq!(counted(&one), counted(&other));
}

#[tokio::test]
async fn a_host_in_rust_gets_records_and_gives_them() {
    let rig = Rig::new().await;
    let query = OpportunityQuery { limit: Some(3), ..OpportunityQuery::default() };
    let list = functions::opportunities::ListPage { query, cursor: None };
    let page = rig.host.invoke(&rig.lever, &rig.agent, list).await.unwrap();
    assert_eq!(page.items.len(), 3);
    let same = rig.ok("opportunities.list-page", json!([{"limit": 3}])).await;
    assert_eq!(serde_json::to_value(&page).unwrap(), same);

    let note = NewNote { value: "called".to_owned(), ..NewNote::default() };
    let opportunity = opportunity(&rig);
    let create = functions::notes::Create { opportunity, note, thread: None, perform_as: None };
    let made = rig.host.invoke(&rig.lever, &rig.agent, create.clone()).await.unwrap();
    assert_eq!(made.fields[0].value.as_deref(), Some("called"));

    let reader = agent(&["notes=read"]);
    let refused = rig.host.invoke(&rig.lever, &reader, create).await;
    assert!(matches!(refused, Err(CallError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn an_error_of_the_component_can_be_had_as_a_record() {
    let rig = Rig::new().await;
    let get = functions::stages::Get { stage: "nope".to_owned(), include: Vec::new() };
    let error = rig.host.invoke(&rig.lever, &rig.agent, get).await.unwrap_err();
    let record = error.record().expect("it is the component's");
    assert_eq!((record.kind, record.outcome), (ErrorKind::NotFound, Outcome::NotApplied));
    assert_eq!(record.status, Some(404));
    assert_eq!(CallError::Limit("x".to_owned()).record(), None);
}

#[tokio::test]
async fn a_function_of_another_type_is_called_by_its_own_types_and_not_as_records() {
    // A component of another version: same names, other types.
    let bytes = wat::parse_str(
        r#"(component
            (core module $m (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 7)))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))
            (instance $stages (export "list-all" (func $f)))
            (export "ats:lever/stages@0.2.0" (instance $stages)))"#,
    );
    let mock = Mock::start(lever_host::mock::Config::default()).await.unwrap();
    let host = Host::new(host_config(&mock), lever_host::audit::Audit::none()).unwrap();
    let other = host.load(&bytes.unwrap()).unwrap();
    let agent = agent(&["stages=read"]);
    assert_eq!(host.call(&other, &agent, "stages", "list-all", &[]).await.unwrap(), json!(7));
    let list = functions::stages::ListAll { query: Default::default(), max_items: None };
    let error = host.invoke(&other, &agent, list).await.unwrap_err();
    assert!(matches!(&error, CallError::Usage(it) if it.contains("not of the type")), "{error}");
}
