//! What all calls of a host share on their way to the upstream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::confidential::Known;
use super::connections::Connections;
use super::connector::TlsError;
use super::network::Network;
use crate::credentials::Source;
use crate::limiter::{Account, Limiter};
use crate::upstream::Upstream;

/// What all calls of a host share.
pub struct Wire {
    pub(super) connections: Connections,
    pub(super) upstream: Upstream,
    pub(super) credential: Option<Source>,
    pub(super) account: Arc<Account>,
    /// Records that agents may not see who may not see confidential ones.
    pub(super) confidential: Known,
    sent: AtomicU64,
}

impl Wire {
    /// A wire to this upstream over this network.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up for it.
    pub fn new(
        upstream: Upstream,
        credential: Option<Source>,
        limiter: &Limiter,
        network: &Network,
    ) -> Result<Self, TlsError> {
        let connections = Connections::new(&upstream, network)?;
        let credential_digest = credential.as_ref().map_or([0; 32], Source::fingerprint);
        let account = limiter.account(upstream.budget_of(credential_digest));
        Ok(Self {
            connections,
            upstream,
            credential,
            account,
            confidential: Known::default(),
            sent: AtomicU64::new(0),
        })
    }

    /// Where it leads.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Requests sent so far, over all calls.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back that a request may be on its way.
    pub(super) fn not_sent(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits until its credential is not being renewed.
    pub async fn settle(&self) {
        if let Some(source) = &self.credential {
            source.settle().await;
        }
    }
}
