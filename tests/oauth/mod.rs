//! `oauth`: the way to a grant, what agents cannot do with it, and what the host does.

pub mod browser;
mod command_line;
mod login;
mod race;
mod renewal;

use lever_host::runtime::CallError;
use serde_json::{Value, json};

use crate::support::Rig;

fn app() -> Value {
    json!({ "client-id": "app", "client-secret": "s3cret", "redirect-uri": "https://app.example/" })
}

#[tokio::test]
pub async fn authorize_url() {
    let rig = Rig::new().await;
    let request = json!([{
        "client-id": "app", "redirect-uri": "https://app.example/", "state": "xyz",
        "scopes": ["opportunities:read:admin"],
    }]);
    let url = rig.ok("oauth.authorize-url", request).await;
    let url = url.as_str().unwrap();
    assert!(url.contains("/authorize?client_id=app&"), "{url}");
    assert!(url.contains("&audience=https%3A%2F%2Fapi.lever.co%2Fv1%2F&"), "{url}");
}

/// An agent's instance reaches the API alone, so no secret can leave by it.
async fn is_refused(function: &str, arguments: Value) {
    let rig = Rig::new().await;
    let result = rig.call(function, arguments).await;
    let Err(CallError::Refused(refusal)) = result else { panic!("{result:?}") };
    assert!(!refusal.message.contains("s3cret"), "{}", refusal.message);
    assert!(rig.sent().is_empty(), "{}", rig.mock.describe());
}

#[tokio::test]
pub async fn exchange_code() {
    is_refused("oauth.exchange-code", json!([app(), "code"])).await;
}

#[tokio::test]
pub async fn refresh() {
    is_refused("oauth.refresh", json!([app(), "token"])).await;
}
