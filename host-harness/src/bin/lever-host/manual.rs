//! `lever-host completions` and `lever-host man`: made from the command line's
//! own definition.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::tools::print;

/// The arguments of `lever-host completions`.
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// The arguments of `lever-host man`.
#[derive(Args)]
pub struct ManArgs {
    /// Write a page for each command into this directory, instead of printing the
    /// first one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub fn completions(mut command: Command, args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8(script)?)
}

/// Prints the manual's page, or writes all of its pages.
pub fn man(command: Command, args: &ManArgs) -> anyhow::Result<()> {
    let Some(directory) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return print(&String::from_utf8(page)?);
    };
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .with_context(|| format!("cannot write the pages to {}", directory.display()))
}
