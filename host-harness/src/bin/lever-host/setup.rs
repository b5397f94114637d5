//! The options all commands share, and what is made of them.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use lever_host::audit::{Audit, escape, escape_json};
use lever_host::credentials::login::{Connect, Login, TokenFile};
use lever_host::credentials::{self, Credential, Readers, Source};
use lever_host::egress::{Network, Proxy};
use lever_host::files::regular_file;
use lever_host::limiter::Limiter;
use lever_host::policy::{Agent, Policy};
use lever_host::runtime::{CallError, CompileHelper, Host, HostConfig, HostError, SETTINGS};
use lever_host::sign_in::{Through, through_component};
use lever_host::upstream::{AddressRange, Upstream};

use crate::call::{Hint, Partial, Unprinted};

/// Options that may stand before or after the command.
#[derive(Args)]
pub struct Options {
    /// Run this component instead of the embedded one
    #[arg(long, value_name = "FILE", global = true)]
    component: Option<PathBuf>,
    /// Use this policy file; requires --agent
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,
    /// Run as this agent of the policy
    #[arg(long, value_name = "NAME", global = true)]
    agent: Option<String>,
    /// Grant access without a policy file, such as opportunities=read or
    /// opportunities.update-stage=allow; may be repeated
    #[arg(long = "grant", value_name = "RESOURCE=read|full", global = true)]
    grants: Vec<String>,
    /// Follow downloads to this host, such as files.example.com or
    /// *.storage.example.com; may be repeated
    #[arg(long = "download-host", value_name = "HOST", global = true)]
    download_hosts: Vec<String>,
    /// Let a call take this long, such as 10m, up to 1h; without a policy, whose
    /// `call-timeout` it is
    #[arg(long, value_name = "DURATION", global = true)]
    call_timeout: Option<String>,
    /// Let a call use this much memory, such as 1GiB, up to 4GiB; without a policy,
    /// whose `memory` it is
    #[arg(long, value_name = "SIZE", global = true)]
    memory: Option<String>,
    /// The API
    #[arg(long, value_name = "URL", default_value = Upstream::DEFAULT, global = true)]
    base_url: String,
    /// Allow connections to this machine, for a mock
    #[arg(long, global = true)]
    allow_loopback: bool,
    /// Allow connections of the API or of --forward to these addresses, which
    /// are not public, such as 10.20.0.0/16; plain http is allowed to them; may
    /// be repeated
    #[arg(long = "allow-address", value_name = "RANGE", global = true)]
    allow_addresses: Vec<AddressRange>,
    /// Trust the authorities in this PEM file besides the public ones; may be
    /// repeated
    #[arg(long = "ca-file", value_name = "FILE", global = true)]
    ca_files: Vec<PathBuf>,
    /// Append a record of every call and request to this file
    #[arg(long, value_name = "FILE", global = true)]
    audit: Option<PathBuf>,
    /// Take the credential from this file rather than from LEVER_API_KEY or
    /// LEVER_ACCESS_TOKEN
    #[arg(long, value_name = "FILE", global = true)]
    credential_file: Option<PathBuf>,
    /// Take the login from this file, where `auth login` keeps it; without the
    /// option, the usual one counts where no credential is given
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// Read secrets from files that everybody on the machine can read, as
    /// mounted into some containers
    #[arg(long, global = true)]
    allow_readable_secrets: bool,
}

impl Options {
    /// Whether the agent's limits are those of a policy.
    pub fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// The agent of the policy or of the grants.
    pub fn agent(&self) -> anyhow::Result<Agent> {
        match (&self.policy, &self.agent) {
            (Some(_), _) if !self.grants.is_empty() => {
                bail!("--policy and --grant exclude each other: add the grant to the policy")
            }
            (Some(_), _) if !self.download_hosts.is_empty() => bail!(
                "--policy and --download-host exclude each other: add the host to `download-hosts` in the policy"
            ),
            (Some(_), _) if self.call_timeout.is_some() || self.memory.is_some() => bail!(
                "--policy and --call-timeout or --memory exclude each other: set `call-timeout` and `memory` under \
                 the agent's limits in the policy"
            ),
            (Some(file), Some(name)) => Ok(Policy::load(file)?.agent(name)?.clone()),
            (Some(file), None) => {
                let policy = Policy::load(file)?;
                let names: Vec<&str> = policy.agents().map(|agent| agent.name.as_str()).collect();
                bail!("--policy needs --agent NAME; the policy has {}", names.join(", "))
            }
            (None, name) => {
                let name = name.as_deref().unwrap_or("command-line");
                let mut agent = Agent::from_grants(name, &self.grants)?;
                for host in &self.download_hosts {
                    agent = agent.with_download_host(host)?;
                }
                if let Some(duration) = &self.call_timeout {
                    agent = agent.with_call_timeout(duration)?;
                }
                if let Some(size) = &self.memory {
                    agent = agent.with_memory(size)?;
                }
                Ok(agent)
            }
        }
    }

