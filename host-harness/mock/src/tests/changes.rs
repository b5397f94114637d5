//! Writes over loopback: what they answer, what they leave behind, what they refuse.
//!
//! Reads the account through `Mock::store`, so that no read route can hide a fault of a write.

use serde_json::{Value, json};

use super::{first, get, send, start, user};
use crate::endpoints::notes::Note;
use crate::{Config, Mock};

#[tokio::test]
async fn a_change_of_stage_answers_without_the_person_but_keeps_it() {
    let mock = start(Config::default()).await;
    let (id, before) = first(&mock, |row| {
        row["stage"] != "offer"
            && !row["emails"].as_array().unwrap().is_empty()
            && row.get("opportunityLocation").is_some()
    });
    let target = format!("/opportunities/{id}/stage?perform_as={}", user(&mock));
    let (status, body) = send(&mock, "PUT", &target, &json!({"stage": "offer"})).await;
    assert_eq!((status, &body["data"]["stage"]), (200, &json!("offer")));
    for (field, expected) in
        [("name", json!("")), ("emails", json!([])), ("dataProtection", Value::Null)]
    {
        assert_eq!(body["data"][field], expected);
    }
    assert!(body["data"].get("opportunityLocation").is_none());
    let after = mock.store().opportunity(&id).unwrap();
    assert_eq!(after["emails"], before["emails"]);
    let last = after["stageChanges"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["toStageId"], &last["userId"]), (&json!("offer"), &json!(user(&mock))));
    assert!(mock.requests()[0].is_applied);
}

#[tokio::test]
async fn archiving_is_undone_by_a_null_reason() {
    let mock = start(Config::default()).await;
    let (id, row) =
        first(&mock, |row| row["archived"].is_null() && row.get("opportunityLocation").is_some());
    let application = row["applications"][0].as_str().unwrap();
    let reasons = mock.store().archive_reasons();
    let reason = |kind: &str| reasons.iter().find(|it| it["type"] == kind).unwrap()["id"].clone();
    let (open, closed) = mock.store().requisitions();
    let rows = [
        (json!({}), 400),
        (json!({"reason": "x"}), 400),
        (json!({"reason": reason("non-hired"), "requisitionId": open[0]}), 400),
        (json!({"reason": reason("hired"), "requisitionId": closed[0]}), 400),
        (json!({"reason": reason("hired"), "requisitionId": open[0]}), 200),
    ];
    let target = format!("/opportunities/{id}/archived");
    for (body, status) in rows {
        assert_eq!(send(&mock, "PUT", &target, &body).await.0, status, "{body}");
    }
    let hired = mock.store().application(application).unwrap();
    assert_eq!(hired["requisitionForHire"]["id"], open[0].as_str());
    let (_, body) = send(&mock, "PUT", &target, &json!({"reason": null})).await;
    assert_eq!(body["data"]["archived"], Value::Null);
    assert_eq!(mock.store().application(application).unwrap()["archived"], Value::Null);
}

#[tokio::test]
async fn tags_are_sets_and_links_answer_with_the_person() {
    let mock = start(Config::default()).await;
    let (id, before) = first(&mock, |row| !row["emails"].as_array().unwrap().is_empty());
    let target = |action| format!("/opportunities/{id}/{action}");
    for _ in 0..2 {
        send(&mock, "POST", &target("addTags"), &json!({"tags": ["new", "new"]})).await;
    }
    let after = mock.store().opportunity(&id).unwrap();
    assert_eq!(
        after["tags"].as_array().unwrap().len(),
        before["tags"].as_array().unwrap().len() + 1
    );
    send(&mock, "POST", &target("removeTags"), &json!({"tags": ["new"]})).await;
    assert_eq!(mock.store().opportunity(&id).unwrap()["tags"], before["tags"]);
    let (_, body) =
        send(&mock, "POST", &target("addLinks"), &json!({"links": ["https://x.example"]})).await;
    assert_eq!(body["data"]["emails"], before["emails"]);
    assert_eq!(body["data"], mock.store().opportunity(&id).unwrap());
}

