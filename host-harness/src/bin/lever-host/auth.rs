//! `lever-host auth`: log in by OAuth, see how the login is, forget it.
//!
//! Prints addresses, names and times; a token, a code or the client's secret is printed nowhere.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use lever_host::audit::escape;
use lever_host::credentials::login::{
    App, Endpoint, Login, Millis, Renewal, Secret, Standing, Stored, TokenFile,
};
use lever_host::sign_in::{OFFLINE_ACCESS, SignIn, sign_out};
use lever_host::upstream::Upstream;

use crate::policy;
use crate::setup::{Options, variable};
use crate::tools::print;

/// The variable that holds the client's secret.
const CLIENT_SECRET: &str = "LEVER_CLIENT_SECRET";

/// `lever-host auth ...`.
#[derive(Subcommand)]
pub enum AuthCommand {
    /// Authorise an application at Lever and store its tokens
    Login(LoginArgs),
    /// Show the state of the login without its tokens; exits with an error if it cannot be used
    Status,
    /// Renew the access token now, even if the answer to the last renewal was lost
    Refresh,
    /// Delete the stored login
    Logout,
}

/// The arguments of `lever-host auth login`.
#[derive(Args)]
pub struct LoginArgs {
    /// The application's client id
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Take the client's secret from this file rather than from
    /// LEVER_CLIENT_SECRET
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What is asked for, such as opportunities:read:admin; may be repeated.
    /// Without it, what the agent of --policy or --grant needs
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where the browser comes back to, as registered with the application
    #[arg(long, value_name = "URI", default_value = "http://localhost:8910/callback")]
    redirect_uri: String,
    /// The authorization server, if not the one of the API or LEVER_AUTH_URL
    #[arg(long, value_name = "URL")]
    auth_url: Option<String>,
    /// For whom the tokens are, if not for the API or LEVER_AUDIENCE
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// How long the browser is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

/// Runs the command.
pub async fn run(options: &Options, command: &AuthCommand) -> anyhow::Result<()> {
    let file = options
        .token_file()
        .context("no default location for the login: HOME is not set; use --token-file FILE")?;
    match command {
        AuthCommand::Login(args) => login(options, args, file).await,
        AuthCommand::Status => status(&file),
        AuthCommand::Refresh => refresh(options, file).await,
        AuthCommand::Logout => logout(&file).await,
    }
}

async fn login(options: &Options, args: &LoginArgs, file: TokenFile) -> anyhow::Result<()> {
    let api = options.upstream()?;
    let given = |option: &Option<String>, name: &str| match option {
        Some(given) => Ok(Some(given.clone())),
        None => variable(name),
    };
    let url = given(&args.auth_url, "LEVER_AUTH_URL")?;
    let audience = given(&args.audience, "LEVER_AUDIENCE")?;
    let place = Endpoint::of(&api, url.as_deref(), audience.as_deref())?;
    if place.url.parse::<Upstream>()?.is_loopback() && !options.allows_loopback() {
        bail!("{} is on this machine; give --allow-loopback, which opens it for a mock", place.url);
    }
    let client_secret = match &args.client_secret_file {
        Some(file) => Secret::from_file(file, options.readers())?,
        None => variable(CLIENT_SECRET)?.map(Secret::new).with_context(|| {
            format!(
                "the client's secret is missing; set {CLIENT_SECRET}, or give --client-secret-file"
            )
        })?,
    };
    let scopes = match args.scopes.as_slice() {
        [] => policy::scopes(&options.agent()?)?,
        given => given.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect(),
    };
    if scopes.iter().all(|scope| scope == OFFLINE_ACCESS) {
        bail!(
            "no scope is asked for; give --scope, such as --scope opportunities:read:admin, or say with --policy and \
             --agent, or with --grant, what the login is for"
        );
    }
    let app = App {
        client_id: args.client_id.clone(),
        client_secret,
        redirect_uri: args.redirect_uri.clone(),
    };
    let sign_in = SignIn { api, place, app, scopes: scopes.clone(), file: file.clone() };
    let waiting = sign_in.begin(&options.connect()?).await?;
    print(&format!(
        "Open this address in a browser where a Super Admin is logged in to Lever:\n\n  {}\n\n\
         Waiting {} s at most for the browser to come back to {}.\n",
        waiting.url(),
        args.wait,
        waiting.redirect_uri()
    ))?;
    let stored = waiting.finish(Duration::from_secs(args.wait)).await?;
    let missing: Vec<&String> =
        scopes.iter().filter(|scope| !stored.scopes.contains(scope)).collect();
    for scope in missing {
        eprintln!("warning: {} was not granted", escape(scope));
    }
    if stored.refresh_token.is_none() {
        eprintln!(
            "warning: no refresh token came, so the login ends with its access token; is \
             {OFFLINE_ACCESS} allowed for the application?"
        );
    }
    print(&format!("\nLogged in.\n{}", shown(&file, &stored, now())))
}

fn status(file: &TokenFile) -> anyhow::Result<()> {
    let stored = file.read()?;
    let (stored, _) = stored.ok_or_else(|| nobody(file))?;
    let now = now();
    print(&shown(file, &stored, now))?;
    if stored.is_dead(now) {
        bail!("the login can be used no more; run `lever-host auth login` again");
    }
    Ok(())
}

async fn refresh(options: &Options, file: TokenFile) -> anyhow::Result<()> {
    let (stored, _) = file.read()?.ok_or_else(|| nobody(&file))?;
    // Whatever --base-url says, the login knows its API.
    let api = Upstream::parse_within(&stored.api, options.allowed_addresses())?;
    let login = Login::open(file.clone(), &api, options.connect()?)?;
    login.renew().await.map_err(|error| anyhow!("{error}"))?;
    status(&file)
}

async fn logout(file: &TokenFile) -> anyhow::Result<()> {
    let path = file.path().display();
    print(&match sign_out(file).await? {
        true => format!(
            "Logged out: {path} is removed. Lever does not know; to end the tokens there too, take the application's \
             access back in Lever's settings.\n"
        ),
        false => format!("Not logged in: {path} does not exist.\n"),
    })
}

fn nobody(file: &TokenFile) -> anyhow::Error {
    anyhow!("not logged in: {} does not exist; run `lever-host auth login`", file.path().display())
}

/// Waits for a renewal that is under way, and says so when it takes long: the process that asked
/// for it must be the one that stores what comes.
pub async fn settle(renewal: impl Future<Output = ()>) {
    let mut renewal = std::pin::pin!(renewal);
    if tokio::time::timeout(Duration::from_secs(1), &mut renewal).await.is_err() {
        eprintln!("the login is being renewed; ending before that would lose it");
        renewal.await;
    }
}

/// The login in lines, for people.
fn shown(file: &TokenFile, stored: &Stored, now: Millis) -> String {
    let access = match (stored.standing(now), stored.expires_at) {
        (Standing::Over, Some(end)) => format!("ended {} ago", span(now.saturating_sub(end))),
        (_, Some(end)) => format!("ends in {}", span(end.saturating_sub(now))),
        (_, None) => "its end is not known".to_owned(),
    };
    let renewal = match (&stored.refresh_token, stored.renewal) {
        (_, Renewal::Refused { .. }) => "refused by the authorization server for good".to_owned(),
        (None, _) => "not possible: no refresh token came".to_owned(),
        (_, Renewal::Asked { at }) => format!(
            "asked for {} ago, and no answer is known; if no process is renewing it, see `lever-host auth refresh`",
            span(now.saturating_sub(at))
        ),
        (_, Renewal::Failed { .. }) => "failed, and will be tried again".to_owned(),
        (_, Renewal::Done) => "by itself".to_owned(),
    };
    let rows = [
        ("for", stored.api.as_str()),
        ("authorised at", &stored.place.url),
        ("audience", &stored.place.audience),
        ("application", &stored.app.client_id),
        ("scopes", &stored.scopes.join(" ")),
        ("access token", &access),
        ("renewal", &renewal),
        ("kept in", &file.path().display().to_string()),
    ];
    rows.iter().map(|(name, text)| format!("{name:<15}{}\n", escape(text))).collect()
}

/// A time in its largest unit, rounded down.
fn span(millis: Millis) -> String {
    match millis / 1000 {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds @ 7200..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn now() -> Millis {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let rows = [
            (0, "0 s"),
            (119_999, "119 s"),
            (120_000, "2 min"),
            (3_600_000, "60 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 days"),
        ];
        for (millis, expected) in rows {
            assert_eq!(span(millis), expected);
        }
    }
}
