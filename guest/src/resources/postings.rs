//! Jobs, and applying to them.

use super::{Error, Lever, with_lever};
use crate::bindings::exports::ats::lever::postings::{
    Applied, ApplyQuestions, DeletedPostingPage, DeletedPostingQuery, Guest, NewApplication,
    NewPosting, Posting, PostingChange, PostingPage, PostingQuery,
};
use crate::core::postings::{PostingFields, check_query, check_span};
use crate::core::query::chosen;
use crate::routes::postings as route;

impl Guest for Lever {
    fn list_page(query: PostingQuery, cursor: Option<String>) -> Result<PostingPage, Error> {
        check_query(&query)?;
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(query: PostingQuery, max_items: Option<u32>) -> Result<PostingPage, Error> {
        check_query(&query)?;
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &query, max_items))
    }

    fn get(
        posting: String,
        include: Vec<String>,
        expand: Vec<String>,
        distribution: Option<String>,
    ) -> Result<Posting, Error> {
        let query = PostingFields { include, expand, distribution };
        with_lever(|lever| lever.read(&route::GET, &[&posting], &query))
    }

    fn create(posting: NewPosting, perform_as: Option<String>) -> Result<Posting, Error> {
        with_lever(|lever| lever.create_posting(&posting, perform_as))
    }

    fn update(
        posting: String,
        change: PostingChange,
        perform_as: Option<String>,
    ) -> Result<Posting, Error> {
        with_lever(|lever| lever.update_posting(&posting, &change, perform_as))
    }

    fn get_apply_questions(
        posting: String,
        distribution: Option<String>,
        location: Option<String>,
    ) -> Result<ApplyQuestions, Error> {
        let query = chosen([("distribution", distribution), ("location", location)]);
        with_lever(|lever| lever.questions(&posting, query))
    }

    fn apply(
        posting: String,
        application: NewApplication,
        send_confirmation_email: Option<bool>,
    ) -> Result<Applied, Error> {
        with_lever(|lever| lever.apply_to(&posting, application, send_confirmation_email))
    }

    fn list_deleted(
        query: DeletedPostingQuery,
        cursor: Option<String>,
    ) -> Result<DeletedPostingPage, Error> {
        check_span(query.deleted_at_start, query.deleted_at_end)?;
        with_lever(|lever| lever.page(&route::LIST_DELETED, &[], &query, cursor))
    }

    fn list_all_deleted(
        query: DeletedPostingQuery,
        max_items: Option<u32>,
    ) -> Result<DeletedPostingPage, Error> {
        check_span(query.deleted_at_start, query.deleted_at_end)?;
        with_lever(|lever| lever.all(&route::LIST_ALL_DELETED, &[], &query, max_items))
    }
}
