//! What an agent may do: its grants, and the two decisions made from them.
//!
//! Everything here is pure apart from [`Policy::load`], and everything that is not granted is
//! refused. A decision is made on the function ([`Agent::may_call`]) and again on each request
//! ([`Agent::may_send`]); the second trusts nothing the component says about itself, so a component
//! that was tampered with gains nothing.

mod body;
mod confidential;
mod decide;
mod downloads;
mod file;
mod form;
mod grants;
mod limits;
mod path;
mod query;
mod refusal;
mod scopes;
mod warnings;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::files::private_file::{self, Fault};
use crate::files::regular_file;

pub use body::{Content, Guard, Kind, LARGEST as LARGEST_GUARDED};
pub use confidential::Sieve;
pub use downloads::{REDIRECTED, is_download};
pub use form::Form;
pub use grants::{Grants, Level};
pub use limits::Limits;
pub use refusal::{Refusal, Rule};
pub use scopes::{MANY_SCOPES, MOST_SCOPES, oauth_scopes};
pub use warnings::warnings;
pub use wire::{Admitted, CallScope, Outgoing, allows_header};

/// The largest policy file; a thousand agents have some 300 KiB.
const LARGEST: u64 = 4 << 20;

/// The agents of one policy file.
///
/// ```
/// use lever_host::policy::Policy;
///
/// let policy = Policy::parse(
///     r#"
///     [agents.sourcer.grants]
///     opportunities = "read"
///     "notes.create" = "allow"
///     "#,
/// )?;
/// assert!(policy.agent("sourcer").is_ok());
/// assert!(policy.agent("coordinator").is_err());
/// # Ok::<(), lever_host::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    agents: BTreeMap<String, Agent>,
}

/// One agent with all it was granted.
///
/// ```
/// use lever_host::catalog::Catalog;
/// use lever_host::policy::Agent;
///
/// let agent = Agent::from_grants("sourcer", &["opportunities=read".to_owned()])?;
/// let catalog = Catalog::embedded();
/// assert!(agent.may_call("opportunities", "list-all", catalog).is_ok());
/// let refusal = agent.may_call("notes", "create", catalog).unwrap_err();
/// assert_eq!(refusal.grant.as_deref(), Some("notes=full"));
/// # Ok::<(), lever_host::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// The name in the policy and in the audit.
    pub name: String,
    /// The user id that every write is attributed to; the agent chooses when absent.
    pub perform_as: Option<String>,
    /// Whether it may ask for confidential records.
    pub confidential: bool,
    /// Whether it may hand in EEO answers and diversity surveys with applications.
    pub eeo: bool,
    /// Hosts that a download may be redirected to: names, or `*.` and what they end in.
    pub download_hosts: Vec<String>,
    /// The components whose functions its grants are for, as SHA-256 in hexadecimal; any when there
    /// is none.
    pub components: Vec<String>,
    /// What it was granted.
    pub grants: Grants,
    /// Its budget in time, memory and requests.
    pub limits: Limits,
}

/// Why a policy, or a grant on the command line, is not valid.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("the policy {} cannot be read: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said; part of the message, so it is no `source` to print again.
        cause: std::io::Error,
    },
    /// Others may change the file or replace it.
    #[error("the policy {} is not used: {reason}", path.display())]
    Changeable {
        /// The file.
        path: PathBuf,
        /// Who may, and how to mend it.
        reason: String,
    },
    /// The text breaks a rule.
    #[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Invalid {
        /// The line, from 1; absent on the command line.
        line: Option<usize>,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// An error in a file, with its path.
    #[error("{}: {error}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// The error.
        error: Box<PolicyError>,
    },
    /// The policy has no agent of this name.
    #[error("the policy has no agent `{name}`; it has {known}")]
    UnknownAgent {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}

impl PolicyError {
    fn invalid(message: impl Into<String>) -> PolicyError {
        PolicyError::Invalid { line: None, message: message.into() }
    }
}

