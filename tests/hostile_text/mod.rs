//! What people write about themselves: it reaches the caller as it is, and
//! neither a terminal nor the audit.

mod answers;
mod events;
mod files;
mod login;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lever_host::mock::{API_KEY, Effect, Fault, Mock};
use serde_json::{Value, json};

use crate::support::{Rig, opportunity};

/// Clears the screen, turns the text around, writes a second line, ends the
/// string, hides.
const NAME: &str = "Ana \u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}nad\u{2066}\r\n{\"x\":1}\t\0\u{7f}\u{200b}\u{2028}\u{feff}\u{e0041}\"\\";

/// The binary as a user of this mock runs it, with an audit of its own.
struct Terminal {
    base: String,
    audit: PathBuf,
}

impl Terminal {
    fn new(mock: &Mock, name: &str) -> Terminal {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let audit = folder.join(format!("hostile-text-{name}.jsonl"));
        let _ = std::fs::remove_file(&audit);
        Terminal { base: mock.base_url(), audit }
    }

    /// The binary with these arguments.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
        command
            .env_clear()
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("LEVER_API_KEY", API_KEY)
            .stdin(Stdio::null())
            .args(["--base-url", &self.base, "--allow-loopback", "--audit"])
            .arg(&self.audit)
            .args(args);
        command
    }

    /// What it writes to standard output and standard error.
    async fn run(&self, args: &[&str]) -> (String, String) {
        let mut command = self.command(args);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("it ends").expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
        (text(output.stdout), text(output.stderr))
    }

    /// Calls a function with everything granted that it needs.
    async fn call(&self, function: &str, args: &Value) -> (String, String) {
        let (interface, name) = function.split_once('.').expect("interface.function");
        let allow = format!("{function}=allow");
        let args: Vec<String> =
            args.as_array().expect("a list").iter().map(Value::to_string).collect();
        let mut all =
            vec!["--grant", &allow, "--download-host", "127.0.0.1", "call", interface, name];
        all.extend(args.iter().map(String::as_str));
        self.run(&all).await
    }

    /// Checks that nothing of it steers a terminal, in the file or shown, and that
    /// every line is a line.
    async fn check_audit(&self) {
        let log = std::fs::read_to_string(&self.audit).expect("the audit is there");
        assert!(!log.contains(is_hostile) && !log.contains("Ana"), "{log:?}");
        assert!(log.lines().all(|line| line.len() < 3000), "{log:.5000}");
        let file = self.audit.display().to_string();
        let (table, err) = self.run(&["audit", "show", &file]).await;
        assert!(!table.contains(is_hostile) && err.is_empty(), "{table:?} {err:?}");
        // An intent is shown only where its end is missing.
        let ended = log.lines().filter(|line| !line.contains("\"kind\":\"intent\""));
        assert_eq!(table.lines().count(), ended.count());
    }
}

fn with_name(id: &str, name: &str) -> Effect {
    Effect::Body(json!({ "data": { "id": id, "name": name, "tags": [name] } }).to_string())
}

fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2066}' | '\u{feff}' | '\u{e0041}')
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_steers_no_terminal_and_stays_what_it_is() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.mock.inject(Fault::new(with_name(&id, NAME)));
    let audit = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-text.jsonl");
    let _ = std::fs::remove_file(&audit);
    let run = |args: Vec<String>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
        command
            .env_clear()
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("LEVER_API_KEY", API_KEY).stdin(Stdio::null()).args(args);
        let output = tokio::task::spawn_blocking(move || command.output());
        async {
            let output = output.await.expect("it ends").expect("it runs");
            let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
            (text(output.stdout), text(output.stderr))
        }
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let base = rig.mock.base_url();
    let mut call = words(&format!("--base-url {base} --allow-loopback --audit"));
    call.push(audit.display().to_string());
    call.extend(words("--grant opportunities=read call opportunities get"));
    let (out, err) = run([call.clone(), vec![json!(id).to_string()]].concat()).await;
    assert!(!out.contains(is_hostile) && !err.contains(is_hostile), "{out:?} {err:?}");
    let record: Value = serde_json::from_str(&out).expect("the result is JSON");
    assert_eq!((&record["name"], &record["tags"]), (&json!(NAME), &json!([NAME])));

    // The same from Lever's error, and as an id of the caller's own.
    let status = json!({ "code": NAME, "message": NAME });
    rig.mock.inject(Fault::new(Effect::Status {
        code: 400,
        body: lever_host::mock::Content::Json(status),
        headers: vec![],
    }));
    for id in [json!(id), json!(NAME)] {
        let (out, err) = run([call.clone(), vec![id.to_string()]].concat()).await;
        assert_eq!(out, "");
        assert!(!err.contains(is_hostile), "{err:?}");
        serde_json::from_str::<Value>(&err).expect("the error is JSON");
    }
    let log = std::fs::read_to_string(&audit).expect("the audit is there");
    assert!(!log.contains(is_hostile) && !log.contains("Ana"), "{log:?}");
    let (table, err) = run(vec!["audit".into(), "show".into(), audit.display().to_string()]).await;
    assert!(!table.contains(is_hostile) && err.is_empty(), "{table:?} {err:?}");
    assert_eq!(table.lines().count(), log.lines().count());
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_handed_on_and_no_record_grows() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    for name in ["x".repeat(1 << 20), NAME.repeat(20_000)] {
        rig.mock.inject(Fault::new(with_name(&id, &name)));
        let record = rig.ok("opportunities.get", json!([id])).await;
        assert_eq!(record["name"], json!(name));
        // And as an argument, in a place where the policy and the guest look.
        for (function, args) in [
            ("opportunities.get", json!([name])),
            ("raw.get", json!([format!("/{name}")])),
            ("opportunities.list-page", json!([{ "tag": [name] }])),
            ("opportunities.list-page", json!([{}, name])),
            ("notes.create", json!([id, { "value": name }])),
        ] {
            let result = rig.call(function, args).await;
            let told = format!("{result:.200?}");
            assert!(!told.contains("Trap(") && !told.contains("Limit("), "{function} {told}");
        }
    }
    for record in rig.audit.records() {
        let line = serde_json::to_string(&record).expect("records are JSON");
        assert!(
            line.len() < 3000 && !line.contains("xxxx") && !line.contains("Ana"),
            "{line:.300}"
        );
    }
}
