//! The writes of one worker: what is made, changed and removed again, step by
//! step, and how each step shows in the account.

mod account;

use std::sync::Arc;
use std::time::Duration;

use lever_host::catalog::Catalog;
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::super::random::Random;
use super::super::{Rig, user};
use super::{Tally, fault};

pub struct Worker {
    rig: Arc<Rig>,
    number: usize,
    own: Vec<String>,
    random: Random,
    tally: Tally,
    steps: usize,
}

/// How often a change is in the account.
type Found<'a> = &'a (dyn Fn(&Rig) -> usize + Send + Sync);

/// How many of these have this value.
fn count(all: &[Value], name: &str, value: &str) -> usize {
    all.iter().filter(|one| one[name] == value).count()
}

/// The id of the one that has this value.
fn id_of(all: &[Value], name: &str, value: &str) -> Option<Value> {
    all.iter().find(|one| one[name] == value).map(|one| one["id"].clone())
}

/// The one of this id.
fn one(all: Vec<Value>, id: &Value) -> Value {
    all.into_iter().find(|one| one["id"] == *id).unwrap_or_default()
}

impl Worker {
    pub fn new(rig: Arc<Rig>, number: usize, own: Vec<String>, random: Random) -> Self {
        Worker { rig, number, own, random, tally: Tally::default(), steps: 0 }
    }

    /// Goes on until so many writes are made.
    pub async fn run(mut self, share: usize) -> Tally {
        while self.steps < share {
            let id = self.random.of(&self.own).clone();
            match self.random.below(12) {
                0 => self.notes(&id).await,
                1 => self.sets(&id).await,
                2 => self.stage(&id).await,
                3 => self.archive(&id).await,
                4 => self.create().await,
                5 => self.panels(&id).await,
                6 => self.feedback(&id).await,
                7 => self.files(&id).await,
                8 => self.uploads().await,
                9 => self.postings().await,
                10 => self.users().await,
                _ => self.webhooks().await,
            };
        }
        self.tally
    }

    /// A text that stands in one request alone.
    fn mark(&self) -> String {
        format!("mark-{}-{}.", self.number, self.steps)
    }

    fn user(&self) -> String {
        user(&self.rig)
    }

    async fn notes(&mut self, id: &str) -> Option<()> {
        let holds = |rig: &Rig, mark: &str| {
            let notes = rig.mock.store().notes(id);
            let fields = notes.iter().filter_map(|note| note["fields"].as_array()).flatten();
            fields.filter(|field| field["value"] == mark).count()
        };
        let (mark, path) = (self.mark(), format!("/opportunities/{id}/**"));
        let args = json!([id, { "value": mark }, null, self.user()]);
        let found = |rig: &Rig| holds(rig, &mark);
        self.call("notes.create", &path, args, Some(&mark), &found).await;
        let notes = self.rig.mock.store().notes(id);
        let note = notes.iter().find(|note| note["fields"][0]["value"] == mark.as_str())?;
        let note = note["id"].clone();

        let mark = self.mark();
        let args = json!([id, note, { "values": [{ "value": mark }] }]);
        let found = |rig: &Rig| holds(rig, &mark);
        self.call("notes.update", &path, args, Some(&mark), &found).await;

        let args = json!([id, note]);
        let found = |rig: &Rig| usize::from(one(rig.mock.store().notes(id), &note).is_null());
        self.call("notes.delete", &path, args, None, &found).await.map(drop)
    }

    /// Tags, links or sources.
    async fn sets(&mut self, id: &str) -> Option<()> {
        let (add, remove, name) = *self.random.of(&[
            ("opportunities.add-tags", "opportunities.remove-tags", "tags"),
            ("opportunities.add-links", "opportunities.remove-links", "links"),
            ("opportunities.add-sources", "opportunities.remove-sources", "sources"),
        ]);
        let (mark, path) = (self.mark(), format!("/opportunities/{id}/**"));
        let value =
            if name == "links" { format!("https://x.example/{mark}") } else { mark.clone() };
        let holds = |rig: &Rig| {
            let record = rig.mock.store().opportunity(id).unwrap_or_default();
            let all = record[name].as_array().cloned().unwrap_or_default();
            all.iter().filter(|one| **one == value.as_str()).count()
        };
        let args = json!([id, [value], self.user()]);
        self.call(add, &path, args.clone(), Some(&mark), &holds).await;
        (holds(&self.rig) == 1).then_some(())?;
        let gone = |rig: &Rig| 1 - holds(rig).min(1);
        self.call(remove, &path, args, None, &gone).await.map(drop)
    }

