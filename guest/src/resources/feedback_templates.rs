//! The forms that interviewers fill.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::feedback_templates::{
    FeedbackTemplate, FeedbackTemplateChange, FeedbackTemplatePage, FeedbackTemplateQuery, Guest,
    NewFeedbackTemplate,
};
use crate::routes::feedback_templates as route;

impl Guest for Lever {
    fn list_page(
        query: FeedbackTemplateQuery,
        cursor: Option<String>,
    ) -> Result<FeedbackTemplatePage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(
        query: FeedbackTemplateQuery,
        max_items: Option<u32>,
    ) -> Result<FeedbackTemplatePage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &query, max_items))
    }

    fn get(feedback_template: String, include: Vec<String>) -> Result<FeedbackTemplate, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&feedback_template], &Fields::of(include)))
    }

    fn create(feedback_template: NewFeedbackTemplate) -> Result<FeedbackTemplate, Error> {
        with_lever(|lever| lever.create_template(&feedback_template))
    }

    fn update(
        feedback_template: String,
        change: FeedbackTemplateChange,
    ) -> Result<FeedbackTemplate, Error> {
        with_lever(|lever| lever.update_template(&feedback_template, &change))
    }

    fn delete(feedback_template: String) -> Result<(), Error> {
        with_lever(|lever| lever.remove(&route::DELETE, &[&feedback_template], vec![]))
    }
}
