//! `lever-host policy`: checks a policy file and explains decisions.
//!
//! Called from `main.rs` as `policy::run(&command, || agent)`; the closure gives the agent of the
//! global options and is asked by `explain` alone. It decides nothing itself: it shows what the
//! library decides.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use lever_host::catalog::{Catalog, Function};
use lever_host::policy::{
    Agent, CallScope, MANY_SCOPES, MOST_SCOPES, Outgoing, Policy, oauth_scopes, warnings,
};
use lever_host::upstream::Upstream;

use crate::tools::print;

/// The subcommands of `lever-host policy`.
#[derive(Debug, clap::Subcommand)]
pub enum PolicyCommand {
    /// Check a policy file and show what each agent in it may do
    Check {
        /// The policy file
        file: PathBuf,
    },
    /// Print the OAuth scopes that each agent of a policy needs, and no more
    Scopes {
        /// The policy file
        file: PathBuf,
        /// This agent alone, one scope a line
        #[arg(long = "for", value_name = "NAME")]
        agent: Option<String>,
    },
    /// Show whether the agent may call a function, which rule decides, and what grant is missing
    Explain {
        /// The interface, such as `opportunities`
        interface: String,
        /// The function, such as `update-stage`
        function: String,
    },
}

/// Runs one of the subcommands.
pub fn run(
    command: &PolicyCommand,
    agent: impl FnOnce() -> anyhow::Result<Agent>,
) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Check { file } => {
            let policy = Policy::load(file)?;
            let mut text = String::new();
            for agent in policy.agents() {
                text.push_str(&summary(agent));
            }
            if text.is_empty() {
                text.push_str("the policy is valid and has no agents\n");
            }
            print(&text)
        }
        PolicyCommand::Scopes { file, agent } => {
            let policy = Policy::load(file)?;
            match agent {
                Some(name) => {
                    let scopes = scopes(policy.agent(name)?)?;
                    scopes.iter().try_for_each(|scope| print(&format!("{scope}\n")))
                }
                None => policy.agents().try_for_each(|agent| {
                    let scopes = scopes(agent)?;
                    let scopes =
                        if scopes.is_empty() { "none".to_owned() } else { scopes.join(" ") };
                    print(&format!("{}: {scopes}\n", agent.name))
                }),
            }
        }
        PolicyCommand::Explain { interface, function } => {
            print(&explanation(&agent()?, interface, function))
        }
    }
}

/// The scopes that an agent needs, as long as Lever takes so many.
pub fn scopes(agent: &Agent) -> anyhow::Result<Vec<String>> {
    let scopes = oauth_scopes(agent, Catalog::embedded());
    let count = scopes.len();
    if count > MOST_SCOPES {
        bail!(
            "agent `{}` needs {count} scopes, and Lever takes {MOST_SCOPES} at most: {}; grant it less, or share its \
             work out among several agents with logins of their own",
            agent.name,
            scopes.join(" ")
        );
    }
    if count > MANY_SCOPES {
        eprintln!(
            "warning: agent `{}` needs {count} scopes; most apps need 5 to {MANY_SCOPES}, and a Super Admin has to \
             agree to each",
            agent.name
        );
    }
    Ok(scopes)
}

// Writing to a string does not fail, so the results of `writeln!` are let go below.

fn summary(agent: &Agent) -> String {
    let catalog = Catalog::embedded();
    let all = catalog.functions();
    let allowed: Vec<&Function> = all
        .iter()
        .filter(|function| agent.may_call(&function.interface, &function.name, catalog).is_ok())
        .collect();
    let writes = allowed.iter().filter(|function| function.is_write()).count();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}: {} of {} functions, {writes} of them change something",
        agent.name,
        allowed.len(),
        all.len()
    );
    let grants = agent.grants.to_arguments();
    let grants = if grants.is_empty() { "none".to_owned() } else { grants.join(", ") };
    let _ = writeln!(text, "  grants   {grants}");
    let _ =
        writeln!(text, "  acts as  {}", agent.perform_as.as_deref().unwrap_or("any user it names"));
    if !agent.download_hosts.is_empty() {
        let _ = writeln!(text, "  files    from {}", agent.download_hosts.join(", "));
    }
    if !agent.components.is_empty() {
        let _ = writeln!(text, "  pinned   sha256:{}", agent.components.join(", sha256:"));
    }
    let limits = &agent.limits;
    let _ = writeln!(
        text,
        "  limits   {} requests a second, {} s a call, {} MiB",
        limits.requests_per_second,
        limits.call_timeout.as_secs_f64(),
        limits.memory >> 20
    );
    for warning in warnings(agent, catalog) {
        let _ = writeln!(text, "  warning  {warning}");
    }
    text
}

