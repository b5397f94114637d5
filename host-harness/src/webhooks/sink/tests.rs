use super::*;

const NOW: u64 = 1_767_088_800_000;

struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lever-sink-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn jsonl(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    fn open(&self) -> Sink {
        Sink::open(Some(self.jsonl()), None, None, 1000, NOW).unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.jsonl()).unwrap_or_default()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn event(token: &str, id: &str) -> String {
    format!(
        r#"{{"kind":"candidate-hired","event":"candidateHired","id":"{id}","triggeredAt":{NOW},"token":"{token}","data":{{"opportunityId":"{id}"}}}}"#
    )
}

async fn take(sink: &Sink, event: &str) -> (u16, &'static str) {
    let reply = sink.take(Bytes::from(event.to_owned())).await;
    (reply.status, reply.word)
}

#[tokio::test]
async fn an_event_is_written_once_whatever_comes_again() {
    let files = Files::new("once");
    let sink = files.open();
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "accepted"));
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
    assert_eq!(take(&sink, &event("t", "b")).await, (409, "altered"));
    assert_eq!(take(&sink, "{}").await, (400, "no-event"));
    drop(sink);
    let sink = files.open();
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
    assert_eq!(take(&sink, &event("u", "a")).await, (200, "accepted"));
    assert_eq!(files.text(), format!("{}\n{}\n", event("t", "a"), event("u", "a")));
}

#[tokio::test]
async fn data_of_any_form_makes_a_line_and_is_told_apart() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for data in [r#""text""#, "[7]", "null", r#"{"n":1e999}"#, deep.as_str()] {
        let files = Files::new("data");
        let sink = files.open();
        let with = |data: &str| event("t", "a").replace(r#"{"opportunityId":"a"}"#, data);
        assert_eq!(take(&sink, &with(data)).await, (200, "accepted"), "{data}");
        assert_eq!(take(&sink, &with("{}")).await, (409, "altered"), "{data}");
        drop(sink);
        assert_eq!(take(&files.open(), &with(data)).await, (200, "repeat"), "{data}");
        assert_eq!(files.text(), format!("{}\n", with(data)));
    }
}

/// What a process that died at any point leaves behind, and what must hold
/// when Lever sends the delivery again.
#[tokio::test]
async fn a_crash_at_any_point_neither_loses_nor_doubles_an_event() {
    let (whole, journal) = {
        let files = Files::new("sample");
        let sink = files.open();
        take(&sink, &event("t", "a")).await;
        (files.text(), std::fs::read_to_string(beside(&files.jsonl())).unwrap())
    };
    let points = [
        ("before anything", "", "", "accepted"),
        ("within the line", &whole[..40], "", "accepted"),
        ("before the line's end", whole.trim_end(), "", "repeat"),
        ("after the line", &whole, "", "repeat"),
        ("within the journal", &whole, &journal[..20], "repeat"),
        ("after the journal", &whole, &journal, "repeat"),
    ];
    for (point, written, remembered, expected) in points {
        let files = Files::new("crash");
        std::fs::write(files.jsonl(), written).unwrap();
        std::fs::write(beside(&files.jsonl()), remembered).unwrap();
        let sink = files.open();
        assert_eq!(take(&sink, &event("t", "a")).await, (200, expected), "{point}");
        assert_eq!(take(&sink, &event("t", "b")).await, (409, "altered"), "{point}");
        assert_eq!(files.text(), whole, "{point}");
    }
}

#[tokio::test]
async fn tokens_are_remembered_after_the_events_were_moved_away() {
    let files = Files::new("moved");
    let sink = files.open();
    take(&sink, &event("t", "a")).await;
    std::fs::rename(files.jsonl(), files.0.join("old")).unwrap();
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
    drop(sink);
    let sink = files.open();
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
    assert_eq!(files.text(), "");
}

/// As logrotate does it: the old file moved, an empty one in its place or none.
#[cfg(unix)]
#[tokio::test]
async fn files_that_were_rotated_are_followed_at_the_next_event_and_when_told_to() {
    for (told, made) in [(false, false), (false, true), (true, false), (true, true)] {
        let files = Files::new(&format!("rotated-{told}-{made}"));
        let sink = files.open();
        take(&sink, &event("t", "a")).await;
        for path in [files.jsonl(), beside(&files.jsonl())] {
            let mut old = path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&path, old).unwrap();
            if made {
                std::fs::write(&path, "").unwrap();
            }
        }
        if told {
            sink.reopen().await.unwrap();
            assert!(files.jsonl().exists() && beside(&files.jsonl()).exists());
        }
        assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
        assert_eq!(take(&sink, &event("u", "b")).await, (200, "accepted"));
        assert_eq!(files.text(), format!("{}\n", event("u", "b")));
        drop(sink);
        // Both are known to the next process by the file that is there now.
        let sink = files.open();
        assert_eq!(take(&sink, &event("t", "a")).await, (200, "repeat"));
        assert_eq!(take(&sink, &event("u", "b")).await, (200, "repeat"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_at_the_same_time_one_is_written() {
    let files = Files::new("same");
    let sink = Arc::new(files.open());
    let tries = (0..16).map(|_| {
        let sink = Arc::clone(&sink);
        tokio::spawn(async move { take(&sink, &event("t", "a")).await.1 })
    });
    let mut words = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        words.push(one.await.unwrap());
    }
    assert_eq!(words.iter().filter(|word| **word == "accepted").count(), 1, "{words:?}");
    assert!(words.iter().all(|word| ["accepted", "repeat", "busy"].contains(word)));
    assert_eq!(files.text().lines().count(), 1);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_taken() {
    let files = Files::new("full");
    let sink = files.open();
    std::fs::remove_file(files.jsonl()).unwrap();
    std::fs::create_dir(files.jsonl()).unwrap();
    assert_eq!(take(&sink, &event("t", "a")).await, (503, "not-written"));
    std::fs::remove_dir(files.jsonl()).unwrap();
    assert_eq!(take(&sink, &event("t", "a")).await, (200, "accepted"));
    assert_eq!(files.text().lines().count(), 1);
}

#[tokio::test]
async fn a_line_steers_no_terminal_and_means_the_same() {
    let files = Files::new("escape");
    let sink = files.open();
    let hostile = event("t", "a\u{9b}31m\u{202e}");
    take(&sink, &hostile).await;
    let text = files.text();
    assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text}");
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&text), value(&hostile));
    drop(sink);
    assert_eq!(take(&files.open(), &hostile).await, (200, "repeat"));
}

#[test]
fn the_file_of_the_tokens_alone_can_be_given() {
    let files = Files::new("seen");
    let seen = files.0.join("seen");
    let forward = Forward::parse("http://127.0.0.1:9/").unwrap();
    Sink::open(None, Some(seen.clone()), Some(forward), 1000, NOW).unwrap();
    assert!(seen.is_file());
}
