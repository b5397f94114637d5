use std::collections::BTreeMap;

use super::*;

const RULE: &str = "opportunities=read";

fn call() -> Record {
    Record {
        agent: "sourcer".into(),
        function: "opportunities.list-all".into(),
        decision: Decision::Allowed,
        rule: RULE.into(),
        ..Record::default()
    }
}

fn ids(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, id)| (name.to_string(), id.to_string())).collect()
}

/// A call that changed something.
fn change(function: &str, pairs: &[(&str, &str)]) -> Record {
    Record { function: function.into(), changes: Some(1), ids: ids(pairs), ..call() }
}

fn request() -> Record {
    Record {
        kind: Kind::Request,
        method: Some("GET".into()),
        host: Some("api.lever.co".into()),
        route: Some("/opportunities".into()),
        ..call()
    }
}

fn failed(record: Record, error: &str, outcome: &str) -> Record {
    Record { error: Some(error.into()), outcome: Some(outcome.into()), ..record }
}

#[test]
fn a_call_that_was_allowed_says_what_it_did() {
    let opportunity = ("opportunity", "2ce5439e");
    let note = |record: Record| Record { rule: "notes=full".into(), ..record };
    let created = || note(change("notes.create", &[opportunity]));
    let rows = [
        (
            Record { records: Some(100), ..call() },
            "sourcer read 100 opportunities: allowed by opportunities=read",
        ),
        (created(), "sourcer added a note to opportunity 2ce5439e: allowed by notes=full"),
        (
            failed(created(), "timeout", "unknown"),
            "sourcer tried to add a note to opportunity 2ce5439e, which failed with timeout (the change may have been \
             made): allowed by notes=full",
        ),
        (
            failed(created(), "connection", "applied"),
            "sourcer added a note to opportunity 2ce5439e, then failed with connection (the change was made): allowed \
             by notes=full",
        ),
        (
            failed(note(Record { changes: None, ..created() }), "rejected", "not-applied"),
            "sourcer tried to add a note to opportunity 2ce5439e, which failed with rejected (nothing was changed): \
             allowed by notes=full",
        ),
        // That it ended well is the component's word.
        (
            note(Record { changes: None, ..created() }),
            "sourcer was to add a note to opportunity 2ce5439e and changed nothing: allowed by notes=full",
        ),
        (
            failed(call(), "rate-limited", "not-applied"),
            "sourcer tried to read all opportunities, which failed with rate-limited (nothing was changed): allowed by \
             opportunities=read",
        ),
        (
            Record {
                function: "attack.request".into(),
                rule: "foreign:attack=full".into(),
                ..call()
            },
            "sourcer called attack.request: allowed by foreign:attack=full",
        ),
        (
            Record { function: "attack.request".into(), changes: Some(2), ..call() },
            "sourcer called attack.request and sent 2 changes: allowed by opportunities=read",
        ),
    ];
    for (record, expected) in rows {
        assert_eq!(sentence(&record), expected);
    }
}

/// A function, its ids, and what is said of it.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn the_words_are_those_of_the_wit_with_the_ids_of_the_route() {
    let opportunity = ("opportunity", "2ce5439e");
    let rows: [Row; 16] = [
        (
            "opportunities.update-stage",
            &[opportunity],
            "moved opportunity 2ce5439e to another stage",
        ),
        ("opportunities.archive", &[opportunity], "archived opportunity 2ce5439e"),
        (
            "opportunities.unarchive",
            &[opportunity],
            "made an archived opportunity active again (opportunity 2ce5439e)",
        ),
        ("opportunities.remove-tags", &[opportunity], "removed tags from opportunity 2ce5439e"),
        ("opportunities.create", &[], "created an opportunity"),
        (
            "notes.update",
            &[("note", "77777777"), opportunity],
            "changed note 77777777 (opportunity 2ce5439e)",
        ),
        (
            "files.delete",
            &[("file", "77777777"), opportunity],
            "deleted file 77777777 from opportunity 2ce5439e",
        ),
        ("files.upload", &[opportunity], "put a file on opportunity 2ce5439e"),
        (
            "feedback.delete",
            &[("feedback", "77777777"), opportunity],
            "marked a feedback form as deleted (feedback 77777777, opportunity 2ce5439e)",
        ),
        (
            "feedback-templates.update",
            &[("feedback-template", "77777777")],
            "changed feedback template 77777777",
        ),
        (
            "postings.apply",
            &[("posting", "77777777")],
            "applied to posting 77777777 that is published or internal",
        ),
        ("users.deactivate", &[("user", "77777777")], "shut user 77777777 out of the account"),
        ("webhooks.delete", &[("webhook", "77777777")], "ended a subscription (webhook 77777777)"),
        (
            "webhook-events.decode",
            &[],
            "checked the signature and age of one delivery and decoded it",
        ),
        ("raw.get", &[], "read any path of Lever's API and returned the answer's JSON as it came"),
        ("oauth.refresh", &[], "got a new access token"),
    ];
    for (function, ids, expected) in rows {
        let text = sentence(&change(function, ids));
        assert_eq!(text, format!("sourcer {expected}: allowed by {RULE}"), "{function}");
    }
}

