//! What a valid policy permits that its author may not have thought of.
//!
//! Warnings change no decision; they are shown by `policy check`.

use super::{Agent, Level};
use crate::catalog::{Access, Catalog};

/// Grants with consequences outside Lever, or for people's protected data: the resource, the level,
/// what it means.
const CONSEQUENCES: [(&str, Level, &str); 9] = [
    ("eeo-responses", Level::Read, "shows answers about sex, race, disability and veteran status"),
    (
        "eeo-responses-pii",
        Level::Read,
        "shows answers about sex, race, disability and veteran status with the people's names",
    ),
    ("diversity-surveys", Level::Read, "shows the questions of diversity surveys"),
    ("audit-events", Level::Read, "shows what every user of the account did"),
    ("offers", Level::Read, "shows salaries"),
    ("notes", Level::Full, "can mail people, through mentions and `notify-followers`"),
    ("interviews", Level::Full, "can send calendar invitations"),
    ("users", Level::Full, "can let people into the account and shut them out"),
    ("webhooks", Level::Full, "can send the account's events to any address"),
];

/// One sentence for each thing worth a second look in what an agent was granted.
pub fn warnings(agent: &Agent, catalog: &Catalog) -> Vec<String> {
    let mut found = Vec::new();
    let level = |resource: &str| agent.grants.level(resource).unwrap_or(Level::Off);
    for (resource, least, meaning) in CONSEQUENCES {
        if level(resource) >= least {
            found.push(format!("{resource}={}: {meaning}", level(resource)));
        }
    }
    for function in agent.grants.functions().filter_map(|id| catalog.function_by_id(id)) {
        let resource = function.scope.resource.as_str();
        let mails = function.scope.access == Access::Write
            && resource == "notes"
            && function.name == "create";
        if mails && level("notes") < Level::Full {
            found.push(format!(
                "{}=allow: can mail people, through mentions and `notify-followers`",
                function.id()
            ));
        }
        if agent.grants.level(resource) == Some(Level::Off) {
            found.push(format!("{}=allow: allows this although {resource}=off", function.id()));
        }
    }
    let opportunities = level("opportunities");
    if opportunities > Level::Off && agent.grants.level("notes").is_none() {
        found.push(format!(
            "opportunities={opportunities}: opens notes as well, as Lever's guide has it; notes = \"off\" keeps them shut"
        ));
    }
    if agent.eeo {
        found.push(
            "eeo = true: may hand in answers about sex, race, disability and veteran status"
                .to_owned(),
        );
    }
    if agent.confidential {
        found.push(
            "confidential = true: may list confidential opportunities and postings".to_owned(),
        );
    }
    let writes = |function: &&crate::catalog::Function| {
        function.is_write() && agent.may_call(&function.interface, &function.name, catalog).is_ok()
    };
    if agent.perform_as.is_none() && catalog.functions().iter().any(|function| writes(&function)) {
        found.push("no perform-as: its changes may be attributed to any user it names".to_owned());
    }
    for resource in agent.grants.resources() {
        let is_used = catalog
            .functions()
            .iter()
            .map(|function| &function.scope)
            .any(|scope| scope.resource == resource)
            || catalog.routes().iter().any(|route| route.scope.resource == resource);
        if !is_used && level(resource) > Level::Off {
            found.push(format!(
                "{resource}={}: nothing in the component uses it yet",
                level(resource)
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(grants: &[&str]) -> Vec<String> {
        let grants: Vec<String> = grants.iter().map(|grant| (*grant).to_owned()).collect();
        warnings(&Agent::from_grants("a", &grants).unwrap(), Catalog::embedded())
    }

    #[test]
    fn harmless_grants_have_no_warning() {
        assert_eq!(found(&[]), Vec::<String>::new());
        assert_eq!(
            found(&["opportunities=read", "notes=read", "stages=full", "eeo-responses=off"]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn grants_with_consequences_are_named() {
        let rows: [(&[&str], &str); 7] = [
            (&["notes=full"], "notes=full: can mail people"),
            (&["notes.create=allow"], "notes.create=allow: can mail people"),
            (&["eeo-responses-pii=read"], "eeo-responses-pii=read: shows answers"),
            (&["opportunities=full"], "no perform-as: "),
            (&["opportunities=read"], "opportunities=read: opens notes as well"),
            (
                &["opportunities=off", "opportunities.get=allow"],
                "opportunities.get=allow: allows this although opportunities=off",
            ),
            (&["roles=read"], "roles=read: nothing in the component uses it yet"),
        ];
        for (grants, expected) in rows {
            let found = found(grants);
            assert!(
                found.iter().any(|warning| warning.starts_with(expected)),
                "{grants:?}: {found:?}"
            );
        }
    }

    #[test]
    fn a_fixed_user_and_confidential_records_are_seen() {
        let mut agent = Agent::from_grants("a", &["opportunities=full".to_owned()]).unwrap();
        agent.perform_as = Some("u".to_owned());
        agent.confidential = true;
        agent.eeo = true;
        let found = warnings(&agent, Catalog::embedded());
        assert_eq!(
            found,
            [
                "opportunities=full: opens notes as well, as Lever's guide has it; notes = \"off\" keeps them shut",
                "eeo = true: may hand in answers about sex, race, disability and veteran status",
                "confidential = true: may list confidential opportunities and postings",
            ]
        );
    }
}
