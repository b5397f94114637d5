//! Turns the WIT into Rust in one walk: the bindings, with Lever's JSON rules on
//! every record, one route for each function, and the function itself where it is
//! a stock call.
//!
//! Nothing here names a record or an endpoint, apart from the short tables of
//! exceptions in `build/records.rs`.

// The ban is for the component; a build script is made of its environment.
#![allow(clippy::disallowed_methods)]

#[path = "build/exports.rs"]
mod exports;
#[path = "build/names.rs"]
mod names;
#[path = "build/outline.rs"]
mod outline;
#[path = "build/records.rs"]
mod records;
#[path = "build/routes.rs"]
mod routes;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_bindgen_core::wit_parser::{Function, InterfaceId, PackageId, Resolve, TypeId};
use wit_bindgen_core::{Files, WorldGenerator as _};

use records::Records;

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let wit = root.join("../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    for path in ["build.rs", "build", "src/resources"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit)?;
    let world = resolve.select_world(&[package], Some("lever"))?;
    // The `wasi` crate binds the imports; ours are the exports.
    resolve.worlds[world].imports.clear();

    let mut records = Records::new(&resolve);
    let (mut routes, mut exports) = (String::new(), String::new());
    for (interface, types, functions) in interfaces(&resolve, package) {
        for id in &types {
            records.add(&resolve, &interface, *id)?;
        }
        routes += &routes::module(&resolve, &interface, &types, &functions)?;
        let special = special(&root.join("src/resources"), &names::snake(&interface))?;
        exports += &exports::interface(&resolve, &interface, &functions, &special)?;
    }

    let options =
        wit_bindgen_rust::Opts { generate_all: true, pub_export_macro: true, ..Default::default() };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, bindings) = files.iter().next().context("no bindings were generated")?;
    let bindings = outline::shared(std::str::from_utf8(bindings)?)?;
    std::fs::write(out.join("bindings.rs"), bindings)?;
    std::fs::write(out.join("records.rs"), records.into_text())?;
    std::fs::write(out.join("routes.rs"), routes)?;
    std::fs::write(out.join("exports.rs"), exports)?;
    Ok(())
}

type Interface<'a> = (String, Vec<TypeId>, Vec<&'a Function>);

fn interfaces(resolve: &Resolve, package: PackageId) -> Vec<Interface<'_>> {
    let named = |(name, id): (&String, &InterfaceId)| {
        let interface = &resolve.interfaces[*id];
        (
            name.clone(),
            interface.types.values().copied().collect(),
            interface.functions.values().collect(),
        )
    };
    resolve.packages[package].interfaces.iter().map(named).collect()
}

/// The text of a resource's module; empty where nothing of the resource is special.
fn special(resources: &Path, name: &str) -> Result<String> {
    for path in [format!("{name}.rs"), format!("{name}/mod.rs")] {
        match std::fs::read_to_string(resources.join(&path)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            text => return text.with_context(|| format!("cannot read src/resources/{path}")),
        }
    }
    Ok(String::new())
}