#[test]
fn what_is_listed_is_counted() {
    let rows: [(&str, &str); 5] = [
        ("notes.list-all", "read 12 notes of opportunity 2ce5439e"),
        ("notes.list-page", "read one page of opportunity 2ce5439e's notes (12 records)"),
        ("opportunities.list-page", "read one page of opportunities (12 records)"),
        (
            "opportunities.list-all-file-actions",
            "read all that happened to opportunity 2ce5439e's files (12 records)",
        ),
        ("notes.list-for-many", "read the notes of many opportunities at once (12 records)"),
    ];
    for (function, expected) in rows {
        let names = if function.contains("opportunities.list-page") || function.contains("many") {
            Vec::new()
        } else {
            vec![("opportunity", "2ce5439e")]
        };
        let record = Record { records: Some(12), ..change(function, &names) };
        assert_eq!(
            sentence(&record),
            format!("sourcer {expected}: allowed by {RULE}"),
            "{function}"
        );
    }
}

#[test]
fn every_function_has_a_sentence_and_every_verb_a_function() {
    let mut used = Vec::new();
    for function in Catalog::embedded().functions() {
        let id = function.id();
        let deed = Deed::of(function)
            .unwrap_or_else(|| panic!("{id}: {:?} has no verb", function.summary));
        used.push(deed.verb.0.to_owned());
        let route = function.routes.first();
        let names =
            route.into_iter().flat_map(crate::catalog::Route::segments).filter_map(|segment| {
                match segment {
                    crate::catalog::Segment::Parameter(name) if name != "path" => {
                        Some(name.clone())
                    }
                    _ => None,
                }
            });
        let record = Record {
            function: id.clone(),
            changes: Some(1),
            ids: names.map(|name| (name, "2ce5439e".to_owned())).collect(),
            ..call()
        };
        let text = sentence(&record);
        let clause = text
            .strip_prefix("sourcer ")
            .unwrap()
            .strip_suffix(": allowed by opportunities=read")
            .unwrap();
        assert!(clause.starts_with(deed.verb.2), "{id}: {text}");
        assert_eq!(clause.matches("2ce5439e").count(), record.ids.len(), "{id}: {text}");
        assert!(!clause.contains(['`', ';', '.']) && clause.len() < 120, "{id}: {text}");
        for (written, _, past) in &VERBS {
            let second = format!(" and {} ", written.to_lowercase());
            assert!(!text.contains(&second), "{id}: {text}");
            let is_second = text.contains(&format!(" and {past} "));
            used.extend(is_second.then(|| (*written).to_owned()));
        }
    }
    for (verb, ..) in &VERBS {
        assert!(used.iter().any(|known| known == verb), "no function {verb} anything");
    }
}

#[test]
fn requests_refusals_and_what_is_not_valid_have_their_sentences() {
    let rows = [
        (
            Record {
                decision: Decision::Refused,
                rule: "no grant for opportunities".into(),
                ..call()
            },
            "sourcer was refused opportunities.list-all: no grant for opportunities",
        ),
        (
            Record {
                decision: Decision::Invalid,
                error: Some("no-such-function".into()),
                ..call()
            },
            "sourcer called opportunities.list-all, which the component does not have",
        ),
        (
            Record { decision: Decision::Invalid, error: Some("bad-arguments".into()), ..call() },
            "sourcer called opportunities.list-all with arguments that do not fit",
        ),
        (
            Record { status: Some(200), ..request() },
            "sourcer sent GET /opportunities for opportunities.list-all, answered 200: allowed by opportunities=read",
        ),
        (
            failed(request(), "connection", "unknown"),
            "sourcer sent GET /opportunities for opportunities.list-all, which failed with connection (the change may \
             have been made): allowed by opportunities=read",
        ),
        (
            Record { kind: Kind::Intent, method: Some("POST".into()), ..request() },
            "sourcer is to send POST /opportunities for opportunities.list-all: allowed by opportunities=read",
        ),
        (
            Record { decision: Decision::Refused, rule: "perform-as".into(), ..request() },
            "sourcer was refused GET /opportunities for opportunities.list-all: perform-as",
        ),
        (
            Record {
                decision: Decision::Refused,
                route: None,
                host: Some("evil.example".into()),
                rule: "not the API's address".into(),
                ..request()
            },
            "sourcer was refused GET to evil.example for opportunities.list-all: not the API's address",
        ),
    ];
    for (record, expected) in rows {
        assert_eq!(sentence(&record), expected);
    }
}