fn explanation(agent: &Agent, interface: &str, function: &str) -> String {
    let catalog = Catalog::embedded();
    let decision = agent.may_call(interface, function, catalog);
    let name = format!("{interface}.{function}").escape_debug().to_string();
    let mut text = String::new();
    let (word, rule) = match &decision {
        Ok(rule) => ("allowed", rule.as_str()),
        Err(refusal) => ("refused", refusal.rule.as_str()),
    };
    let _ = writeln!(text, "{name} is {word} for agent {}", agent.name);
    let _ = writeln!(text, "  rule      {rule}");
    match catalog.function(interface, function) {
        Some(found) if found.reads_any_path() => {
            let _ = writeln!(
                text,
                "  needs     {}, and the permission of the path that is read",
                found.scope
            );
            requests_within_grants(&mut text, agent, interface, function);
        }
        Some(found) => {
            let also = found.also.as_ref().map(|also| format!(" or {also}")).unwrap_or_default();
            let _ = writeln!(text, "  needs     {}{also}", found.scope);
            for route in &found.routes {
                let _ = writeln!(text, "  sends     {route}  {}", route.scope);
            }
            if found.routes.is_empty() {
                let _ = writeln!(text, "  sends     nothing");
            }
        }
        None => {
            let _ = writeln!(
                text,
                "  needs     a grant under `foreign`, since it is not a function of the Lever component"
            );
            requests_within_grants(&mut text, agent, interface, function);
        }
    }
    if let Err(refusal) = decision {
        let _ = writeln!(text, "  why       {}", refusal.message);
    }
    text
}

/// Every request that would get through, found by asking the wire check itself.
fn requests_within_grants(text: &mut String, agent: &Agent, interface: &str, function: &str) {
    let (catalog, upstream) = (Catalog::embedded(), Upstream::default());
    let call = CallScope::new(interface, function);
    let mut is_any = false;
    for route in catalog.routes() {
        // A parameter's name in place of an id: no route has a fixed word like it.
        let path: String = route.template.replace(['{', '}'], "-");
        let path_and_query = format!("{}{path}", upstream.prefix());
        let request = Outgoing {
            method: &route.method,
            scheme: upstream.scheme(),
            authority: upstream.host(),
            path_and_query: &path_and_query,
        };
        if let Ok(admitted) = agent.may_send(catalog, &upstream, &call, &request) {
            let _ = writeln!(text, "  may send  {route}  by {}", admitted.rule);
            is_any = true;
        }
    }
    if !is_any {
        let _ = writeln!(text, "  may send  nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(grants: &[&str]) -> Agent {
        Agent::from_grants(
            "sourcer",
            &grants.iter().map(|grant| (*grant).to_owned()).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn an_explanation_says_the_decision_its_rule_and_the_requests() {
        assert_eq!(
            explanation(&agent(&["opportunities=full"]), "opportunities", "update-stage"),
            "opportunities.update-stage is allowed for agent sourcer\n  \
             rule      opportunities=full\n  \
             needs     opportunities:write\n  \
             sends     PUT /opportunities/{opportunity}/stage  opportunities:write\n  \
             sends     GET /opportunities/{opportunity}  opportunities:read\n"
        );
        let refused = explanation(&agent(&[]), "opportunities", "update-stage");
        assert!(
            refused.contains("is refused") && refused.contains("--grant opportunities=full"),
            "{refused}"
        );
    }

    #[test]
    fn an_explanation_of_other_components_lists_what_they_could_send() {
        let text = explanation(&agent(&["foreign:probe=full", "stages=read"]), "probe", "run");
        assert!(
            text.contains("is allowed") && text.contains("may send  GET /stages  by stages=read"),
            "{text}"
        );
        assert!(!text.contains("/users"), "{text}");
        let text = explanation(&agent(&["raw=read"]), "raw", "get");
        assert!(text.contains("is allowed") && text.contains("may send  nothing"), "{text}");
    }

    #[test]
    fn a_summary_counts_and_warns() {
        let text = summary(&agent(&["notes=full"]));
        assert!(text.starts_with("sourcer: 7 of "), "{text}");
        assert!(text.contains("  warning  notes=full: can mail people"), "{text}");
    }
}
