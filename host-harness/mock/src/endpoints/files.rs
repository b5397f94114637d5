//! The files of an opportunity. Resumes are not among them.

use serde_json::{Value, json};

use crate::account::documents::{Shelf, Stored, only};
use crate::account::state::State;
use crate::endpoints::opportunities::filter::Span;
use crate::endpoints::opportunities::find;
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// The query of the list.
pub(crate) const QUERY: &[&str] = &["limit", "offset", "uploaded_at_start", "uploaded_at_end"];

/// A file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub id: String,
    pub opportunity: String,
    pub stored: Stored,
}

impl File {
    pub fn view(&self) -> Value {
        let mut view = self.stored.view();
        // Files spell it with the dot, resumes without.
        let extension = view.get("ext").and_then(Value::as_str).unwrap_or_default();
        let extension = format!(".{extension}");
        view.insert("ext".to_owned(), json!(extension));
        view.insert("id".to_owned(), json!(self.id));
        let page = format!("candidates/{}/files/{}/download", self.opportunity, self.id);
        view.insert("downloadUrl".to_owned(), json!(format!("https://hire.lever.co/{page}")));
        Value::Object(view)
    }
}

impl State {
    /// The files of an opportunity, oldest first.
    pub fn files_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s File> {
        self.files.iter().filter(move |file| file.opportunity == opportunity)
    }

    /// Puts a file with an opportunity and notes it down.
    pub fn add_file(&mut self, opportunity: &str, stored: Stored, user: Option<String>) -> &File {
        let id = self.random.uuid();
        let (name, at) = (stored.document.name.clone(), stored.uploaded_at);
        self.file_action("file-added", opportunity, (&id, &name), user, at);
        self.files.push_mut(File { id, opportunity: opportunity.to_owned(), stored })
    }
}

fn one<'s>(state: &'s State, call: &Call) -> Result<&'s File, Failure> {
    let opportunity = find(state, call)?;
    let mut files = state.files_of(&opportunity.id);
    files.find(|file| file.id == call.id(1)).ok_or(Failure::NoRecord("File"))
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let span = Span::read(call, "uploaded_at")?;
    let rows = state.files_of(&opportunity.id);
    let rows = rows.filter(|file| span.allows(Some(file.stored.uploaded_at))).map(|file| {
        (vec![Part::Earliest(file.stored.uploaded_at), Part::Text(file.id.clone())], file.view())
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Data(200, one(state, call)?.view()))
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?.id.clone();
    let (part, name) = only(call.files(), "file")?;
    let stored = Stored::new(Shelf::File, name, part.bytes.clone(), call.now);
    let view = state.add_file(&opportunity, stored, call.actor.clone()).view();
    Ok(Answer::Data(201, view))
}

pub(crate) fn download(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one(state, call)?.stored.download()
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let gone = one(state, call)?.clone();
    state.files.retain(|file| file.id != gone.id);
    let file = (gone.id.as_str(), gone.stored.document.name.as_str());
    state.file_action("file-remove", &gone.opportunity, file, call.actor.clone(), call.now);
    Ok(Answer::Empty)
}
