//! Notes of an opportunity; the first comment of a note is its own text.
//!
//! Only notes made through the API can be replaced or deleted. Mentions and followers get no mail.

use serde_json::{Value, json};

use crate::account::records::text;
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::Actor::Optional;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, below, read, write};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};

/// Lever's list of scopes has the first, other guides the second.
const SCOPE: Names = &["notes", "opportunities"];

const NOTES: &str = "/opportunities/:opportunity/notes";
const NOTE: &str = "/opportunities/:opportunity/notes/:note";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "notes",
    rows: &[
        read(SCOPE, NOTES, PAGE, &["user"], list),
        read(SCOPE, NOTE, ONE, &["user"], get),
        write("POST", SCOPE, NOTES, Optional, &["note_id"], Json(CREATE), create),
        write("PUT", SCOPE, NOTE, Optional, &[], Json(REPLACE), update),
        write("DELETE", SCOPE, NOTE, Optional, &[], Nothing, delete),
    ],
    records: Some(|state| {
        state.all::<Note>().iter().map(|note| below(note.view(), &note.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// What the body of a creation may hold.
const CREATE: Names = &["value", "secret", "score", "notifyFollowers", "createdAt"];

/// What a body that replaces a note may hold.
const REPLACE: &[&str] = &[
    "values/*/value",
    "values/*/createdAt",
    "user",
    "secret",
    "createdAt",
    "completedAt",
    "score",
];

/// A comment; the first of a note is its own text.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    pub value: String,
    pub created_at: u64,
    pub user: Option<String>,
    pub score: Option<u64>,
    pub stage: String,
}

/// A note with its comments.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub id: String,
    pub opportunity: String,
    pub user: Option<String>,
    pub secret: bool,
    pub completed_at: u64,
    pub created_at: u64,
    pub comments: Vec<Comment>,
    /// Only these can be changed or deleted.
    pub made_by_api: bool,
}

impl Note {
    pub fn view(&self) -> Value {
        let fields: Vec<_> = self.comments.iter().map(Comment::view).collect();
        json!({
            "id": self.id,
            "text": "Note",
            "fields": fields,
            "user": self.user,
            "secret": self.secret,
            "completedAt": self.completed_at,
            "deletedAt": null,
            "createdAt": self.created_at,
        })
    }
}

impl Comment {
    fn view(&self) -> Value {
        json!({
            "type": "note",
            "text": "Comment",
            "value": self.value,
            "createdAt": self.created_at,
            "user": self.user,
            "score": self.score,
            "stage": self.stage,
        })
    }
}

impl State {
    /// The notes of an opportunity, oldest first.
    pub fn notes_of<'s>(&'s self, opportunity: &'s str) -> impl Iterator<Item = &'s Note> {
        self.all::<Note>().iter().filter(move |note| note.opportunity == opportunity)
    }
}

fn shown(state: &State, note: &Note, call: &Call) -> Value {
    let mut view = note.view();
    let user = note.user.as_ref().and_then(|id| state.user(id));
    if let (true, Some(user), Some(field)) =
        (call.all("expand").contains(&"user"), user, view.get_mut("user"))
    {
        *field = user.clone();
    }
    call.select(view)
}

fn position(state: &State, opportunity: &str, note: &str) -> Result<usize, Failure> {
    let mut notes = state.all::<Note>().iter();
    notes
        .position(|row| row.id == note && row.opportunity == opportunity)
        .ok_or(Failure::NoRecord("Note"))
}

fn not_made_by_api() -> Failure {
    Failure::Forbidden("Only notes created through the API can be changed.".to_owned())
}

fn score(body: &Fields) -> Result<Option<u64>, Failure> {
    match body.number("score")? {
        Some(score) if !(1..=4).contains(&score) => {
            Err(body.refuse("score", "Must be between 1 and 4."))
        }
        score => Ok(score),
    }
}

fn value(body: &Fields) -> Result<String, Failure> {
    match body.need_text("value")? {
        "" => Err(body.refuse("value", "Must not be empty.")),
        value => Ok(value.to_owned()),
    }
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let rows = state
        .notes_of(&opportunity.id)
        .map(|note| (page::by_time(note.created_at, &note.id), note));
    let page = page::cut(call, rows.collect())?;
    let data = page.rows.into_iter().map(|note| shown(state, note, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let mut notes = state.notes_of(&opportunity.id);
    let note = notes.find(|note| note.id == call.id(1)).ok_or(Failure::NoRecord("Note"))?;
    Ok(Reply::Data(200, shown(state, note, call)))
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let opportunity = access::opportunity(state, call)?;
    let body = call.body()?;
    body.flag("notifyFollowers")?;
    let comment = Comment {
        value: value(&body)?,
        created_at: body.past("createdAt", call.now)?.unwrap_or(call.now),
        user: call.actor.clone(),
        score: score(&body)?,
        stage: opportunity.stage.clone(),
    };
    let is_secret = body.flag("secret")?.unwrap_or(false);
    let thread = call.one("note_id")?;
    let thread = thread.map(|id| position(state, call.id(0), id)).transpose()?;
    let thread = thread.and_then(|at| state.all_mut::<Note>().get_mut(at));
    let mut view = if let Some(note) = thread {
        note.comments.push(comment);
        note.view()
    } else {
        let note = Note {
            id: state.random.uuid(),
            opportunity: call.id(0).to_owned(),
            user: comment.user.clone(),
            secret: is_secret,
            completed_at: comment.created_at,
            created_at: comment.created_at,
            comments: vec![comment],
            made_by_api: true,
        };
        let view = note.view();
        state.all_mut::<Note>().push(note);
        view
    };
    let id = view.get("id").cloned().unwrap_or_default();
    if let Some(map) = view.as_object_mut() {
        map.insert("noteId".to_owned(), id);
    }
    Ok(Reply::Data(201, view))
}

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let stage = access::opportunity(state, call)?.stage.clone();
    let at = position(state, call.id(0), call.id(1))?;
    let body = call.body()?;
    let values =
        body.children("values")?.ok_or_else(|| Failure::missing(body.pointer("values")))?;
    if values.is_empty() {
        return Err(body.refuse("values", "Must not be empty."));
    }
    let user = body.text("user")?.map(str::to_owned);
    if user.as_ref().is_some_and(|id| state.user(id).is_none()) {
        return Err(body.refuse("user", "User was not found."));
    }
    let Some(note) = state.all_mut::<Note>().get_mut(at).filter(|note| note.made_by_api) else {
        return Err(not_made_by_api());
    };
    // A replacement: what the body leaves out is as in a new note.
    let created_at = body.past("createdAt", call.now)?.unwrap_or(call.now);
    let score = score(&body)?;
    let comments = values.iter().enumerate().map(|(n, fields)| {
        Ok(Comment {
            value: value(fields)?,
            created_at: fields.past("createdAt", call.now)?.unwrap_or(created_at),
            user: user.clone(),
            score: score.filter(|_| n == 0),
            stage: stage.clone(),
        })
    });
    let comments = comments.collect::<Result<_, Failure>>()?;
    let secret = body.flag("secret")?.unwrap_or(false);
    let completed_at = body.past("completedAt", call.now)?.unwrap_or(created_at);
    *note = Note { user, secret, completed_at, created_at, comments, ..note.clone() };
    Ok(Reply::Data(200, json!({"noteId": note.id})))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    access::opportunity(state, call)?;
    let at = position(state, call.id(0), call.id(1))?;
    if state.all::<Note>().get(at).is_some_and(|note| !note.made_by_api) {
        return Err(not_made_by_api());
    }
    state.all_mut::<Note>().remove(at);
    Ok(Reply::Empty)
}

const COMMENTS: [&str; 9] = [
    "Strong systems background.",
    "@jonas.lindqvist can you take this one?",
    "Yes, booking now.",
    "Asked for a later start.\nSee the mail of Tuesday.",
    "Prefers Lisbon or remote.",
    "連絡済み。返信待ち。",
    "Salary expectation \"about 140k\" <confirm>",
    "👍",
    "Met at the career fair; follow up in spring.",
];

/// Notes with comments, secret ones, scored ones, most made in the product.
fn seed(state: &mut State, &Seeding { epoch, .. }: &Seeding) {
    let rows: Vec<_> = state.opportunities.values().cloned().collect();
    for row in rows {
        let random = &mut state.random;
        let threads = if random.chance(35) { 1 + random.below(3) } else { 0 };
        for _ in 0..threads {
            let author = random.pick(&state.users).map(|user| text(user, "id").to_owned());
            let start = row.created_at + random.below(epoch.saturating_sub(row.created_at));
            let mut comments: Vec<Comment> = Vec::new();
            for n in 0..=random.below(4) {
                let user = random.pick(&state.users).map(|user| text(user, "id").to_owned());
                comments.push(Comment {
                    value: random.word(&COMMENTS).to_owned(),
                    created_at: start + n * (DAY / 24),
                    user: if n == 0 { author.clone() } else { user },
                    score: random.chance(15).then(|| 1 + random.below(4)),
                    stage: row.stage.clone(),
                });
            }
            state.tables.all_mut().push(Note {
                id: random.uuid(),
                opportunity: row.id.clone(),
                user: author,
                secret: random.chance(10),
                completed_at: start,
                created_at: start,
                comments,
                made_by_api: random.chance(25),
            });
        }
    }
}
