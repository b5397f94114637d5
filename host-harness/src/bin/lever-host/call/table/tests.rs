use lever_host::catalog::Catalog;
use serde_json::json;

use super::*;

fn shape(id: &str) -> Option<&'static Shape> {
    Catalog::embedded().function_by_id(id).unwrap().result.as_ref()
}

fn fields(paths: &str) -> Fields {
    let paths: Vec<String> = paths.split(',').map(str::to_owned).collect();
    Fields::new(&paths, None).unwrap()
}

fn notes() -> Value {
    json!({"items": [
        {"id": "n1", "text": "A first note", "created-at": 1_700_000_000_123_u64, "secret": false,
         "user": {"id": "u1"}, "fields": [{"value": "one", "created-at": 1_700_000_000_000_u64}, {"value": "two"}]},
        {"id": "n2", "text": "名前", "fields": []},
    ], "next": "m.2"})
}

#[test]
fn records_are_lines_with_times_that_people_can_read() {
    let fields = fields("id,created-at,user,fields.value,fields.created-at");
    let shown = lay_out(&notes(), shape("notes.list-page"), Some(&fields), None);
    let lines: Vec<&str> = shown.table.lines().collect();
    assert_eq!(
        lines,
        [
            "id  created-at            user  fields.value  fields.created-at",
            "n1  2023-11-14T22:13:20Z  u1    one, two      2023-11-14T22:13:20Z",
            "n2",
        ]
    );
    assert_eq!(shown.notes, ["there is more: go on with the cursor m.2"]);
}

#[test]
fn fields_are_chosen_that_fit_and_the_others_named() {
    let shown = lay_out(&notes(), shape("notes.list-page"), None, Some(30));
    let lines: Vec<&str> = shown.table.lines().collect();
    assert_eq!(lines[0], "id  text          fields");
    assert!(lines.iter().all(|line| console::measure_text_width(line) <= 30), "{lines:?}");
    assert_eq!(shown.notes[0], "not shown: user, secret, created-at; --fields a,b,c chooses");
    // A terminal narrower than one column.
    let shown = lay_out(&notes(), shape("notes.list-page"), Some(&fields("text")), Some(6));
    assert!(
        shown.table.lines().all(|line| console::measure_text_width(line) <= 6),
        "{}",
        shown.table
    );
}

#[test]
fn one_record_is_a_line_a_field() {
    let note = notes()["items"][0].clone();
    let shown = lay_out(&note, shape("notes.get"), None, None);
    assert!(
        shown.table.starts_with("id          n1\ntext        A first note\n"),
        "{}",
        shown.table
    );
    assert!(shown.table.contains("created-at  2023-11-14T22:13:20Z\n"), "{}", shown.table);
    let entries = json!([{"opportunity": "o", "items": [], "error": {"kind": "not-found", "message": "Gone."}}]);
    let shown = lay_out(&entries, shape("notes.list-for-many"), None, None);
    assert_eq!(shown.table, "opportunity  error\no            Gone.\n");
    assert_eq!(lay_out(&Value::Null, None, None, None).table, "\n");
    assert_eq!(lay_out(&json!({"items": []}), None, None, None).table, "");
}

#[test]
fn hostile_text_steers_nothing() {
    let hostile = "a\u{1b}[2J\r\nb\tc\u{202e}\u{9b}31m\u{200b}\u{e0041}";
    let page = json!({"items": [{"id": hostile, "text": [hostile], "other": {hostile: hostile}}], "next": hostile});
    for terminal in [None, Some(40)] {
        for fields in [None, Some(fields(&format!("id,text,other,{hostile}")))] {
            let shown = lay_out(&page, None, fields.as_ref(), terminal);
            assert_eq!(shown.table.lines().count(), 2, "{:?}", shown.table);
            let text = shown.table.clone() + &shown.notes.concat();
            assert_eq!(escape(&text.replace('\n', "")), text.replace('\n', ""));
        }
    }
    let record = json!({"id": hostile});
    assert_eq!(lay_out(&record, None, None, None).table.lines().count(), 1);
}
