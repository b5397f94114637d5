//! Notes on an opportunity.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::notes::{
    Guest, NewNote, Note, NoteChange, NotePage, NoteQuery, NotesResult,
};
use crate::routes::notes as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: NoteQuery,
        cursor: Option<String>,
    ) -> Result<NotePage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: NoteQuery,
        max_items: Option<u32>,
    ) -> Result<NotePage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: NoteQuery,
    ) -> Result<Vec<NotesResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<NotePage, _>(route, opportunities, &query))
    }

    fn get(
        opportunity: String,
        note: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Note, Error> {
        with_lever(|lever| {
            lever.read(&route::GET, &[&opportunity, &note], &Fields { include, expand })
        })
    }

    fn create(
        opportunity: String,
        note: NewNote,
        thread: Option<String>,
        perform_as: Option<String>,
    ) -> Result<Note, Error> {
        with_lever(|lever| lever.create_note(&opportunity, &note, thread, perform_as))
    }

    fn update(opportunity: String, note: String, change: NoteChange) -> Result<Note, Error> {
        with_lever(|lever| lever.update_note(&opportunity, &note, &change))
    }

    fn delete(opportunity: String, note: String) -> Result<(), Error> {
        with_lever(|lever| lever.remove(&route::DELETE, &[&opportunity, &note], Vec::new()))
    }
}
