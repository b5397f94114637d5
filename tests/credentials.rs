//! The credential: added by the host, seen by nobody else.

use std::os::unix::fs::PermissionsExt;

use lever_host::audit::Audit;
use lever_host::credentials::Credential;
use lever_host::embedded::COMPONENT;
use lever_host::mock::{ACCESS_TOKEN, Config, Mock};
use lever_host::runtime::{CallError, Host};
use serde_json::json;

use crate::support::{Rig, agent, host_config};

#[tokio::test]
async fn the_host_adds_a_key_as_basic_and_a_token_as_bearer() {
    let rig = Rig::new().await;
    rig.ok("stages.list-all", json!([])).await;
    let header = |rig: &Rig| rig.mock.requests()[0].header("authorization").map(str::to_owned);
    assert_eq!(header(&rig).as_deref(), Some("Basic bW9jay1hcGkta2V5Og=="));
    let mut config = host_config(&rig.mock);
    config.credential = Some(Credential::access_token(ACCESS_TOKEN).unwrap().into());
    let host = Host::new(config, Audit::none()).unwrap();
    let lever = host.load(COMPONENT).unwrap();
    rig.mock.clear_requests();
    host.call(&lever, &rig.agent, "stages", "list-all", &[]).await.unwrap();
    assert_eq!(header(&rig), Some(format!("Bearer {ACCESS_TOKEN}")));
}

#[tokio::test]
async fn without_a_credential_lever_says_no_and_the_error_says_what_to_do() {
    let mock = Mock::start(Config { rate: None, ..Config::default() }).await.unwrap();
    let mut config = host_config(&mock);
    config.credential = None;
    let host = Host::new(config, Audit::none()).unwrap();
    let lever = host.load(COMPONENT).unwrap();
    let result = host.call(&lever, &agent(&["stages=read"]), "stages", "list-all", &[]).await;
    let Err(CallError::Component(error)) = result else { panic!("{result:?}") };
    assert_eq!(
        (&error["kind"], &error["code"]),
        (&json!("unauthorized"), &json!("UnauthorizedError"))
    );
    assert!(error["message"].as_str().unwrap().contains("credential"));
    assert_eq!(mock.requests()[0].header("authorization"), None);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("credential");
    std::fs::write(&file, "LEVER_API_KEY=s3cret-key\n").unwrap();
    for (mode, good) in
        [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o604, false)]
    {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let credential = Credential::from_file(&file);
        assert_eq!(credential.is_ok(), good, "{mode:o}");
        assert!(!format!("{credential:?}").contains("s3cret"));
    }
}

/// The environment of a process stays in `/proc` as it was at the start, and its memory could be
/// read or traced. The files of a process that can be dumped belong to its user, those of another
/// one to root.
#[cfg(target_os = "linux")]
#[test]
fn a_process_with_a_credential_cannot_be_read_by_others_of_the_same_user() {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command.arg("mock").env("LEVER_API_KEY", "s3cret-key").stdout(std::process::Stdio::piped());
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Root's files belong to root either way.
        command.uid(65_534);
    }
    // A checkout that nobody else can enter leaves nothing to try.
    let Ok(mut child) = command.spawn() else { return };
    // Its first line comes long after what is done first.
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    let owner = std::fs::metadata(format!("/proc/{}/environ", child.id())).unwrap().uid();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("mock"), "{line}");
    assert_eq!(owner, 0);
}
