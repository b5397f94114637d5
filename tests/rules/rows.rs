//! The rules, by what they are about.

use serde_json::{Value, json};

use super::{FUTURE, PAST, Row};
use crate::support::base64;

/// A change that is made in somebody's name, with a blank one.
pub fn in_nobodys_name() -> Vec<Row> {
    let named: &[&str] = &["perform-as is \"\"", "must not be blank"];
    let mut interview = json!({ "date": 1, "duration": 1, "interviewers": [{ "id": "u" }] });
    let panel = json!({ "timezone": "UTC", "interviews": [interview] });
    interview["panel"] = json!("p");
    let form = json!({ "base-template-id": "t" });
    let file = json!({ "name": "a.txt", "content": "x" });
    let change = json!({ "note": "n" });
    let of = |function, mut args: Vec<Value>| {
        args.push(json!(""));
        (function, Value::from(args), named)
    };
    let o = || json!("o");
    vec![
        of("opportunities.create", vec![json!({ "name": "Ana" })]),
        of("opportunities.update-stage", vec![o(), json!("offer")]),
        of("opportunities.archive", vec![o(), json!("r"), json!({})]),
        of("opportunities.unarchive", vec![o()]),
        of("opportunities.add-tags", vec![o(), json!(["t"])]),
        of("opportunities.remove-tags", vec![o(), json!(["t"])]),
        of("opportunities.add-links", vec![o(), json!(["t"])]),
        of("opportunities.remove-links", vec![o(), json!(["t"])]),
        of("opportunities.add-sources", vec![o(), json!(["t"])]),
        of("opportunities.remove-sources", vec![o(), json!(["t"])]),
        of("notes.create", vec![o(), json!({ "value": "x" }), Value::Null]),
        of("interviews.create", vec![o(), interview]),
        of("interviews.update", vec![o(), json!("i"), change.clone()]),
        of("interviews.delete", vec![o(), json!("i")]),
        of("panels.create", vec![o(), panel]),
        of("panels.update", vec![o(), json!("p"), change]),
        of("panels.delete", vec![o(), json!("p")]),
        of("feedback.create", vec![o(), form]),
        of("feedback.update", vec![o(), json!("f"), json!({ "completed-at": PAST })]),
        of("feedback.delete", vec![o(), json!("f")]),
        of("files.upload", vec![o(), file]),
        of("files.delete", vec![o(), json!("f")]),
        of("postings.create", vec![json!({ "text": "x" })]),
        of("postings.update", vec![json!("p"), json!({ "text": "x" })]),
    ]
}

pub fn opportunities() -> Vec<Row> {
    let new = |field: &str, value: Value| json!([{ field: value }, "u"]);
    let mut rows: Vec<Row> = vec![
        (
            "opportunities.list-page",
            json!([{ "email": ["a@x", "b@x"] }]),
            &["email holds 2 values"],
        ),
        ("opportunities.list-all", json!([{ "email": ["a@x", "b@x"] }]), &["by one"]),
        ("opportunities.list-page", json!([{ "limit": 0 }]), &["limit \"0\"", "1 to 100"]),
        ("opportunities.list-all", json!([{ "limit": 101 }]), &["limit \"101\"", "1 to 100"]),
        ("opportunities.list-all", json!([{}, 0]), &["max-items is 0"]),
        ("opportunities.list-all", json!([{ "tag": ["a", ""] }]), &["tag holds \"\"", "blank"]),
        (
            "opportunities.list-all",
            json!([{ "created-at-start": 2, "created-at-end": 1 }]),
            &["created-at-end is before created-at-start"],
        ),
        ("opportunities.create", new("emails", json!(["noat"])), &["emails is not an e-mail"]),
        (
            "opportunities.list-page",
            json!([{ "expand": ["tags"] }]),
            &["expand \"tags\"", "contact"],
        ),
        ("opportunities.get", json!([""]), &["opportunity \"\" is empty"]),
        ("opportunities.update-stage", json!(["o", "", "u"]), &["stage is \"\""]),
        ("opportunities.archive", json!(["o", " ", {}, "u"]), &["reason is \" \""]),
        ("opportunities.create", json!([{ "name": "Ana" }]), &["perform-as is missing"]),
        ("opportunities.create", new("emails", json!(["a@x", ""])), &["emails[1] is \"\""]),
        ("opportunities.create", new("tags", json!([" "])), &["tags[0] is \" \""]),
        ("opportunities.create", new("phones", json!([{ "value": "" }])), &["phones[0].value"]),
        ("opportunities.create", new("stage", json!("")), &["stage is \"\"", "Leave it out"]),
        ("opportunities.create", new("created-at", json!(FUTURE)), &["created-at 32503680000000"]),
        ("opportunities.create", new("postings", json!(["p", "q"])), &["postings holds 2 ids"]),
        ("opportunities.create", new("archived", json!({ "reason": "" })), &["archived.reason"]),
        (
            "opportunities.create",
            new("archived", json!({ "reason": "r", "archived-at": PAST })),
            &["created-at that is earlier"],
        ),
        ("opportunities.create", json!([{}, "u", true]), &["needs the posting"]),
        ("opportunities.create", json!([{}, "u", null, true]), &["Give resume-file"]),
        (
            "opportunities.create",
            new("resume-file", json!({ "name": "cv.exe", "content": "x" })),
            &["\"cv.exe\"", ".docx, .doc, .pdf"],
        ),
    ];
    for (function, name) in [
        ("opportunities.add-tags", "tags"),
        ("opportunities.remove-tags", "tags"),
        ("opportunities.add-links", "links"),
        ("opportunities.remove-links", "links"),
        ("opportunities.add-sources", "sources"),
        ("opportunities.remove-sources", "sources"),
    ] {
        let blank: &[&str] = match name {
            "tags" => &["tags[1] is \"\""],
            "links" => &["links[1] is \"\""],
            _ => &["sources[1] is \"\""],
        };
        rows.push((function, json!(["o", [], "u"]), &["is empty. Give at least one."]));
        rows.push((function, json!(["o", ["x", ""], "u"]), blank));
    }
    rows
}

