//! Interviews with a candidate.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::interviews::{
    Guest, Interview, InterviewChange, InterviewPage, InterviewQuery, InterviewsResult,
    NewInterview,
};
use crate::routes::interviews as route;

impl Guest for Lever {
    fn list_page(
        opportunity: String,
        query: InterviewQuery,
        cursor: Option<String>,
    ) -> Result<InterviewPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[&opportunity], &query, cursor))
    }

    fn list_all(
        opportunity: String,
        query: InterviewQuery,
        max_items: Option<u32>,
    ) -> Result<InterviewPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[&opportunity], &query, max_items))
    }

    fn list_for_many(
        opportunities: Vec<String>,
        query: InterviewQuery,
    ) -> Result<Vec<InterviewsResult>, Error> {
        let route = &route::LIST_FOR_MANY;
        with_lever(|lever| lever.lists::<InterviewPage, _>(route, opportunities, &query))
    }

    fn get(
        opportunity: String,
        interview: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Interview, Error> {
        let ids = [opportunity.as_str(), interview.as_str()];
        with_lever(|lever| lever.read(&route::GET, &ids, &Fields { include, expand }))
    }

    fn create(
        opportunity: String,
        interview: NewInterview,
        perform_as: Option<String>,
    ) -> Result<Interview, Error> {
        with_lever(|lever| lever.create_interview(&opportunity, &interview, perform_as))
    }

    fn update(
        opportunity: String,
        interview: String,
        change: InterviewChange,
        perform_as: Option<String>,
    ) -> Result<Interview, Error> {
        with_lever(|lever| lever.update_interview(&opportunity, &interview, &change, perform_as))
    }

    fn delete(
        opportunity: String,
        interview: String,
        perform_as: Option<String>,
    ) -> Result<(), Error> {
        with_lever(|lever| lever.remove_as(&route::DELETE, &[&opportunity, &interview], perform_as))
    }
}
