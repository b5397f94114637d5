//! How much of the receiver each peer takes: its connections, and its bodies that have begun and
//! not ended.
//!
//! Counts and bounds; closes nothing itself. A reverse proxy is one peer, and hands bodies over as
//! a whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is counted of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Connections that are open.
    Connection,
    /// Bodies that are being read.
    Body,
}

/// The peers that have something open.
#[derive(Debug)]
pub struct Peers {
    connections: usize,
    bodies: usize,
    open: Mutex<HashMap<IpAddr, [usize; 2]>>,
}

/// One of what a peer has open, until dropped.
#[derive(Debug)]
pub struct Share {
    peers: Arc<Peers>,
    peer: IpAddr,
    kind: Kind,
}

impl Peers {
    /// Nobody yet; each peer may have this many connections and half-open bodies, one at least.
    pub fn new(connections: usize, bodies: usize) -> Arc<Self> {
        Arc::new(Self {
            connections: connections.max(1),
            bodies: bodies.max(1),
            open: Mutex::default(),
        })
    }

    /// Counts one more of a peer's, if it may have one more.
    pub fn take(self: &Arc<Self>, peer: IpAddr, kind: Kind) -> Option<Share> {
        let peer = network(peer);
        let most = match kind {
            Kind::Connection => self.connections,
            Kind::Body => self.bodies,
        };
        let mut open = self.open();
        let counts = open.entry(peer).or_default();
        let count = counts.get_mut(kind as usize)?;
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Share { peers: Arc::clone(self), peer, kind })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, [usize; 2]>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.peers.open();
        if let Entry::Occupied(mut entry) = open.entry(self.peer) {
            let counts = entry.get_mut();
            if let Some(count) = counts.get_mut(self.kind as usize) {
                *count = count.saturating_sub(1);
            }
            if *counts == [0, 0] {
                entry.remove();
            }
        }
    }
}

/// Whom an address stands for: with IPv6, everybody has a whole /64.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_its_share_and_gets_it_back() {
        let peers = Peers::new(2, 1);
        let take = |peer: &str, kind| peers.take(peer.parse().unwrap(), kind);
        let first = take("192.0.2.1", Kind::Connection).unwrap();
        let _second = take("192.0.2.1", Kind::Connection).unwrap();
        assert!(take("192.0.2.1", Kind::Connection).is_none());
        assert!(take("::ffff:192.0.2.1", Kind::Connection).is_none());
        let body = take("192.0.2.1", Kind::Body).unwrap();
        assert!(take("192.0.2.1", Kind::Body).is_none());
        assert!(take("192.0.2.2", Kind::Body).is_some());
        drop((first, body));
        assert!(take("192.0.2.1", Kind::Connection).is_some());
        assert!(take("192.0.2.1", Kind::Body).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer_and_nobody_is_remembered() {
        let peers = Peers::new(1, 1);
        let take = |peer: &str| peers.take(peer.parse().unwrap(), Kind::Connection);
        let one = take("2001:db8::1").unwrap();
        assert!(take("2001:db8::ffff:1").is_none());
        let other = take("2001:db8:0:1::1").unwrap();
        drop((one, other));
        assert!(peers.open().is_empty());
    }
}
