//! Compiling within bounds of time and memory: in a process of its own, which
//! leaves its result in the cache of compiled code.
//!
//! Nothing within a process can take memory back from a compiler that asks for
//! too much, or end it. The process that compiles gets the component and the
//! cache's directory, and nothing of this one's environment.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::{InstancePre, Linker};

use super::state::State;
use super::{HostError, component, engine};

/// A program that compiles components which are not ours:
/// `lever-host compile`.
#[derive(Clone, Debug)]
pub struct CompileHelper {
    /// The program.
    pub program: PathBuf,
    /// The most time it may take of all processors together.
    pub processor_time: Duration,
    /// The most memory it may have, in bytes.
    pub memory: u64,
}

impl CompileHelper {
    /// The program, with 120 seconds and 1 GiB: CPython takes half of that.
    pub fn new(program: PathBuf) -> Self {
        Self { program, processor_time: Duration::from_secs(120), memory: 1 << 30 }
    }

    /// Its arguments, but for the command's name.
    fn arguments(&self, cache: &Path) -> [std::ffi::OsString; 3] {
        let seconds = self.processor_time.as_secs().max(1).to_string();
        [cache.into(), seconds.into(), (self.memory >> 20).max(1).to_string().into()]
    }

    /// Compiles into the cache.
    fn run(&self, cache: &Path, bytes: &[u8]) -> Result<(), HostError> {
        let cannot_run = |error: std::io::Error| HostError::Compiler {
            program: self.program.clone(),
            reason: error.to_string(),
        };
        let mut child = Command::new(&self.program)
            .arg("compile")
            .args(self.arguments(cache))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot_run)?;
        if let Some(mut input) = child.stdin.take() {
            // One that ends early says why, or was ended.
            let _ = input.write_all(bytes);
        }
        let output = child.wait_with_output().map_err(cannot_run)?;
        match output.status.code() {
            Some(0) => Ok(()),
            Some(1) => Err(component::invalid(&String::from_utf8_lossy(&output.stderr))),
            // A signal, or a thread or allocation that it could not have.
            _ => Err(HostError::Costly(format!(
                "compiling it takes more than {} seconds of processor time or {} MiB of memory",
                self.processor_time.as_secs(),
                self.memory >> 20
            ))),
        }
    }
}

/// What components are compiled with.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    linker: Linker<State>,
    helper: Option<(CompileHelper, PathBuf)>,
}

impl Compiler {
    /// Compiles in this process, or by a helper that shares this cache.
    pub fn new(
        engine: Engine,
        linker: Linker<State>,
        helper: Option<(CompileHelper, PathBuf)>,
    ) -> Self {
        Self { engine, linker, helper }
    }

    /// Compiles a component that is ours.
    pub fn trusted(&self, bytes: &[u8]) -> Result<InstancePre<State>, HostError> {
        // `from_binary` takes no text and no precompiled code.
        let compiled = wasmtime::component::Component::from_binary(&self.engine, bytes);
        let pre = compiled.and_then(|compiled| self.linker.instantiate_pre(&compiled));
        pre.map_err(|error| component::invalid(&format!("{error:#}")))
    }

    /// Compiles one that is not, within bounds where there is a helper. Takes as
    /// long as that takes.
    pub fn bounded(&self, bytes: &[u8]) -> Result<InstancePre<State>, HostError> {
        if let Some((helper, cache)) = self.helper.as_ref().filter(|_| cfg!(unix)) {
            helper.run(cache, bytes)?;
        }
        // Out of the cache by now.
        self.trusted(bytes)
    }
}

/// Compiles a component into a cache, with bounds on this very process: the part
/// of [`CompileHelper`]'s program.
///
/// # Errors
///
/// When the bounds cannot be set, or the bytes are not a component.
pub fn compile(
    cache: &Path,
    processor_time: Duration,
    memory: u64,
    mut input: impl Read,
) -> Result<(), HostError> {
    limit_process(processor_time, memory)?;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|error| HostError::Engine(error.to_string()))?;
    let engine = engine::compiling(cache)?;
    let compiled = wasmtime::component::Component::from_binary(&engine, &bytes);
    compiled.map(drop).map_err(|error| match is_from_the_system(&error) {
        true => HostError::Costly(error.root_cause().to_string()),
        false => component::invalid(&format!("{error:#}")),
    })
}

/// Whether memory, most likely, could not be had.
fn is_from_the_system(error: &wasmtime::Error) -> bool {
    #[cfg(unix)]
    if error.is::<rustix::io::Errno>() {
        return true;
    }
    error.is::<std::io::Error>() || error.is::<wasmtime::error::OutOfMemory>()
}

#[cfg(unix)]
fn limit_process(processor_time: Duration, memory: u64) -> Result<(), HostError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limits = [
        (Resource::Cpu, processor_time.as_secs().max(1)),
        // What is reserved and cannot be written to does not count, unlike in
        // the address space.
        (Resource::Data, memory),
        // No image of a component's making.
        (Resource::Core, 0),
    ];
    limits.into_iter().try_for_each(|(resource, most)| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| HostError::Engine(error.to_string()))
    })
}

#[cfg(not(unix))]
fn limit_process(_: Duration, _: u64) -> Result<(), HostError> {
    Ok(())
}
