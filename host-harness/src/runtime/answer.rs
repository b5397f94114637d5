//! A result, before it is decided what becomes of it.

use std::any::Any;

use serde::{Serialize, Serializer};
use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::{Func, Val};

use super::CallError;
use super::component::Export;
use super::state::State;
use super::typed::Outcome;
use crate::value::{self, Data, InPlace, Missing, Shown, Tree};

/// What a function answered. It is written as JSON by serde, straight to where
/// it goes; bytes as `{"base64": "..."}`.
pub struct Answer(Box<dyn Data>);

impl Answer {
    pub(super) fn new(data: Box<dyn Data>) -> Self {
        Answer(data)
    }

    /// The JSON as a value.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).expect("numbers were checked and keys are texts")
    }

    /// The JSON as text, on one line.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("numbers were checked and keys are texts")
    }

    /// It, to look into.
    pub fn shown(&self) -> Shown<'_> {
        Shown::new(&*self.0)
    }

    /// What it says that it lacks.
    pub fn missing(&self) -> Missing {
        let mut missing = Missing::default();
        missing.look(self.shown());
        missing
    }

    /// The same with something else in place of each list of bytes, such as
    /// where they went.
    pub fn without_bytes<'a>(&'a self, in_place: InPlace<'a>) -> impl Serialize + 'a {
        Shown::without_bytes(&*self.0, in_place)
    }

    /// How many records it is: the items of a page, one, or none.
    pub fn records(&self) -> u64 {
        value::records(&*self.0)
    }

    /// The record that it is, where it is one of this type.
    pub(super) fn into_record<T: Data>(self) -> Option<T> {
        let any: Box<dyn Any> = self.0;
        any.downcast().ok().map(|record| *record)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shown().serialize(serializer)
    }
}

/// Calls a function by the component's own types.
pub(super) async fn by_values(
    store: &mut Store<State>,
    function: Func,
    export: &Export,
    args: &[Val],
) -> wasmtime::Result<Result<Answer, CallError>> {
    let types: Vec<_> = export.ty.results().collect();
    let mut results = vec![Val::Bool(false); types.len()];
    function.call_async(store, args, &mut results).await?;
    let said = match results.into_iter().next().zip(types.first()) {
        Some((val, ty)) => value::answer(val, ty),
        None => Ok(Ok(Tree::Absent)),
    };
    let boxed = |tree: Tree| -> Box<dyn Data> { Box::new(tree) };
    Ok(match said {
        Ok(outcome) => checked(outcome.map(boxed).map_err(boxed), true),
        Err(error) => Err(CallError::Trap(error.to_string())),
    })
}

/// The outcome of a call whose numbers have a form in JSON.
pub(super) fn checked(outcome: Outcome, floats: bool) -> Result<Answer, CallError> {
    let (Ok(data) | Err(data)) = &outcome;
    if floats {
        value::check_numbers(&**data).map_err(|error| CallError::Trap(error.to_string()))?;
    }
    match outcome {
        Ok(data) => Ok(Answer::new(data)),
        Err(error) => Err(CallError::Component(Answer::new(error).to_value())),
    }
}