    #[cfg(test)]
    pub fn grants(&self) -> &[String] {
        &self.grants
    }

    /// The component to run.
    pub fn component(&self) -> anyhow::Result<Cow<'static, [u8]>> {
        match &self.component {
            Some(file) => read_component(file)
                .map(Cow::Owned)
                .with_context(|| format!("cannot read the component {}", file.display())),
            None => Ok(Cow::Borrowed(lever_host::embedded::COMPONENT)),
        }
    }

    /// Whether connections to this machine may be made.
    pub fn allows_loopback(&self) -> bool {
        self.allow_loopback
    }

    /// Where the audit goes, if anywhere.
    pub fn audit_file(&self) -> Option<&Path> {
        self.audit.as_deref()
    }

    /// The audit.
    pub fn audit(&self) -> anyhow::Result<Audit> {
        match &self.audit {
            Some(file) => Audit::to_file(file)
                .with_context(|| format!("cannot write the audit {}", file.display())),
            None => Ok(Audit::none()),
        }
    }

    /// The API of the options.
    pub fn upstream(&self) -> anyhow::Result<Upstream> {
        Ok(Upstream::parse_within(&self.base_url, &self.allow_addresses)?)
    }

    /// The ranges of addresses that are open beside the public ones.
    pub fn allowed_addresses(&self) -> &[AddressRange] {
        &self.allow_addresses
    }

    /// The network of the options and of the proxy's variables, the names in lower case first, as
    /// curl has them.
    pub fn network(&self) -> anyhow::Result<Network> {
        let either = |lower: &'static str, upper: &'static str| -> anyhow::Result<_> {
            match variable(lower)? {
                Some(text) => Ok(Some((lower, text))),
                None => Ok(variable(upper)?.map(|text| (upper, text))),
            }
        };
        let without = either("no_proxy", "NO_PROXY")?.map(|(_, text)| text).unwrap_or_default();
        let proxy = either("https_proxy", "HTTPS_PROXY")?
            .map(|(name, text)| Proxy::parse(&text, &without).with_context(|| name))
            .transpose()?;
        Ok(Network {
            allow_loopback: self.allow_loopback,
            allow_addresses: self.allow_addresses.clone(),
            extra_ca: self.ca_files.clone(),
            proxy,
        })
    }

    /// The credential of the file or the environment, or the login, which one of them puts aside
    /// unless it is asked for.
    pub fn credential(&self) -> anyhow::Result<Option<Source>> {
        let credential = match (&self.token_file, &self.credential_file) {
            (Some(_), Some(_)) => {
                bail!("--token-file and --credential-file exclude each other: give one")
            }
            (Some(_), None) => None,
            (None, Some(file)) => Some(Credential::from_file_for(file, self.readers())?),
            (None, None) => Credential::from_environment(|name| std::env::var_os(name))?,
        };
        let file = match (credential, self.token_file()) {
            (Some(credential), _) => return Ok(Some(credential.into())),
            (None, Some(file)) if self.token_file.is_some() || file.stamp().is_some() => file,
            (None, _) => return Ok(None),
        };
        Ok(Some(Login::open(file, &self.upstream()?, self.connect()?)?.into()))
    }

    /// Who may be able to read files of secrets.
    pub fn readers(&self) -> Readers {
        if self.allow_readable_secrets { Readers::Anybody } else { Readers::OwnGroups }
    }

    /// Where the login is kept: the file of the option, or the user's own.
    pub fn token_file(&self) -> Option<TokenFile> {
        match &self.token_file {
            Some(file) => Some(TokenFile::at(file)),
            None => TokenFile::usual(|name| std::env::var_os(name).map(PathBuf::from)),
        }
    }

    /// The way to an authorization server: by the embedded component, whatever component serves
    /// agents.
    pub fn connect(&self) -> anyhow::Result<Connect> {
        Ok(through_component(Through {
            network: self.network()?,
            cache_dir: cache_dir(|name| std::env::var_os(name).map(PathBuf::from)),
            audit: self.audit()?,
        }))
    }

    /// A host for the API of the options.
    pub fn host(&self, credential: Option<Source>) -> anyhow::Result<Host> {
        let network = self.network()?;
        let config = HostConfig {
            upstream: self.upstream()?,
            allow_loopback: network.allow_loopback,
            allow_addresses: network.allow_addresses,
            extra_ca: network.extra_ca,
            proxy: network.proxy,
            credential,
            settings: settings()?,
            limiter: limiter(),
            ..HostConfig::default()
        };
        host(config, self.audit()?)
    }
}

