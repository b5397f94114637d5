//! Panels, their interviews, templates and feedback: what Lever replaces whole, and must lose
//! nothing of.

use lever_host::mock::Mock;
use serde_json::{Value, json};

use super::{id, one};
use crate::account;
use crate::worker::{Worker, is_gone};

/// A template with the two questions that feedback of the load answers.
pub fn template(text: &str) -> Value {
    let options = json!([{ "text": "4 - Strong Hire" }, { "text": "1 - Strong No Hire" }]);
    json!({
        "text": text, "instructions": "Be fair.",
        "fields": [
            { "type": "score-system", "text": "Rating", "required": true, "options": options },
            { "type": "textarea", "text": "Notes" },
        ],
    })
}

pub async fn panel(worker: &mut Worker) {
    let (opportunity, mark, subject) = (one(worker), worker.mark(), worker.mark());
    let path = format!("/opportunities/{opportunity}/**");
    let found = Worker::found(account::panels, &opportunity, &mark);
    let interview = json!({
        "subject": subject, "interviewers": [{ "id": worker.user }],
        "date": 1_800_000_000_000_u64, "duration": 45,
    });
    let new = json!({ "timezone": "Europe/Lisbon", "note": mark, "interviews": [interview] });
    let args = json!([opportunity, new, worker.user]);
    let made = worker.write("panels.create", args, &path, |mock| found(mock).len()).await;
    let delete = |worker: &Worker, id: &str| json!([opportunity, id, worker.user]);
    let (panel, own) = match &made {
        Some(made) => (id(made), id(&made["interviews"][0])),
        None => (None, None),
    };
    let noted = worker.mark();
    if let (Some(panel), Some(own)) = (&panel, &own) {
        // Replaced whole, twice, and nothing of it lost.
        let place = worker.mark();
        let args = json!([opportunity, own, { "location": place }, worker.user]);
        let at = |mock: &Mock| account::interviews_at(mock, &opportunity, &place);
        worker.write("interviews.update", args, &path, at).await;
        let args = json!([opportunity, panel, { "note": noted }, worker.user]);
        let changed = Worker::found(account::panels, &opportunity, &noted);
        worker.write("panels.update", args, &path, |mock| changed(mock).len()).await;
        let second = worker.mark();
        let new = json!({
            "panel": panel, "subject": second, "interviewers": [{ "id": worker.user }],
            "date": 1_800_000_000_000_u64, "duration": 30,
        });
        let added = Worker::found(account::interviews, &opportunity, &second);
        let args = json!([opportunity, new, worker.user]);
        let made = worker.write("interviews.create", args, &path, |mock| added(mock).len()).await;
        if let Some(made) = made.as_ref().and_then(id) {
            let args = delete(worker, &made);
            let gone = |mock: &Mock| is_gone(&added(mock), &made);
            worker.write("interviews.delete", args, &path, gone).await;
        }
        let kept = account::interviews(&worker.rig.mock, &opportunity, &subject);
        worker.expect(kept.len() == 1, || format!("{subject} of {panel} is there {kept:?}"));
        let all = |mock: &Mock| account::ids(mock.store().panels(&opportunity), |_| true);
        let args = delete(worker, panel);
        worker.write("panels.delete", args, &path, |mock| is_gone(&all(mock), panel)).await;
    }
    let changed = Worker::found(account::panels, &opportunity, &noted);
    let left = |mock: &Mock| [found(mock), changed(mock)].concat();
    worker.sweep("panels.delete", left, delete).await;
}

pub async fn template_change(worker: &mut Worker) {
    let (mark, text) = (worker.mark(), worker.mark());
    let path = "/feedback_templates/**";
    let found = |mock: &Mock| account::templates(mock, &mark);
    let changed = |mock: &Mock| account::templates(mock, &text);
    let args = json!([template(&mark)]);
    let made =
        worker.write("feedback-templates.create", args, path, |mock| found(mock).len()).await;
    if let Some(template) = made.as_ref().and_then(id) {
        let args = json!([template, { "text": text, "clear": ["instructions"] }]);
        worker.write("feedback-templates.update", args, path, |mock| changed(mock).len()).await;
        let all = |mock: &Mock| account::ids(mock.store().feedback_templates(), |_| true);
        let gone = |mock: &Mock| is_gone(&all(mock), &template);
        worker.write("feedback-templates.delete", json!([template]), path, gone).await;
    }
    let left = |mock: &Mock| [found(mock), changed(mock)].concat();
    worker.sweep("feedback-templates.delete", left, |_, id| json!([id])).await;
}

/// Answers to the worker's own template.
pub async fn feedback(worker: &mut Worker) {
    if !worker.may_last() {
        return;
    }
    let (opportunity, mark, better) = (one(worker), worker.mark(), worker.mark());
    let path = format!("/opportunities/{opportunity}/**");
    let fields = &worker.template["fields"];
    let answers = json!([
        { "id": fields[0]["id"], "text": "4 - Strong Hire" }, { "id": fields[1]["id"], "text": mark },
    ]);
    let new = json!({ "base-template-id": worker.template["id"], "field-values": answers });
    let args = json!([opportunity, new, worker.user]);
    let there = |mock: &Mock| account::feedback(mock, &opportunity, &mark).len();
    let Some(form) = worker.write("feedback.create", args, &path, there).await else { return };
    let own =
        form["fields"].as_array().and_then(|all| all.iter().find(|it| it["type"] == "textarea"));
    let change = json!({ "field-values": [{ "id": own.map(|it| &it["id"]), "text": better }] });
    let args = json!([opportunity, form["id"], change, worker.user]);
    let changed = |mock: &Mock| account::feedback(mock, &opportunity, &better).len();
    worker.write("feedback.update", args, &path, changed).await;
    let deleted = |mock: &Mock| {
        let forms = mock.store().feedback(&opportunity).into_iter();
        forms.filter(|it| it["id"] == form["id"] && !it["deletedAt"].is_null()).count()
    };
    let args = json!([opportunity, form["id"], worker.user]);
    worker.write("feedback.delete", args, &path, deleted).await;
}
