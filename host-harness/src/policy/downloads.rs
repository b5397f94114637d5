//! Where downloads may be redirected to: the hosts that a policy names, and of those only the
//! addresses that Lever itself answered with.
//!
//! A storage host often serves whoever wrote there last, so a host alone would let a component
//! carry data out in a path or query of its own making. What is followed must be, to the letter,
//! where an answer of this call pointed.

use http::{Method, Uri};

use super::refusal::shown;
use super::{Agent, CallScope, Refusal, Rule};
use crate::catalog::{Catalog, Route};
use crate::upstream::Upstream;

/// What stands in the place of a path in records: the address itself is a key to the file.
pub const REDIRECTED: &str = "(redirected download)";

/// A host as a policy may name it, in lower case.
pub(super) fn checked(host: &str) -> Result<String, String> {
    let lower = host.to_ascii_lowercase();
    let name = lower.strip_prefix("*.").unwrap_or(&lower);
    let is_plain = Upstream::parse(&format!("https://{name}")).is_ok_and(|it| it.host() == name);
    // `*.com` would be half the world.
    let is_narrow = name == lower || name.contains('.');
    if is_plain && is_narrow {
        return Ok(lower);
    }
    Err(format!(
        "download host {:?}: write a host's name without scheme, port and path, such as `files.example.com`, or \
         `*.storage.example.com` for every host that ends so",
        shown(host)
    ))
}

/// Whether a name, or `*.` and what hosts end in, covers a host.
fn covers(named: &str, host: &str) -> bool {
    match named.strip_prefix('*') {
        Some(end) => host.strip_suffix(end).is_some_and(|start| !start.is_empty()),
        None => named == host,
    }
}

/// Whether answers to this request may point to a file elsewhere.
pub fn is_download(route: &Route) -> bool {
    route.method == Method::GET && route.template.ends_with("/download")
}

impl Agent {
    /// Whether a request for a file may go where an answer of this call pointed, and to which
    /// server.
    ///
    /// `pointed` says whether an answer named exactly this address. Nothing is sent there but the
    /// request itself.
    ///
    /// # Errors
    ///
    /// With the refusal; it shows the host alone.
    pub fn may_follow(
        &self,
        catalog: &Catalog,
        call: &CallScope,
        method: &Method,
        uri: &Uri,
        pointed: bool,
    ) -> Result<(Upstream, Rule), Refusal> {
        let downloads = call.function(catalog).is_some_and(|function| {
            !function.reads_any_path() && function.routes.iter().any(is_download)
        });
        if !downloads || method != Method::GET || !pointed {
            return Err(Refusal::request(
                "not the API's address",
                "a request was refused: only a download may go elsewhere, and only to where Lever's answer points",
            ));
        }
        let origin = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |authority| authority.as_str())
        );
        let server = Upstream::parse(&origin).map_err(|_| {
            Refusal::request(
                "malformed redirection",
                "Lever redirects a download to an address that is not followed: it is not encrypted, or no plain host",
            )
        })?;
        let host = server.host();
        if !server.is_loopback() && server.port() != 443 {
            return Err(Refusal::request(
                "malformed redirection",
                format!("Lever redirects a download to another port of {} than 443", shown(host)),
            ));
        }
        match self.download_hosts.iter().find(|named| covers(named, host)) {
            Some(named) => Ok((server, Rule(format!("download-hosts {named}")))),
            None => Err(Refusal::request(
                "no such download host",
                format!(
                    "Lever redirects this download to {host}, and agent `{name}` has no such download host; to allow \
                     it, add `--download-host {host}`, or `download-hosts = [\"{host}\"]` under [agents.{name}] in \
                     the policy",
                    host = shown(host),
                    name = self.name
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(hosts: &[&str]) -> Agent {
        let start = Agent::from_grants("a", &["files=read".to_owned()]).unwrap();
        hosts.iter().fold(start, |agent, host| agent.with_download_host(host).unwrap())
    }

    fn follow(agent: &Agent, function: &str, uri: &str, pointed: bool) -> Result<String, String> {
        let call = CallScope::new("files", function);
        let uri: Uri = uri.parse().unwrap();
        agent
            .may_follow(Catalog::embedded(), &call, &Method::GET, &uri, pointed)
            .map(|(server, rule)| format!("{server} {rule}"))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn a_download_goes_where_lever_pointed_if_the_policy_names_the_host() {
        let agent = agent(&["files.example.com", "*.storage.example.com"]);
        for (uri, expected) in [
            (
                "https://files.example.com/a?b",
                "https://files.example.com download-hosts files.example.com",
            ),
            (
                "https://FILES.example.com:443/a",
                "https://files.example.com download-hosts files.example.com",
            ),
            (
                "https://eu.storage.example.com/a",
                "https://eu.storage.example.com download-hosts *.storage.example.com",
            ),
        ] {
            assert_eq!(follow(&agent, "download", uri, true).unwrap(), expected, "{uri}");
            assert!(follow(&agent, "download", uri, false).is_err(), "{uri}: nobody pointed there");
            assert!(follow(&agent, "get", uri, true).is_err(), "{uri}: not a download");
        }
    }

    #[test]
    fn every_other_way_out_is_shut() {
        let agent = agent(&["files.example.com", "*.storage.example.com"]);
        for uri in [
            "https://evil.example/secret",
            "https://files.example.com.evil.example/secret",
            "https://storage.example.com/secret",
            "https://xstorage.example.com/secret",
            "http://files.example.com/secret",
            "https://files.example.com:8443/secret",
            "https://user@files.example.com/secret",
            "https://169.254.169.254/secret",
            "/secret",
        ] {
            let message = follow(&agent, "download", uri, true).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
        let message = follow(&agent, "download", "https://new.example/x", true).unwrap_err();
        assert!(message.contains("--download-host new.example"), "{message}");
        assert!(message.contains("download-hosts = [\"new.example\"]"), "{message}");
    }

    #[test]
    fn a_host_is_named_plainly() {
        for good in ["a.example", "*.a.example", "127.0.0.1", "localhost", "A.example"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.",
            "*.com",
            "https://a",
            "a/b",
            "a:443",
            "u@a",
            "a b",
            "*a.example",
            "a.*.example",
            "ä.example",
        ] {
            assert!(checked(bad).unwrap_err().contains("download host"), "{bad}");
        }
    }
}
