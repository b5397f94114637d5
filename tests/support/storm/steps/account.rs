//! Changes of what belongs to the account, and of files.

use serde_json::{Value, json};

use super::super::super::Rig;
use super::super::fault;
use super::{Worker, count, id_of, one};

impl Worker {
    pub(super) async fn files(&mut self, id: &str) -> Option<()> {
        let path = format!("/opportunities/{id}/**");
        let files = |rig: &Rig| rig.mock.store().files(id);
        let mark = self.mark();
        let name = format!("{mark}txt");
        let found = |rig: &Rig| count(&files(rig), "name", &name);
        let args = json!([id, { "name": name, "content": "some text" }, self.user()]);
        self.call("files.upload", &path, args, Some(&mark), &found).await;
        let made = id_of(&files(&self.rig), "name", &name)?;
        let args = json!([id, made, self.user()]);
        let found = |rig: &Rig| usize::from(one(files(rig), &made).is_null());
        self.call("files.delete", &path, args, None, &found).await.map(drop)
    }

    pub(super) async fn uploads(&mut self) -> Option<()> {
        let mark = self.mark();
        let name = format!("{mark}txt");
        let found = |rig: &Rig| count(&rig.mock.store().uploads(), "filename", &name);
        let args = json!([{ "name": name, "content": "some text" }]);
        self.call("uploads.upload", "/uploads", args, Some(&mark), &found).await.map(drop)
    }

    pub(super) async fn postings(&mut self) -> Option<()> {
        let path = "/postings/**";
        let postings = |rig: &Rig| rig.mock.store().postings();
        let mark = self.mark();
        let found = |rig: &Rig| count(&postings(rig), "text", &mark);
        let args = json!([{ "text": mark, "state": "published" }, self.user()]);
        self.call("postings.create", path, args, Some(&mark), &found).await;
        let made = id_of(&postings(&self.rig), "text", &mark)?;

        let mark = self.mark();
        let args = json!([made, { "text": mark }, self.user()]);
        let found = |rig: &Rig| count(&postings(rig), "text", &mark);
        self.call("postings.update", path, args, Some(&mark), &found).await;

        let questions = self.rig.mock.store().apply_questions(made.as_str()?)?;
        let mark = self.mark();
        let mut application = application(&questions, &mark);
        let asks = |name: &str| {
            let fields = questions["personalInformation"].as_array().cloned().unwrap_or_default();
            count(&fields, "name", name) > 0
        };
        if asks("resume") && self.random.below(2) == 0 {
            let file = json!({ "name": format!("{mark}txt"), "content": "Name: nobody" });
            application["resume"] = file;
            if self.random.below(3) == 0 {
                let fault = fault(&mut self.random).path("/uploads");
                self.rig.mock.inject(fault);
            }
        }
        let args = json!([made, application]);
        let found = |rig: &Rig| rig.mock.store().opportunities_of(&mark);
        self.call("postings.apply", path, args, Some(&mark), &found).await.map(drop)
    }

    pub(super) async fn users(&mut self) -> Option<()> {
        let path = "/users/**";
        let users = |rig: &Rig| rig.mock.store().users();
        let mark = self.mark();
        let found = |rig: &Rig| count(&users(rig), "name", &mark);
        let args = json!([{ "name": mark, "email": format!("{mark}@example.com") }]);
        self.call("users.create", path, args, Some(&mark), &found).await;
        let made = id_of(&users(&self.rig), "name", &mark)?;

        let mark = self.mark();
        let args = json!([made, { "job-title": mark }]);
        let found = |rig: &Rig| count(&users(rig), "jobTitle", &mark);
        self.call("users.update", path, args, Some(&mark), &found).await;

        let is_active = |rig: &Rig| one(users(rig), &made)["deactivatedAt"].is_null();
        let args = json!([made]);
        let found = |rig: &Rig| usize::from(!is_active(rig));
        self.call("users.deactivate", path, args.clone(), None, &found).await;
        (!is_active(&self.rig)).then_some(())?;
        let found = |rig: &Rig| usize::from(is_active(rig));
        self.call("users.reactivate", path, args, None, &found).await.map(drop)
    }

    pub(super) async fn webhooks(&mut self) -> Option<()> {
        let path = "/webhooks/**";
        let webhooks = |rig: &Rig| rig.mock.store().webhooks();
        let mark = self.mark();
        let url = format!("https://hooks.example/{mark}");
        let found = |rig: &Rig| count(&webhooks(rig), "url", &url);
        let args = json!([{ "url": url, "event": "candidateHired" }]);
        self.call("webhooks.create", path, args, Some(&mark), &found).await;
        let made = id_of(&webhooks(&self.rig), "url", &url)?;

        let mark = self.mark();
        let url = format!("https://hooks.example/{mark}");
        let args = json!([[{ "id": made, "url": url }]]);
        let found = |rig: &Rig| count(&webhooks(rig), "url", &url);
        self.call("webhooks.update", path, args, Some(&mark), &found).await;

        let args = json!([made]);
        let found = |rig: &Rig| usize::from(one(webhooks(rig), &made).is_null());
        self.call("webhooks.delete", path, args, None, &found).await.map(drop)
    }
}

/// Sound answers to all that an applicant of this name must answer.
fn application(questions: &Value, name: &str) -> Value {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut person = Vec::new();
    for field in list(&questions["personalInformation"]) {
        let asked = field["name"].as_str().unwrap_or_default();
        let value = match asked {
            "fullName" => name.to_owned(),
            "email" => format!("{name}@example.com"),
            "resume" => continue,
            _ if field["required"] == true => "x".to_owned(),
            _ => continue,
        };
        person.push(json!({ "name": asked, "value": value }));
    }
    let answer = |field: &Value| {
        let option = field["options"][0]["text"].clone();
        let mut value = json!({ "id": field["id"] });
        let (part, given) = match field["type"].as_str().unwrap_or_default() {
            "multiple-select" => ("choices", json!([option])),
            "dropdown" | "multiple-choice" => ("text", option),
            "yes-no" => ("text", json!("yes")),
            "date" => ("date", json!(1)),
            "currency" | "score" => ("number", json!(3)),
            "file-upload" => ("file", json!({ "name": "task.txt", "content": "Tasks" })),
            _ => ("text", json!("x")),
        };
        value[part] = given;
        value
    };
    let sets: Vec<Value> = list(&questions["customQuestions"])
        .iter()
        .filter(|set| list(&set["distribution"]).contains(&json!("external")))
        .map(|set| {
            let fields: Vec<Value> = list(&set["fields"]).iter().map(answer).collect();
            json!({ "id": set["id"], "fields": fields })
        })
        .collect();
    json!({ "personal-information": person, "custom-questions": sets })
}
