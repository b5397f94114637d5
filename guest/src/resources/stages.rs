//! The steps of the pipeline.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::stages::{Guest, Stage, StagePage, StageQuery};
use crate::routes::stages as route;

impl Guest for Lever {
    fn list_page(query: StageQuery, cursor: Option<String>) -> Result<StagePage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(query: StageQuery, max_items: Option<u32>) -> Result<StagePage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &query, max_items))
    }

    fn get(stage: String, include: Vec<String>) -> Result<Stage, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&stage], &Fields::of(include)))
    }
}
