//! The figures of the README: what a call, a page, an instance and an agent
//! cost, each against its target.
//!
//! `cargo bench` measures all of them, `cargo bench -- pages share` some. Each
//! is measured in a process of its own, so that none inherits memory or warm
//! caches from another; it writes its data to `target/figures` and its curve to
//! `benches/plots`. Two things that are compared are measured in turns.

mod bytes;
mod calls;
mod decode;
mod figure;
mod memory;
mod pace;
mod pages;
mod records;
mod requests;
mod rig;
mod share;

use std::process::{Command, ExitCode};

use figure::Figure;

type Measure = fn() -> Figure;

const FIGURES: &[(&str, Measure)] = &[
    ("pages", pages::measure),
    ("decode", decode::measure),
    ("bytes", bytes::measure),
    ("list-all", pace::measure),
    ("notes", pace::notes),
    ("call", calls::trivial),
    ("webhook", calls::webhook),
    ("start", calls::start),
    ("instances", memory::instances),
    ("memory", memory::listing),
    ("share", share::measure),
    ("wait", share::wait),
    ("request", requests::measure),
];

/// Says that this process is to measure one figure.
const ALONE: &str = "LEVER_FIGURE";

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(ALONE) {
        let (name, measure) =
            FIGURES.iter().find(|(known, _)| *known == name).expect("the parent names a figure");
        measure().write(name);
        return ExitCode::SUCCESS;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benches too, without this.
    if !given.iter().any(|given| given == "--bench") {
        println!("nothing is measured without --bench, which `cargo bench` gives");
        return ExitCode::SUCCESS;
    }
    let named: Vec<&String> = given.iter().filter(|given| !given.starts_with('-')).collect();
    println!("| Figure | Value | Target | |\n|---|---|---|---|");
    let mut failed = false;
    for (name, _) in FIGURES {
        if !named.is_empty() && !named.iter().any(|named| named == name) {
            continue;
        }
        let this = std::env::current_exe().expect("this program has a path");
        let ended = Command::new(this).env(ALONE, name).status().expect("it starts again");
        if !ended.success() {
            println!("| {name} | could not be measured: {ended} | | |");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
