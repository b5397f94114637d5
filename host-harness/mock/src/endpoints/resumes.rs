//! Resumes: the file, and what was read out of it.
//!
//! Read-only; they come with an application or a new opportunity.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::account::documents::{Stored, pdf};
use crate::account::records::Opportunity;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, ONE, Resource, below, read};
use crate::endpoints::common::{access, transfer};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

const SCOPE: Names = &["resumes"];

const RESUMES: &str = "/opportunities/:opportunity/resumes";
const RESUME: &str = "/opportunities/:opportunity/resumes/:resume";
const DOWNLOAD: &str = "/opportunities/:opportunity/resumes/:resume/download";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "resumes",
    rows: &[
        read(SCOPE, RESUMES, QUERY, &[], list),
        read(SCOPE, RESUME, ONE, &[], get),
        read(SCOPE, DOWNLOAD, &[], &[], download),
    ],
    records: Some(|state| {
        state.all::<Resume>().iter().map(|it| below(it.view(), &it.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// The query of the list.
const QUERY: &[&str] = &["limit", "offset", "include", "uploaded_at_start", "uploaded_at_end"];

/// A resume.
#[derive(Clone, Debug)]
pub(crate) struct Resume {
    pub id: String,
    pub opportunity: String,
    pub created_at: u64,
    /// None where only the parse was kept.
    pub file: Option<Stored>,
    pub parsed: Value,
    /// Whether the key of the parse is there at all.
    pub has_parse: bool,
}

impl Resume {
    pub fn view(&self) -> Value {
        let file = self.file.as_ref().map(|stored| {
            let mut view = stored.view();
            let page = format!("candidates/{}/resumes/{}/download", self.opportunity, self.id);
            view.insert("downloadUrl".to_owned(), json!(format!("https://hire.lever.co/{page}")));
            view
        });
        let mut view = Map::new();
        view.insert("id".to_owned(), json!(self.id));
        view.insert("createdAt".to_owned(), json!(self.created_at));
        view.insert("file".to_owned(), json!(file));
        if self.has_parse {
            view.insert("parsedData".to_owned(), self.parsed.clone());
        }
        Value::Object(view)
    }
}

impl State {
    /// The resumes of an opportunity, oldest first.
    pub fn resumes_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Resume> {
        self.all::<Resume>().iter().filter(move |resume| resume.opportunity == opportunity)
    }

    /// Adds a resume to an opportunity, and the file action with it.
    pub fn add_resume(
        &mut self,
        opportunity: &str,
        (name, bytes): (&str, &Bytes),
        parsed: Value,
        user: Option<String>,
        at: u64,
    ) {
        let id = self.random.uuid();
        self.file_action("resume-imported", opportunity, (&id, name), user, at);
        let file = Stored::new(name, bytes.clone(), at);
        self.all_mut::<Resume>().push(Resume {
            id,
            opportunity: opportunity.to_owned(),
            created_at: at,
            file: Some(file),
            parsed,
            has_parse: true,
        });
    }
}

fn one<'s>(state: &'s State, call: &Call) -> Result<&'s Resume, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let mut resumes = state.resumes_of(&opportunity.id);
    resumes.find(|resume| resume.id == call.id(1)).ok_or(Failure::NoRecord("Resume"))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let span = Span::read(call, "uploaded_at")?;
    let rows = state.resumes_of(&opportunity.id).filter(|resume| {
        let uploaded_at = resume.file.as_ref().map(|file| file.uploaded_at);
        span.allows(uploaded_at)
    });
    let rows = rows.map(|resume| {
        let key = page::by_time(resume.created_at, &resume.id);
        (key, call.select(resume.view()))
    });
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, call.select(one(state, call)?.view())))
}

fn download(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let file = one(state, call)?.file.as_ref();
    transfer::download(file.ok_or(Failure::NoRecord("Resume file"))?, true)
}

/// What was read out of a resume.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub name: Option<String>,
    pub headline: Option<String>,
    pub location: Option<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub links: Vec<String>,
    /// Title and firm.
    pub positions: Vec<(String, String)>,
}