    async fn stage(&mut self, id: &str) -> Option<()> {
        let stage =
            |rig: &Rig| rig.mock.store().opportunity(id).unwrap_or_default()["stage"].clone();
        let now = stage(&self.rig);
        let stages = self.rig.mock.store().stages();
        let other: Vec<&Value> =
            stages.iter().map(|stage| &stage["id"]).filter(|id| **id != now).collect();
        let target = (*self.random.of(&other)).clone();
        let args = json!([id, target, self.user()]);
        let found = |rig: &Rig| usize::from(stage(rig) == target);
        let path = format!("/opportunities/{id}/**");
        self.call("opportunities.update-stage", &path, args, None, &found).await.map(drop)
    }

    async fn archive(&mut self, id: &str) -> Option<()> {
        let reasons = self.rig.mock.store().archive_reasons();
        let reason = reasons.iter().find(|it| it["type"] == "non-hired")?["id"].clone();
        let is_active =
            |rig: &Rig| rig.mock.store().opportunity(id).is_some_and(|it| it["archived"].is_null());
        let path = format!("/opportunities/{id}/**");
        if is_active(&self.rig) {
            let args = json!([id, reason, {}, self.user()]);
            let found = |rig: &Rig| usize::from(!is_active(rig));
            self.call("opportunities.archive", &path, args, None, &found).await;
        }
        (!is_active(&self.rig)).then_some(())?;
        let args = json!([id, self.user()]);
        let found = |rig: &Rig| usize::from(is_active(rig));
        self.call("opportunities.unarchive", &path, args, None, &found).await.map(drop)
    }

    /// A new opportunity, as JSON or as a form.
    async fn create(&mut self) -> Option<()> {
        let mark = self.mark();
        let mut new = json!({ "name": mark, "emails": [format!("{mark}@example.com")] });
        if self.random.below(2) == 0 {
            new["resume-file"] = json!({ "name": "cv.txt", "content": "Name: nobody" });
        }
        let found = |rig: &Rig| rig.mock.store().opportunities_of(&mark);
        let args = json!([new, self.user()]);
        let made =
            self.call("opportunities.create", "/opportunities", args, Some(&mark), &found).await?;
        let id = made["opportunity"]["id"].as_str()?.to_owned();
        // The list does not grow for ever.
        if self.own.len() < 4 {
            self.own.push(id);
        }
        Some(())
    }

    async fn panels(&mut self, id: &str) -> Option<()> {
        let path = format!("/opportunities/{id}/**");
        let user = self.user();
        let interview = |subject: &str| {
            json!({
                "subject": subject, "interviewers": [{ "id": user }],
                "date": 1_800_000_000_000_u64, "duration": 30,
            })
        };
        let mark = self.mark();
        let panel = json!({
            "timezone": "Europe/Lisbon", "note": mark, "interviews": [interview("first")],
        });
        let found = |rig: &Rig| count(&rig.mock.store().panels(id), "note", &mark);
        let args = json!([id, panel, user]);
        self.call("panels.create", &path, args, Some(&mark), &found).await;
        let panel = id_of(&self.rig.mock.store().panels(id), "note", &mark)?;

        let interviews = |rig: &Rig| rig.mock.store().interviews(id);
        let mark = self.mark();
        let mut new = interview(&mark);
        new["panel"] = panel.clone();
        let found = |rig: &Rig| count(&interviews(rig), "subject", &mark);
        let args = json!([id, new, user]);
        self.call("interviews.create", &path, args, Some(&mark), &found).await;
        let made = id_of(&interviews(&self.rig), "subject", &mark)?;

        let mark = self.mark();
        let args = json!([id, made, { "location": mark }, user]);
        let found = |rig: &Rig| count(&interviews(rig), "location", &mark);
        self.call("interviews.update", &path, args, Some(&mark), &found).await;

        // One more interview, which a repetition would make a second time.
        let mark = self.mark();
        let change = json!({ "add-interviews": [interview(&mark)] });
        let args = json!([id, panel, change, user]);
        let found = |rig: &Rig| count(&interviews(rig), "subject", &mark);
        self.call("panels.update", &path, args, Some(&mark), &found).await;

        let args = json!([id, made, user]);
        let found = |rig: &Rig| usize::from(one(interviews(rig), &made).is_null());
        self.call("interviews.delete", &path, args, None, &found).await;

        let args = json!([id, panel, user]);
        let found = |rig: &Rig| usize::from(one(rig.mock.store().panels(id), &panel).is_null());
        self.call("panels.delete", &path, args, None, &found).await.map(drop)
    }

