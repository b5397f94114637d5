//! Filled feedback forms.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::feedback::{
    Feedback, FeedbackChange, FeedbackPage, FeedbackQuery, FeedbackResult, Guest, NewFeedback,
};
use crate::routes::feedback as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: FeedbackQuery,
        cursor: Option<String>,
    ) -> Result<FeedbackPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: FeedbackQuery,
        max_items: Option<u32>,
    ) -> Result<FeedbackPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: FeedbackQuery,
    ) -> Result<Vec<FeedbackResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<FeedbackPage, _>(route, opportunities, &query))
    }

    fn get(
        opportunity: String,
        feedback: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Feedback, Error> {
        let ids = [opportunity.as_str(), feedback.as_str()];
        with_lever(|lever| lever.read(&route::GET, &ids, &Fields { include, expand }))
    }

    fn create(
        opportunity: String,
        feedback: NewFeedback,
        perform_as: Option<String>,
    ) -> Result<Feedback, Error> {
        with_lever(|lever| lever.create_feedback(&opportunity, feedback, perform_as))
    }

    fn update(
        opportunity: String,
        feedback: String,
        change: FeedbackChange,
        perform_as: Option<String>,
    ) -> Result<Feedback, Error> {
        with_lever(|lever| lever.update_feedback(&opportunity, &feedback, change, perform_as))
    }

    fn delete(
        opportunity: String,
        feedback: String,
        perform_as: Option<String>,
    ) -> Result<(), Error> {
        with_lever(|lever| lever.remove_as(&route::DELETE, &[&opportunity, &feedback], perform_as))
    }
}
