//! One function of each kind, called such that what became of it can be counted.

use lever_host::mock::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, user};

/// What a function does at Lever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads pages of a list.
    List,
    /// Reads one record.
    Get,
    /// Reads any path and hands its JSON on.
    Raw,
    /// POST, answered with the new record.
    Create,
    /// POST that adds to a set, then a GET.
    AddTags,
    /// PUT, then a GET.
    UpdateStage,
    /// GET, PUT of the whole note, then a GET.
    UpdateNote,
    /// DELETE, answered without a body.
    Delete,
    /// POST of a form with a file, answered with the new record.
    Upload,
    /// GET, then a PUT of the whole record, answered with it.
    Replace,
    /// GET, then a POST, answered with an id.
    Apply,
}

use Kind::*;

pub const ALL: [Kind; 11] =
    [List, Get, Raw, Create, AddTags, UpdateStage, UpdateNote, Delete, Upload, Replace, Apply];

/// Those that change something and read the record again.
pub const READING_BACK: [Kind; 3] = [AddTags, UpdateStage, UpdateNote];

impl Kind {
    pub fn function(self) -> &'static str {
        match self {
            List => "opportunities.list-all",
            Get => "opportunities.get",
            Raw => "raw.get",
            Create => "notes.create",
            AddTags => "opportunities.add-tags",
            UpdateStage => "opportunities.update-stage",
            UpdateNote => "notes.update",
            Delete => "notes.delete",
            Upload => "files.upload",
            Replace => "interviews.update",
            Apply => "postings.apply",
        }
    }

    /// The method of the request that matters.
    pub fn method(self) -> &'static str {
        match self {
            List | Get | Raw => "GET",
            Create | AddTags | Upload | Apply => "POST",
            UpdateStage | UpdateNote | Replace => "PUT",
            Delete => "DELETE",
        }
    }

    pub fn is_read(self) -> bool {
        self.method() == "GET"
    }

    /// Whether what the answer holds is what the function returns.
    pub fn needs_answer(self) -> bool {
        self.is_read() || matches!(self, Create | Upload | Replace | Apply)
    }
}

/// One call about to be made.
pub struct Call {
    pub kind: Kind,
    pub args: Value,
    opportunity: String,
    /// The note, interview or posting that it is about.
    note: Option<String>,
    /// What the change writes, different from all others.
    mark: String,
}

impl Call {
    /// A call on the n-th opportunity of the rig; makes the note that it changes.
    pub async fn new(rig: &Rig, kind: Kind, n: usize) -> Call {
        let (opportunity, stages) = {
            let store = rig.mock.store();
            let ids = store.opportunity_ids();
            (ids[n % ids.len()].clone(), store.stages())
        };
        let mut mark = format!("mark {n}");
        let note = match kind {
            UpdateNote | Delete => {
                let made = rig.ok("notes.create", json!([opportunity, { "value": "made" }])).await;
                Some(made["id"].as_str().expect("notes have ids").to_owned())
            }
            Replace => Some(interview(rig, &opportunity).await),
            Apply => Some(posting(rig)),
            _ => None,
        };
        let args = match kind {
            List => json!([{ "limit": 5 }]),
            Get => json!([opportunity]),
            Raw => json!(["/postings"]),
            Create => json!([opportunity, { "value": mark }, null, user(rig)]),
            AddTags => json!([opportunity, [mark], user(rig)]),
            UpdateStage => {
                let now = stage(rig, &opportunity);
                let other = stages.iter().find(|stage| stage["id"] != now);
                mark = other.expect("there are stages")["id"].as_str().expect("an id").to_owned();
                json!([opportunity, mark, user(rig)])
            }
            UpdateNote => json!([opportunity, note, { "values": [{ "value": mark }] }]),
            Delete => json!([opportunity, note]),
            Upload => {
                json!([opportunity, { "name": format!("{mark}.txt"), "content": "x" }, user(rig)])
            }
            Replace => json!([opportunity, note, { "location": mark }, user(rig)]),
            Apply => {
                let person = json!([
                    { "name": "fullName", "value": mark },
                    { "name": "email", "value": format!("applicant{n}@example.com") },
                ]);
                json!([note, { "personal-information": person }])
            }
        };
        Call { kind, args, opportunity, note, mark }
    }

