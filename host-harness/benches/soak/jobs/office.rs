//! Changes of the account: users, webhooks, postings, and who applies to them.

use lever_host::mock::Mock;
use serde_json::json;

use super::id;
use crate::account;
use crate::worker::{Worker, is_gone};

/// Users: one made now and then, and the worker's own changed whole.
pub async fn person(worker: &mut Worker) {
    let mark = worker.mark();
    let colleague = worker.colleague.clone();
    let path = "/users/**";
    match worker.random.below(3) {
        0 if worker.may_last() => {
            let email = format!("{}@example.com", mark.replace(' ', "-"));
            let args = json!([{ "name": "Remy Castellan", "email": email }]);
            let there = |mock: &Mock| account::users(mock, "email", &email);
            worker.write("users.create", args, path, there).await;
        }
        1 => {
            let args = json!([colleague, { "job-title": mark }]);
            let there = |mock: &Mock| account::users(mock, "jobTitle", &mark);
            worker.write("users.update", args, path, there).await;
        }
        _ => {
            let is_active = |mock: &Mock| {
                let users = mock.store().users().into_iter();
                users.filter(|it| it["id"] == *colleague && it["deactivatedAt"].is_null()).count()
            };
            let gone = |mock: &Mock| 1 - is_active(mock);
            let args = json!([colleague]);
            if is_active(&worker.rig.mock) == 1 {
                worker.write("users.deactivate", args, path, gone).await;
            } else {
                worker.write("users.reactivate", args, path, is_active).await;
            }
        }
    }
}

pub async fn webhook(worker: &mut Worker) {
    let url = |mark: String| format!("https://hooks.example.com/{}", mark.replace(' ', "-"));
    let (first, second) = (url(worker.mark()), url(worker.mark()));
    let path = "/webhooks/**";
    let found = |mock: &Mock| account::webhooks(mock, &first);
    let changed = |mock: &Mock| account::webhooks(mock, &second);
    // An event that nothing here fires, so that nothing is delivered.
    let args = json!([{ "url": first, "event": "candidateDeleted" }]);
    let made = worker.write("webhooks.create", args, path, |mock| found(mock).len()).await;
    if let Some(hook) = made.as_ref().and_then(id) {
        let args = json!([[{ "id": hook, "url": second }]]);
        worker.write("webhooks.update", args, path, |mock| changed(mock).len()).await;
        let all = |mock: &Mock| account::ids(mock.store().webhooks(), |_| true);
        let gone = |mock: &Mock| is_gone(&all(mock), &hook);
        worker.write("webhooks.delete", json!([hook]), path, gone).await;
    }
    let left = |mock: &Mock| [found(mock), changed(mock)].concat();
    worker.sweep("webhooks.delete", left, |_, id| json!([id])).await;
}

/// Changes a part of the worker's own posting.
pub async fn posting(worker: &mut Worker) {
    let mark = worker.mark();
    let args = json!([worker.posting, { "text": mark }, worker.user]);
    let there = |mock: &Mock| account::postings(mock, &mark);
    worker.write("postings.update", args, "/postings/**", there).await;
}

pub async fn apply(worker: &mut Worker) {
    if !worker.may_last() {
        return;
    }
    let mark = worker.mark();
    let email = format!("{}@example.com", mark.replace(' ', "-"));
    let posting = account::asks_little(&worker.rig.mock);
    let person =
        json!([{ "name": "fullName", "value": mark }, { "name": "email", "value": email }]);
    let args = json!([posting, { "personal-information": person }]);
    let there = |mock: &Mock| account::people(mock, &mark);
    worker.write("postings.apply", args, "/postings/**", there).await;
}

pub async fn upload(worker: &mut Worker) {
    if !worker.may_last() {
        return;
    }
    let name = format!("{}.pdf", worker.mark());
    let args = json!([{ "name": name, "content": "lever ".repeat(100) }]);
    let there = |mock: &Mock| account::uploads(mock, &name);
    worker.write("uploads.upload", args, "/uploads", there).await;
}
