//! What belongs to the account: postings, users and webhooks.

use serde_json::{Value, json};

use super::super::Row;
use super::{Ids, Subject, and, found, row, same, users};
use crate::support::{Rig, id};

pub(super) fn posting_rows() -> Vec<Row> {
    let range = json!({ "min": 1, "max": 2, "currency": "EUR", "interval": "per-year-salary" });
    vec![
        same("text", "/text", json!("Rigger")),
        and(same("distribution-channels", "/distributionChannels", json!(["public"])), &[]),
        row("categories", json!({ "team": "Sails" }), &[("/categories/team", json!("Sails"))]),
        row("categories", json!({ "department": "D" }), &[("/categories/department", json!("D"))]),
        row(
            "categories",
            json!({ "location": "Porto" }),
            &[("/categories/location", json!("Porto"))],
        ),
        row("categories", json!({ "commitment": "C" }), &[("/categories/commitment", json!("C"))]),
        row(
            "categories",
            json!({ "all-locations": ["Porto"] }),
            &[("/categories/allLocations", json!(["Porto"]))],
        ),
        same("tags", "/tags", json!(["masts"])),
        and(
            row(
                "content",
                json!({ "description-html": "<div>New.</div>" }),
                &[("/content/descriptionHtml", json!("<div>New.</div>"))],
            ),
            &["/content/description"],
        ),
        and(
            row(
                "content",
                json!({ "closing-posting-html": "<div>Ciao</div>" }),
                &[("/content/closingHtml", json!("<div>Ciao</div>"))],
            ),
            &["/content/closing"],
        ),
        row(
            "content",
            json!({ "lists": [{ "text": "t", "content": "<li>x</li>" }] }),
            &[
                ("/content/lists/0/text", json!("t")),
                ("/content/lists", json!([{ "text": "t", "content": "<li>x</li>" }])),
            ],
        ),
        same("workplace-type", "/workplaceType", json!("remote")),
        and(same("requisition-codes", "/requisitionCodes", json!(["R-1"])), &["/reqCode"]),
        and(
            same("salary-description-html", "/salaryDescriptionHtml", json!("<div>Much</div>")),
            &["/salaryDescription"],
        ),
        same("salary-range", "/salaryRange", range),
        row("clear", json!(["tags"]), &[("/tags", json!([]))]),
        and(same("state", "/state", json!("internal")), &["/distributionChannels", "/urls"]),
    ]
}

pub(super) async fn posting(rig: &Rig) -> Subject {
    let (user, _) = users(rig);
    let new = json!({
        "text": "Boat Builder", "state": "published", "tags": ["boats"], "workplace-type": "hybrid",
        "distribution-channels": ["public", "internal"], "requisition-codes": ["R-7"],
        "categories": { "team": "Hulls", "department": "Yard", "location": "Lisbon",
                        "all-locations": ["Lisbon", "Faro"], "commitment": "Full-time" },
        "content": { "description-html": "<div>Build.</div>", "closing-posting-html": "<div>Bye</div>",
                     "lists": [{ "text": "Need", "content": "<li>wood</li>" }] },
        "salary-description-html": "<div>Some</div>",
        "salary-range": { "min": 27.5, "max": 40, "currency": "EUR", "interval": "per-hour-wage" },
    });
    let made = rig.ok("postings.create", json!([new, user])).await;
    let own = id(&made);
    Subject {
        function: "postings.update",
        rows: posting_rows(),
        change: Box::new(move |_, change| json!([made["id"], change, user])),
        record: Box::new(move |rig| found(rig.mock.store().postings(), &own)),
        always: &[],
    }
}

pub(super) fn user_rows(ids: &Ids) -> Vec<Row> {
    vec![
        same("name", "/name", json!("Remy C.")),
        same("email", "/email", json!("remy.c@harborlight.example")),
        same("access-role", "/accessRole", json!("limited team member")),
        same("photo", "/photo", json!("https://x.example/2.png")),
        same("external-directory-id", "/externalDirectoryId", json!("HL-2")),
        same("linked-contact-ids", "/linkedContactIds", json!([ids.contact])),
        same("job-title", "/jobTitle", json!("Lead")),
        same("manager-id", "/managerId", json!(ids.other)),
        row("clear", json!(["photo"]), &[("/photo", Value::Null)]),
    ]
}

pub(super) async fn account_user(rig: &Rig) -> Subject {
    let (manager, other) = users(rig);
    let contact = |n: usize| {
        let store = rig.mock.store();
        let id = store.opportunity_ids().swap_remove(n);
        store.opportunity(&id).expect("listed")["contact"].as_str().expect("an id").to_owned()
    };
    let new = json!({
        "name": "Remy Castellan", "email": "remy@harborlight.example", "access-role": "team member",
        "external-directory-id": "HL-1", "job-title": "Sourcer", "manager-id": manager,
    });
    let made = rig.ok("users.create", json!([new])).await;
    let rest = json!({ "photo": "https://x.example/1.png", "linked-contact-ids": [contact(0)] });
    rig.ok("users.update", json!([made["id"], rest])).await;
    let own = id(&made);
    Subject {
        function: "users.update",
        rows: user_rows(&Ids { other, contact: contact(1), ..Ids::default() }),
        change: Box::new(move |_, change| json!([made["id"], change])),
        record: Box::new(move |rig| found(rig.mock.store().users(), &own)),
        always: &[],
    }
}

pub(super) fn webhook_rows() -> Vec<Row> {
    let conditions = json!({ "conditions": { "origins": ["sourced"] } });
    vec![
        same("url", "/url", json!("https://hooks.example.com/other")),
        same("configuration", "/configuration", conditions),
    ]
}

pub(super) async fn webhook(rig: &Rig) -> Subject {
    let conditions = json!({ "conditions": { "origins": ["applied", "referred"] } });
    let url = "https://hooks.example.com/lever";
    let new = json!({ "url": url, "event": "candidateHired", "configuration": conditions });
    let made = rig.ok("webhooks.create", json!([new])).await;
    let own = id(&made);
    Subject {
        function: "webhooks.update",
        rows: webhook_rows(),
        change: Box::new(move |_, mut change| {
            change["id"] = made["id"].clone();
            json!([[change]])
        }),
        record: Box::new(move |rig| found(rig.mock.store().webhooks(), &own)),
        always: &[],
    }
}
