//! A component that is not ours and tries to get out of `lever-host`.
//!
//! It holds nothing back and checks nothing: whatever it is told to try, it
//! tries, and says what it got. The tests beside it hold it in.

#![cfg(target_arch = "wasm32")]

mod bindings {
    #![allow(missing_docs, reason = "generated")]
    wit_bindgen::generate!({ path: "wit", world: "probe" });
}
mod heap;
mod impostor;
mod resources;
mod secrets;
mod wire;

use bindings::exports::hostile::probe::attack::{
    Breakdown, Confession, Endless, Guest, Message, Thing,
};

struct Probe;

bindings::export!(Probe with_types_in bindings);

impl Guest for Probe {
    fn request(message: Message) -> String {
        wire::request(&message).unwrap_or_else(|error| error)
    }

    fn demand(message: Message) -> Result<String, String> {
        wire::request(&message)
    }

    fn chase(message: Message) -> String {
        wire::chase(message)
    }

    fn follow(messages: Vec<Message>) -> String {
        impostor::follow(messages)
    }

    fn flood(message: Message, times: u32) -> String {
        wire::flood(&message, times)
    }

    fn repeat(message: Message, times: u32) -> String {
        wire::repeat(&message, times)
    }

    fn leave(message: Message, times: u32, milliseconds: u64) -> String {
        wire::leave(&message, times, milliseconds)
    }

    fn heap(message: Message, times: u32, bytes: u64, milliseconds: u64) -> String {
        heap::heap(&message, times, bytes, milliseconds)
    }

    fn drain(message: Message) -> String {
        wire::drain(&message).unwrap_or_else(|error| error)
    }

    fn confess(confession: Confession) -> Result<String, Confession> {
        Err(confession)
    }

    fn lie(messages: Vec<Message>, confession: Confession) -> Result<String, Confession> {
        impostor::follow(messages);
        Err(confession)
    }

    fn shrug(messages: Vec<Message>) -> Result<String, String> {
        impostor::follow(messages);
        Err("nothing happened".to_owned())
    }

    fn environment() -> String {
        secrets::environment()
    }

    fn search(parts: Vec<String>, message: Option<Message>) -> String {
        let answer = message.map(Self::request);
        secrets::search(&parts, answer)
    }

    fn run(way: Endless) -> String {
        resources::run(way)
    }

    fn sleep(nanoseconds: u64) -> String {
        wasi::clocks::monotonic_clock::subscribe_duration(nanoseconds).block();
        "awake".to_owned()
    }

    fn grow(bytes: u64) -> String {
        resources::grow(bytes)
    }

    fn hoard(what: Thing, times: u32) -> String {
        resources::hoard(what, times)
    }

    fn print(mebibytes: u32) -> String {
        resources::print(mebibytes)
    }

    fn quit(status: u8) -> String {
        std::process::exit(status.into())
    }

    fn break_down(way: Breakdown) -> String {
        resources::break_down(way)
    }
}