    async fn feedback(&mut self, id: &str) -> Option<()> {
        let user = self.user();
        let templates = |rig: &Rig| rig.mock.store().feedback_templates();
        let mark = self.mark();
        let new = json!({
            "text": mark,
            "fields": [
                { "type": "score-system", "text": "Rating", "options": [{ "text": "4 - Yes" }] },
                { "type": "textarea", "text": "Notes" },
            ],
        });
        let found = |rig: &Rig| count(&templates(rig), "text", &mark);
        let (path, args) = ("/feedback_templates/**", json!([new]));
        self.call("feedback-templates.create", path, args, Some(&mark), &found).await;
        let template = id_of(&templates(&self.rig), "text", &mark)?;

        let mark = self.mark();
        let args = json!([template, { "instructions": mark }]);
        let found = |rig: &Rig| count(&templates(rig), "instructions", &mark);
        self.call("feedback-templates.update", path, args, Some(&mark), &found).await;

        // Each change of a template gives its fields new ids.
        let fields = one(templates(&self.rig), &template)["fields"].clone();
        let notes = fields.as_array()?.iter().find(|field| field["type"] == "textarea")?;
        let forms = |rig: &Rig| rig.mock.store().feedback(id);
        let holds = |rig: &Rig, mark: &str| {
            let forms = forms(rig);
            let fields = forms.iter().filter_map(|form| form["fields"].as_array()).flatten();
            fields.filter(|field| field["value"] == mark).count()
        };
        let form_path = format!("/opportunities/{id}/**");
        let mark = self.mark();
        let values = json!([{ "id": notes["id"], "text": mark }]);
        let args = json!([id, { "base-template-id": template, "field-values": values }, user]);
        let found = |rig: &Rig| holds(rig, &mark);
        self.call("feedback.create", &form_path, args, Some(&mark), &found).await;
        let form = forms(&self.rig).into_iter().find(|form| form.to_string().contains(&mark));
        if let Some(form) = form {
            let fields = form["fields"].as_array().cloned().unwrap_or_default();
            let notes = fields.iter().find(|field| field["type"] == "textarea")?;
            let mark = self.mark();
            let values = json!([{ "id": notes["id"], "text": mark }]);
            let args = json!([id, form["id"], { "field-values": values }, user]);
            let found = |rig: &Rig| holds(rig, &mark);
            self.call("feedback.update", &form_path, args, Some(&mark), &found).await;

            let args = json!([id, form["id"], user]);
            let found = |rig: &Rig| {
                let form = one(forms(rig), &form["id"]);
                usize::from(form.is_null() || !form["deletedAt"].is_null())
            };
            self.call("feedback.delete", &form_path, args, None, &found).await;
        }
        let args = json!([template]);
        let found = |rig: &Rig| usize::from(one(templates(rig), &template).is_null());
        self.call("feedback-templates.delete", path, args, None, &found).await.map(drop)
    }

    /// Leaves faults in the way, makes one call, and compares what it says with
    /// what is there.
    async fn call(
        &mut self,
        function: &'static str,
        path: &str,
        args: Value,
        mark: Option<&str>,
        found: Found<'_>,
    ) -> Option<Value> {
        self.steps += 1;
        let main = Catalog::embedded().function_by_id(function).and_then(|it| it.routes.first());
        for _ in 0..self.random.below(3) {
            let fault = fault(&mut self.random).path(path);
            // Many begin with a read, which would take all of them.
            let fault = match main.filter(|_| self.random.below(3) > 0) {
                Some(main) => fault.method(main.method.as_str()),
                None => fault,
            };
            self.rig.mock.inject(fault);
        }
        let mut agent: Agent = self.rig.agent.clone();
        if self.random.below(20) == 0 {
            agent.limits.call_timeout = Duration::from_millis(20 + self.random.next() % 400);
        }
        let before = found(&self.rig);
        let result = self.rig.call_as(&agent, function, args.clone()).await;
        let found = found(&self.rig);
        let said = said(&result);
        let is_true = before == 0
            && match said.as_str() {
                "ok" | "applied" => found == 1,
                "not-sent" | "not-applied" | "limit, nothing sent" => found == 0,
                "unknown" | "limit, unknown" => found <= 1,
                _ => false,
            };
        if !is_true {
            self.tally.lies.push(format!(
                "{function} {args}: {said}, {before} before and {found} after: {result:?}"
            ));
        }
        if said.ends_with("unknown") {
            self.tally.unknown_and_there += found;
        }
        if let Some(mark) = mark {
            self.tally.marks.insert(mark.to_owned(), (function, said.clone()));
        }
        *self.tally.calls.entry((function, said)).or_default() += 1;
        result.ok()
    }
}

/// What a caller is told of the change.
fn said(result: &Result<Value, CallError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(CallError::Component(error)) => error["outcome"].as_str().unwrap_or("none").to_owned(),
        Err(CallError::Limit(limit)) if limit.contains("may have been made") => {
            "limit, unknown".to_owned()
        }
        Err(CallError::Limit(_)) => "limit, nothing sent".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}
