//! Changes of an opportunity, its notes and its files, each with its way back.

use lever_host::mock::Mock;
use serde_json::json;

use super::{id, one};
use crate::account;
use crate::worker::{Worker, is_gone};

pub async fn tag(worker: &mut Worker) {
    let (opportunity, mark) = (one(worker), worker.mark());
    let path = format!("/opportunities/{opportunity}/**");
    let (of, tag) = (opportunity.clone(), mark.clone());
    let there = move |mock: &Mock| account::has(mock, &of, "tags", &tag);
    let args = json!([opportunity, [mark], worker.user]);
    worker.write("opportunities.add-tags", args.clone(), &path, there.clone()).await;
    if there(&worker.rig.mock) == 1 {
        let gone = move |mock: &Mock| 1 - there(mock).min(1);
        worker.write("opportunities.remove-tags", args, &path, gone).await;
    }
}

pub async fn stage_and_archive(worker: &mut Worker) {
    let opportunity = one(worker);
    let path = format!("/opportunities/{opportunity}/**");
    let (stages, reasons, now) = {
        let store = worker.rig.mock.store();
        let record = store.opportunity(&opportunity).unwrap_or_default();
        (store.stages(), store.archive_reasons(), record)
    };
    let of = opportunity.clone();
    if worker.random.below(2) == 0 {
        let others: Vec<String> =
            stages.iter().filter(|stage| stage["id"] != now["stage"]).filter_map(id).collect();
        let target = worker.random.of(&others).clone();
        let args = json!([opportunity, target, worker.user]);
        let there = move |mock: &Mock| {
            usize::from(
                mock.store().opportunity(&of).unwrap_or_default()["stage"] == target.as_str(),
            )
        };
        worker.write("opportunities.update-stage", args, &path, there).await;
        return;
    }
    let is_archived = move |mock: &Mock| {
        usize::from(!mock.store().opportunity(&of).unwrap_or_default()["archived"].is_null())
    };
    if now["archived"].is_null() {
        let reason = reasons.iter().find(|it| it["type"] == "non-hired").and_then(id);
        let args = json!([opportunity, reason, {}, worker.user]);
        worker.write("opportunities.archive", args, &path, is_archived).await;
    } else {
        let args = json!([opportunity, worker.user]);
        let active = move |mock: &Mock| 1 - is_archived(mock);
        worker.write("opportunities.unarchive", args, &path, active).await;
    }
}

pub async fn note(worker: &mut Worker) {
    let (opportunity, mark) = (one(worker), worker.mark());
    let path = format!("/opportunities/{opportunity}/**");
    let found = Worker::found(account::notes, &opportunity, &mark);
    let args = json!([opportunity, { "value": mark }, null, worker.user]);
    let made = worker.write("notes.create", args, &path, |mock| found(mock).len()).await;
    if let Some(note) = made.as_ref().and_then(id) {
        let text = worker.mark();
        let changed = Worker::found(account::notes, &opportunity, &text);
        let args = json!([opportunity, note, { "values": [{ "value": text }] }]);
        worker.write("notes.update", args, &path, |mock| changed(mock).len()).await;
        let args = json!([opportunity, note]);
        let all = |mock: &Mock| account::ids(mock.store().notes(&opportunity), |_| true);
        worker.write("notes.delete", args, &path, |mock| is_gone(&all(mock), &note)).await;
        let left = |mock: &Mock| [found(mock), changed(mock)].concat();
        worker.sweep("notes.delete", left, |_, id| json!([opportunity, id])).await;
        return;
    }
    worker.sweep("notes.delete", found, |_, id| json!([opportunity, id])).await;
}

pub async fn file(worker: &mut Worker) {
    let opportunity = one(worker);
    let name = format!("{}.txt", worker.mark());
    let path = format!("/opportunities/{opportunity}/**");
    let found = Worker::found(account::files, &opportunity, &name);
    // Larger than what goes out in one piece, now and then.
    let content = "lever ".repeat([10, 10, 10, 60_000][worker.random.below(4)]);
    let args = json!([opportunity, { "name": name, "content": content }, worker.user]);
    let made = worker.write("files.upload", args, &path, |mock| found(mock).len()).await;
    let delete = |worker: &Worker, id: &str| json!([opportunity, id, worker.user]);
    if let Some(file) = made.as_ref().and_then(id) {
        let args = delete(worker, &file);
        worker.write("files.delete", args, &path, |mock| is_gone(&found(mock), &file)).await;
    }
    worker.sweep("files.delete", &found, delete).await;
}
