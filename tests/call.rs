//! `lever-host call` as scripts and people use it: arguments from elsewhere,
//! results in parts, and what is said of a result that is not whole.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use lever_host::mock::{API_KEY, Config, Effect, Fault, Mock};
use serde_json::{Value, json};

use crate::cli::{command, run, told};

async fn mock() -> Mock {
    Mock::start(Config { rate: None, ..Config::default() }).await.unwrap()
}

fn against(mock: &Mock, args: &[&str]) -> Command {
    let mut command = command();
    command.env("LEVER_API_KEY", API_KEY);
    command.args(["--base-url", &mock.base_url(), "--allow-loopback"]).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with this on standard input.
async fn fed(mock: &Mock, args: &[&str], input: &str) -> (i32, String, String) {
    let (mut command, input) = (against(mock, args), input.to_owned());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    told(output.await.unwrap())
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn ids(items: &[Value]) -> BTreeSet<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_come_from_standard_input_and_a_query_from_a_file() {
    let mock = mock().await;
    let ids = mock.store().opportunity_ids();
    let place = tempfile::tempdir().unwrap();
    let query = place.path().join("query.json");
    std::fs::write(&query, "{\"limit\": 5}\n").unwrap();
    let query = format!("@{}", query.display());
    let args = ["--grant", "notes=read", "call", "notes", "list-for-many", "-", &query];
    let input = format!("{}\r\n\r\n{}\n", ids[0], ids[1]);
    let (code, out, err) = fed(&mock, &args, &input).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let entries: Value = serde_json::from_str(&out).unwrap();
    let asked: Vec<&Value> =
        entries.as_array().unwrap().iter().map(|entry| &entry["opportunity"]).collect();
    assert_eq!(asked, [&ids[0], &ids[1]]);
    assert!(mock.requests().iter().all(|seen| seen.to_string().contains("limit=5")));

    mock.clear_requests();
    let (code, out, err) = fed(&mock, &args, "one\nt\two\n").await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("argument 1 (standard input): line 2 holds a control character"), "{err}");
    assert!(mock.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_takes_one_object_of_its_schema() {
    let mock = mock().await;
    let grant = ["--grant", "opportunities=read", "call"];
    let call = |args: &'static [&'static str]| {
        let args: Vec<&str> = grant.into_iter().chain(args.iter().copied()).collect();
        let mock = &mock;
        async move { run(mock, &args).await }
    };
    let by_name = r#"{"query": {"limit": 5}, "max-items": 3}"#;
    let (code, in_order, err) = call(&["opportunities", "list-all", "{\"limit\": 5}", "3"]).await;
    assert_eq!(code, 0, "{err}");
    for args in [
        &["opportunities_list-all", r#"{"query": {"limit": 5}, "max-items": 3}"#][..],
        &["opportunities", "list-all", r#"{"max-items": 3, "query": {"limit": 5}}"#],
        &["opportunities.list-all", "{\"limit\": 5}", "3"],
    ] {
        let (code, out, err) = call(args).await;
        assert_eq!((code, out.as_str()), (0, in_order.as_str()), "{args:?}: {err}");
    }
    let args = [&grant[..], &["opportunities_list-all", "-"]].concat();
    assert_eq!(fed(&mock, &args, by_name).await.1, in_order);

    mock.clear_requests();
    for (args, said) in [
        (
            &["opportunities_list-all", r#"{"qeury": {}}"#][..],
            "qeury: unknown key; it is written \"query\"",
        ),
        (
            &["opportunities_list-all", r#"{"tag": ["x"]}"#],
            "tag: unknown parameter; it is a key of query",
        ),
        (
            &["opportunities", "get", r#"{"colour": "x"}"#],
            "colour: unknown key; known are opportunity, include, expand",
        ),
        (&["opportunities_get", "{}"], "opportunity: missing; it is a string"),
        (&["opportunities_get", r#"{"opportunity": 3}"#], "opportunity: expected a string, got 3"),
        (&["opportunities"], "opportunities is an interface"),
    ] {
        let (code, out, err) = call(args).await;
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
    assert!(mock.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_whole_exits_5_with_one_line() {
    let mock = mock().await;
    let ids = mock.store().opportunity_ids();
    let three = json!([ids[0], "no-such-id", "nor-this"]).to_string();
    let grant = ["--grant", "opportunities=read", "call"];
    for args in [
        &["notes", "list-for-many", &three][..],
        &["opportunities", "get-many", &three],
        &["opportunities", "get-many", &three, "--table", "--fields", "opportunity,error"],
        &["notes", "list-for-many", &three, "--jsonl"],
    ] {
        let (code, out, err) = run(&mock, &[&grant[..], args].concat()).await;
        assert_eq!(code, 5, "{args:?}: {err}");
        assert!(out.contains(&ids[0]), "the good ones are there: {out}");
        let expected = "partial: 2 of 3 entries hold an error, the first entry 2: not-found: ";
        assert!(err.starts_with(expected), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let (code, out, err) =
        run(&mock, &[&grant[..], &["notes", "list-for-many", &three, "--jsonl"]].concat()).await;
    assert_eq!(
        (code, &lines(&out)[3]),
        (5, &json!({"complete": true, "items": 3, "failed": 2})),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_parts_is_all_of_it_each_once() {
    let mock = mock().await;
    let expected = mock.store().opportunity_ids();
    let args = ["--grant", "opportunities=read", "call", "opportunities", "list-all", "--jsonl"];
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let lines = lines(&out);
    let (end, items) = lines.split_last().unwrap();
    assert_eq!(*end, json!({"complete": true, "items": expected.len()}));
    assert_eq!(items.len(), expected.len());
    assert_eq!(ids(items), expected.iter().map(String::as_str).collect());

    // What it lists is what `list-all` lists, key by key.
    let (_, whole, _) = run(&mock, &args[..5]).await;
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert!(items.iter().all(|item| whole["items"].as_array().unwrap().contains(item)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_on_where_it_ended() {
    let mock = mock().await;
    let expected = mock.store().opportunity_ids();
    let grant = ["--grant", "opportunities=read", "call", "opportunities", "list-all", "--jsonl"];
    mock.inject(Fault::status(403).path("/opportunities").skip(1).always());
    let (code, out, err) = run(&mock, &grant).await;
    assert_eq!(code, 2, "{err}");
    assert_eq!(serde_json::from_str::<Value>(&err).unwrap()["kind"], "forbidden");
    let mut read = lines(&out);
    let end = read.pop().unwrap();
    assert_eq!((&end["complete"], &end["items"]), (&json!(false), &json!(100)));
    assert_eq!((read.len(), &end["error"]["kind"]), (100, &json!("forbidden")));

    mock.clear_faults();
    let cursor = end["cursor"].as_str().unwrap();
    let (code, out, err) = run(&mock, &[&grant[..], &["--cursor", cursor]].concat()).await;
    assert_eq!(code, 0, "{err}");
    let mut rest = lines(&out);
    assert_eq!(rest.pop().unwrap()["complete"], true);
    read.extend(rest);
    assert_eq!(ids(&read), expected.iter().map(String::as_str).collect());
    let other = [&grant[..], &["{\"tag\":[\"Boats\"]}", "--cursor", cursor]].concat();
    let (code, _, err) = run(&mock, &other).await;
    assert_eq!(code, 2, "a cursor is one of its query: {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ids_go_on_behind_the_last_that_was_read() {
    let mock = mock().await;
    let all = mock.store().opportunity_ids()[..7].to_vec();
    let policy = crate::cli::file(
        "parts.toml",
        "[agents.a.grants]\nopportunities = \"read\"\n[agents.a.limits]\nrequests-per-second = 1\ncall-timeout = \"6s\"\n",
    );
    let ids = all.join("\n");
    let args = ["--policy", policy.to_str().unwrap(), "--agent", "a", "call", "opportunities"];
    let args = [&args[..], &["get-many", "-", "--jsonl", "--fields", "opportunity"]].concat();
    // Three at a time, which is what half of six seconds is enough for.
    mock.inject(Fault::status(401).path("/opportunities/*").skip(3).always());
    let (code, out, _) = fed(&mock, &args, &ids).await;
    let mut read = lines(&out);
    let end = read.pop().unwrap();
    assert_eq!((code, &end["items"], &end["complete"]), (2, &json!(3), &json!(false)), "{out}");
    mock.clear_faults();
    let cursor = end["cursor"].as_str().unwrap();
    let (code, out, err) = fed(&mock, &[&args[..], &["--cursor", cursor]].concat(), &ids).await;
    assert_eq!(code, 0, "{err}");
    read.extend(lines(&out));
    assert_eq!(read.pop().unwrap(), json!({"complete": true, "items": 4}));
    let expected: Vec<Value> = all.iter().map(|id| json!({"opportunity": id})).collect();
    assert_eq!(read, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_parts_needs_the_memory_of_one() {
    let account = Config { rate: None, opportunities: 1500, ..Config::default() };
    let mock = Mock::start(account).await.unwrap();
    let args = ["--memory", "6MiB", "--grant", "opportunities=read", "call", "opportunities"];
    let args = [&args[..], &["list-all"]].concat();
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    for said in ["`memory` limit of 6 MiB", "--memory may be up to 4GiB", "--jsonl"] {
        assert!(err.contains(said), "{said}: {err}");
    }
    let args = [&args[..], &["--jsonl", "--fields", "id"]].concat();
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!((code, err.as_str()), (0, ""));
    let mut read = lines(&out);
    let expected = mock.store().opportunity_ids();
    assert_eq!(read.pop().unwrap(), json!({"complete": true, "items": expected.len()}));
    assert_eq!(ids(&read), expected.iter().map(String::as_str).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_ends_it_without_a_word() {
    let mock = mock().await;
    let args = ["--grant", "opportunities=read", "call", "opportunities", "list-all"];
    let mut command = against(&mock, &[&args[..], &["{\"limit\":10}", "--jsonl"]].concat());
    let ended = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'));
        child.wait_with_output().unwrap()
    });
    let (code, _, err) = told(ended.await.unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_leaves_whole_lines() {
    let latency = Duration::from_millis(300);
    let mock = Mock::start(Config { rate: None, latency, ..Config::default() }).await.unwrap();
    let args = ["--grant", "opportunities=read", "call", "opportunities", "list-all"];
    let mut command = against(&mock, &[&args[..], &["{\"limit\":20}", "--jsonl"]].concat());
    let out = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // Into the second page.
        for _ in 0..21 {
            out.read_line(&mut text).unwrap();
        }
        child.kill().unwrap();
        out.read_to_string(&mut text).unwrap();
        child.wait().unwrap();
        text
    });
    let out = out.await.unwrap();
    assert!(out.ends_with('\n'));
    let read = lines(&out);
    assert!(read.len() >= 21 && read.iter().all(|item| item["id"].is_string()), "{}", read.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_in_parts_is_refused_before_a_request() {
    let mock = mock().await;
    let grant = ["--grant", "stages=read", "call", "stages"];
    for (args, said) in [
        (&["list-page", "--jsonl"][..], "stages.list-all --jsonl"),
        (&["get", "\"offer\"", "--jsonl"], "stages.list-all can"),
        (&["fetch", "--jsonl"], "lever-host tools"),
        (&["list-all", "--cursor", "x"], "--jsonl"),
        (&["list-all", "--fields", "txt"], "did you mean `text`?"),
    ] {
        let (code, out, err) = run(&mock, &[&grant[..], args].concat()).await;
        assert_eq!((code, out.as_str()), (1, ""), "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
    assert!(mock.requests().is_empty());
    // The grant must cover the calls that are made.
    let args = ["--grant", "stages.list-all=allow", "call", "stages", "list-all", "--jsonl"];
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!((code, &lines(&out)[0]["error"]["kind"]), (3, &json!("refused-by-host")), "{err}");
    assert!(err.contains("stages.list-page=allow"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_tables_and_chosen_fields() {
    let mock = mock().await;
    let grant = ["--grant", "stages=read", "call", "stages"];
    let (code, out, err) =
        run(&mock, &[&grant[..], &["list-all", "--table", "--fields", "id,text"]].concat()).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.lines().next().unwrap().starts_with("id"), "{out}");
    assert_eq!(out.lines().count(), mock.store().stages().len() + 1);
    let (_, out, _) =
        run(&mock, &[&grant[..], &["get", "\"offer\"", "--fields", "id"]].concat()).await;
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!({"id": "offer"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_candidates_is_inert_in_a_table() {
    let mock = mock().await;
    let id = mock.store().opportunity_ids()[0].clone();
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}\nrow\u{202e}txt\u{9b}31m";
    let body =
        json!({"data": [{"id": id, "name": hostile, "emails": [hostile]}], "hasNext": false});
    let answer = Effect::Body(body.to_string());
    mock.inject(Fault::new(answer).path("/opportunities").always());
    let args = ["--grant", "opportunities=read", "call", "opportunities", "list-page", "--table"];
    let (code, out, err) = run(&mock, &args).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), 2, "{out:?}");
    assert!(!out.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_the_manual_know_every_command() {
    let mock = mock().await;
    for (shell, said) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef lever-host"),
        ("fish", "complete -c lever-host"),
    ] {
        let (code, out, err) = run(&mock, &["completions", shell]).await;
        assert_eq!(code, 0, "{err}");
        for word in [said, "webhooks", "jsonl", "base-url"] {
            assert!(out.contains(word), "{shell}: {word}");
        }
    }
    let (code, out, _) = run(&mock, &["man"]).await;
    assert_eq!(code, 0);
    assert!(out.contains(".TH lever") && out.contains("lever\\-host\\-call"), "{out}");
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("man1");
    assert_eq!(run(&mock, &["man", "--out", directory.to_str().unwrap()]).await.0, 0);
    for page in ["lever-host.1", "lever-host-call.1", "lever-host-webhooks-serve.1"] {
        assert!(directory.join(page).is_file(), "{page}");
    }
}
