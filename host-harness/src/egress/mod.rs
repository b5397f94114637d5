//! Egress: what a component's requests pass on their way to the upstream.
//!
//! In this order: normalise and decide (the policy's part), strip what the
//! guest put in, inject the credential, wait for the pace, connect to a checked
//! address, send once, cap sizes and times, record. Nothing here repeats a
//! request that may have been sent, and nothing follows a redirect: the answer
//! goes to the component as it came.

mod body;
mod confidential;
mod connections;
mod connector;
mod exchange;
mod guarded;
mod headers;
mod hooks;
mod network;
mod proxy;
mod race;
mod read_ahead;
mod stream;
mod traffic;
mod wire;

pub(crate) use connector::Connector;
pub use connector::{ConnectError, Remedy, TlsError};
pub(crate) use exchange::{Client, Timeouts};
pub use headers::FIELDS_CAP;
pub use hooks::Hooks;
pub use network::Network;
pub use proxy::{Proxy, ProxyError};
pub use traffic::{Changes, Effect, Summary, Traffic};
pub use wire::Wire;

#[cfg(test)]
mod tests;
