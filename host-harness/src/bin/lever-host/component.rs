//! `lever-host component`: the embedded component as a file, for other hosts.

use crate::setup::Options;
use crate::tools::print;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `lever-host component`.
#[derive(Args)]
pub struct ComponentArgs {
    /// Where to write lever.wasm
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file.
pub fn run(options: &Options, args: &ComponentArgs) -> anyhow::Result<()> {
    let bytes = options.component()?;
    std::fs::write(&args.out, &bytes)
        .with_context(|| format!("cannot write {}", args.out.display()))?;
    let digest = lever_host::runtime::digest(&bytes);
    print(&format!("{}: {} bytes, sha256 {digest}\n", args.out.display(), bytes.len()))
}
