//! The files of an opportunity. Resumes are not among them.

use serde_json::{Value, json};

use crate::account::documents::{Stored, pdf};
use crate::account::records::Opportunity;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::Required;
use crate::endpoints::common::resource::{Names, Resource, below, read, write};
use crate::endpoints::common::{access, transfer};
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Form, Nothing};
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

const SCOPE: Names = &["files"];

const FILES: &str = "/opportunities/:opportunity/files";
const FILE: &str = "/opportunities/:opportunity/files/:file";
const DOWNLOAD: &str = "/opportunities/:opportunity/files/:file/download";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "files",
    rows: &[
        read(SCOPE, FILES, QUERY, &[], list),
        read(SCOPE, FILE, &[], &[], get),
        write("POST", SCOPE, FILES, Required, &[], Form(&["file"]), create),
        read(SCOPE, DOWNLOAD, &[], &[], download),
        write("DELETE", SCOPE, FILE, Required, &[], Nothing, delete),
    ],
    records: Some(|state| {
        state.all::<File>().iter().map(|it| below(it.view(), &it.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// The query of the list.
const QUERY: &[&str] = &["limit", "offset", "uploaded_at_start", "uploaded_at_end"];

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
        self.all::<File>().iter().filter(move |file| file.opportunity == opportunity)
    }

    /// Adds a file to an opportunity, and the file action with it.
    pub fn add_file(&mut self, opportunity: &str, stored: Stored, user: Option<String>) -> &File {
        let id = self.random.uuid();
        let (name, at) = (stored.document.name.clone(), stored.uploaded_at);
        self.file_action("file-added", opportunity, (&id, &name), user, at);
        self.all_mut::<File>().push_mut(File { id, opportunity: opportunity.to_owned(), stored })
    }
}

fn one<'s>(state: &'s State, call: &Call) -> Result<&'s File, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let mut files = state.files_of(&opportunity.id);
    files.find(|file| file.id == call.id(1)).ok_or(Failure::NoRecord("File"))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let span = Span::read(call, "uploaded_at")?;
    let rows = state.files_of(&opportunity.id);
    let rows = rows
        .filter(|file| span.allows(Some(file.stored.uploaded_at)))
        .map(|file| (page::by_time(file.stored.uploaded_at, &file.id), file.view()));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, one(state, call)?.view()))
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?.id.clone();
    let (part, name) = transfer::only(call.files(), "file")?;
    let stored = Stored::new(name, part.bytes.clone(), call.now);
    let view = state.add_file(&opportunity, stored, call.actor.clone()).view();
    Ok(Reply::Data(201, view))
}

fn download(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    transfer::download(&one(state, call)?.stored, false)
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let file = one(state, call)?.clone();
    state.all_mut::<File>().retain(|it| it.id != file.id);
    let named = (file.id.as_str(), file.stored.document.name.as_str());
    state.file_action("file-remove", &file.opportunity, named, call.actor.clone(), call.now);
    Ok(Reply::Empty)
}

fn seed_one(state: &mut State, row: &Opportunity, n: usize) {
    let at = row.created_at + DAY;
    let (name, status, is_text) = match n % 5 {
        0 => ("portfolio.pdf", Some("processed"), false),
        1 => ("Zoë's \"best\" work; v2.pdf", Some("processed"), true),
        2 => ("photo.png", Some("unsupported"), false),
        3 => ("old.doc", None, false),
        _ => ("torn.pdf", Some("error"), false),
    };
    let stored = Stored { status, is_text, ..Stored::new(name, pdf(&row.id), at) };
    let id = state.random.uuid();
    state.file_action("file-added", &row.id, (&id, name), row.owner.clone(), at);
    if n % 7 == 6 {
        // Deleted again: only the file actions show it.
        state.file_action("file-remove", &row.id, (&id, name), row.owner.clone(), at + DAY);
        return;
    }
    state.all_mut::<File>().push(File { id, opportunity: row.id.clone(), stored });
}

/// A file to every fourth opportunity: sound ones, one that could not be processed, one whose name
/// needs escaping.
fn seed(state: &mut State, _: &Seeding) {
    let rows: Vec<_> = state.opportunities.values().skip(1).step_by(4).cloned().collect();
    for (n, row) in rows.iter().enumerate() {
        seed_one(state, row, n);
    }
}
