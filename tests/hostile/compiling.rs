//! Components that are costly to compile: whoever may not call them pays
//! nothing, and for whoever may it is bounded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lever_host::audit::Audit;
use lever_host::runtime::{CallError, CompileHelper, Host, HostConfig, HostError};

use super::{Rig, agent, build};

/// A host that compiles by this program, into a cache of its own.
fn host(helper: CompileHelper, cache: &Path) -> Host {
    let config = HostConfig {
        compile_helper: Some(helper),
        cache_dir: Some(cache.join("cache")),
        ..HostConfig::default()
    };
    Host::new(config, Audit::none()).expect("the host starts")
}

fn program() -> CompileHelper {
    CompileHelper::new(PathBuf::from(env!("CARGO_BIN_EXE_lever-host")))
}

/// What calling the component that attacks comes to.
async fn outcome(host: &Host, grants: &[&str]) -> Result<serde_json::Value, CallError> {
    let hostile = host.load(&build::built().attack).expect("it imports nothing unusual");
    let mut agent = match grants {
        [] => lever_host::policy::Agent::denied("nobody"),
        more => agent(more),
    };
    agent.limits.call_timeout = Duration::from_secs(60);
    host.call(&hostile, &agent, "attack", "environment", &[]).await
}

#[tokio::test]
async fn what_is_refused_by_name_is_not_compiled() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let nowhere = CompileHelper::new(directory.path().join("no-such-program"));
    let host = host(nowhere, directory.path());
    let refused = outcome(&host, &[]).await;
    assert!(matches!(refused, Err(CallError::Refused(_))), "{refused:?}");
    let hostile = host.load(&build::built().attack).expect("it imports nothing unusual");
    let unknown = host.call(&hostile, &agent(&[]), "attack", "no-such-function", &[]).await;
    assert!(matches!(unknown, Err(CallError::Usage(_))), "{unknown:?}");
    // What is allowed is, and needs the program.
    let Err(CallError::Usage(error)) = outcome(&host, &["stages=read"]).await else {
        panic!("it was compiled by nobody");
    };
    assert!(error.contains("no-such-program cannot be run to compile"), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_allowed_is_compiled_within_bounds_by_a_process_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let rows = [
        (CompileHelper { memory: 16 << 20, ..program() }, "16 MiB of memory"),
        (CompileHelper { processor_time: Duration::from_secs(1), ..program() }, ""),
    ];
    for (helper, expected) in rows {
        let host = host(helper, directory.path());
        match outcome(&host, &["stages=read"]).await {
            Err(CallError::Limit(error)) => {
                assert!(error.contains("compiling it takes more than"), "{error}");
                assert!(error.contains(expected), "{error}");
            }
            // A fast machine has time enough for it in a second.
            Ok(_) if expected.is_empty() => {}
            other => panic!("{expected}: {other:?}"),
        }
    }
    let host = host(program(), directory.path());
    outcome(&host, &["stages=read"]).await.expect("it is compiled and runs");
    // What the program left is what this process runs, with the same settings.
    let count = || {
        let mut count = 0;
        let mut open = vec![directory.path().join("cache")];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).expect("it is there") {
                let path = entry.expect("it can be read").path();
                match path.is_dir() {
                    true => open.push(path),
                    false if path.extension().is_none() => count += 1,
                    false => {}
                }
            }
        }
        count
    };
    assert_eq!(count(), 1, "one artefact, made once");
}

#[tokio::test]
async fn locals_without_end_are_refused_before_anything_is_compiled() {
    let rig = Rig::new().await;
    let locals = format!("(func (local {}))", "i64 ".repeat(50_000));
    let text = format!("(component (core module {}))", locals.repeat(20));
    let bytes = wat::parse_str(text).expect("it can be written");
    match rig.host.load(&bytes) {
        Err(HostError::Costly(error)) => assert!(error.contains("50000 locals"), "{error}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was loaded"),
    }
    rig.is_unharmed().await;
}
