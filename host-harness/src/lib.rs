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
//!
//! To a host in Rust, each function is a type with its parameters as fields
//! ([`functions`]), and its records are types as well ([`types`]). They are made
//! from the WIT and need no JSON:
//!
//! ```no_run
//! # use lever_host::{policy::Agent, runtime::{CallError, Component, Host}};
//! use lever_host::functions::opportunities::ListPage;
//! use lever_host::types::opportunities::OpportunityQuery;
//!
//! # async fn run(host: Host, lever: &Component, agent: &Agent) -> Result<(), CallError> {
//! let query = OpportunityQuery { tag: vec!["Boats".into()], ..Default::default() };
//! let page = host.invoke(lever, agent, ListPage { query, cursor: None }).await?;
//! for candidate in &page.items {
//!     println!("{} {:?}", candidate.id, candidate.stage.as_ref().map(|stage| &stage.id));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Host::answer`](runtime::Host::answer) takes bytes beside its JSON, and its
//! result is written as text without a value in between.

#![forbid(unsafe_code)]

pub mod audit;
pub mod catalog;

pub mod credentials;
pub mod egress;
#[doc(hidden)]
pub mod files;
pub mod limiter;
pub mod policy;
pub mod runtime;
pub mod sign_in;
pub mod upstream;
pub mod value;
pub mod webhooks;

#[doc(inline)]
pub use lever_mock as mock;
pub use runtime::{functions, types};

/// What is built into this host: the component and its WIT.
pub mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
