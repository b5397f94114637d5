//! The two ways into and out of a function are one: by records made from the
//! WIT, and by the component's own types.
//!
//! `PROPTEST_CASES=1000` tries as many values of each function.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use wasmtime::Store;
use wasmtime::component::{Func, Instance, Val};

use super::super::answer::{by_values, checked};
use super::super::component::Component;
use super::super::output::Tail;
use super::super::state::State;
use super::super::{Answer, CallError, Host};
use super::echo::{self, Random};
use super::host;
use crate::audit::Audit;
use crate::catalog::{Catalog, Function};
use crate::egress::Traffic;
use crate::policy::{Agent, CallScope};
use crate::value::{self, Arguments, Shown};

/// A host with the component that echoes.
struct Echo {
    host: Host,
    component: Arc<Component>,
}

/// An instance of it.
struct Fresh {
    store: Store<State>,
    instance: Instance,
}

impl Echo {
    async fn new() -> Echo {
        let host = host(&Audit::none());
        let component = host.load(&echo::component()).unwrap();
        component.compile(&host.compiler).await.unwrap();
        Echo { host, component }
    }

    async fn fresh(&self) -> Fresh {
        let agent = Agent::denied("prober");
        let scope = CallScope::new("none", "none");
        let trail = super::super::Trail::new(
            Audit::none(),
            &agent.name,
            self.component.digest(),
            String::new(),
            "none",
        );
        let traffic = Traffic::new(Arc::clone(&self.host.wire), agent.clone(), scope, trail);
        let mut store = self.host.store(&agent, &Tail::default(), traffic);
        let instance = self.component.pre().unwrap().instantiate_async(&mut store).await.unwrap();
        Fresh { store, instance }
    }
}

impl Fresh {
    fn function(&mut self, echo: &Echo, interface: &str, name: &str) -> Func {
        let export = echo.component.export(interface, name).unwrap();
        self.instance.get_func(&mut self.store, export.index).unwrap()
    }

    /// All that the component was given: its memory from the first parameter on.
    async fn dump(&mut self, echo: &Echo) -> Vec<u8> {
        let dump = self.function(echo, "probe", "dump");
        let dump = dump.typed::<(), (Vec<u8>,)>(&self.store).unwrap();
        let (memory,) = dump.call_async(&mut self.store, ()).await.unwrap();
        memory[1024..].to_vec()
    }
}

fn shown(outcome: Result<Answer, CallError>) -> (bool, String, u64) {
    match outcome {
        Ok(answer) => {
            // What is a text and what is a value is the same.
            assert_eq!(answer.to_text(), answer.to_value().to_string());
            (true, answer.to_text(), answer.records())
        }
        Err(CallError::Component(error)) => (false, error.to_string(), 0),
        Err(other) => panic!("{other}"),
    }
}

fn functions() -> impl Iterator<Item = (usize, &'static Function)> {
    Catalog::embedded().functions().iter().enumerate()
}

fn rounds() -> u64 {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(6)
}

/// Random arguments as JSON; what may be left out sometimes is.
fn arguments(random: &mut Random, echo: &Echo, function: &Function) -> Vec<Value> {
    let export = echo.component.export(&function.interface, &function.name).unwrap();
    let parameters = export.ty.params().map(|(_, ty)| {
        let tree = value::tree(random.value(&ty, 0), &ty).unwrap();
        serde_json::to_value(Shown::new(&tree)).unwrap()
    });
    parameters.collect()
}

#[test]
fn every_function_of_the_wit_is_called_by_its_own_types() {
    let host = host(&Audit::none());
    let lever = host.load(crate::embedded::COMPONENT).unwrap();
    for (_, function) in functions() {
        let export = lever.export(&function.interface, &function.name).unwrap();
        assert!(export.typed.is_some(), "{}", function.id());
    }
}

