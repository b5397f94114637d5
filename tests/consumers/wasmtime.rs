//! Lists opportunities with lever.wasm in plain wasmtime 48.
//! LEVER_BASE_URL=http://127.0.0.1:8123/v1 LEVER_API_KEY=mock-api-key wasmtime lever.wasm
#![allow(missing_docs, reason = "bindgen's")]

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};

wasmtime::component::bindgen!("lever" in "../wit");

struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: default_hooks() }
    }
}

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker = Linker::<Host>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let ours: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with("LEVER_")).collect();
    let wasi = WasiCtx::builder().envs(&ours).build();
    let host = Host { wasi, http: WasiHttpCtx::new(), table: ResourceTable::new() };
    let mut store = Store::new(&engine, host);
    let file = std::env::args().nth(1).unwrap_or("lever.wasm".into());
    let lever = Lever::instantiate(&mut store, &Component::from_file(&engine, file)?, &linker)?;
    let opportunities = lever.ats_lever_opportunities();

    #[rustfmt::skip]
    let query = exports::ats::lever::opportunities::OpportunityQuery {
        limit: Some(50), include: vec![], expand: vec![], tag: vec![], email: vec![],
        origin: vec![], source: vec![], confidentiality: None, stage_id: vec![],
        posting_id: vec![], archived_posting_id: vec![], created_at_start: None,
        created_at_end: None, updated_at_start: None, updated_at_end: None,
        advanced_at_start: None, advanced_at_end: None, archived_at_start: None,
        archived_at_end: None, archived: None, archive_reason_id: vec![], snoozed: None,
        contact_id: vec![], location: vec![],
    };
    let page = opportunities.call_list_all(&mut store, &query, None)??;
    println!("{} opportunities, the first is {:?}", page.items.len(), page.items[0].name);

    let error = opportunities.call_get(&mut store, "no-such-id", &[], &[])?.unwrap_err();
    println!("{:?} {:?} {:?}: {}", error.kind, error.status, error.outcome, error.message);
    Ok(())
}
