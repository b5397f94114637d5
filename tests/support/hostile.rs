//! Builds the components that try to get out, once for each run of the tests.
//!
//! They have a target directory of its own, since cargo may hold the lock of
//! the one that runs the tests, and are built without the environment that cargo
//! made for them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

/// Both components.
pub struct Built {
    /// Imports what every component may, and attacks.
    pub attack: Vec<u8>,
    /// Imports files and sockets.
    pub reach: Vec<u8>,
}

/// Both, built at the first asking.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> Built {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];
        let ours = text.starts_with("CARGO_") && !kept.iter().any(|kept| text.starts_with(kept));
        if ours || text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS") || text == "CARGO" {
            cargo.env_remove(&name);
        }
    }
    let built = cargo
        .current_dir(root)
        .args(["build", "--locked", "--package", "hostile"])
        .args(["--profile", "component", "--target", "wasm32-wasip2"])
        .arg("--target-dir")
        .arg(&target)
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "the hostile components did not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let read = |name| fs::read(target.join("wasm32-wasip2/component").join(name));
    Built {
        attack: read("hostile.wasm").expect("cargo made the library"),
        reach: read("reach.wasm").expect("cargo made the program"),
    }
}
