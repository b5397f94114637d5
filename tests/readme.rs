//! The documents say what is: functions, programs, policies and errors.

use std::fmt::Write as _;

use lever_host::catalog::Catalog;

const README: &str = include_str!("../README.md");
const WIT: &str = include_str!("../wit/README.md");
const GUEST: &str = include_str!("../guest/README.md");
const HOST: &str = include_str!("../host-harness/README.md");
const MOCK: &str = include_str!("../host-harness/mock/README.md");

/// The table as it must stand in the README of the WIT.
fn table() -> String {
    let mut table = "| Function | What it does | Request | Grant |\n|---|---|---|---|\n".to_owned();
    for function in Catalog::embedded().functions() {
        let route = match function.routes.first() {
            Some(route) => format!("`{} {}`", route.method, route.template),
            None => "none".to_owned(),
        };
        let level = if function.is_write() { "full" } else { "read" };
        let grant = format!("`{}={level}`", function.scope.resource);
        writeln!(table, "| `{}` | {} | {route} | {grant} |", function.id(), function.summary)
            .unwrap();
    }
    table
}

#[test]
fn the_table_of_functions_is_that_of_the_wit() {
    assert!(WIT.contains(&table()), "the table in wit/README.md should be:\n{}", table());
}

#[test]
fn the_mock_says_first_what_it_does_not_reproduce() {
    let first = MOCK.lines().find(|line| line.starts_with("## "));
    assert_eq!(first, Some("## What the mock does not reproduce"));
}

#[test]
fn every_route_of_the_mocks_admin_side_is_explained() {
    for (route, _) in lever_host::mock::ADMIN_ROUTES {
        assert!(MOCK.contains(&format!("`{route}`")), "host-harness/mock/README.md lacks {route}");
    }
}

#[test]
fn the_programs_are_those_that_were_run() {
    for (document, program) in [
        (GUEST, include_str!("consumers/node.mjs")),
        (GUEST, include_str!("consumers/python.py")),
        (GUEST, include_str!("consumers/wasmtime.rs")),
        (README, include_str!("consumers/library.rs")),
    ] {
        assert!(
            document.contains(program.trim_end()),
            "the document has another program than:\n{program}"
        );
    }
}

#[test]
fn the_policies_are_sound() {
    for document in [README, HOST] {
        let (_, rest) = document.split_once("```toml\n").expect("there is a policy");
        let (policy, _) = rest.split_once("```").expect("the policy ends");
        let policy = lever_host::policy::Policy::parse(policy).expect("it is sound");
        assert!(policy.agent("sourcer").is_ok());
    }
}

#[test]
fn the_readme_has_at_most_200_lines() {
    assert!(README.lines().count() <= 200, "{}", README.lines().count());
}

/// Files a document links to, by paths relative to it.
#[test]
fn every_link_of_the_documents_leads_to_a_file() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for folder in ["", "wit", "guest", "host-harness", "host-harness/mock", "host-harness/benches"]
    {
        let text = std::fs::read_to_string(root.join(folder).join("README.md")).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let target = link.0.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(root.join(folder).join(target).exists(), "{folder}/README.md: {target}");
        }
    }
}

#[test]
fn every_error_kind_and_outcome_is_explained() {
    let (_, types) =
        lever_host::embedded::WIT.iter().find(|(path, _)| *path == "types.wit").unwrap();
    for name in ["enum error-kind {", "enum outcome {"] {
        let (_, cases) = types.split_once(name).expect("the enum is there");
        let (cases, _) = cases.split_once('}').expect("the enum ends");
        for case in
            cases.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("///"))
        {
            let case = case.trim_end_matches(',');
            assert!(HOST.contains(&format!("`{case}`")), "{case}");
        }
    }
}
