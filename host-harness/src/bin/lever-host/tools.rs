//! `lever-host tools`: what this agent may call.
//!
//! Called from `main.rs` as `tools::run(&agent, json)` for `lever-host tools [--json]`. It shows
//! only what is allowed, so its output can be handed to an agent as its list of tools.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use lever_host::catalog::schema;
use lever_host::catalog::{Catalog, Function};
use lever_host::policy::Agent;
use serde_json::{Value, json};

/// The width that fits a usual terminal and a page of documentation.
const WIDTH: usize = 100;

/// Arguments of `lever-host tools`.
#[derive(Debug, clap::Args)]
pub struct ToolsArgs {
    /// Print a JSON array with a JSON Schema of each function's parameters; `call`
    /// takes the names in it, and one object of the schema
    #[arg(long)]
    pub json: bool,
}

/// Prints the functions that `agent` may call.
///
/// A terminal gets two lines for each; a pipe gets one, with tabs between name, permission, route
/// and summary.
pub fn run(agent: &Agent, json: bool) -> anyhow::Result<()> {
    let catalog = Catalog::embedded();
    let allowed: Vec<&Function> = catalog
        .functions()
        .iter()
        .filter(|function| agent.may_call(&function.interface, &function.name, catalog).is_ok())
        .collect();
    if json {
        let tools: Vec<Value> = allowed.iter().map(|function| describe(function)).collect();
        return print(&format!("{}\n", serde_json::to_string_pretty(&tools)?));
    }
    if allowed.is_empty() {
        eprintln!(
            "agent `{}` may call nothing: add a grant such as `--grant opportunities=read`, or name an agent of a policy file",
            agent.name
        );
    }
    print(&list(&allowed, catalog.functions().len(), io::stdout().is_terminal()))
}

/// Prints to standard output; a reader that went away (`| head`) is not an error.
pub fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Cuts a line at the usual width.
pub fn fit(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        None => line.to_owned(),
        Some(_) => line.chars().take(WIDTH - 1).chain(['…']).collect(),
    }
}

fn list(functions: &[&Function], all: usize, is_terminal: bool) -> String {
    let mut text = String::new();
    for function in functions {
        let (id, summary) = (function.id(), &function.summary);
        let (scope, route) = (&function.scope, route(function));
        // Writing to a string does not fail.
        let _ = if is_terminal {
            let parameters = parameters(function);
            writeln!(text, "{}\n    {}", fit(&format!("{id}{parameters}")), fit(summary))
                .and_then(|()| writeln!(text, "{}", fit(&format!("    {route}  {scope}"))))
        } else {
            writeln!(text, "{id}\t{scope}\t{route}\t{summary}")
        };
    }
    if is_terminal && !functions.is_empty() {
        let _ = writeln!(text, "{} of {all} functions", functions.len());
    }
    text
}

/// The parameters as they are given on the command line: `(opportunity, [include], [expand])`.
fn parameters(function: &Function) -> String {
    let names = function
        .params
        .iter()
        .map(|param| if param.required { param.name.clone() } else { format!("[{}]", param.name) });
    format!("({})", names.collect::<Vec<_>>().join(", "))
}

fn route(function: &Function) -> String {
    function.routes.first().map_or("local".to_owned(), ToString::to_string)
}

fn describe(function: &Function) -> Value {
    json!({
        "name": function.tool_name(),
        "description": function.docs,
        "route": function.routes.first().map(ToString::to_string),
        "scope": function.scope.to_string(),
        "parameters": schema::parameters(function),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_lines_that_fit_and_a_pipe_one_line_each() {
        let catalog = Catalog::embedded();
        let all: Vec<&Function> = catalog.functions().iter().collect();
        for line in list(&all, all.len(), true).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let piped = list(&all, all.len(), false);
        assert_eq!(piped.lines().count(), all.len());
        assert!(piped.lines().all(|line| line.split('\t').count() == 4), "{piped}");
    }

    #[test]
    fn the_name_of_a_tool_is_one_that_model_apis_take_and_names_its_function() {
        let is_taken = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        for function in Catalog::embedded().functions() {
            let name = describe(function)["name"].as_str().unwrap().to_owned();
            assert!((1..=64).contains(&name.len()) && name.chars().all(is_taken), "{name}");
            let (interface, function_name) = name.split_once('_').unwrap();
            assert_eq!((interface, function_name), (&*function.interface, &*function.name));
        }
    }

    #[test]
    fn a_tool_is_described_in_full() {
        let tool = describe(Catalog::embedded().function("opportunities", "get").unwrap());
        assert_eq!(tool["name"], "opportunities_get");
        assert_eq!(tool["route"], "GET /opportunities/{opportunity}");
        assert_eq!(tool["scope"], "opportunities:read");
        assert_eq!(tool["parameters"]["required"], json!(["opportunity"]));
        assert_eq!(tool["parameters"]["properties"]["expand"]["default"], json!([]));
    }
}
