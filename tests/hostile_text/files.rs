//! Names of files, on their way up and down.

use lever_host::mock::{Config, Content, Downloads, Effect, Fault};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{NAME, Terminal, is_hostile};
use crate::support::{Rig, id, opportunity, user};

/// A rig whose next download comes with this header.
async fn downloaded(rig: &Rig, disposition: &str) -> Value {
    let headers = vec![
        ("Content-Disposition".to_owned(), disposition.to_owned()),
        ("Content-Type".to_owned(), "text/plain".to_owned()),
    ];
    let body = Content::Json(json!("bytes"));
    rig.mock.inject(Fault::new(Effect::Status { code: 200, body, headers }));
    rig.ok("files.download", json!(["o", "f"])).await
}

#[tokio::test]
async fn the_name_that_comes_with_the_bytes_is_a_name_and_shows_what_it_is() {
    let rig = Rig::new().await;
    let encoded = |name: &str| {
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
    };
    let long = "x".repeat(4_000);
    let rows = [
        (encoded("r\u{e9}sum\u{e9}.pdf"), Some("r\u{e9}sum\u{e9}.pdf")),
        (encoded("invoice\u{202e}fdp.exe"), Some("invoicefdp.exe")),
        (encoded("\u{1b}[2Ja\u{9b}31m\u{7}.pdf"), Some("[2Ja31m.pdf")),
        (encoded("a\r\nSet-Cookie: x.pdf"), Some("aSet-Cookie: x.pdf")),
        (encoded("\u{feff}\u{200b}\u{2066}a.pdf"), Some("a.pdf")),
        (encoded("../../.ssh/authorized_keys"), Some("authorized_keys")),
        (encoded("..\\..\\a.exe"), Some("a.exe")),
        (encoded(".."), None),
        (encoded("\u{202e}.."), None),
        (encoded("\u{200b}"), None),
        (encoded("a/"), None),
        (encoded(&long), None),
        (format!("attachment; filename=\"{long}\""), None),
        ("attachment; filename=\"a;b.pdf\"".to_owned(), Some("a;b.pdf")),
        ("attachment; filename=\"..\"".to_owned(), None),
        ("attachment; filename=\"/etc/passwd\"".to_owned(), Some("passwd")),
        ("attachment".to_owned(), None),
    ];
    for (header, name) in rows {
        let file = downloaded(&rig, &header).await;
        assert_eq!(file["name"].as_str(), name, "{header:.200}");
    }
    let file = downloaded(&rig, &encoded(NAME)).await;
    assert!(!file["name"].as_str().is_some_and(|name| name.contains(is_hostile)), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_goes_up_as_it_is_or_not_at_all() {
    let config = Config { rate: None, downloads: Downloads::Redirect, ..Config::default() };
    let rig = Rig::with(config).await;
    let terminal = Terminal::new(&rig.mock, "uploads");
    let (opportunity, user) = (opportunity(&rig), user(&rig));
    let long = format!("{}.txt", "x".repeat(1 << 20));
    let names = [
        "plain.txt",
        "r\u{e9}sum\u{e9} (1).txt",
        "\u{5c65}\u{6b74}\u{66f8}.txt",
        "a;b='c'.txt",
        "100%.txt",
        "a\"b.txt",
        "a%22b.txt",
        "a%0d%0ab.txt",
        "a\nb.txt",
        "a\r\n--lever\r\n.txt",
        "a\\b.txt",
        "../a.txt",
        "a\u{1b}[2J.txt",
        "a\u{9b}31m.txt",
        "a\0.txt",
        "a\u{202e}txt.exe.txt",
        "",
        " ",
        "..",
        long.as_str(),
    ];
    for name in names {
        let args = json!([opportunity, { "name": name, "content": "text" }, user]);
        match rig.call("files.upload", args.clone()).await {
            Ok(made) => {
                let stored = rig.mock.store().files(&opportunity);
                let stored = stored.iter().find(|file| file["id"] == id(&made).as_str());
                assert_eq!(stored.expect("it is there")["name"], name);
            }
            Err(error) => {
                let told = error.to_string();
                assert!(told.len() < 3000 && !told.contains(is_hostile), "{told:.3000}");
                assert!(
                    told.contains("file name") || told.contains("Lever answered 400"),
                    "{told:.3000}"
                );
                assert!(
                    rig.mock.store().files(&opportunity).iter().all(|file| file["name"] != name)
                );
            }
        }
        if name.len() < 1000 {
            let (out, err) = terminal.call("files.upload", &args).await;
            assert!(!out.contains(is_hostile) && !err.contains(is_hostile), "{out:?} {err:?}");
        }
    }
    terminal.check_audit().await;
}
