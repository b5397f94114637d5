//! `lever-host webhooks`: receives Lever's webhooks on this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use lever_host::embedded;
use lever_host::runtime::{HostError, digest};
use lever_host::webhooks::{Config, Forward, Receiver, SignatureTokens, WebhookError};

use crate::call::Out;
use crate::setup::{Options, variable};
use crate::signals::{Rotations, Signals};
use crate::tools::print;

/// The variable that holds the `Authorization` header of the forward URL.
const FORWARD_AUTHORIZATION: &str = "LEVER_WEBHOOK_FORWARD_AUTHORIZATION";

/// The variable that holds the signature tokens, where no file does.
const SIGNATURE_TOKEN: &str = "LEVER_WEBHOOK_SIGNATURE_TOKEN";

/// The subcommands of `lever-host webhooks`.
#[derive(Subcommand)]
pub enum WebhooksCommand {
    /// Verify deliveries and append their events to a file until interrupted
    ///
    /// Each event is one line of JSON. Lever's signature covers neither the
    /// event's name nor its data, so an event is a hint to read the record
    /// again. Lever wants https with a certificate of a public authority: put a
    /// proxy in front that has one.
    Serve(ServeArgs),
    /// Write the component that receives webhooks to a file, for other hosts
    Component {
        /// Where to write lever-webhooks.wasm
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
    },
}

/// The arguments of `lever-host webhooks serve`.
#[derive(Args)]
pub struct ServeArgs {
    /// The port; any free one when 0
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    bind: IpAddr,
    /// Read the signature tokens that Lever showed when the webhooks were made
    /// from this file, one a line, rather than from
    /// LEVER_WEBHOOK_SIGNATURE_TOKEN, where commas are between them
    #[arg(long, value_name = "FILE")]
    signature_token_file: Option<PathBuf>,
    /// Append events to this file; standard output when there is neither this
    /// nor --forward
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// Keep the tokens of taken deliveries here, so that none is taken twice,
    /// even after a restart [default: beside the file of --jsonl]
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// Send events to this URL as well, before they are written; an
    /// Authorization header for it is taken from
    /// LEVER_WEBHOOK_FORWARD_AUTHORIZATION
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Refuse deliveries that are older, or that far in the future
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    max_age: Duration,
}

/// Runs the subcommand.
pub async fn run(options: &Options, command: &WebhooksCommand) -> anyhow::Result<()> {
    match command {
        WebhooksCommand::Serve(args) => serve(options, args).await,
        WebhooksCommand::Component { out, force } => {
            let bytes = embedded::WEBHOOKS;
            Out::public(out, *force)?.keep(bytes)?;
            let (size, digest) = (bytes.len(), digest(bytes));
            print(&format!("{}: {size} bytes, sha256 {digest}\n", out.display()))
        }
    }
}

async fn serve(options: &Options, args: &ServeArgs) -> anyhow::Result<()> {
    // Heard from here on, so that none is missed while starting.
    let (mut signals, mut rotations) = (Signals::new()?, Rotations::new()?);
    let receiver = start(options, args).await?;
    let place = match (&args.jsonl, &args.forward) {
        (Some(file), _) => format!("appended to {}", file.display()),
        (None, Some(_)) => "forwarded".to_owned(),
        (None, None) => "printed".to_owned(),
    };
    let address = receiver.address();
    let line =
        format!("Deliveries are taken at http://{address} and {place} until you press Ctrl-C.\n");
    if args.jsonl.is_none() && args.forward.is_none() {
        // Standard output is for the events.
        eprint!("{line}");
    } else {
        print(&line)?;
    }
    if args.jsonl.is_none() && args.seen.is_none() {
        eprintln!("warning: what was taken is forgotten at the end; --seen FILE remembers it");
    }
    loop {
        tokio::select! {
            _ = signals.next() => break,
            () = rotations.next() => if let Err(error) = receiver.reopen().await {
                eprintln!("warning: {error}");
            },
        }
    }
    eprintln!(
        "Stopping as soon as the deliveries in flight are answered; send a second signal to stop at once."
    );
    tokio::select! {
        () = receiver.stop() => Ok(()),
        code = signals.next() => std::process::exit(code.into()),
    }
}

async fn start(options: &Options, args: &ServeArgs) -> anyhow::Result<Receiver> {
    let tokens = match &args.signature_token_file {
        Some(file) => SignatureTokens::from_file_for(file, options.readers())?,
        None => {
            let tokens = variable(SIGNATURE_TOKEN)?.with_context(|| {
                format!("the signature tokens are missing; set {SIGNATURE_TOKEN}, or give --signature-token-file")
            })?;
            SignatureTokens::from_variable(&tokens).with_context(|| SIGNATURE_TOKEN)?
        }
    };
    let forward = args.forward.as_deref().map(|url| forward(options, url)).transpose()?;
    let audit = options.audit()?;
    let config = |cache_dir| Config {
        bind: args.bind,
        port: args.port,
        jsonl: args.jsonl.clone(),
        seen: args.seen.clone(),
        forward: forward.clone(),
        max_age: args.max_age,
        cache_dir,
        audit: audit.clone(),
        ..Config::new(tokens.clone())
    };
    match Receiver::start(config(crate::setup::user_cache())).await {
        Err(WebhookError::Host(error @ HostError::Cache { .. })) => {
            eprintln!("warning: {error}; going on without it");
            Ok(Receiver::start(config(None)).await?)
        }
        receiver => Ok(receiver?),
    }
}

fn forward(options: &Options, url: &str) -> anyhow::Result<Forward> {
    let network = options.network()?;
    let forward = Forward::parse_within(url, &network.allow_addresses)?.over(network);
    match variable(FORWARD_AUTHORIZATION)? {
        Some(value) => forward.authorized(&value).with_context(|| FORWARD_AUTHORIZATION),
        None => Ok(forward),
    }
}

/// A duration as in `24h`, `90m` or `30s`, of at least a second.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    parsed
        .and_then(|parsed| Duration::try_from(parsed).ok())
        .filter(|parsed| *parsed >= Duration::from_secs(1))
        .ok_or_else(|| anyhow!("it is not a duration of a second or more, such as 24h, 90m or 30s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        let rows = [
            ("24h", Some(86_400)),
            ("90m", Some(5400)),
            ("1s", Some(1)),
            ("1h 30m", Some(5400)),
            ("24", None),
            ("0s", None),
            ("-1h", None),
            ("soon", None),
        ];
        for (text, seconds) in rows {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
