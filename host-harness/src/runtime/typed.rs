//! Functions of the WIT as Rust types, made by the build script, and calls by
//! them: arguments and results go in and out as records, without a component
//! value for each of their fields and bytes.
//!
//! A component's function is called this way only where it has exactly the type
//! that the WIT gives it; any other is called by its own types.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use wasmtime::Store;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{ComponentNamedList, Func, InstancePre, Lift, Lower};

use super::state::State;
use crate::value::{Arguments, Data};

include!(concat!(env!("OUT_DIR"), "/typed.rs"));

/// A function of the WIT with its arguments; see [`functions`].
///
/// Made by the build script; not meant to be implemented elsewhere.
pub trait Function: Sized + Send + 'static {
    /// The interface's name, such as `opportunities`.
    const INTERFACE: &'static str;
    /// The function's name, such as `list-page`.
    const NAME: &'static str;
    /// Whether a result may hold a number that JSON has no form for.
    #[doc(hidden)]
    const FLOATS: bool;
    /// What it takes.
    #[doc(hidden)]
    type Params: ComponentNamedList + Lower + Send + Sync + 'static;
    /// What it answers.
    type Output: Data + Lift;
    /// What it answers when it fails.
    type Error: Data + Lift;

    /// The arguments in their order.
    #[doc(hidden)]
    fn into_params(self) -> Self::Params;

    /// The arguments that this JSON gives, if it fits.
    #[doc(hidden)]
    fn given(arguments: &Arguments<'_>) -> Option<Self::Params>;

    /// What the arguments ask to expand.
    #[doc(hidden)]
    fn expand(params: &Self::Params) -> &[String];
}

/// The outcome of it: a result or the function's error.
pub(super) type Outcome = Result<Box<dyn Data>, Box<dyn Data>>;

/// A call that runs.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<Outcome>> + Send + 'a>>;

/// A function of the WIT, whichever it is.
pub(crate) trait Typed: Send + Sync {
    /// Whether a component's function has its type.
    fn fits(&self, ty: &ComponentFunc, pre: &InstancePre<State>) -> bool;

    /// The call with these arguments, if they fit.
    fn prepare(&self, arguments: &Arguments<'_>) -> Option<Box<dyn Prepared>>;

    /// Whether a result may hold a number that JSON has no form for.
    fn has_floats(&self) -> bool;
}

/// A call ready to run.
pub(crate) trait Prepared: Send {
    /// What its arguments ask to expand, by Lever's names.
    fn expand(&self) -> &[String];

    /// Runs it in an instance.
    fn run<'a>(self: Box<Self>, store: &'a mut Store<State>, function: Func) -> Running<'a>;
}

type Returned<F> = (Result<<F as Function>::Output, <F as Function>::Error>,);

struct Of<F>(PhantomData<fn() -> F>);

impl<F> Of<F> {
    const NEW: Of<F> = Of(PhantomData);
}

impl<F: Function> Typed for Of<F> {
    fn fits(&self, ty: &ComponentFunc, pre: &InstancePre<State>) -> bool {
        ty.typecheck::<F::Params, Returned<F>>(&pre.instance_type()).is_ok()
    }

    fn prepare(&self, arguments: &Arguments<'_>) -> Option<Box<dyn Prepared>> {
        Some(Box::new(Call::<F>(F::given(arguments)?)))
    }

    fn has_floats(&self) -> bool {
        F::FLOATS
    }
}

/// A function's arguments.
pub(super) struct Call<F: Function>(pub F::Params);

impl<F: Function> Prepared for Call<F> {
    fn expand(&self) -> &[String] {
        F::expand(&self.0)
    }

    fn run<'a>(self: Box<Self>, store: &'a mut Store<State>, function: Func) -> Running<'a> {
        Box::pin(async move {
            let function = function.typed::<F::Params, Returned<F>>(&*store)?;
            let (result,) = function.call_async(store, self.0).await?;
            let outcome: Outcome = match result {
                Ok(value) => Ok(Box::new(value)),
                Err(error) => Err(Box::new(error)),
            };
            Ok(outcome)
        })
    }
}
