use lever_host::value::Tree;
use serde_json::json;

use super::*;

const NOW: u64 = 1_700_000_000_000;
const SKEW: u64 = 600_000;

fn function(id: &str) -> &'static Function {
    Catalog::embedded().function_by_id(id).unwrap()
}

fn reading(id: &str, arguments: Value, cursor: Option<&str>) -> anyhow::Result<Reading<'static>> {
    let Value::Object(arguments) = arguments else { panic!("by name") };
    Reading::new(function(id), arguments, cursor, &Limits::default(), NOW)
}

fn refused(id: &str, arguments: Value, cursor: Option<&str>) -> String {
    reading(id, arguments, cursor).err().unwrap().to_string()
}

/// Takes a part and gives the ids of its lines.
fn take(reading: &mut Reading<'_>, part: Value, now: u64) -> Result<Vec<String>, Stop> {
    let mut lines = Vec::new();
    reading.take(Shown::new(&Tree::from(part)), now, &mut |line| {
        lines.push(match line {
            Line::Item(item) => {
                let id = item.field("id").or_else(|| item.field("opportunity"));
                id.and_then(|id| id.text()).unwrap_or("?").to_owned()
            }
            Line::Skipped(_) => "skipped".to_owned(),
        });
        Ok(())
    })?;
    Ok(lines)
}

fn page(ids: &[&str], next: Option<&str>) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"items": items, "next": next})
}

fn next(reading: &Reading<'_>) -> Option<(String, Value)> {
    reading.next().map(|(name, arguments)| (name.to_owned(), Value::Object(arguments)))
}

#[test]
fn a_list_is_read_page_by_page_each_record_once() {
    let mut stages = reading("stages.list-all", json!({}), None).unwrap();
    assert_eq!(next(&stages), Some(("list-page".into(), json!({"query": {"limit": 100}}))));
    assert_eq!(take(&mut stages, page(&["a", "b"], Some("m.1")), NOW).unwrap(), ["a", "b"]);
    let (_, arguments) = next(&stages).unwrap();
    assert_eq!(arguments, json!({"query": {"limit": 100}, "cursor": "m.1"}));
    assert_eq!(stages.cursor().as_deref(), Some("m.1"));
    let mut last = page(&["b", "c"], None);
    last["skipped"] = json!([{"position": 2}]);
    assert_eq!(take(&mut stages, last, NOW).unwrap(), ["c", "skipped"]);
    assert_eq!((next(&stages), stages.cursor()), (None, None));
}

#[test]
fn what_moved_is_read_at_the_end_until_nothing_new_comes() {
    let query = json!({"query": {"tag": ["x"], "limit": 2}});
    let mut list = reading("opportunities.list-all", query, None).unwrap();
    take(&mut list, page(&["a", "b"], Some("m.1")), NOW).unwrap();
    assert_eq!(list.cursor(), Some(format!("{}@m.1", NOW - SKEW)));
    take(&mut list, page(&["c"], None), NOW + 60_000).unwrap();
    let changed =
        |since: u64| json!({"query": {"tag": ["x"], "limit": 2, "updated-at-start": since}});
    assert_eq!(next(&list).unwrap().1, changed(NOW - SKEW));
    assert_eq!(list.cursor(), Some(format!("{}@", NOW - SKEW)));
    // One that moved past the reader, beside one that was met.
    let moved = take(&mut list, page(&["a", "d"], None), NOW + 90_000).unwrap();
    assert_eq!(moved, ["d"]);
    assert_eq!(next(&list).unwrap().1, changed(NOW + 60_000 - SKEW));
    assert_eq!(take(&mut list, page(&["e"], None), NOW + 95_000).unwrap(), ["e"]);
    assert_eq!(next(&list), None, "twice at most");
}

#[test]
fn what_needs_no_second_look_gets_none() {
    let rows = [
        // One page.
        (json!({}), vec![page(&["a"], None)]),
        // Nothing that changed since can be one of these.
        (
            json!({"query": {"updated-at-end": 1}}),
            vec![page(&["a"], Some("m.1")), page(&["b"], None)],
        ),
        // So many, in Lever's order.
        (json!({"max-items": 9}), vec![page(&["a"], Some("m.1")), page(&["b"], None)]),
    ];
    for (arguments, pages) in rows {
        let mut list = reading("opportunities.list-all", arguments.clone(), None).unwrap();
        for page in pages {
            assert!(next(&list).is_some(), "{arguments}");
            take(&mut list, page, NOW).unwrap();
        }
        assert_eq!((next(&list), list.cursor()), (None, None), "{arguments}");
    }
    let mut list = reading("opportunities.list-all", json!({}), None).unwrap();
    take(&mut list, page(&["a"], Some("m.1")), NOW).unwrap();
    take(&mut list, page(&["b"], None), NOW).unwrap();
    assert!(take(&mut list, page(&["a", "b"], None), NOW).unwrap().is_empty());
    assert_eq!(next(&list), None, "nothing new came");
}

#[test]
fn a_cursor_goes_on_with_the_time_of_the_first_begin() {
    let mut list = reading("opportunities.list-all", json!({}), Some("1600000000000@m.7")).unwrap();
    assert_eq!(next(&list).unwrap().1["cursor"], "m.7");
    take(&mut list, page(&["z"], None), NOW).unwrap();
    assert_eq!(next(&list).unwrap().1["query"]["updated-at-start"], 1_600_000_000_000_u64);
    let again = reading("opportunities.list-all", json!({}), list.cursor().as_deref()).unwrap();
    assert_eq!(next(&again).unwrap().1, next(&list).unwrap().1);
    // The `next` of a page, and a list that cannot be asked for changes.
    let list = reading("opportunities.list-all", json!({}), Some("m.7")).unwrap();
    assert_eq!(list.cursor(), Some(format!("{}@m.7", NOW - SKEW)));
    let list = reading("stages.list-all", json!({}), Some("m.7")).unwrap();
    assert_eq!(list.cursor().as_deref(), Some("m.7"));
}

