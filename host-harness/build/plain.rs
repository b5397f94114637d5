//! Running cargo inside of cargo: shared by the build and by the tests that build
//! components of their own.

use std::env;
use std::path::Path;
use std::process::Command;

/// A command that sees cargo's own settings, but nothing of the build it runs in.
pub fn plain(program: &str, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];
        let ours = text.starts_with("CARGO_") && !kept.iter().any(|kept| text.starts_with(kept));
        if ours || text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS") || text == "CARGO" {
            command.env_remove(&name);
        }
    }
    command
}
