//! `lever-mock`: a mock Lever on this machine, to test clients against.

use clap::Parser;
use lever_mock::command::{self, MockArgs};

/// Run a mock Lever on this machine until interrupted
#[derive(Parser)]
#[command(name = "lever-mock", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    mock: MockArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    command::run(&Cli::parse().mock).await
}
