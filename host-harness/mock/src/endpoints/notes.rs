//! Notes of an opportunity: threads whose first comment is the note itself.
//!
//! Only threads made through the API can be replaced or deleted. Mentions and followers get no mail.

use serde_json::{Value, json};

use crate::account::state::{Comment, Note, State};
use crate::endpoints::opportunities::{find, select};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// What a body that replaces a thread may hold.
pub(crate) const KEYS: &[&str] = &[
    "values/*/value",
    "values/*/createdAt",
    "user",
    "secret",
    "createdAt",
    "completedAt",
    "score",
];

fn shown(state: &State, note: &Note, call: &Call) -> Value {
    let mut view = note.view();
    let user = note.user.as_ref().and_then(|id| state.user(id));
    if let (true, Some(user), Some(field)) =
        (call.all("expand").contains(&"user"), user, view.get_mut("user"))
    {
        *field = user.clone();
    }
    select(view, call)
}

fn position(state: &State, opportunity: &str, note: &str) -> Result<usize, Failure> {
    let mut notes = state.notes.iter();
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

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let rows = state
        .notes_of(&opportunity.id)
        .map(|note| (vec![Part::Earliest(note.created_at), Part::Text(note.id.clone())], note));
    let page = page::cut(&state.issued, call, rows.collect())?;
    let data = page.rows.into_iter().map(|note| shown(state, note, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
    let mut notes = state.notes_of(&opportunity.id);
    let note = notes.find(|note| note.id == call.id(1)).ok_or(Failure::NoRecord("Note"))?;
    Ok(Answer::Data(200, shown(state, note, call)))
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let opportunity = find(state, call)?;
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
    let thread = thread.and_then(|at| state.notes.get_mut(at));
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
        state.notes.push(note);
        view
    };
    let id = view.get("id").cloned().unwrap_or_default();
    if let Some(map) = view.as_object_mut() {
        map.insert("noteId".to_owned(), id);
    }
    Ok(Answer::Data(201, view))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let stage = find(state, call)?.stage.clone();
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
    let Some(note) = state.notes.get_mut(at).filter(|note| note.made_by_api) else {
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
    Ok(Answer::Data(200, json!({"noteId": note.id})))
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    find(state, call)?;
    let at = position(state, call.id(0), call.id(1))?;
    if state.notes.get(at).is_some_and(|note| !note.made_by_api) {
        return Err(not_made_by_api());
    }
    state.notes.remove(at);
    Ok(Answer::Empty)
}