/// The bytes of a component's file.
fn read_component(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular_file::open(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A host with the user's cache of compiled code, or without where it cannot
/// be used.
pub fn host(mut config: HostConfig, audit: Audit) -> anyhow::Result<Host> {
    config.cache_dir = user_cache();
    config.compile_helper = std::env::current_exe().ok().map(CompileHelper::new);
    match Host::new(config.clone(), audit.clone()) {
        Err(error @ HostError::Cache { .. }) => {
            eprintln!("warning: {error}; going on without it");
            config.cache_dir = None;
            Ok(Host::new(config, audit)?)
        }
        host => Ok(host?),
    }
}

/// The user's directory of compiled code.
pub fn user_cache() -> Option<PathBuf> {
    cache_dir(|name| std::env::var_os(name).map(PathBuf::from))
}

/// The pace, shared with this user's other processes.
fn limiter() -> Limiter {
    let report = |error: &lever_host::limiter::ShareError| eprintln!("warning: {error}");
    match state_dir(|name| std::env::var_os(name).map(PathBuf::from)) {
        Some(directory) => Limiter::default().shared_in(directory.join("pace"), report),
        None => {
            eprintln!(
                "warning: the pace is not shared with other processes: neither XDG_STATE_HOME nor HOME is set; this \
                 process starts without a burst"
            );
            Limiter::default().without_burst()
        }
    }
}

/// The user's directory of what is kept between two runs and belongs to no other machine.
fn state_dir(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".local").join("state")))
        .or_else(|| variable("LOCALAPPDATA"))
        .map(|state| state.join("lever-host"))
}

/// The text of an environment variable; absent when it is not set or empty.
pub fn variable(name: &str) -> anyhow::Result<Option<String>> {
    let text = credentials::variable(name, |name| std::env::var_os(name))?;
    Ok(text.map(|text| text.as_str().to_owned()))
}

/// The component's settings that are set in this process's environment.
fn settings() -> anyhow::Result<Vec<(String, String)>> {
    let set = SETTINGS.into_iter().map(|name| {
        let value = std::env::var_os(name).map(std::ffi::OsString::into_string).transpose();
        let value = value.map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
        Ok(value.map(|value| (name.to_owned(), value)))
    });
    set.filter_map(anyhow::Result::transpose).collect()
}

fn cache_dir(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .or_else(|| variable("LOCALAPPDATA"))
        .map(|cache| cache.join("lever-host"))
}

/// Tells the user what went wrong, and the caller which kind it was.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let call = error.downcast_ref::<CallError>();
    if let Some(CallError::Component(answer)) = call {
        eprintln!("{}", escape_json(&format!("{answer:#}")));
        report_hint(error);
        return ExitCode::from(2);
    }
    let (word, code) = match call {
        Some(CallError::Refused(_)) => ("refused", 3),
        Some(CallError::Trap(_) | CallError::Limit(_) | CallError::Audit(..)) => ("error", 4),
        Some(CallError::Stopped(_)) => ("stopped", crate::signals::exit_code().unwrap_or(4)),
        _ if error.is::<Partial>() => ("partial", 5),
        _ if error.is::<Unprinted>() => ("error", 4),
        _ => match error.downcast_ref::<HostError>() {
            Some(HostError::Import { .. }) => ("refused", 3),
            Some(HostError::Costly(_)) => ("error", 4),
            _ => ("error", 1),
        },
    };
    let text = call.map_or_else(|| format!("{error:#}"), ToString::to_string);
    eprintln!("{word}: {}", escape(&text));
    report_hint(error);
    ExitCode::from(code)
}

fn report_hint(error: &anyhow::Error) {
    if let Some(hint) = error.downcast_ref::<Hint>() {
        eprintln!("hint: {hint}");
    }
}
