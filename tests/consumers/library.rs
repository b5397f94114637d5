//! Lists stages with lever-host as a library.
//! LEVER_BASE_URL=http://127.0.0.1:8123/v1 LEVER_API_KEY=mock-api-key library

use lever_host::audit::Audit;
use lever_host::credentials::Credential;
use lever_host::embedded;
use lever_host::functions::stages::ListAll;
use lever_host::policy::Agent;
use lever_host::runtime::{Host, HostConfig};
use lever_host::types::stages::StageQuery;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = HostConfig {
        upstream: std::env::var("LEVER_BASE_URL")?.parse()?,
        allow_loopback: true,
        credential: Some(Credential::api_key(&std::env::var("LEVER_API_KEY")?)?.into()),
        ..HostConfig::default()
    };
    let host = Host::new(config, Audit::to_file("audit.jsonl")?)?;
    let lever = host.load(embedded::COMPONENT)?;
    let agent = Agent::from_grants("sourcer", &["stages=read".to_owned()])?;

    let all = ListAll { query: StageQuery::default(), max_items: None };
    for stage in host.invoke(&lever, &agent, all).await?.items {
        println!("{} {}", stage.id, stage.text.unwrap_or_default());
    }
    Ok(())
}
