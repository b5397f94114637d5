//! Runs `lever.wasm`, or any other component, with exactly the access that an
//! agent was granted, and records what it did.
//!
//! The way of a call: [`catalog`] (what there is, read from the WIT) ->
//! [`policy`] (may it) -> [`audit`] (write it down) -> [`runtime`] (run it) ->
//! [`egress`] (each request: decide again, add the credential, keep the pace,
//! send, write it down). [`mock`] is a Lever to try it against; it shares no
//! route and no decoding with the component.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use lever_host::{audit::Audit, embedded, policy::Agent};
//! use lever_host::runtime::{Host, HostConfig};
//!
//! let host = Host::new(HostConfig::default(), Audit::none())?;
//! let lever = host.load(embedded::COMPONENT)?;
//! let agent = Agent::from_grants("sourcer", &["stages=read".into()])?;
//! let stages = host.call(&lever, &agent, "stages", "list-all", &[]).await?;
//! println!("{stages}");
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod catalog;
pub mod credentials;
pub mod egress;
pub mod limiter;
pub mod mock;
pub mod oauth;
pub mod policy;
pub mod runtime;
pub mod schema;
pub mod upstream;
pub mod value;
pub mod webhooks;

/// What is built into this host: the component and its WIT.
pub mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