#[tokio::test]
async fn any_result_is_the_same_json_either_way() {
    let echo = Echo::new().await;
    for (place, function) in functions() {
        let export = echo.component.export(&function.interface, &function.name).unwrap();
        let (typed, ty) = (export.typed.unwrap(), export.ty.results().next().unwrap());
        for round in 0..rounds() {
            let seed = round << 32 | place as u64;
            let mut random = Random::new(seed);
            let result = random.value(&ty, 0);
            let context = format!("{} with seed {seed}", function.id());
            let mut fresh = echo.fresh().await;
            let put = fresh.function(&echo, "probe", &format!("put{place}"));
            let told = [Val::List(vec![result.clone()])];
            put.call_async(&mut fresh.store, &told, &mut []).await.unwrap();

            let arguments = arguments(&mut random, &echo, function);
            let call = fresh.function(&echo, &function.interface, &function.name);
            let prepared = typed.prepare(&Arguments::new(&arguments)).expect(&context);
            let outcome = prepared.run(&mut fresh.store, call).await.expect(&context);
            let one = shown(checked(outcome, typed.has_floats()));

            let values = value::arguments(&export.ty, &Arguments::new(&arguments)).unwrap();
            let outcome = by_values(&mut fresh.store, call, &export, &values).await.unwrap();
            let other = shown(outcome);
            assert_eq!(one, other, "{context}");

            // And it is what the component was told to answer.
            let told = match value::answer(result, &ty).unwrap() {
                Ok(told) | Err(told) => serde_json::to_string(&Shown::new(&told)).unwrap(),
            };
            assert_eq!(one.1, told, "{context}");
        }
    }
}

#[tokio::test]
async fn any_arguments_reach_the_component_the_same_either_way() {
    let echo = Echo::new().await;
    for (place, function) in functions() {
        let export = echo.component.export(&function.interface, &function.name).unwrap();
        let typed = export.typed.unwrap();
        for round in 0..rounds() {
            let seed = round << 32 | place as u64;
            let context = format!("{} with seed {seed}", function.id());
            let mut random = Random::new(seed);
            let mut given = arguments(&mut random, &echo, function);
            // Half of them are spoiled somewhere.
            if random.below(2) == 0 {
                spoil(&mut random, &mut given);
            }
            let arguments = Arguments::new(&given);
            let values = value::arguments(&export.ty, &arguments);
            let prepared = typed.prepare(&arguments);
            assert_eq!(prepared.is_some(), values.is_ok(), "{context}: {given:?} {values:?}");
            let (Some(prepared), Ok(values)) = (prepared, values) else { continue };

            let mut one = echo.fresh().await;
            let call = one.function(&echo, &function.interface, &function.name);
            prepared.run(&mut one.store, call).await.expect(&context).ok();
            let mut other = echo.fresh().await;
            let call = other.function(&echo, &function.interface, &function.name);
            by_values(&mut other.store, call, &export, &values).await.expect(&context).ok();
            assert!(one.dump(&echo).await == other.dump(&echo).await, "{context}: {given:?}");
        }
    }
}

/// Puts something else somewhere into the arguments.
fn spoil(random: &mut Random, given: &mut Vec<Value>) {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("text"),
        json!([]),
        json!([1]),
        json!([256]),
        json!({}),
        json!({"base64": "AA=="}),
        json!({"base64": "A"}),
        json!({"file": "/etc/passwd"}),
    ];
    let odd = odd[random.below(odd.len())].clone();
    match random.below(8) {
        0 => given.truncate(random.below(given.len() + 1)),
        1 => given.push(odd),
        _ if given.is_empty() => {}
        _ => {
            let place = random.below(given.len());
            change(random, &mut given[place], odd);
        }
    }
}

fn change(random: &mut Random, value: &mut Value, odd: Value) {
    match value {
        Value::Array(items) if !items.is_empty() && random.below(4) > 0 => {
            let place = random.below(items.len());
            change(random, &mut items[place], odd);
        }
        Value::Object(object) if !object.is_empty() && random.below(4) > 0 => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let key = &keys[random.below(keys.len())];
            match random.below(4) {
                0 => drop(object.remove(key)),
                1 => renamed(object, key),
                _ => change(random, &mut object[key], odd),
            }
        }
        other => *other = odd,
    }
}

fn renamed(object: &mut Map<String, Value>, key: &str) {
    let value = object.remove(key).unwrap();
    object.insert(format!("{key}s"), value);
}
