//! What helps beside the error of a call: where a limit is set, and other ways
//! to the same.

use std::fmt;

use lever_host::catalog::{Catalog, Function};
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::Value;

use crate::setup::Options;

/// The limits that an agent's policy or the command line sets, and the highest
/// of each.
const LIMITS: [(&str, &str); 2] = [("call-timeout", "1h"), ("memory", "4GiB")];

/// What helps, beside an error.
#[derive(Debug)]
pub struct Hint(String);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Puts a hint beside the error where there is one; `function` is given where it
/// was not read in parts already.
pub fn add(
    error: anyhow::Error,
    no_credential: bool,
    options: &Options,
    agent: &Agent,
    function: Option<&Function>,
) -> anyhow::Error {
    let agent = Some(agent).filter(|_| options.has_policy());
    let hint = error.downcast_ref().and_then(|error| of(error, no_credential, agent, function));
    match hint {
        Some(hint) => error.context(Hint(hint)),
        None => error,
    }
}

/// `agent` is given where its limits are those of a policy.
fn of(
    error: &CallError,
    no_credential: bool,
    agent: Option<&Agent>,
    function: Option<&Function>,
) -> Option<String> {
    match error {
        CallError::Component(error)
            if no_credential && error.get("status").and_then(Value::as_u64) == Some(401) =>
        {
            Some(
                "no credential was given; set LEVER_API_KEY or LEVER_ACCESS_TOKEN, use \
                 --credential-file, or run `lever-host auth login`"
                    .to_owned(),
            )
        }
        CallError::Limit(reason) => {
            let is_meant = |(key, _): &&(&str, &str)| reason.contains(&format!("`{key}`"));
            let (key, most) = LIMITS.iter().find(is_meant)?;
            let mut hint = match agent {
                Some(Agent { name, .. }) => {
                    format!(
                        "`{key}` under [agents.{name}.limits] in the policy may be up to {most}"
                    )
                }
                None => format!("--{key} may be up to {most}"),
            };
            if function.is_some_and(|function| Catalog::embedded().parts(function).is_some()) {
                hint.push_str(
                    "; or add --jsonl: the limits then hold for each part, what was read is \
                     printed as it comes, and --cursor goes on where it ended",
                );
            }
            Some(hint)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hint(error: CallError, function: &str) -> Option<String> {
        let function = Catalog::embedded().function_by_id(function);
        of(&error, true, Some(&Agent::denied("sourcer")), function)
    }

    #[test]
    fn a_limit_is_named_with_where_it_is_set_and_the_way_round() {
        let time =
            || CallError::Limit("the call took longer than its `call-timeout` of 1 s".into());
        let hint_for_lists = hint(time(), "stages.list-all").unwrap();
        for said in ["`call-timeout`", "[agents.sourcer.limits]", "1h", "--jsonl", "--cursor"] {
            assert!(hint_for_lists.contains(said), "{said}: {hint_for_lists}");
        }
        // A write cannot be had in parts.
        assert!(!hint(time(), "notes.create").unwrap().contains("--jsonl"));
        let memory = CallError::Limit("more memory than its `memory` limit of 256 MiB".into());
        let without_policy = of(&memory, false, None, None).unwrap();
        assert!(hint(memory, "stages.list-all").unwrap().starts_with("`memory` under"));
        assert_eq!(without_policy, "--memory may be up to 4GiB");
        assert_eq!(hint(CallError::Limit("too many handles".into()), "stages.list-all"), None);
    }

    #[test]
    fn a_401_without_a_credential_says_where_one_goes() {
        let error = |status: u16| CallError::Component(json!({"status": status}));
        assert!(hint(error(401), "stages.get").unwrap().contains("LEVER_API_KEY"));
        assert_eq!(hint(error(404), "stages.get"), None);
    }
}
