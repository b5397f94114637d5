#!/usr/bin/env bash
# wasmtime-wasi-http 48.0.8: `outgoing-handler.handle` takes the request options
# as owned and leaves them in the resource table, one entry for each request.
#
# The interface hands `request-options` over, so no guest can drop them after
# the call. A store whose table has a capacity ends at that many requests; one
# without a capacity keeps every entry until the store goes. Requests without
# options leave nothing behind.
#
# Needs cargo. Nothing leaves this machine: the hook answers by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src

cat > Cargo.toml <<'TOML'
[package]
name = "options"
version = "0.0.0"
edition = "2024"

[dependencies]
http = "=1.5.0"
tokio = { version = "1", features = ["rt-multi-thread", "macros"] }
wasmtime = { version = "=48.0.8", default-features = false, features = ["component-model", "runtime", "std"] }
wasmtime-wasi = { version = "=48.0.8", default-features = false, features = ["p2"] }
wasmtime-wasi-http = { version = "=48.0.8", default-features = false, features = ["p2"] }

[workspace]
TOML

cat > src/main.rs <<'RUST'
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{
    HostFields as _, HostFutureIncomingResponse as _, HostOutgoingRequest as _,
    HostRequestOptions as _, Scheme,
};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

const CAPACITY: usize = 64;
const REQUESTS: usize = 1_000;

struct Refuse;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Refuse {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// Requests that were made before the table was full; each one's request and
/// future are given back.
fn requests(with_options: bool) -> wasmtime::Result<usize> {
    let (mut hooks, mut ctx, mut table) = (Refuse, WasiHttpCtx::new(), ResourceTable::new());
    table.set_max_capacity(CAPACITY);
    let mut view = WasiHttpCtxView { hooks: &mut hooks, table: &mut table, ctx: &mut ctx };
    for made in 0..REQUESTS {
        let Ok(fields) = wasmtime_wasi_http::p2::bindings::http::types::HostFields::new(&mut view)
        else {
            return Ok(made);
        };
        let request =
            wasmtime_wasi_http::p2::bindings::http::types::HostOutgoingRequest::new(&mut view, fields)?;
        let borrowed = wasmtime::component::Resource::new_borrow(request.rep());
        let _ = view.set_scheme(borrowed, Some(Scheme::Https))?;
        let borrowed = wasmtime::component::Resource::new_borrow(request.rep());
        let _ = view.set_authority(borrowed, Some("example.test".to_owned()))?;
        let options = match with_options {
            true => match wasmtime_wasi_http::p2::bindings::http::types::HostRequestOptions::new(&mut view) {
                Ok(options) => Some(options),
                Err(_) => return Ok(made),
            },
            false => None,
        };
        match view.handle(request, options) {
            Ok(future) => {
                wasmtime_wasi_http::p2::bindings::http::types::HostFutureIncomingResponse::drop(&mut view, future)?
            }
            Err(_) => return Ok(made),
        }
    }
    Ok(REQUESTS)
}

#[tokio::main]
async fn main() -> wasmtime::Result<()> {
    println!("table of {CAPACITY} entries, {REQUESTS} requests wanted");
    println!("without options: {}", requests(false)?);
    println!("with options: {}", requests(true)?);
    Ok(())
}
RUST

cargo run --quiet 2>build.log >seen || { tail -n 40 build.log; exit 1; }
grep -A1 '^name = "wasmtime-wasi-http"' Cargo.lock | tail -n 1
cat seen

# Seen: every request without options, and about the table's capacity with them.
grep -qx 'without options: 1000' seen
made=$(sed -n 's/^with options: //p' seen)
[ "$made" -lt 64 ] || { echo "changed: $made requests with options"; exit 1; }
echo "as seen: handle keeps the options"