pub fn notes() -> Vec<Row> {
    let new = |note: Value| json!(["o", note, null, "u"]);
    let change = |change: Value| json!(["o", "n", change]);
    vec![
        ("notes.create", new(json!({ "value": "" })), &["value is \"\""]),
        ("notes.create", new(json!({ "value": " \n" })), &["value is", "blank"]),
        ("notes.create", new(json!({ "value": "x", "score": 0 })), &["score is 0", "1 to 4"]),
        ("notes.create", new(json!({ "value": "x", "score": 5 })), &["score is 5", "1 to 4"]),
        (
            "notes.create",
            new(json!({ "value": "x", "created-at": FUTURE })),
            &["created-at 32503680000000", "in the future"],
        ),
        ("notes.create", json!(["o", { "value": "x" }, ""]), &["note \"\" is empty"]),
        ("notes.update", change(json!({ "values": [] })), &["mentions nothing"]),
        ("notes.update", change(json!({ "values": [{ "value": "" }] })), &["values[0].value"]),
        (
            "notes.update",
            change(json!({ "values": [{ "value": "x", "created-at": FUTURE }] })),
            &["values[0].created-at"],
        ),
        ("notes.update", change(json!({ "score": 9 })), &["score is 9"]),
        ("notes.update", change(json!({ "user": "" })), &["user is \"\""]),
        ("notes.update", change(json!({ "created-at": FUTURE })), &["created-at"]),
        ("notes.update", change(json!({ "completed-at": FUTURE })), &["completed-at"]),
        (
            "notes.update",
            change(json!({ "clear": ["secret"] })),
            &["clear holds \"secret\"", "score"],
        ),
        ("notes.update", change(json!({ "score": 1, "clear": ["score"] })), &["as well"]),
    ]
}

pub fn interviews() -> Vec<Row> {
    let whole =
        || json!({ "panel": "p", "date": 1, "duration": 1, "interviewers": [{ "id": "u" }] });
    let new = |field: &str, value: Value| {
        let mut interview = whole();
        interview[field] = value;
        json!(["o", interview, "u"])
    };
    let change = |change: Value| json!(["o", "i", change, "u"]);
    let panel = |field: &str, value: Value| {
        let mut panel = json!({ "timezone": "UTC", "interviews": [whole()] });
        panel["interviews"][0].as_object_mut().expect("it is one").remove("panel");
        panel[field] = value;
        json!(["o", panel, "u"])
    };
    vec![
        (
            "interviews.create",
            new("feedback-reminder", json!("soon")),
            &["\"soon\"", "Lever takes once"],
        ),
        ("interviews.create", new("panel", json!("")), &["panel is \"\""]),
        ("interviews.create", new("duration", json!(0)), &["duration 0", "1 minute"]),
        ("interviews.create", new("interviewers", json!([])), &["no interviewers"]),
        ("interviews.create", new("interviewers", json!([{ "id": "" }])), &["interviewers[0].id"]),
        ("interviews.update", change(json!({ "duration": 0 })), &["duration 0"]),
        (
            "interviews.update",
            change(json!({ "interviewers": [{ "id": "" }] })),
            &["interviewers[0].id"],
        ),
        ("interviews.update", change(json!({ "clear": ["date"] })), &["clear holds \"date\""]),
        ("panels.create", panel("timezone", json!("")), &["timezone \"\"", "Europe/Lisbon"]),
        ("panels.create", panel("timezone", json!("+01:00")), &["timezone \"+01:00\""]),
        ("panels.create", panel("interviews", json!([])), &["no interviews"]),
        ("panels.create", panel("applications", json!([""])), &["applications[0]"]),
        ("panels.update", change(json!({ "timezone": "nowhere at all" })), &["timezone"]),
        (
            "panels.update",
            change(json!({ "change-interviews": [{ "id": "i" }] })),
            &["change-interviews[0] mentions nothing"],
        ),
        (
            "panels.update",
            change(json!({ "change-interviews": [{ "id": "i", "duration": 0 }] })),
            &["change-interviews[0] has the duration 0"],
        ),
        (
            "panels.update",
            change(json!({ "add-interviews": [{ "date": 1, "duration": 1, "interviewers": [] }] })),
            &["add-interviews[0] has no interviewers"],
        ),
        ("panels.update", change(json!({ "clear": ["timezone"] })), &["clear holds \"timezone\""]),
    ]
}

