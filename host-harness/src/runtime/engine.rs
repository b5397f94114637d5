//! The compiler and the ground instances stand on: settings, the cache of
//! compiled code, and the clock that interrupts.
//!
//! Compiled code is cached by wasmtime's own cache rather than by files of
//! ours: it keys by the component's digest, the compiler's version and every
//! setting, writes atomically, cleans up, and needs no `unsafe` here. What it
//! loads is machine code and is trusted, so the directory must be ours alone.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy,
    PoolingAllocationConfig,
};

use super::HostError;
use crate::files::private_file;

/// Calls that run at once where nothing else is said.
pub const CALLS: u32 = 64;

/// How often running code is interrupted to let others run. Rust components
/// feel 100 interruptions a second as less than a tenth of a percent.
const TICK: Duration = Duration::from_millis(10);

/// Changes the engine's settings, pooled instances included, before it is made;
/// for tests that must look into the memory of instances.
#[doc(hidden)]
pub type Tune = Arc<dyn Fn(&mut Config) + Send + Sync>;

/// Makes an engine for so many calls at once, with pooled instances where the
/// machine grants the address space for them, else with instances made on
/// demand.
pub fn engine(cache: Option<&Path>, calls: u32, tune: Option<&Tune>) -> Result<Engine, HostError> {
    let config = config(cache)?;
    let mut pooled = config.clone();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(calls)));
    if let Some(tune) = tune {
        tune(&mut pooled);
        return Engine::new(&pooled).map_err(HostError::engine);
    }
    Engine::new(&pooled).or_else(|_| Engine::new(&config)).map_err(HostError::engine)
}

/// Makes an engine that compiles into this cache what the other finds there.
pub fn compiling(cache: &Path) -> Result<Engine, HostError> {
    Engine::new(&config(Some(cache))?).map_err(HostError::engine)
}

/// All that compiled code depends on.
fn config(cache: Option<&Path>) -> Result<Config, HostError> {
    let cache = cache.map(open_cache).transpose()?;
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Frames name functions of the guest, which help nobody here.
        .wasm_backtrace_max_frames(None)
        .wasm_memory64(false)
        .cache(cache);
    Ok(config)
}

/// Room for so many components of up to four memories. A Rust component has
/// one memory and three core instances, one of JavaScript a few more.
fn pool(calls: u32) -> PoolingAllocationConfig {
    // What a call wrote to is set back by copying: the kernel takes longer to
    // take pages away and to give them again. Linux from 6.7 on tells which
    // pages those are, and then as many are kept as a page of 100 full records
    // takes (2.6 MiB) and some; else the first ones, which a small call takes.
    let scans = PoolingAllocationConfig::is_pagemap_scan_available();
    let resident = if scans { 4 << 20 } else { 256 << 10 };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(16))
        .max_core_instances_per_component(16)
        .total_memories(calls.saturating_mul(2))
        .max_memories_per_component(4)
        .total_tables(calls.saturating_mul(8))
        .max_tables_per_component(16)
        .total_stacks(calls)
        .pagemap_scan(if scans { Enabled::Yes } else { Enabled::No })
        .linear_memory_keep_resident(resident)
        .table_keep_resident(16 << 10)
        // Places of components that are not called any more, each with what it
        // keeps resident.
        .max_unused_warm_slots(16);
    pool
}

/// A directory for compiled code that goes when its host goes, and is ours alone.
pub fn own_cache() -> Result<TempDir, HostError> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.prefix("lever-host-").tempdir().map_err(|error| HostError::Cache {
        directory: std::env::temp_dir(),
        reason: error.to_string(),
    })
}

fn open_cache(directory: &Path) -> Result<Cache, HostError> {
    private_file::make_directory(directory)
        .map_err(|reason| HostError::Cache { directory: directory.to_owned(), reason })?;
    let mut config = CacheConfig::new();
    config.with_directory(directory);
    Cache::new(config).map_err(|error| HostError::Cache {
        directory: directory.to_owned(),
        reason: error.to_string(),
    })
}

/// Advances the engine's epoch while calls run, from a thread of its own: a
/// task could be starved by the very code it is to interrupt.
pub struct Ticker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<Running>,
    changed: Condvar,
}

#[derive(Default)]
struct Running {
    calls: usize,
    over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticker {
    /// Starts the thread, which sleeps until a call runs.
    pub fn start(engine: Engine) -> Result<Self, HostError> {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("lever-ticker".to_owned())
            .spawn(move || {
                loop {
                    let mut state = theirs.lock();
                    while state.calls == 0 && !state.over {
                        state = theirs.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    }
                    if state.over {
                        return;
                    }
                    drop(state);
                    std::thread::sleep(TICK);
                    engine.increment_epoch();
                }
            })
            .map_err(|error| HostError::Engine(error.to_string()))?;
        Ok(Self(shared))
    }

    /// Keeps the epoch moving until dropped.
    pub fn run(&self) -> Ticking {
        let mut state = self.0.lock();
        state.calls += 1;
        if state.calls == 1 {
            self.0.changed.notify_all();
        }
        drop(state);
        Ticking(Arc::clone(&self.0))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

/// One running call.
pub struct Ticking(Arc<Shared>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.lock().calls -= 1;
    }
}
