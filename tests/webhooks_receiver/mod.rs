//! Receiving webhooks: the component by itself, the host around it, and the
//! whole way from a write at Lever to a line in a file.
//!
//! Deliveries are signed here by the reference, by other code than the guest's
//! and the mock's.

mod alone;
mod component;
#[cfg(unix)]
mod kill;
mod lever;
mod limits;
mod mock;
mod serve;
mod way;
