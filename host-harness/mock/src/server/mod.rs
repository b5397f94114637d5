//! The servers: sockets, credentials, limits, faults, and the record of what was received.

pub(crate) mod admin;
pub(crate) mod apply_fault;
pub(crate) mod auth;
pub(crate) mod bucket;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod deliveries;
pub(crate) mod faults;
pub(crate) mod gzip;
pub(crate) mod inspect;
pub(crate) mod limits;
pub(crate) mod routes;
pub(crate) mod seen;
pub(crate) mod service;
pub(crate) mod storage;
