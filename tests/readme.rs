//! The README says what is: its table of functions is that of the WIT.

use std::fmt::Write as _;

use lever_host::catalog::Catalog;
use lever_host::mock::DIFFERENCES;

const README: &str = include_str!("../README.md");

/// The table as it must stand in the README.
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
    assert!(README.contains(&table()), "the README's table should be:\n{}", table());
}

#[test]
fn what_the_mock_leaves_out_stands_in_the_readme() {
    for line in DIFFERENCES.lines() {
        assert!(README.contains(line.trim()), "the README does not say: {line}");
    }
}

#[test]
fn its_programs_are_those_that_were_run() {
    for program in [
        include_str!("consumers/node.mjs"),
        include_str!("consumers/python.py"),
        include_str!("consumers/wasmtime.rs"),
        include_str!("consumers/library.rs"),
    ] {
        assert!(
            README.contains(program.trim_end()),
            "the README has another program than:\n{program}"
        );
    }
}

#[test]
fn its_policy_is_one() {
    let (_, rest) = README.split_once("```toml\n").expect("there is a policy");
    let (policy, _) = rest.split_once("```").expect("the policy ends");
    let policy = lever_host::policy::Policy::parse(policy).expect("it is sound");
    assert!(policy.agent("sourcer").is_ok());
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
            assert!(README.contains(&format!("`{case}`")), "{case}");
        }
    }
}