impl Policy {
    /// Reads a policy from its TOML text, against the catalog of the embedded component.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or holds an unknown key, resource, function or value.
    pub fn parse(toml: &str) -> Result<Policy, PolicyError> {
        file::parse(toml).map(|agents| Policy { agents })
    }

    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// As [`Policy::parse`], with the path; and when the file cannot be read, or others could have
    /// written it.
    pub fn load(path: impl AsRef<Path>) -> Result<Policy, PolicyError> {
        let path = path.as_ref();
        let text = read_unchangeable(path)?;
        Policy::parse(&text)
            .map_err(|error| PolicyError::InFile { path: path.to_owned(), error: Box::new(error) })
    }

    /// The agent of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the error names those there are.
    pub fn agent(&self, name: &str) -> Result<&Agent, PolicyError> {
        self.agents.get(name).ok_or_else(|| PolicyError::UnknownAgent {
            name: name.to_owned(),
            known: match self.agents.len() {
                0 => "none".to_owned(),
                _ => self
                    .agents
                    .keys()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
            },
        })
    }

    /// All agents, by name.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }
}

/// The text of a policy, which nobody may change whose agents it bounds.
fn read_unchangeable(path: &Path) -> Result<String, PolicyError> {
    let unread = |cause| PolicyError::Read { path: path.to_owned(), cause };
    let file = regular_file::open(path).map_err(unread)?;
    let metadata = file.metadata().map_err(unread)?;
    private_file::check_unchangeable(path, &metadata).map_err(|fault| match fault {
        Fault::Read(cause) => unread(cause),
        Fault::Exposed(_) => unread(std::io::ErrorKind::PermissionDenied.into()),
        Fault::Changeable(reason) => PolicyError::Changeable { path: path.to_owned(), reason },
    })?;
    regular_file::text(file, LARGEST).map_err(unread)
}

impl Agent {
    /// An agent that may do nothing.
    pub fn denied(name: &str) -> Agent {
        Agent {
            name: name.to_owned(),
            perform_as: None,
            confidential: false,
            eeo: false,
            download_hosts: Vec::new(),
            components: Vec::new(),
            grants: Grants::default(),
            limits: Limits::default(),
        }
    }

    /// An agent from grants on the command line: `opportunities=read`,
    /// `opportunities.update-stage=allow`, `foreign:probe=full` or `foreign:probe.run=allow`.
    ///
    /// # Errors
    ///
    /// When the name is not usable, or a grant is malformed, unknown, or given twice with different
    /// values.
    pub fn from_grants(name: &str, grants: &[String]) -> Result<Agent, PolicyError> {
        check_name(name)?;
        let mut agent = Agent::denied(name);
        for grant in grants {
            agent.grants.add_argument(grant)?;
        }
        Ok(agent)
    }

    /// The same, whose downloads may be redirected to this host as well.
    ///
    /// # Errors
    ///
    /// When it is neither a host's name nor `*.` and what hosts end in.
    pub fn with_download_host(mut self, host: &str) -> Result<Agent, PolicyError> {
        self.download_hosts.push(downloads::checked(host).map_err(PolicyError::invalid)?);
        Ok(self)
    }

    /// The same, whose calls may take this long, such as `10m`.
    ///
    /// # Errors
    ///
    /// When it is not a duration, or out of bounds.
    pub fn with_call_timeout(mut self, text: &str) -> Result<Agent, PolicyError> {
        self.limits.set_call_timeout(text).map_err(PolicyError::invalid)?;
        Ok(self)
    }

    /// The same, whose calls may use this much memory, such as `1GiB`.
    ///
    /// # Errors
    ///
    /// When it is not a size, or out of bounds.
    pub fn with_memory(mut self, text: &str) -> Result<Agent, PolicyError> {
        self.limits.set_memory(text).map_err(PolicyError::invalid)?;
        Ok(self)
    }
}

/// Agent names go into records and messages, so they are kept to characters that need no escaping.
fn check_name(name: &str) -> Result<(), PolicyError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return Err(PolicyError::invalid(format!(
            "agent name {name:?}: use 1 to 64 letters, digits, `-`, `_` and `.`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
