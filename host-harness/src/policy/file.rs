//! The policy file: TOML read strictly, with the line of every error.
//!
//! It turns text into agents and nothing more; which names a grant may have is the business of
//! [`super::grants`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Agent, PolicyError, check_name, downloads};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    agents: BTreeMap<Spanned<String>, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    perform_as: Option<Spanned<String>>,
    #[serde(default)]
    confidential: bool,
    #[serde(default)]
    eeo: bool,
    #[serde(default)]
    download_hosts: Vec<Spanned<String>>,
    #[serde(default)]
    components: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    grants: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    foreign: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    limits: LimitEntry,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LimitEntry {
    requests_per_second: Option<Spanned<i64>>,
    call_timeout: Option<Spanned<String>>,
    memory: Option<Spanned<String>>,
}

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Agent>, PolicyError> {
    let file: File = toml::from_str(text).map_err(|error| PolicyError::Invalid {
        line: error.span().map(|span| line_of(text, span.start)),
        message: error.message().trim().replace('\n', "; "),
    })?;
    let mut agents = BTreeMap::new();
    for (name, entry) in file.agents {
        let at = |offset: usize| {
            move |message: String| PolicyError::Invalid {
                line: Some(line_of(text, offset)),
                message,
            }
        };
        let start = name.span().start;
        let name = name.into_inner();
        check_name(&name).map_err(|error| at(start)(error.to_string()))?;
        let mut agent = Agent::denied(&name);
        agent.confidential = entry.confidential;
        agent.eeo = entry.eeo;
        for host in &entry.download_hosts {
            let checked = downloads::checked(host.get_ref()).map_err(at(host.span().start))?;
            agent.download_hosts.push(checked);
        }
        for component in pinned(entry.components.as_ref()).map_err(|(at_, why)| at(at_)(why))? {
            let digest = check_digest(component.get_ref()).map_err(at(component.span().start))?;
            agent.components.push(digest);
        }
        if let Some(user) = entry.perform_as {
            let offset = user.span().start;
            agent.perform_as = Some(check_user(user.into_inner()).map_err(at(offset))?);
        }
        for (key, value) in &entry.grants {
            agent.grants.add(key.get_ref(), value.get_ref()).map_err(at(key.span().start))?;
        }
        for (key, value) in &entry.foreign {
            agent
                .grants
                .add_foreign(key.get_ref(), value.get_ref())
                .map_err(at(key.span().start))?;
        }
        let limits = entry.limits;
        if let Some(value) = limits.requests_per_second {
            agent
                .limits
                .set_requests_per_second(*value.get_ref())
                .map_err(at(value.span().start))?;
        }
        if let Some(value) = limits.call_timeout {
            agent.limits.set_call_timeout(value.get_ref()).map_err(at(value.span().start))?;
        }
        if let Some(value) = limits.memory {
            agent.limits.set_memory(value.get_ref()).map_err(at(value.span().start))?;
        }
        agents.insert(name, agent);
    }
    Ok(agents)
}

/// A user id; Lever promises no form, so only what could never be one is refused.
fn check_user(id: String) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if id.is_empty() || id.len() > 128 || !id.bytes().all(plain) {
        return Err(
            "`perform-as` is a user id as Lever shows it: letters, digits, `-` and `_`".to_owned()
        );
    }
    Ok(id)
}

/// A component's SHA-256, as `lever-host component` prints it.
/// The digests of a list. An empty one would read as a lock and pin nothing.
fn pinned(
    components: Option<&Spanned<Vec<Spanned<String>>>>,
) -> Result<&[Spanned<String>], (usize, String)> {
    match components {
        None => Ok(&[]),
        Some(given) if given.get_ref().is_empty() => {
            let why = "`components` is empty; name the digest of each component that the grants are for, or leave \
                       the key out to allow any"
                .to_owned();
            Err((given.span().start, why))
        }
        Some(given) => Ok(given.get_ref()),
    }
}

