//! `lever-host demo`: the main job against a mock, in plain words.
//!
//! Nothing is claimed that is not compared with what the mock holds and saw; a
//! claim that does not hold ends the demonstration with an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use lever_host::audit::{Audit, Decision, Kind, Record};
use lever_host::credentials::Credential;
use lever_host::mock::{API_KEY, Config, Mock};
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Component, Host, HostConfig};
use serde_json::{Value, json};

use crate::audit::{self, Form};
use crate::setup::{self, Options};
use crate::tools::print;

/// Four pages of candidates, the last one not full.
const OPPORTUNITIES: usize = 350;

/// About what the API takes to answer from the next continent.
const LATENCY: Duration = Duration::from_millis(80);

/// The columns of a usual terminal.
const WIDTH: usize = 80;

const GRANT: &str = "opportunities=read";

/// Runs the demonstration.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let (file, is_temporary) = match options.audit_file() {
        Some(file) => (file.to_owned(), false),
        None => (temporary(), true),
    };
    let outcome = show(options, &file).await;
    if is_temporary {
        let _ = std::fs::remove_file(&file);
    }
    outcome
}

async fn show(options: &Options, file: &Path) -> anyhow::Result<()> {
    let mock =
        Mock::start(Config { opportunities: OPPORTUNITIES, latency: LATENCY, ..Config::default() })
            .await?;
    let before = records(file)?.len();
    let host = setup::host(
        HostConfig {
            upstream: mock.base_url().parse()?,
            allow_loopback: true,
            credential: Some(Credential::api_key(API_KEY)?.into()),
            ..HostConfig::default()
        },
        Audit::to_file(file)?,
    )?;
    let bytes = options.component()?;
    let start = Instant::now();
    let component = host.load(&bytes)?;
    print(&format!(
        "A mock Lever with {} candidates is running; each answer takes {} ms.\n\
         The component was loaded in {} ms: {} bytes,\n\
         sha256:{}.\n\n",
        mock.store().opportunity_ids().len(),
        LATENCY.as_millis(),
        start.elapsed().as_millis(),
        component.size(),
        component.digest(),
    ))?;
    let agent = Agent::from_grants("sourcer", &[GRANT.to_owned()])?;
    let reads = read_all(&mock, &host, &component, &agent).await?;
    refuse_writes(&mock, &host, &component, &agent).await?;
    check_records(&records(file)?.split_off(before), reads)?;
    print("\n3. The audit says the same:\n\n")?;
    audit::show(&[file.to_owned()], false, Form::Sentences { width: Some(WIDTH) })?;
    print("\nAll of this was compared with what the mock holds and with every request it saw.\n")
}

async fn read_all(
    mock: &Mock,
    host: &Host,
    component: &Component,
    agent: &Agent,
) -> anyhow::Result<usize> {
    let start = Instant::now();
    let page = host.call(component, agent, "opportunities", "list-all", &[]).await?;
    let took = start.elapsed();
    let items = page.get("items").and_then(Value::as_array).context("the answer has no items")?;
    let read: BTreeSet<&str> = items.iter().filter_map(|item| item.get("id")?.as_str()).collect();
    let held = mock.store().opportunity_ids();
    let held: BTreeSet<&str> = held.iter().map(String::as_str).collect();
    ensure!(read.len() == items.len(), "some candidates were read twice");
    ensure!(read == held, "the agent read {} candidates, Lever has {}", read.len(), held.len());
    let requests = mock.requests();
    let key = Credential::api_key(API_KEY)?.authorization();
    for request in &requests {
        ensure!(
            request.method == "GET" && request.path == "/v1/opportunities",
            "an unexpected request: {request}"
        );
        ensure!(
            request.header("authorization").map(str::as_bytes) == Some(key.as_bytes()),
            "a request came without the host's key: {request}"
        );
    }
    print(&format!(
        "1. Agent {:?} was granted {GRANT} and read all candidates:\n   \
         {} of {}, each once, in {:.2} s with {} requests. The host put the API key\n   \
         into each of them; the component never had it.\n",
        agent.name,
        read.len(),
        held.len(),
        took.as_secs_f32(),
        requests.len(),
    ))?;
    Ok(requests.len())
}

async fn refuse_writes(
    mock: &Mock,
    host: &Host,
    component: &Component,
    agent: &Agent,
) -> anyhow::Result<()> {
    let id = mock.store().opportunity_ids().into_iter().next().context("the mock is empty")?;
    let stages = mock.store().stages();
    let before = mock.store().opportunity(&id).context("the mock lost a candidate")?;
    let stage = stages
        .iter()
        .find(|stage| stage.get("id") != before.get("stage"))
        .and_then(|stage| stage.get("id"))
        .context("the mock has no other stage")?;
    let seen = mock.requests().len();
    print("\n2. The same agent tried to change something:\n")?;
    let attempts = [
        ("opportunities", "update-stage", vec![json!(id), stage.clone()]),
        ("notes", "create", vec![json!(id), json!({"value": "Call back on Monday."})]),
    ];
    for (interface, function, args) in attempts {
        match host.call(component, agent, interface, function, &args).await {
            Err(CallError::Refused(refusal)) => {
                let grant = refusal.grant.context("the refusal names no grant")?;
                print(&format!(
                    "   {interface}.{function} was refused: {}\n     to allow it, add --grant {grant}\n",
                    refusal.rule
                ))?;
            }
            Err(error) => return Err(anyhow!(error).context("refused, but not by the policy")),
            Ok(_) => return Err(anyhow!("{interface}.{function} went through")),
        }
    }
    ensure!(mock.requests().len() == seen, "a refused call sent a request");
    ensure!(mock.store().opportunity(&id) == Some(before), "a refused call changed a candidate");
    ensure!(!mock.requests().iter().any(|request| request.is_applied), "something was written");
    print("   Lever saw nothing of it: no request was sent and nothing changed.\n")
}

fn check_records(records: &[Record], reads: usize) -> anyhow::Result<()> {
    let count = |kind: Kind, decision: Decision| {
        records.iter().filter(|record| record.kind == kind && record.decision == decision).count()
    };
    ensure!(count(Kind::Request, Decision::Allowed) == reads, "a request is not in the audit");
    ensure!(count(Kind::Call, Decision::Allowed) == 1, "the call is not in the audit");
    ensure!(count(Kind::Call, Decision::Refused) == 2, "a refusal is not in the audit");
    Ok(())
}

fn records(file: &Path) -> anyhow::Result<Vec<Record>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("lever-host-demo-{}.jsonl", std::process::id()))
}
