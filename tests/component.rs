//! The component itself: what it imports and how large it is.

use std::collections::BTreeSet;

use lever_host::embedded::{COMPONENT, WIT};
use wasmtime::Engine;
use wasmtime::component::Component;

fn imports() -> BTreeSet<String> {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, COMPONENT).expect("it is a component");
    component.component_type().imports(&engine).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn it_imports_nothing_but_http_io_clocks_random_and_cli() {
    let allowed = ["wasi:http/", "wasi:io/", "wasi:clocks/", "wasi:random/", "wasi:cli/"];
    for import in imports() {
        assert!(allowed.iter().any(|start| import.starts_with(start)), "{import}");
    }
}

#[test]
fn it_imports_exactly_what_its_world_says() {
    let (_, world) = WIT.iter().find(|(path, _)| *path == "world.wit").expect("there is a world");
    let said = world.lines().filter_map(|line| line.trim().strip_prefix("import "));
    let said: BTreeSet<String> = said.map(|name| name.trim_end_matches(';').to_owned()).collect();
    assert_eq!(imports(), said);
}

#[test]
fn it_has_at_most_890_kilobytes() {
    assert!(COMPONENT.len() <= 890_000, "{} bytes", COMPONENT.len());
}

#[test]
fn it_carries_no_path_of_the_machine_it_was_built_on() {
    let text = String::from_utf8_lossy(COMPONENT);
    for part in [env!("CARGO_MANIFEST_DIR"), "/root/", "/home/"] {
        assert!(!text.contains(part), "{part}");
    }
}

#[test]
fn the_build_gives_no_warning_that_cargo_would_repeat_at_every_build() {
    let script = include_str!("../host-harness/build.rs");
    assert!(!script.contains("cargo::warning") && !script.contains("cargo:warning"));
}
