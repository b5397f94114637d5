//! Taking time, memory and handles until somebody says stop.

use std::any::Any;
use std::arch::wasm32::{memory_grow, unreachable};
use std::hint::black_box;
use std::io::Write;

use wasi::clocks::monotonic_clock;
use wasi::http::types::{Fields, OutgoingRequest};
use wasi::io::poll::poll;

use crate::bindings::exports::hostile::probe::attack::{Breakdown, Endless, Thing};

const PAGE: u64 = 64 << 10;

/// Runs for ever, one way or another.
pub fn run(way: Endless) -> String {
    match way {
        Endless::Empty => loop {
            black_box(0);
        },
        Endless::HostCalls => loop {
            black_box(monotonic_clock::now());
        },
        Endless::BulkMemory => {
            let mut bytes = vec![0_u8; 32 << 20];
            loop {
                let value = black_box(bytes[0]).wrapping_add(1);
                bytes.fill(value);
            }
        }
        // Each poll is over at once, so the component never waits in the host.
        Endless::Polling => loop {
            let past = monotonic_clock::subscribe_duration(0);
            black_box(poll(&[&past, &past]));
        },
    }
}

/// Grows the memory, a mebibyte at a time.
pub fn grow(bytes: u64) -> String {
    let mut grown = 0;
    while grown < bytes {
        if memory_grow(0, 16) == usize::MAX {
            return format!("stopped after {grown} bytes");
        }
        grown += 16 * PAGE;
    }
    format!("grew by {grown} bytes")
}

/// Keeps many of a thing.
pub fn hoard(what: Thing, times: u32) -> String {
    let mut kept: Vec<Box<dyn Any>> = Vec::new();
    for _ in 0..times {
        kept.push(match what {
            Thing::Fields => Box::new(Fields::new()),
            Thing::FullFields => Box::new(full()),
            Thing::Pollables => Box::new(monotonic_clock::subscribe_duration(u64::MAX)),
            Thing::Requests => Box::new(OutgoingRequest::new(Fields::new())),
        });
    }
    format!("has {}", kept.len())
}

/// About as much in one set of headers as the host takes; more would be a trap.
fn full() -> Fields {
    let fields = Fields::new();
    let value = vec![b'x'; 7 << 10];
    for _ in 0..4 {
        let _ = fields.append("x-full", &value);
    }
    fields
}

/// Prints to both streams.
pub fn print(mebibytes: u32) -> String {
    let piece = vec![b'#'; 1 << 20];
    for _ in 0..mebibytes {
        let printed = std::io::stdout().write_all(&piece).and(std::io::stderr().write_all(&piece));
        if let Err(error) = printed {
            return error.to_string();
        }
    }
    "printed".to_owned()
}

/// Breaks down, one way or another.
pub fn break_down(way: Breakdown) -> String {
    match way {
        Breakdown::Panic => panic!("hostile \u{1b}[31mpanic"),
        Breakdown::Unreachable => unreachable(),
        Breakdown::EmptyPoll => format!("{:?}", poll(&[])),
        Breakdown::Recursion => deeper(0).to_string(),
        Breakdown::WildPointer => {
            // SAFETY: there is none; the address is beyond the memory.
            unsafe { std::ptr::read_volatile(0xffff_fff0 as *const u8) }.to_string()
        }
        Breakdown::MuchRandomness => {
            wasi::random::random::get_random_bytes(u64::MAX).len().to_string()
        }
    }
}

#[allow(unconditional_recursion, reason = "that is the point")]
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1)) + depth)
}