/// Reads a resume in the simplest way that can be relied on: lines such as `Email:
/// ana@example.com`.
///
/// Known words are Name, Headline, Location, Email, Phone, Link and `Position: TITLE at FIRM`; any
/// other line, and any file that is not text, is ignored.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for line in std::str::from_utf8(bytes).unwrap_or_default().lines() {
        let Some((word, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim().to_owned();
        match word.trim() {
            "Name" => parsed.name = Some(value),
            "Headline" => parsed.headline = Some(value),
            "Location" => parsed.location = Some(value),
            "Email" => parsed.emails.push(value),
            "Phone" => parsed.phones.push(value),
            "Link" => parsed.links.push(value),
            "Position" => {
                let (title, firm) = value.split_once(" at ").unwrap_or((&value, ""));
                parsed.positions.push((title.to_owned(), firm.to_owned()));
            }
            _ => {}
        }
    }
    parsed
}

impl Parsed {
    /// The `parsedData` of the resume.
    pub fn view(&self) -> Value {
        let positions = self.positions.iter().map(|(title, firm)| {
            json!({
                "org": firm, "title": title, "summary": "", "location": null, "start": null, "end": null,
            })
        });
        json!({"positions": positions.collect::<Vec<_>>(), "schools": []})
    }
}

/// What was read out of a seeded resume.
fn parsed() -> Value {
    json!({
        "positions": [
            {
                "org": "Northfield Robotics",
                "title": "Site Reliability Engineer",
                "summary": "Ran the fleet control plane.",
                "location": "Portland, OR",
                "start": {"year": 2021, "month": 7},
                "end": null,
            },
            {
                "org": "Tidewater Labs",
                "title": "Systems Engineer",
                "summary": "",
                "location": null,
                "start": {"year": 2017, "month": null},
                "end": {"year": 2021, "month": 6},
            },
        ],
        "schools": [{
            "org": "Cascadia State University",
            "degree": "BS",
            "field": "Computer Science",
            "summary": null,
            "start": {"year": 2013, "month": 9},
            "end": {"year": 2017, "month": 5},
        }],
    })
}

fn seed_one(state: &mut State, row: &Opportunity, n: usize) {
    let at = row.created_at + 4;
    let file = Stored::new("resume.pdf", pdf(&row.id), at);
    let made = Resume {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        created_at: row.created_at,
        file: Some(file.clone()),
        parsed: parsed(),
        has_parse: true,
    };
    let made = match n % 5 {
        0 => made,
        1 => {
            let bytes = Bytes::from_static(b"no pdf at all");
            let file = Stored::new("corrupt.pdf", bytes, at);
            let file = Some(Stored { status: Some("error"), ..file });
            Resume { file, has_parse: false, ..made }
        }
        2 => Resume { file: None, ..made },
        3 => {
            let file = Stored::new("履歴書 \"final\".docx", pdf(&row.id), at);
            let file = Some(Stored { is_text: true, ..file });
            Resume { file, parsed: Value::Null, ..made }
        }
        _ => {
            let second = Resume { id: state.random.uuid(), created_at: at + DAY, ..made.clone() };
            state.all_mut::<Resume>().push(second);
            made
        }
    };
    let name = made.file.as_ref().map(|file| file.document.name.clone());
    if let Some(name) = name {
        state.file_action("resume-imported", &row.id, (&made.id, &name), None, at);
    }
    state.all_mut::<Resume>().push(made);
}

/// A resume to every third opportunity: sound ones, one that could not be processed, one whose name
/// needs escaping.
fn seed(state: &mut State, _: &Seeding) {
    let rows: Vec<_> = state.opportunities.values().step_by(3).cloned().collect();
    for (n, row) in rows.iter().enumerate() {
        seed_one(state, row, n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_is_read_line_by_line() {
        let text = "Ana's resume\nName: Ana Lindgren\r\nEmail: ana@example.com\nEmail: a@example.org\n\
            Position: Engineer at Tidewater Labs\nPosition: Student\nHobby: boats\n";
        let parsed = parse(text.as_bytes());
        assert_eq!(parsed.name.as_deref(), Some("Ana Lindgren"));
        assert_eq!(parsed.emails, ["ana@example.com", "a@example.org"]);
        let view = parsed.view();
        assert_eq!(view["positions"][0]["org"], "Tidewater Labs");
        assert_eq!(view["positions"][1]["title"], "Student");
        assert_eq!(parse(b"\xff\xfeName: x"), Parsed::default());
    }
}