pub fn forms() -> Vec<Row> {
    let system = || json!({ "type": "score-system", "text": "Rating" });
    let with = |field: Value| json!([{ "text": "x", "fields": [system(), field] }]);
    let change = |change: Value| json!(["t", change]);
    let feedback = |form: Value| json!(["o", form, "u"]);
    vec![
        (
            "feedback-templates.create",
            json!([{ "text": "", "fields": [system()] }]),
            &["text is \"\""],
        ),
        ("feedback-templates.create", json!([{ "text": "x" }]), &["fields holds 0 of type"]),
        ("feedback-templates.create", with(system()), &["fields holds 2 of type"]),
        (
            "feedback-templates.create",
            with(json!({ "type": "dropdown", "text": "x" })),
            &["fields[1].options is empty", "a dropdown needs"],
        ),
        (
            "feedback-templates.create",
            with(json!({ "type": "multiple-choice", "text": "x" })),
            &["fields[1].options is empty"],
        ),
        (
            "feedback-templates.create",
            with(json!({ "type": "multiple-select", "text": "x" })),
            &["fields[1].options is empty"],
        ),
        (
            "feedback-templates.create",
            with(json!({ "type": "scorecard", "text": "x" })),
            &["fields[1].scores is empty", "a scorecard needs"],
        ),
        (
            "feedback-templates.create",
            with(json!({ "type": "file-upload", "text": "x" })),
            &["fields[1].type \"file-upload\" is not one of", "\"yes-no\""],
        ),
        (
            "feedback-templates.create",
            with(json!({ "type": "text", "text": "" })),
            &["fields[1].text is"],
        ),
        ("feedback-templates.update", change(json!({ "text": "" })), &["text is \"\""]),
        ("feedback-templates.update", change(json!({ "group": "" })), &["group is \"\""]),
        (
            "feedback-templates.update",
            change(json!({ "fields": [{ "type": "text", "text": "x" }] })),
            &["fields holds 0 of type score-system"],
        ),
        (
            "feedback-templates.update",
            change(json!({ "fields": [system(), { "type": "rating", "text": "x" }] })),
            &["fields[1].type \"rating\""],
        ),
        (
            "feedback-templates.update",
            change(json!({ "clear": ["text"] })),
            &["clear holds \"text\""],
        ),
        (
            "feedback.create",
            feedback(json!({ "base-template-id": "" })),
            &["feedback-template \"\""],
        ),
        (
            "feedback.create",
            feedback(json!({ "base-template-id": "t", "panel": "p" })),
            &["panel and interview go together"],
        ),
    ]
}

