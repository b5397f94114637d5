//! Files, sockets and whatever else no component gets: refused when loaded.

use lever_host::audit::{Decision, Kind};
use lever_host::runtime::HostError;

use super::{CANARY, Rig, build};

/// Loads a component that must be refused, and returns the imports named.
fn refused(rig: &Rig, bytes: &[u8]) -> String {
    let before = rig.audit.records().len();
    let error = match rig.host.load(bytes) {
        Err(error @ HostError::Import { .. }) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was loaded"),
    };
    let records = rig.audit.records().split_off(before);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.kind, record.decision), (Kind::Call, Decision::Refused));
    assert!(record.rule.starts_with("imports "), "{record:?}");
    assert_eq!(record.component.len(), 16, "{record:?}");
    error
}

#[tokio::test]
async fn a_component_that_reads_files_and_opens_sockets_is_refused_by_name() {
    let rig = Rig::new().await;
    let error = refused(&rig, &build::built().reach);
    for import in ["wasi:filesystem/types@", "wasi:filesystem/preopens@", "wasi:sockets/tcp@"] {
        assert!(error.contains(import), "{import} is not in {error}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn each_import_beyond_the_list_is_refused_alone() {
    let rig = Rig::new().await;
    let rows = [
        "wasi:filesystem/types@0.2.0",
        "wasi:filesystem/preopens@0.2.12",
        "wasi:sockets/tcp@0.2.0",
        "wasi:sockets/udp@0.2.0",
        "wasi:sockets/ip-name-lookup@0.2.0",
        "wasi:sockets/network@0.2.0",
        "wasi:sockets/instance-network@0.2.0",
        "wasi:keyvalue/store@0.2.0-draft",
        "wasi:config/store@0.2.0-rc.1",
        "wasi:cli/run@0.2.0",
        "wasi:http/incoming-handler@0.2.0",
        "wasi:io/streams-and-more@0.2.0",
        "ats:lever/opportunities@0.1.0",
    ];
    for import in rows {
        let text = format!("(component (import \"{import}\" (instance)))");
        let error = refused(&rig, &wat::parse_str(&text).expect("it is sound"));
        assert!(error.contains(&format!("imports {import}, which")), "{import}: {error}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn names_within_a_component_cannot_steer_a_terminal() {
    let rig = Rig::new().await;
    let twice =
        r#"(component (core module (func) (export "\1b[2J" (func 0)) (export "\1b[2J" (func 0))))"#;
    let unknown = r#"(component
        (core module $m (import "\1b[2J" "\e2\80\ae" (func)))
        (core instance (instantiate $m)))"#;
    for text in [twice, unknown] {
        let Err(error) = rig.host.load(&wat::parse_str(text).expect("it can be written")) else {
            panic!("it was loaded: {text}");
        };
        assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error:?}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn bytes_that_are_no_component_are_an_error() {
    let rig = Rig::new().await;
    let core = wat::parse_str("(module)").expect("it is sound");
    let mut cut = build::built().attack.clone();
    cut.truncate(cut.len() / 2);
    for bytes in
        [&b""[..], b"canary", b"\0asm", b"(component)", b"\x7fELF\x02\x01\x01", &core, &cut]
    {
        match rig.host.load(bytes) {
            Err(HostError::Invalid(error)) => assert!(!error.contains(CANARY), "{error}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was loaded: {bytes:?}"),
        }
    }
    rig.is_unharmed().await;
}
