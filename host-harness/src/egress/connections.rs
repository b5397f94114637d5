//! Each agent's connections, apart from those of the others.
//!
//! An agent that leaves answers unread fills the windows of the connections they
//! come over and keeps the connections themselves. So agents share neither: each
//! has clients of its own, and within the limit a share that nobody can take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connector::{Connector, TlsError, connection_limit};
use super::exchange::Client;
use super::network::Network;
use crate::limiter::concurrency::ConcurrencyLimit;
use crate::upstream::Upstream;

/// Agents without a call whose connections are kept for their next one.
const IDLE_AGENTS: usize = 16;

/// Servers of downloads whose connections are kept for an agent. Storage hosts
/// are few; beyond this, connections are made anew.
const SERVERS: usize = 16;

/// The connections of all agents.
pub struct Connections {
    api: Connector,
    api_limit: ConcurrencyLimit,
    storage: Storage,
    agents: Mutex<Agents>,
}

#[derive(Default)]
struct Agents {
    calls: u64,
    clients: HashMap<String, Kept>,
}

struct Kept {
    clients: Arc<Clients>,
    /// The number of the last call.
    used: u64,
}

/// How the servers are reached that downloads lead to.
#[derive(Clone)]
struct Storage {
    limit: ConcurrencyLimit,
    network: Network,
}

/// One agent's connections.
pub struct Clients {
    api: Client,
    agent: String,
    storage: Storage,
    servers: Mutex<HashMap<(String, bool), Client>>,
}

impl Connections {
    /// No connections yet.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up for this upstream.
    pub fn new(upstream: &Upstream, network: &Network) -> Result<Self, TlsError> {
        Ok(Self {
            api: Connector::new(upstream, network)?,
            api_limit: connection_limit(),
            storage: Storage { limit: connection_limit(), network: network.clone() },
            agents: Mutex::default(),
        })
    }

    /// The agent's own, for one call.
    pub fn of(&self, agent: &str) -> Arc<Clients> {
        let mut agents = lock(&self.agents);
        agents.calls += 1;
        let used = agents.calls;
        if let Some(kept) = agents.clients.get_mut(agent) {
            kept.used = used;
            return Arc::clone(&kept.clients);
        }
        agents.let_go_of_idle();
        let clients = Arc::new(Clients {
            api: Client::new(self.api.counted(&self.api_limit, agent)),
            agent: agent.to_owned(),
            storage: self.storage.clone(),
            servers: Mutex::default(),
        });
        let kept = Kept { clients: Arc::clone(&clients), used };
        agents.clients.insert(agent.to_owned(), kept);
        clients
    }
}

impl Agents {
    /// Closes the connections of the agents that have been idle longest, until
    /// few enough are.
    fn let_go_of_idle(&mut self) {
        let is_idle = |kept: &&Kept| Arc::strong_count(&kept.clients) == 1;
        let mut idle: Vec<u64> =
            self.clients.values().filter(is_idle).map(|kept| kept.used).collect();
        idle.sort_unstable();
        let Some(too_many) = idle.len().checked_sub(IDLE_AGENTS) else { return };
        let gone = &idle[..too_many];
        self.clients.retain(|_, kept| gone.binary_search(&kept.used).is_err());
    }
}

impl Clients {
    /// To the API.
    pub fn api(&self) -> &Client {
        &self.api
    }

    /// To a server that a download leads to. The ranges that the operator opened
    /// are for a host that the policy names in full; what only ends as a name in
    /// the policy could be anybody's, and point anywhere.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up for it.
    pub fn storage(&self, server: &Upstream, is_named: bool) -> Result<Client, TlsError> {
        let mut servers = lock(&self.servers);
        let name = (server.to_string(), is_named);
        if let Some(client) = servers.get(&name) {
            return Ok(client.clone());
        }
        let Storage { limit, network } = &self.storage;
        let connector = match is_named {
            true => Connector::new(server, network)?,
            false => Connector::new(server, &network.without_ranges())?,
        };
        let client = Client::new(connector.counted(limit, &self.agent));
        if servers.len() >= SERVERS {
            servers.clear();
        }
        servers.insert(name, client.clone());
        Ok(client)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_its_own_connections_and_those_of_idle_ones_are_let_go_of() {
        let connections = Connections::new(&Upstream::default(), &Network::default()).unwrap();
        let busy = connections.of("busy");
        let other = connections.of("other");
        assert!(Arc::ptr_eq(&busy, &connections.of("busy")));
        assert!(!Arc::ptr_eq(&busy, &other));
        for n in 0..100 {
            connections.of(&format!("idle-{n}"));
        }
        let agents = lock(&connections.agents);
        assert_eq!(agents.clients.len(), 2 + IDLE_AGENTS + 1);
        assert!(agents.clients.contains_key("idle-99") && !agents.clients.contains_key("idle-0"));
        drop(agents);
        assert!(Arc::ptr_eq(&busy, &connections.of("busy")), "its call goes on");
    }
}
