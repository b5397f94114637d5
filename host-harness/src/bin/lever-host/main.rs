//! The command line of `lever-host`: runs the Lever component for one agent,
//! with exactly the access it was granted.
//!
//! Only wiring: options to the library's types, errors to exit codes. 0 done,
//! 1 wrong usage or set-up, 2 the component returned an error, 3 refused by the
//! policy, 4 a trap, a limit or a record that could not be written, 5 done in
//! part, 128 and the signal's number where a signal stopped the call.

mod audit;
mod auth;
mod call;
mod compile;
mod component;
mod demo;
mod manual;
mod policy;
mod setup;
mod signals;
mod tools;
mod webhooks;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use lever_host::mock::command as mock;

use setup::Options;

/// Runs the Lever component for one agent, with exactly the access it was granted
#[derive(Parser)]
#[command(name = "lever-host", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read an account from a mock Lever and show that refused calls send nothing
    Demo,
    /// Call a function and print its result as JSON
    Call(call::CallArgs),
    /// List what this agent may call
    Tools(tools::ToolsArgs),
    /// Log in with OAuth and manage the login
    #[command(subcommand)]
    Auth(auth::AuthCommand),
    /// Run a mock Lever on this machine until interrupted
    Mock(mock::MockArgs),
    /// Check a policy, or explain a decision
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Show what an audit file says
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Receive Lever's webhooks
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Write the embedded component to a file
    Component(component::ComponentArgs),
    /// Print a script that completes commands and options in a shell
    Completions(manual::CompletionsArgs),
    /// Print the man page, or write all man pages to a directory
    Man(manual::ManArgs),
    /// Compile a component from standard input into a cache, within limits; what
    /// `call` runs for components that are not embedded
    #[command(hide = true)]
    Compile(compile::CompileArgs),
}

fn main() -> ExitCode {
    if let Err(error) = lever_host::credentials::hide_process() {
        eprintln!("warning: other processes of yours can read the credential of this one: {error}");
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own code for wrong usage is 2, which here means an answer.
            let code = u8::from(error.use_stderr());
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(&cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => setup::report(&error),
    }
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    let options = &cli.options;
    match &cli.command {
        Command::Demo => demo::run(options).await,
        Command::Call(args) => call::run(options, args).await,
        Command::Tools(args) => tools::run(&options.agent()?, args.json),
        Command::Auth(command) => auth::run(options, command).await,
        Command::Mock(args) => mock::run(args).await,
        Command::Policy(command) => policy::run(command, || options.agent()),
        Command::Audit(command) => audit::run(command),
        Command::Webhooks(command) => webhooks::run(options, command).await,
        Command::Component(args) => component::run(options, args),
        Command::Completions(args) => manual::completions(Cli::command(), args),
        Command::Man(args) => manual::man(Cli::command(), args),
        Command::Compile(args) => compile::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            "lever-host --grant notes=read --base-url http://127.0.0.1:1/v1 call notes get",
            "lever-host call --grant notes=read notes get --base-url http://127.0.0.1:1/v1",
            "lever-host call notes get --grant notes=read --base-url http://127.0.0.1:1/v1",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.options.grants(), ["notes=read"], "{line}");
            assert!(matches!(cli.command, Command::Call(_)), "{line}");
        }
    }
}
