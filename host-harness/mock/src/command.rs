//! A mock on the command line, as `lever-mock` and as `lever-host mock`.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::account::seed::History;
use crate::mock::Mock;
use crate::oauth::config::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use crate::server::config::{API_KEY, Config, PerformAs, Rate};
use crate::server::service::wall_clock;

/// 1976, so that there is room for a history before it, to the end of the year 9999.
const EPOCHS: std::ops::RangeInclusive<u64> = 200_000_000_000..=253_402_300_799_999;

/// The options of the command line.
#[derive(Args, Clone, Debug)]
pub struct MockArgs {
    /// Listen on this port of 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Seed the account with this number; the same seed always makes the same account
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of opportunities in the account
    #[arg(long, default_value_t = 250)]
    opportunities: usize,
    /// Make an account with ninety days of history up to now and `updatedAt` in every opportunity
    #[arg(long)]
    modern: bool,
    /// End the history at this time, in milliseconds since 1970 UTC [default: 2026-01-01, or now
    /// with --modern]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(EPOCHS))]
    epoch: Option<u64>,
    /// Serve the admin side on this port of 127.0.0.1, to inspect the account and inject faults; 0
    /// picks a free one
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// Delay each response by this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// Requests per second allowed for each credential; 0 disables the rate limit
    #[arg(long, default_value_t = Rate::default().per_second)]
    rate: u32,
    /// Requests each credential may send at once
    #[arg(long, default_value_t = Rate::default().burst)]
    burst: u32,
    /// How to check the perform_as parameter of writes
    #[arg(long, value_enum, default_value_t = Check::Strict)]
    perform_as: Check,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Check {
    /// Require it where Lever does
    Strict,
    /// Never check it
    Lax,
}

/// Runs until interrupted.
///
/// # Errors
/// When a port cannot be bound, or stdout cannot be written.
pub async fn run(args: &MockArgs) -> anyhow::Result<()> {
    let rate = Rate { per_second: args.rate, burst: args.burst.max(1), ..Rate::default() };
    let history = if args.modern { History::Recent } else { History::Long };
    let epoch = match args.epoch {
        Some(epoch) => epoch,
        None if args.modern => wall_clock(),
        None => Config::default().epoch,
    };
    let mock = Mock::start(Config {
        port: args.port,
        admin_port: args.admin_port,
        epoch,
        history,
        seed: args.seed,
        opportunities: args.opportunities,
        latency: Duration::from_millis(args.latency_ms),
        rate: (args.rate > 0).then_some(rate),
        perform_as: match args.perform_as {
            Check::Strict => PerformAs::Strict,
            Check::Lax => PerformAs::Lax,
        },
        ..Config::default()
    })
    .await?;
    let (url, auth_url) = (mock.base_url(), mock.auth_url());
    let greeting = format!(
        "A mock Lever with {} opportunities is running at {url} (Ctrl-C stops it).\n\
         It accepts the API key {API_KEY}. In another terminal:\n\n  \
         LEVER_API_KEY={API_KEY} lever-host --base-url {url} --allow-loopback \\\n    \
         --grant opportunities=read call opportunities list-page '{{\"limit\": 2}}'\n\n\
         Its authorization server is {auth_url}. It accepts the application {CLIENT_ID}\n\
         with the secret {CLIENT_SECRET} and the redirect URI {REDIRECT_URI}:\n\n  \
         LEVER_CLIENT_SECRET={CLIENT_SECRET} lever-host --base-url {url} --allow-loopback \\\n    \
         auth login --client-id {CLIENT_ID} --scope opportunities:read:admin\n",
        args.opportunities,
    );
    let admin = mock.admin_url().map(|url| format!("\nIts admin side is {url}.\n"));
    let greeting = greeting + &admin.unwrap_or_default();
    match io::stdout().lock().write_all(greeting.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    std::future::pending::<()>().await;
    Ok(())
}