#[tokio::test]
async fn a_known_e_mail_gives_the_new_opportunity_the_old_contact() {
    let mock = start(Config::default()).await;
    let (_, old) = first(&mock, |row| !row["emails"].as_array().unwrap().is_empty());
    let posting = mock.store().postings()[0].clone();
    let target = format!("/opportunities?perform_as={}", user(&mock));
    let email = old["emails"][0].as_str().unwrap().to_uppercase();
    let rows = [
        (json!({"name": "New", "emails": [email]}), true),
        (
            json!({"name": "New", "emails": ["nobody@example.com"], "postings": [posting["id"]]}),
            false,
        ),
        (json!({"name": "New", "contact": old["contact"]}), true),
    ];
    for (request, is_deduped) in rows {
        let (status, body) = send(&mock, "POST", &target, &request).await;
        assert_eq!((status, &body["deduped"]), (201, &json!(is_deduped)), "{request}: {body}");
        let made = mock.store().opportunity(body["data"]["id"].as_str().unwrap()).unwrap();
        assert_eq!(made["contact"] == old["contact"], is_deduped, "{request}");
        assert_eq!(made["name"] == "New", !is_deduped, "{request}");
        assert_eq!(made["stage"], "lead-new");
        assert_eq!(
            made.get("opportunityLocation"),
            posting["categories"].get("location").filter(|_| !is_deduped)
        );
    }
    let bad = [
        json!({"postings": [posting["id"], posting["id"]]}),
        json!({"createdAt": 9_999_999_999_999_u64}),
        json!({"archived": {}}),
        json!({"archived": {"reason": "x"}}),
        json!({"archived": {"reason": mock.store().archive_reasons()[2]["id"], "archivedAt": 5}}),
        json!({"contact": "x"}),
        json!({"phones": [{"value": "1", "type": "fax"}]}),
    ];
    let before = mock.store().all_opportunity_ids().len();
    for request in bad {
        assert_eq!(send(&mock, "POST", &target, &request).await.0, 400, "{request}");
    }
    assert_eq!(mock.store().all_opportunity_ids().len(), before);
    let owner = "/opportunities?perform_as_posting_owner=true";
    let (_, body) = send(&mock, "POST", owner, &json!({"postings": [posting["id"]]})).await;
    assert_eq!(body["data"]["owner"], posting["owner"]);
    assert_eq!(send(&mock, "POST", owner, &json!({})).await.0, 400);
}

#[tokio::test]
async fn a_note_lives_from_creation_to_deletion() {
    let mock = start(Config::default()).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let notes = format!("/opportunities/{id}/notes");
    let (status, body) = send(&mock, "POST", &notes, &json!({"value": "Hello", "score": 4})).await;
    let note = body["data"]["noteId"].as_str().unwrap().to_owned();
    assert_eq!((status, &body["data"]["id"]), (201, &json!(note)));
    let comment = format!("{notes}?note_id={note}");
    let (status, body) = send(&mock, "POST", &comment, &json!({"value": "And more"})).await;
    assert_eq!((status, body["data"]["fields"][1]["value"].as_str()), (201, Some("And more")));
    let one = format!("{notes}/{note}");
    let change = json!({"values": [{"value": "Changed"}], "secret": true});
    assert_eq!(send(&mock, "PUT", &one, &change).await, (200, json!({"data": {"noteId": note}})));
    let (_, body) = get(&mock, &one).await;
    assert_eq!(
        (body["data"]["fields"].as_array().unwrap().len(), &body["data"]["secret"]),
        (1, &json!(true))
    );
    assert_eq!(send(&mock, "DELETE", &one, &Value::Null).await, (204, Value::Null));
    assert_eq!(get(&mock, &one).await.0, 404);
}

#[tokio::test]
async fn a_note_made_in_the_product_stays_as_it_is() {
    let mock = start(Config::default()).await;
    let (id, note) = {
        let inner = mock.service.lock();
        let state = &inner.state;
        let mut notes = state.all::<Note>().iter();
        let note = notes
            .find(|note| !note.made_by_api && !state.opportunities[&note.opportunity].confidential);
        (note.unwrap().opportunity.clone(), note.unwrap().id.clone())
    };
    let before = mock.store().notes(&id);
    let one = format!("/opportunities/{id}/notes/{note}");
    assert_eq!(send(&mock, "PUT", &one, &json!({"values": [{"value": "x"}]})).await.0, 403);
    assert_eq!(send(&mock, "DELETE", &one, &Value::Null).await.0, 403);
    assert_eq!(mock.store().notes(&id), before);
}

#[tokio::test]
async fn a_write_fires_the_events_that_tell_of_it() {
    let mock = start(Config::default()).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let path = format!("/opportunities/{id}/stage");
    let events = |mock: &Mock| {
        let inner = mock.service.lock();
        inner.state.events.iter().map(|event| (event.name, event.data.clone())).collect::<Vec<_>>()
    };
    let before = mock.store().opportunity(&id).unwrap();
    send(&mock, "PUT", &path, &json!({"stage": "offer"})).await;
    let ids = json!({"opportunityId": id, "candidateId": id, "contactId": before["contact"]});
    let with = |more: Value| {
        let mut data = ids.clone();
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let moved = with(json!({"fromStageId": before["stage"], "toStageId": "offer"}));
    assert_eq!(events(&mock), [("candidateStageChange", moved)]);
}
