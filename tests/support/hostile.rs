//! Builds the components that try to get out, once for each run of the tests.
//!
//! They have a target directory of its own, since cargo may hold the lock of
//! the one that runs the tests, and are built without the environment that cargo
//! made for them.

#[path = "../../host-harness/build/plain.rs"]
mod plain;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use plain::plain;

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
    let built = plain(env!("CARGO"), &root)
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
