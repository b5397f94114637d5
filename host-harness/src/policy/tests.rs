use super::*;
use crate::catalog::Catalog;

fn agent(grants: &[&str]) -> Result<Agent, PolicyError> {
    Agent::from_grants(
        "sourcer",
        &grants.iter().map(|grant| (*grant).to_owned()).collect::<Vec<_>>(),
    )
}

fn call(grants: &[&str], interface: &str, function: &str) -> Result<String, Refusal> {
    agent(grants)
        .unwrap()
        .may_call(interface, function, Catalog::embedded())
        .map(|rule| rule.to_string())
}

#[test]
fn without_a_grant_every_function_is_refused() {
    for function in Catalog::embedded().functions() {
        let refusal = call(&[], &function.interface, &function.name).unwrap_err();
        assert_eq!(refusal.rule, format!("no grant for {}", function.scope.resource));
        assert!(refusal.message.contains("--grant "), "{refusal}");
    }
    assert!(call(&[], "probe", "run").is_err());
}

#[test]
fn each_allow_has_its_deny() {
    type Row<'a> = (&'a [&'a str], &'a str, &'a str, Result<&'a str, &'a str>);
    let rows: [Row; 16] = [
        (&["opportunities=read"], "opportunities", "get", Ok("opportunities=read")),
        (&["opportunities=off"], "opportunities", "get", Err("opportunities=off")),
        (&["notes=full"], "opportunities", "get", Err("no grant for opportunities")),
        (&["opportunities=full"], "opportunities", "update-stage", Ok("opportunities=full")),
        (&["opportunities=read"], "opportunities", "update-stage", Err("only opportunities=read")),
        (
            &["opportunities.update-stage=allow"],
            "opportunities",
            "update-stage",
            Ok("opportunities.update-stage=allow"),
        ),
        (
            &["opportunities.update-stage=allow"],
            "opportunities",
            "archive",
            Err("no grant for opportunities"),
        ),
        (
            &["opportunities.update-stage=allow"],
            "opportunities",
            "get",
            Err("no grant for opportunities"),
        ),
        (&["raw=read"], "raw", "get", Ok("raw=read")),
        (&["opportunities=full"], "raw", "get", Err("no grant for raw")),
        (&["webhook-events=read"], "webhook-events", "decode", Ok("webhook-events=read")),
        (&["webhooks=full"], "webhook-events", "decode", Err("no grant for webhook-events")),
        (&["foreign:probe=full"], "probe", "run", Ok("foreign:probe=full")),
        (&["foreign:probe=off"], "probe", "run", Err("foreign:probe=off")),
        (&["foreign:probe.run=allow"], "probe", "run", Ok("foreign:probe.run=allow")),
        (&["foreign:probe.run=allow"], "probe", "other", Err("no grant for foreign:probe")),
    ];
    for (grants, interface, function, expected) in rows {
        let result = call(grants, interface, function).map_err(|refusal| refusal.rule);
        assert_eq!(
            result,
            expected.map(str::to_owned).map_err(str::to_owned),
            "{grants:?} {interface}.{function}"
        );
    }
}

#[test]
fn a_foreign_function_on_an_interface_of_ours_gains_nothing_from_our_grants() {
    // A component that was tampered with exports `opportunities.exfiltrate`.
    let refusal = call(&["opportunities=full"], "opportunities", "exfiltrate").unwrap_err();
    assert_eq!(refusal.rule, "no grant for foreign:opportunities");
}

#[test]
fn a_refusal_shows_the_grant_to_add_in_both_forms() {
    assert_eq!(
        call(&[], "opportunities", "get").unwrap_err().message,
        "`opportunities.get` needs the permission opportunities:read, and agent `sourcer` has no grant for \
         opportunities; to allow it, add `--grant opportunities=read` (in a policy: `opportunities = \"read\"` under \
         [agents.sourcer.grants]), or `--grant opportunities.get=allow` for this function alone"
    );
    let refusal = call(&["opportunities=read"], "opportunities", "archive").unwrap_err().message;
    for part in [
        "has only `opportunities=read`",
        "--grant opportunities=full",
        "--grant opportunities.archive=allow",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    let refusal = call(&[], "probe", "run").unwrap_err().message;
    for part in [
        "--grant foreign:probe.run=allow",
        "`\"probe.run\" = \"allow\"` under [agents.sourcer.foreign]",
        "--grant foreign:probe=full",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn a_misspelt_function_is_refused_with_the_nearest_one() {
    let refusal =
        call(&["opportunities=full"], "opportunities", "update-stag").unwrap_err().message;
    assert!(refusal.contains("(did you mean `opportunities.update-stage`?)"), "{refusal}");
}

#[test]
fn every_refusal_is_lifted_by_the_grant_it_names() {
    for function in Catalog::embedded().functions() {
        let mut grants: Vec<String> = Vec::new();
        // A function whose requests lie under several permissions asks for them one by one.
        for _ in 0..5 {
            let agent = Agent::from_grants("a", &grants).unwrap();
            match agent.may_call(&function.interface, &function.name, Catalog::embedded()) {
                Ok(_) => break,
                Err(refusal) => {
                    let grant = refusal
                        .message
                        .split("--grant ")
                        .nth(1)
                        .unwrap()
                        .split('`')
                        .next()
                        .unwrap();
                    grants.push(grant.to_owned());
                }
            }
        }
        let agent = Agent::from_grants("a", &grants).unwrap();
        assert!(
            agent.may_call(&function.interface, &function.name, Catalog::embedded()).is_ok(),
            "{}",
            function.id()
        );
    }
}

#[test]
fn a_grant_on_the_command_line_is_read_as_strictly_as_in_the_file() {
    let rows = [
        ("opportunities", "write RESOURCE=read"),
        ("opportunties=read", "did you mean `opportunities`?"),
        ("contacts=read", "`contact`"),
        ("archive_reasons=read", "write `archive-reasons`"),
        ("notes=write", "write `full`"),
        ("notes=", "`off`, `read` or `full`"),
        ("probe=full", "unknown resource `probe`"),
        ("probe.run=allow", "unknown function `probe.run`"),
        ("foreign:probe=read", "`off` or `full`"),
        ("foreign:=full", "name the interface"),
        ("foreign:a.b.c=allow", "name the interface"),
        ("=read", "unknown resource ``"),
        ("notes\u{1b}[31m=read", "\\u{1b}"),
    ];
    for (grant, expected) in rows {
        let error = agent(&[grant]).unwrap_err().to_string();
        assert!(error.contains(expected), "{grant}: {error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    assert!(agent(&["notes=read", "notes=read"]).is_ok());
    assert!(
        agent(&["notes=read", "notes=full"]).unwrap_err().to_string().contains("granted twice")
    );
    assert!(Agent::from_grants("a\nb", &[]).is_err());
}

#[test]
fn a_file_that_is_not_there_is_an_error_with_its_path() {
    let error = Policy::load("/nonexistent/policy.toml").unwrap_err().to_string();
    assert!(error.starts_with("the policy /nonexistent/policy.toml cannot be read: "), "{error}");
}

#[test]
fn an_expansion_takes_the_grant_of_what_it_shows() {
    let catalog = Catalog::embedded();
    let may = |grants: &[&str], function: &str, names: &[&str]| {
        let function = catalog.function_by_id(function).unwrap();
        agent(grants).unwrap().may_expand(function, names.iter().copied(), catalog)
    };
    let refusal = may(&["opportunities=read"], "opportunities.get", &["contact"]).unwrap_err();
    assert_eq!(refusal.rule, "no grant for contact");
    assert_eq!(
        refusal.message,
        "`opportunities.get` with `expand` of `contact` needs the permission contact:read, and agent `sourcer` has no \
         grant for contact; to allow it, add `--grant contact=read` (in a policy: `contact = \"read\"` under \
         [agents.sourcer.grants])"
    );
    type Row<'a> = (&'a [&'a str], &'a str, &'a [&'a str], Result<(), &'a str>);
    let rows: [Row; 7] = [
        (&["opportunities=read"], "opportunities.get", &[], Ok(())),
        (
            &["opportunities=read", "users=read"],
            "opportunities.get",
            &["owner", "followers"],
            Ok(()),
        ),
        (&["users=full"], "opportunities.get", &["owner", "stage"], Err("no grant for stages")),
        (&["opportunities=full", "users=off"], "opportunities.get", &["owner"], Err("users=off")),
        // A grant on the function alone opens its requests, and not what they can show of others.
        (&["panels.get=allow"], "panels.get", &["user"], Err("no grant for users")),
        (&["users.get=allow"], "panels.get", &["user"], Err("no grant for users")),
        // The function itself refuses what it does not know.
        (&[], "panels.get", &["everything"], Ok(())),
    ];
    for (grants, function, names, expected) in rows {
        let result = may(grants, function, names).map_err(|refusal| refusal.rule);
        assert_eq!(result, expected.map_err(str::to_owned), "{grants:?} {function} {names:?}");
    }
}