pub fn account() -> Vec<Row> {
    let user = |user: Value| json!([user]);
    let change = |change: Value| json!(["x", change]);
    let hook = |url: &str| json!([{ "url": url, "event": "candidateHired" }]);
    vec![
        ("users.create", user(json!({ "name": "", "email": "a@x" })), &["name is \"\""]),
        ("users.create", user(json!({ "name": "A", "email": "" })), &["not an e-mail address"]),
        (
            "users.create",
            user(json!({ "name": "A", "email": "a@x", "access-role": "" })),
            &["access-role is \"\""],
        ),
        ("users.update", change(json!({ "name": " " })), &["name is \" \""]),
        ("users.update", change(json!({ "email": "x" })), &["not an e-mail address"]),
        ("users.update", change(json!({ "access-role": "" })), &["access-role is \"\""]),
        ("users.update", change(json!({ "manager-id": "" })), &["manager-id is \"\""]),
        (
            "users.update",
            change(json!({ "clear": ["email"] })),
            &["clear holds \"email\"", "photo"],
        ),
        ("webhooks.create", hook(""), &["url \"\" is not an https URL"]),
        ("webhooks.create", hook("http://x.example/"), &["https"]),
        ("webhooks.create", hook("x.example/hook"), &["url \"x.example/hook\""]),
        ("webhooks.create", json!([{ "url": "https://x/", "event": "" }]), &["event is \"\""]),
        (
            "webhooks.create",
            json!([{ "url": "https://x/", "event": "contactCreated",
                     "configuration": { "conditions": { "origins": ["applied"] } } }]),
            &["origins go with", "contactCreated"],
        ),
        ("webhooks.update", json!([[]]), &["changes is empty"]),
        ("webhooks.update", json!([[{ "id": "w" }]]), &["changes[0] has neither"]),
        (
            "webhooks.update",
            json!([[{ "id": "w", "configuration": {} }]]),
            &["changes[0] has neither"],
        ),
        ("webhooks.update", json!([[{ "id": "w", "url": "" }]]), &["changes[0].url \"\""]),
        (
            "webhooks.update",
            json!([[{ "id": "w", "url": "https://x/" }, { "id": "w", "url": "https://y/" }]]),
            &["\"w\" twice"],
        ),
    ]
}

pub fn postings() -> Vec<Row> {
    let new = |field: &str, value: Value| {
        let mut posting = json!({ "text": "x" });
        posting[field] = value;
        json!([posting, "u"])
    };
    let change = |change: Value| json!(["p", change, "u"]);
    let day = 86_400_000_u64;
    let span =
        |days: u64| json!([{ "deleted-at-start": PAST, "deleted-at-end": PAST + days * day }]);
    vec![
        ("postings.create", new("text", json!("")), &["text is \"\""]),
        ("postings.create", new("tags", json!([""])), &["tags[0]"]),
        (
            "postings.create",
            new("workplace-type", json!("unspecified")),
            &["cannot be set", "hybrid"],
        ),
        (
            "postings.create",
            new("salary-range", json!({ "min": 1 })),
            &["salary-range is not whole"],
        ),
        ("postings.update", change(json!({ "text": " " })), &["text is \" \""]),
        ("postings.update", change(json!({ "workplace-type": "unspecified" })), &["cannot be set"]),
        ("postings.update", change(json!({ "salary-range": { "max": 1 } })), &["not whole"]),
        (
            "postings.update",
            change(json!({ "clear": ["text"] })),
            &["clear holds \"text\"", "tags"],
        ),
        (
            "postings.list-page",
            json!([{ "updated-at-start": 1, "team": ["x"] }]),
            &["updated-at-start", "Leave team out"],
        ),
        (
            "postings.list-all",
            json!([{ "updated-at-end": 1, "state": "draft" }]),
            &["Leave state out"],
        ),
        ("postings.list-deleted", span(31), &["31 days", "30 at most"]),
        ("applications.list-all-deleted", span(31), &["31 days"]),
        (
            "postings.list-all-deleted",
            json!([{ "deleted-at-start": 2, "deleted-at-end": 1 }]),
            &["deleted-at-end is before"],
        ),
        (
            "postings.apply",
            json!(["p", { "timezone": "Lisbon time" }]),
            &["timezone \"Lisbon time\""],
        ),
    ]
}

pub fn files() -> Vec<Row> {
    let file = |name: &str| json!([{ "name": name, "content": "x" }]);
    let large = base64(&vec![b'x'; 30_000_001]);
    vec![
        ("uploads.upload", file("cv"), &["\"cv\"", ".docx, .doc, .pdf, .txt, .jpg and .png"]),
        ("uploads.upload", file("cv.pdf.exe"), &["\"cv.pdf.exe\""]),
        ("uploads.upload", file("cv.jpeg"), &["\"cv.jpeg\""]),
        ("uploads.upload", file(""), &["file name \"\" is empty"]),
        ("uploads.upload", file("a/b.pdf"), &["servers do not read alike"]),
        ("uploads.upload", json!([{ "name": "a.pdf", "content": "" }]), &["\"a.pdf\" is empty"]),
        (
            "uploads.upload",
            json!([{ "name": "a.pdf", "content": large }]),
            &["30000001 bytes", "30000000 at most"],
        ),
        ("files.upload", json!(["o", { "name": "a.gif", "content": "x" }, "u"]), &["\"a.gif\""]),
    ]
}
