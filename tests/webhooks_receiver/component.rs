//! The component itself: what it imports and exports, and how large it is.

use std::collections::BTreeSet;

use lever_host::embedded::{WEBHOOKS, WIT};
use wasmtime::Engine;
use wasmtime::component::Component;

#[test]
fn it_imports_these_interfaces_and_no_other() {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, WEBHOOKS).expect("it is a component");
    let ty = component.component_type();
    let imports: BTreeSet<&str> = ty.imports(&engine).map(|(name, _)| name).collect();
    let expected = [
        "wasi:cli/environment",
        "wasi:cli/exit",
        "wasi:cli/stderr",
        "wasi:cli/stdin",
        "wasi:cli/stdout",
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stderr",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:clocks/monotonic-clock",
        "wasi:clocks/wall-clock",
        "wasi:http/outgoing-handler",
        "wasi:http/types",
        "wasi:io/error",
        "wasi:io/poll",
        "wasi:io/streams",
    ];
    let names: Vec<&str> =
        imports.iter().filter_map(|name| Some(name.split_once('@')?.0)).collect();
    assert_eq!(names, expected);
    // So it runs wherever lever.wasm does.
    let (_, world) = WIT.iter().find(|(path, _)| *path == "world.wit").expect("there is a world");
    for import in imports {
        assert!(world.contains(&format!("import {import};")), "lever.wasm may not import {import}");
    }
}

#[test]
fn it_exports_the_handler_and_nothing_of_lever_wasm() {
    let engine = Engine::default();
    let component = Component::from_binary(&engine, WEBHOOKS).expect("it is a component");
    let ty = component.component_type();
    let exports: Vec<&str> = ty.exports(&engine).map(|(name, _)| name).collect();
    assert_eq!(exports.len(), 1, "{exports:?}");
    assert!(exports[0].starts_with("wasi:http/incoming-handler@0.2."), "{exports:?}");
}

#[test]
fn it_has_at_most_300_kilobytes() {
    assert!(WEBHOOKS.len() <= 300_000, "{} bytes", WEBHOOKS.len());
}

#[test]
fn it_carries_no_path_of_the_machine_it_was_built_on() {
    let text = String::from_utf8_lossy(WEBHOOKS);
    for part in [env!("CARGO_MANIFEST_DIR"), "/root/", "/home/"] {
        assert!(!text.contains(part), "{part}");
    }
}
