//! What every component gets of WASI, and nothing else.

use wasmtime::component::{Linker, Resource};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiHttp, WasiHttpView};

use super::HostError;
use super::state::State;

/// All that a component may import, up to the version. A test holds the linker
/// to this list.
pub const IMPORTS: [&str; 20] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    // Tell that there is no terminal; Rust's standard library asks.
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// The linker of every component. No filesystem and no sockets: they would be
/// a way round a policy made for HTTP.
pub fn linker(engine: &Engine) -> Result<Linker<State>, HostError> {
    let mut linker = Linker::new(engine);
    link(&mut linker).map_err(HostError::engine)?;
    Ok(linker)
}

/// Links what a component gets, and nothing else.
pub(crate) fn link<T: WasiView + WasiHttpView + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    // The proxy world and no more: io, clocks, random, standard streams, http.
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    types::add_to_linker::<T, WasiHttp>(linker, &LinkOptions::default().into(), T::http)?;
    link_handler(linker)?;
    // What Rust's standard library brings besides.
    cli::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    random::insecure::add_to_linker::<T, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<T, WasiRandom>(linker, |state| state.ctx().ctx.random())
}

/// The options of a request, the request, and what it is answered by.
type Sending = (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>);
type Sent = Result<Resource<HostFutureIncomingResponse>, types::ErrorCode>;

/// Links `handle`, which takes over a request and its options.
///
/// wasmtime-wasi-http 48.0.8 takes the options over and leaves them in the
/// call's table for good, so that a call would end at its thousandth request.
fn link_handler<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    let mut handler = linker.instance("wasi:http/outgoing-handler@0.2.12")?;
    handler.func_wrap("handle", |mut store: StoreContextMut<'_, T>, sending: Sending| {
        let (request, options) = sending;
        let mut view = store.data_mut().http();
        let kept = options.as_ref().map(Resource::rep);
        let sent = outgoing_handler::Host::handle(&mut view, request, options);
        if let Some(kept) = kept {
            view.table.delete(Resource::<RequestOptions>::new_own(kept))?;
        }
        let sent: Sent = match sent {
            Ok(future) => Ok(future),
            Err(error) => Err(error.downcast()?),
        };
        Ok((sent,))
    })
}