    /// A rule that hits the request that matters, and no other.
    pub fn hit(&self, fault: Fault) -> Fault {
        let path = match self.kind {
            List => "/opportunities".to_owned(),
            Get => format!("/opportunities/{}", self.opportunity),
            Raw => "/postings".to_owned(),
            Create => format!("/opportunities/{}/notes", self.opportunity),
            AddTags => format!("/opportunities/{}/addTags", self.opportunity),
            UpdateStage => format!("/opportunities/{}/stage", self.opportunity),
            UpdateNote | Delete => format!("/opportunities/{}/notes/*", self.opportunity),
            Upload => format!("/opportunities/{}/files", self.opportunity),
            Replace => format!("/opportunities/{}/interviews/*", self.opportunity),
            Apply => "/postings/*/apply".to_owned(),
        };
        fault.method(self.kind.method()).path(&path)
    }

    /// A rule that hits the read that follows the change.
    pub fn hit_read_back(&self, effect: Effect) -> Fault {
        // A note is read before it is written.
        let before = usize::from(self.kind == UpdateNote);
        let path = format!("/opportunities/{}/**", self.opportunity);
        Fault::new(effect).method("GET").path(&path).skip(before)
    }

    /// How often the change is in the account.
    pub fn found(&self, rig: &Rig) -> usize {
        let store = rig.mock.store();
        let notes = store.notes(&self.opportunity);
        let holds = |value: &Value| value["value"] == self.mark.as_str();
        match self.kind {
            List | Get | Raw => 0,
            Create => notes
                .iter()
                .flat_map(|note| note["fields"].as_array().into_iter().flatten())
                .filter(|field| holds(field))
                .count(),
            AddTags => {
                let record = store.opportunity(&self.opportunity).expect("it is there");
                let tags = record["tags"].as_array().expect("tags are a list");
                tags.iter().filter(|tag| **tag == self.mark.as_str()).count()
            }
            UpdateStage => usize::from(stage(rig, &self.opportunity) == self.mark.as_str()),
            UpdateNote => notes
                .iter()
                .filter(|note| note["id"].as_str() == self.note.as_deref())
                .filter(|note| note["fields"].as_array().is_some_and(|all| all.iter().all(holds)))
                .count(),
            Delete => {
                let mut ids = notes.iter().map(|note| note["id"].as_str());
                usize::from(!ids.any(|id| id == self.note.as_deref()))
            }
            Upload => {
                let name = format!("{}.txt", self.mark);
                store.files(&self.opportunity).iter().filter(|file| file["name"] == name).count()
            }
            Replace => {
                let interviews = store.interviews(&self.opportunity);
                let own = interviews.iter().filter(|it| it["id"].as_str() == self.note.as_deref());
                own.filter(|it| it["location"] == self.mark.as_str()).count()
            }
            Apply => {
                let ids = store.opportunity_ids();
                let names = ids.iter().filter_map(|id| store.opportunity(id));
                names.filter(|it| it["name"] == self.mark.as_str()).count()
            }
        }
    }
}

/// An interview made for this call.
async fn interview(rig: &Rig, opportunity: &str) -> String {
    let interviewers = json!([{ "id": user(rig) }]);
    let one =
        json!({ "interviewers": interviewers, "date": 1_800_000_000_000_u64, "duration": 30 });
    let panel = json!({ "timezone": "Europe/Lisbon", "interviews": [one] });
    let made = rig.ok("panels.create", json!([opportunity, panel, user(rig)])).await;
    made["interviews"][0]["id"].as_str().expect("interviews have ids").to_owned()
}

/// A posting that can be applied to with a name and an address.
fn posting(rig: &Rig) -> String {
    let store = rig.mock.store();
    let asks_little = |posting: &Value| {
        let questions = store.apply_questions(posting["id"].as_str()?)?;
        let person = questions["personalInformation"].as_array()?.iter();
        let required: Vec<&str> = person
            .filter(|field| field["required"] == true)
            .filter_map(|field| field["name"].as_str())
            .collect();
        let sets = questions["customQuestions"].as_array()?.iter();
        let mut fields = sets.flat_map(|set| set["fields"].as_array().into_iter().flatten());
        (required == ["fullName", "email"] && fields.all(|field| field["required"] != true))
            .then_some(())
    };
    let postings = store.postings();
    let open = postings.iter().filter(|it| it["state"] == "published" || it["state"] == "internal");
    let mut little = open.filter(|posting| asks_little(posting).is_some());
    let posting = little.next().expect("one asks little");
    posting["id"].as_str().expect("postings have ids").to_owned()
}

fn stage(rig: &Rig, opportunity: &str) -> Value {
    rig.mock.store().opportunity(opportunity).expect("it is there")["stage"].clone()
}
