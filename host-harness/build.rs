//! Builds the two components and embeds them, lever.wasm with its WIT, so that
//! plain `cargo run` and `cargo test` work from a fresh clone.
//!
//! The guests have a target directory of its own inside OUT_DIR, since cargo holds
//! the lock of the outer one; it is built without the environment that cargo
//! made for this build. Each is built on its own: built together, the receiver
//! would get the exports of the other.

#[path = "build/names.rs"]
mod names;
#[path = "build/plain.rs"]
mod plain;
#[path = "build/typed/mod.rs"]
mod typed;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use names::without_names;
use plain::plain;

const TARGET: &str = "wasm32-wasip2";

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for path in
        ["wit", "guest", "Cargo.toml", "Cargo.lock", "host-harness/build.rs", "host-harness/build"]
    {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    add_target(&root)?;
    let component = build_component(&root, &out, "lever")?;
    let webhooks = build_component(&root, &out, "lever-webhooks")?;
    let wit = wit_files(&root.join("wit"), "")?;
    fs::write(out.join("embedded.rs"), embedded(&component, &webhooks, &wit)?)?;
    fs::write(out.join("functions.rs"), functions(&wit)?)?;
    fs::write(out.join("typed.rs"), typed::generate(&root.join("wit"))?)?;
    Ok(())
}

/// Adds the WebAssembly target where it is missing.
fn add_target(root: &Path) -> Result<()> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let printed = plain(&rustc, root)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("rustc did not run")?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    if printed.status.success() && libraries.is_dir() {
        return Ok(());
    }
    // Not as a warning of cargo's: that is repeated at every build until this script runs again.
    eprintln!("adding the target {TARGET} with rustup");
    let added = plain("rustup", root).args(["target", "add", TARGET]).output();
    match added {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => bail!(
            "the component needs the target {TARGET}, and `rustup target add {TARGET}` failed:\n{}\n\
             Add it by hand while connected, then build again.",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => bail!(
            "the component needs the target {TARGET}, and rustup did not run ({error}). \
             Install Rust by rustup, or add that target to your toolchain, then build again."
        ),
    }
}

fn build_component(root: &Path, out: &Path, package: &str) -> Result<PathBuf> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let target = out.join("guest");
    // No path of this machine in the component: the same source gives the same
    // bytes anywhere, so that a digest in an audit means something.
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let flags: Vec<String> =
        [(Some(root.to_owned()), "lever"), (cargo_home, "cargo"), (Some(target.clone()), "target")]
            .iter()
            .filter_map(|(from, to)| from.as_deref().map(|from| remap(from, to)))
            .collect();
    let built = plain(&cargo, root)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .args(["build", "--locked", "--package", package, "--lib"])
        .args(["--profile", "component", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("cargo did not run")?;
    ensure!(
        built.status.success(),
        "the component {package} did not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let file = package.replace('-', "_") + ".wasm";
    let made = target.join(TARGET).join("component").join(&file);
    // Kept elsewhere: the build of the other component, of which this one may be
    // a part without its exports, puts its own in this place.
    let kept = out.join(&file);
    let component = fs::read(&made).with_context(|| made.display().to_string())?;
    fs::write(&kept, without_names(&component)?)?;
    Ok(kept)
}

/// All WIT files: their path from `wit/`, and their own.
fn wit_files(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()))
        };
        if path.is_dir() {
            files.extend(wit_files(&path, &format!("{name}/"))?);
        } else if name.ends_with(".wit") {
            files.push((name, path));
        }
    }
    files.sort();
    Ok(files)
}

fn embedded(component: &Path, webhooks: &Path, wit: &[(String, PathBuf)]) -> Result<String> {
    let mut text = format!(
        "/// The component, as built with this host.\n\
         pub static COMPONENT: &[u8] = include_bytes!({component:?});\n\n\
         /// The component that receives webhooks.\n\
         pub static WEBHOOKS: &[u8] = include_bytes!({webhooks:?});\n\n\
         /// The WIT: path from `wit/`, and text.\n\
         pub static WIT: &[(&str, &str)] = &[\n"
    );
    for (name, path) in wit {
        writeln!(text, "    ({name:?}, include_str!({path:?})),")?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// A macro that hands every function of the WIT to another one: the tests demand
/// a test for each by it.
fn functions(wit: &[(String, PathBuf)]) -> Result<String> {
    let mut text = "macro_rules! every_function {\n    ($do:ident) => {\n".to_owned();
    for (name, path) in wit.iter().filter(|(name, _)| !name.contains('/')) {
        let interface = name.trim_end_matches(".wit").replace('-', "_");
        for line in fs::read_to_string(path)?.lines() {
            if let Some((function, _)) = line.trim().split_once(": func(") {
                let function = function.trim_start_matches('%').replace('-', "_");
                writeln!(text, "        $do!({interface} {function});")?;
            }
        }
    }
    text.push_str("    };\n}\n");
    Ok(text)
}