fn check_digest(text: &str) -> Result<String, String> {
    let digest = text.strip_prefix("sha256:").filter(|digest| {
        digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    });
    digest.map(str::to_owned).ok_or_else(|| {
        format!(
            "component {text:?}: write `sha256:` and the 64 digits, in lower case, that `lever-host component` prints"
        )
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Level, Policy};

    const EXAMPLE: &str = r#"
[agents.sourcer]
perform-as = "8d49b010-cc6a-4f40-ace5-e86061c677ed"
confidential = false
eeo = true
download-hosts = ["files.example.com", "*.Storage.example.com"]
components = ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]

[agents.sourcer.grants]
opportunities = "read"
notes = "full"
"opportunities.update-stage" = "allow"

[agents.sourcer.foreign]
probe = "full"
"other.run" = "allow"

[agents.sourcer.limits]
requests-per-second = 5
call-timeout = "60s"
memory = "64MiB"

[agents.idle]
"#;

    #[test]
    fn the_whole_grammar_is_read() {
        let policy = Policy::parse(EXAMPLE).unwrap();
        let agent = policy.agent("sourcer").unwrap();
        assert_eq!(agent.perform_as.as_deref(), Some("8d49b010-cc6a-4f40-ace5-e86061c677ed"));
        assert_eq!(agent.grants.level("opportunities"), Some(Level::Read));
        assert_eq!(agent.grants.level("users"), None);
        assert_eq!(
            agent.grants.to_arguments(),
            [
                "notes=full",
                "opportunities=read",
                "opportunities.update-stage=allow",
                "foreign:probe=full",
                "foreign:other.run=allow"
            ]
        );
        assert!(agent.eeo && !agent.confidential);
        assert_eq!(agent.download_hosts, ["files.example.com", "*.storage.example.com"]);
        assert_eq!(agent.components, ["0123456789abcdef".repeat(4)]);
        assert_eq!(agent.limits.requests_per_second, 5);
        assert_eq!(agent.limits.call_timeout, Duration::from_secs(60));
        assert_eq!(agent.limits.memory, 64 << 20);
        assert_eq!(policy.agent("idle").unwrap().grants.to_arguments(), Vec::<String>::new());
        let error = policy.agent("nobody").unwrap_err().to_string();
        assert_eq!(error, "the policy has no agent `nobody`; it has `idle`, `sourcer`");
    }

    #[test]
    fn every_mistake_is_an_error_with_its_line() {
        let rows = [
            ("agent = 1", 1, "unknown field `agent`"),
            ("[agents.a]\nperformas = \"x\"", 2, "unknown field `performas`"),
            ("[agents.a]\nperform-as = \"\"", 2, "`perform-as` is a user id"),
            ("[agents.a]\nperform-as = \"a&b=c\"", 2, "`perform-as` is a user id"),
            ("[agents.a]\nconfidential = \"yes\"", 2, "expected a boolean"),
            (
                "[agents.a.grants]\nnotes = \"read\"\nopportunties = \"read\"",
                3,
                "did you mean `opportunities`?",
            ),
            ("[agents.a.grants]\narchive_reasons = \"read\"", 2, "write `archive-reasons`"),
            ("[agents.a.grants]\narchiveReasons = \"read\"", 2, "did you mean `archive-reasons`?"),
            (
                "[agents.a.grants]\nprobe = \"full\"",
                2,
                "unknown resource `probe`; there are applications,",
            ),
            ("[agents.a.grants]\nnotes = \"write\"", 2, "write `full`"),
            ("[agents.a.grants]\nnotes = \"allow\"", 2, "`off`, `read` or `full`"),
            ("[agents.a.grants]\nnotes = true", 2, "expected a string"),
            ("[agents.a.grants]\nnotes = \"read\"\nnotes = \"full\"", 3, "duplicate key"),
            (
                "[agents.a.grants]\n\"opportunities.update-stag\" = \"allow\"",
                2,
                "did you mean `opportunities.update-stage`?",
            ),
            (
                "[agents.a.grants]\n\"opportunities.update-stage\" = \"full\"",
                2,
                "`allow` or left out",
            ),
            ("[agents.a.grants]\nopportunities.get = \"allow\"", 2, "expected a string"),
            ("[agents.a.foreign]\nprobe = \"read\"", 2, "`off` or `full`"),
            ("[agents.a.foreign]\n\"x:y/probe@1.0.0\" = \"full\"", 2, "name the interface"),
            ("[agents.a]\ndownload-hosts = [\"a.example\",\n\"https://b\"]", 3, "download host"),
            ("[agents.a]\ncomponents = [\"sha256:abc\"]", 2, "component \"sha256:abc\": write"),
            ("[agents.a]\ncomponents = []", 2, "`components` is empty; name the digest"),
            ("[agents.a]\ncomponents = [\"md5:x\",\n\"\"]", 2, "`sha256:` and the 64 digits"),
            ("[agents.a]\neeo = \"yes\"", 2, "expected a boolean"),
            ("[agents.a.limits]\nrequests = 5", 2, "unknown field `requests`"),
            ("[agents.a.limits]\nrequests-per-second = 11", 2, "1 to 10"),
            ("[agents.a.limits]\ncall-timeout = \"90\"", 2, "a number and ms, s, m or h"),
            ("[agents.a.limits]\nmemory = \"lots\"", 2, "KiB, MiB or GiB"),
            ("[agents.\"a b\"]", 1, "agent name \"a b\""),
            ("[agents.a\n", 1, ""),
        ];
        for (text, line, expected) in rows {
            let error = Policy::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: ")), "{text:?}: {error}");
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_empty_policy_has_no_agents() {
        let error = Policy::parse("").unwrap().agent("a").unwrap_err().to_string();
        assert_eq!(error, "the policy has no agent `a`; it has none");
    }
}
