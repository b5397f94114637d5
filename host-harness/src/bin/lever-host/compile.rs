//! `lever-host compile`: what this program runs itself as, to compile a
//! component with limits on time and memory.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// The arguments of `lever-host compile`.
#[derive(Args)]
pub struct CompileArgs {
    /// The cache of compiled code
    cache: PathBuf,
    /// Seconds of processor time
    seconds: u64,
    /// Mebibytes of memory
    mebibytes: u64,
}

/// Compiles, and exits with 1 where the bytes are not a component.
pub fn run(args: &CompileArgs) -> anyhow::Result<()> {
    let time = Duration::from_secs(args.seconds);
    let memory = args.mebibytes.saturating_mul(1 << 20);
    Ok(lever_host::runtime::compile(&args.cache, time, memory, std::io::stdin().lock())?)
}
