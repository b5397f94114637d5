//! What one call's store holds, and how much of everything it may take.

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::output::Tail;
use crate::egress::Hooks;

/// Handles a call may hold at once: each request takes about ten, 64 are in
/// flight at most, and each may make the host hold some ten kilobytes.
const HANDLES: usize = 1024;

/// Core instances, memories and tables of one call, as far as the pool goes.
const INSTANCES: usize = 16;
const MEMORIES: usize = 4;
const TABLES: usize = 16;

/// Entries of all tables: function pointers, about ten thousand in a large
/// JavaScript component.
const TABLE_ENTRIES: usize = 20_000;

/// The largest piece of randomness a component may ask for at once.
const RANDOM_BYTES: u64 = 64 << 10;

/// The data of one call's store.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    /// What the call may take, and what it asked for in excess.
    pub budget: Budget,
}

impl State {
    /// The state of a new call. The environment is all that the guest learns
    /// from its host.
    pub fn new(environment: &[(&str, &str)], output: Tail, hooks: Hooks, memory: u64) -> Self {
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(crate::egress::FIELDS_CAP);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi: WasiCtx::builder()
                .envs(environment)
                .stdout(output.clone())
                .stderr(output)
                .max_random_size(RANDOM_BYTES)
                .build(),
            http,
            table,
            hooks,
            budget: Budget::new(memory),
        }
    }

    /// Handles that the host holds for the component at the moment.
    pub fn handles(&mut self) -> usize {
        self.table.iter_mut().count()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Memory and table entries over all instances of a call. What goes beyond
/// ends the call at once, so that the cause is known: a component told that
/// its memory cannot grow would die of something else.
#[derive(Debug)]
pub struct Budget {
    memory: u64,
    memory_used: u64,
    entries_used: usize,
    /// What was asked for in excess.
    pub exceeded: Option<String>,
}

impl Budget {
    /// A budget of so many bytes of memory.
    pub fn new(memory: u64) -> Self {
        Self { memory, memory_used: 0, entries_used: 0, exceeded: None }
    }

    /// Bytes of all memories; they never shrink.
    pub fn memory_used(&self) -> u64 {
        self.memory_used
    }

    fn exceed(&mut self, what: String) -> wasmtime::Error {
        let error = wasmtime::Error::msg(what.clone());
        self.exceeded.get_or_insert(what);
        error
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let wanted = self.memory_used.saturating_add(growth);
        if wanted > self.memory {
            let limit = self.memory >> 20;
            return Err(self.exceed(format!(
                "the component asked for more memory than its `memory` limit of {limit} MiB"
            )));
        }
        self.memory_used = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current);
        let wanted = self.entries_used.saturating_add(growth);
        if wanted > TABLE_ENTRIES {
            return Err(self.exceed(format!(
                "the component asked for tables of more than {TABLE_ENTRIES} entries"
            )));
        }
        self.entries_used = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }

    fn tables(&self) -> usize {
        TABLES
    }
}
