//! Resumes: the file, and what was read out of it.
//!
//! Read-only; they come with an application or a new opportunity.

use serde_json::{Map, Value, json};

use crate::account::documents::{Shelf, Stored};
use crate::account::state::State;
use crate::endpoints::opportunities::filter::Span;
use crate::endpoints::opportunities::{find, select};
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// The query of the list.
pub(crate) const QUERY: &[&str] =
    &["limit", "offset", "include", "uploaded_at_start", "uploaded_at_end"];

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
        self.resumes.iter().filter(move |resume| resume.opportunity == opportunity)
    }

    /// Puts a resume that came in with an opportunity, and notes it down.
    pub fn add_resume(
        &mut self,
        opportunity: &str,
        (name, bytes): (&str, &bytes::Bytes),
        parsed: Value,
        user: Option<String>,
        at: u64,
    ) {
        let id = self.random.uuid();
        self.file_action("resume-imported", opportunity, (&id, name), user, at);
        let file = Stored::new(Shelf::Resume, name, bytes.clone(), at);
        self.resumes.push(Resume {
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
    let opportunity = find(state, call)?;
    let mut resumes = state.resumes_of(&opportunity.id);
    resumes.find(|resume| resume.id == call.id(1)).ok_or(Failure::NoRecord("Resume"))
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let span = Span::read(call, "uploaded_at")?;
    let rows = state.resumes_of(&opportunity.id).filter(|resume| {
        let uploaded_at = resume.file.as_ref().map(|file| file.uploaded_at);
        span.allows(uploaded_at)
    });
    let rows = rows.map(|resume| {
        let key = vec![Part::Earliest(resume.created_at), Part::Text(resume.id.clone())];
        (key, select(resume.view(), call))
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Data(200, select(one(state, call)?.view(), call)))
}

pub(crate) fn download(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let file = one(state, call)?.file.as_ref();
    file.ok_or(Failure::NoRecord("Resume file"))?.download()
}
