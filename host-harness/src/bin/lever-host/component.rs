//! `lever-host component`: the embedded component as a file, for other hosts.

use std::path::PathBuf;

use clap::Args;

use crate::call::Out;
use crate::setup::Options;
use crate::tools::print;

/// The arguments of `lever-host component`.
#[derive(Args)]
pub struct ComponentArgs {
    /// Where to write lever.wasm
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    force: bool,
}

/// Writes the file.
pub fn run(options: &Options, args: &ComponentArgs) -> anyhow::Result<()> {
    let bytes = options.component()?;
    Out::public(&args.out, args.force)?.keep(&bytes)?;
    let digest = lever_host::runtime::digest(&bytes);
    print(&format!("{}: {} bytes, sha256 {digest}\n", args.out.display(), bytes.len()))
}