#[test]
fn the_last_page_is_asked_for_short() {
    let mut list = reading("stages.list-all", json!({"max-items": 3}), None).unwrap();
    assert_eq!(next(&list).unwrap().1["query"]["limit"], 3);
    take(&mut list, page(&["a", "b"], Some("m.1")), NOW).unwrap();
    assert_eq!(next(&list).unwrap().1["query"]["limit"], 1);
    take(&mut list, page(&["c"], Some("m.2")), NOW).unwrap();
    assert_eq!((next(&list), list.cursor().as_deref()), (None, Some("m.2")));
    assert!(refused("stages.list-all", json!({"max-items": 0}), None).contains("from 1 up"));
}

#[test]
fn a_page_that_leads_back_ends_it() {
    let mut list = reading("stages.list-all", json!({}), None).unwrap();
    for (cursor, goes_on) in [("m.1", true), ("m.2", true), ("m.1", false)] {
        let taken = take(&mut list, page(&["a"], Some(cursor)), NOW);
        assert_eq!(taken.is_ok(), goes_on, "{cursor}");
    }
}

fn many(count: usize, cursor: Option<&str>, limits: &Limits) -> anyhow::Result<Reading<'static>> {
    let ids: Vec<Value> = (0..count).map(|id| json!(id.to_string())).collect();
    let Value::Object(arguments) = json!({"opportunities": ids, "query": {"limit": 5}}) else {
        panic!("by name")
    };
    Reading::new(function("notes.list-for-many"), arguments, cursor, limits, NOW)
}

/// Answers the next call, and says how many ids were in it.
fn answered(reading: &mut Reading<'_>) -> usize {
    let (name, arguments) = next(reading).unwrap();
    assert_eq!((name.as_str(), &arguments["query"]), ("list-for-many", &json!({"limit": 5})));
    let ids = arguments["opportunities"].as_array().unwrap();
    let entries = ids.iter().map(|id| json!({"opportunity": id, "items": []})).collect();
    take(reading, Value::Array(entries), NOW).unwrap().len()
}

#[test]
fn many_ids_are_asked_for_some_at_a_time() {
    let limits = Limits::default();
    let mut reading = many(50, None, &limits).unwrap();
    let parts: Vec<usize> = (0..3).map(|_| answered(&mut reading)).collect();
    assert_eq!(parts, [20, 20, 10]);
    assert_eq!((next(&reading), reading.cursor()), (None, None));
    // As many as half of the call's time is enough for.
    let slow = Limits {
        requests_per_second: 1,
        call_timeout: std::time::Duration::from_secs(20),
        ..Limits::default()
    };
    assert_eq!(answered(&mut many(250, None, &slow).unwrap()), 10);
    let mut none = many(0, None, &limits).unwrap();
    assert_eq!(answered(&mut none), 0);
    assert_eq!(next(&none), None);
}

#[test]
fn many_ids_go_on_behind_those_that_are_done() {
    let limits = Limits::default();
    let mut first = many(250, None, &limits).unwrap();
    assert!(first.cursor().unwrap().starts_with("0-"), "it can begin anew");
    answered(&mut first);
    let cursor = first.cursor().unwrap();
    assert!(cursor.starts_with("20-"), "{cursor}");
    for cursor in [cursor.as_str(), "20"] {
        let rest = many(250, Some(cursor), &limits).unwrap();
        assert_eq!(next(&rest).unwrap().1["opportunities"][0], "20");
    }
    let other = many(249, Some(&cursor), &limits).err().unwrap().to_string();
    assert!(other.contains("another list of ids"), "{other}");
    let beyond = many(250, Some("251"), &limits).err().unwrap().to_string();
    assert_eq!(beyond, "--cursor says that 251 ids are done, and the list has 250");
    assert!(many(250, Some("m.1"), &limits).is_err());
}

#[test]
fn what_was_too_much_is_asked_for_in_less() {
    let mut reading_many = many(250, None, &Limits::default()).unwrap();
    let mut list = reading("stages.list-all", json!({}), None).unwrap();
    for (ids, limit) in [(5, 25), (1, 6)] {
        assert!(reading_many.shrink() && list.shrink());
        let arguments = next(&reading_many).unwrap().1;
        assert_eq!(arguments["opportunities"].as_array().unwrap().len(), ids);
        assert_eq!(next(&list).unwrap().1["query"]["limit"], limit);
    }
    assert!(list.shrink());
    assert!(!reading_many.shrink() && !list.shrink());
    // Lever alone decides how many webhooks come at once.
    assert!(!reading("webhooks.list-all", json!({}), None).unwrap().shrink());
}

#[test]
fn what_has_no_parts_is_refused_with_what_has() {
    let rows = [
        ("stages.list-page", json!({}), "stages.list-all --jsonl"),
        ("stages.get", json!({}), "stages.list-all can"),
        ("opportunities.list-deleted", json!({}), "opportunities.list-all-deleted --jsonl"),
        ("uploads.upload", json!({}), "cannot be read in parts"),
        ("stages.list-all", json!({"curser": 1}), "known are query, max-items"),
        ("notes.list-for-many", json!({"opportunities": "x"}), "expected a list of ids"),
    ];
    for (id, arguments, expected) in rows {
        let error = refused(id, arguments, None);
        assert!(error.contains(expected), "{error}");
    }
}
