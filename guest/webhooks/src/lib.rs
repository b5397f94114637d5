//! Receives Lever's webhooks: a component that answers deliveries and forwards
//! the authentic ones as JSON.
//!
//! A delivery passes [`receive`] (is it one, signed, of now, not taken before),
//! is written as [`event`] says and handed to the forward URL; Lever is
//! answered 2xx only when that answered 2xx, so that what was not taken comes
//! again. The signature covers neither the event's name nor its data: an event
//! is a hint to read the record again, whoever forwarded it.
//!
//! Only `edge` touches the host; the rest is pure and compiles natively.

#[cfg(target_arch = "wasm32")]
mod edge;
pub mod event;
pub mod receive;
pub mod seen;
pub mod settings;
pub mod verdict;
