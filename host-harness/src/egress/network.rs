//! What the operator says of the network between this machine and the servers it calls.

use std::path::PathBuf;

use super::proxy::Proxy;
use crate::upstream::{AddressRange, Opened};

/// The network between this machine and a server; by default, the public one.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Whether connections to loopback may be made, for a mock.
    pub allow_loopback: bool,
    /// Ranges of other addresses that are not public and may be connected to.
    pub allow_addresses: Vec<AddressRange>,
    /// PEM files of authorities trusted besides Mozilla's.
    pub extra_ca: Vec<PathBuf>,
    /// The proxy that https goes through.
    pub proxy: Option<Proxy>,
}

impl Network {
    /// The same without the ranges, which are for the operator's own servers alone.
    pub(super) fn without_ranges(&self) -> Self {
        Self { allow_addresses: Vec::new(), ..self.clone() }
    }

    pub(super) fn opened(&self) -> Opened {
        Opened { loopback: self.allow_loopback, ranges: self.allow_addresses.clone() }
    }
}
