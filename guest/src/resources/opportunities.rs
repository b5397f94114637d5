//! Opportunities: reading, creating, moving, archiving, tagging.

use serde_json::{Value, json};

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::opportunities::{
    ArchiveOptions, CreatedOpportunity, DeletedOpportunityQuery, FileActionPage, FileActionQuery,
    Guest, NewOpportunity, Opportunity, OpportunityPage, OpportunityQuery, OpportunityResult,
};
use crate::core::json::with;
use crate::core::request::Route;
use crate::core::rules::{self, Rule};
use crate::routes::opportunities as route;

impl Guest for Lever {
    fn list_page(
        query: OpportunityQuery,
        cursor: Option<String>,
    ) -> Result<OpportunityPage, Error> {
        rules::check(&[("email", Rule::One(&query.email))])?;
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(query: OpportunityQuery, max_items: Option<u32>) -> Result<OpportunityPage, Error> {
        rules::check(&[("email", Rule::One(&query.email))])?;
        with_lever(|lever| lever.scan(&route::LIST_ALL, &query, max_items))
    }

    fn get(
        opportunity: String,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Opportunity, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&opportunity], &Fields { include, expand }))
    }

    fn get_many(
        opportunities: Vec<String>,
        include: Vec<String>,
        expand: Vec<String>,
    ) -> Result<Vec<OpportunityResult>, Error> {
        let fields = Fields { include, expand };
        with_lever(|lever| lever.records(&route::GET_MANY, opportunities, &fields))
    }

    fn list_deleted(
        query: DeletedOpportunityQuery,
        cursor: Option<String>,
    ) -> Result<OpportunityPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_DELETED, &[], &query, cursor))
    }

    fn list_all_deleted(
        query: DeletedOpportunityQuery,
        max_items: Option<u32>,
    ) -> Result<OpportunityPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL_DELETED, &[], &query, max_items))
    }

    fn create(
        opportunity: NewOpportunity,
        perform_as: Option<String>,
        perform_as_posting_owner: Option<bool>,
        parse: Option<bool>,
    ) -> Result<CreatedOpportunity, Error> {
        with_lever(|lever| {
            lever.create_opportunity(opportunity, perform_as, perform_as_posting_owner, parse)
        })
    }

    fn update_stage(
        opportunity: String,
        stage: String,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        rules::check(&[("stage", Rule::Filled(&stage))])?;
        change(&route::UPDATE_STAGE, &opportunity, perform_as, &json!({ "stage": stage }))
    }

    fn archive(
        opportunity: String,
        reason: String,
        options: ArchiveOptions,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        rules::check(&[
            ("reason", Rule::Filled(&reason)),
            ("requisition-id", Rule::IfGiven(&options.requisition_id)),
        ])?;
        change(&route::ARCHIVE, &opportunity, perform_as, &with(&options, "reason", json!(reason)))
    }

    fn unarchive(opportunity: String, perform_as: Option<String>) -> Result<Opportunity, Error> {
        change(&route::UNARCHIVE, &opportunity, perform_as, &json!({ "reason": null }))
    }

    fn add_tags(
        opportunity: String,
        tags: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::ADD_TAGS, &opportunity, "tags", &tags, perform_as)
    }

    fn remove_tags(
        opportunity: String,
        tags: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::REMOVE_TAGS, &opportunity, "tags", &tags, perform_as)
    }

    fn add_links(
        opportunity: String,
        links: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::ADD_LINKS, &opportunity, "links", &links, perform_as)
    }

    fn remove_links(
        opportunity: String,
        links: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::REMOVE_LINKS, &opportunity, "links", &links, perform_as)
    }

    fn add_sources(
        opportunity: String,
        sources: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::ADD_SOURCES, &opportunity, "sources", &sources, perform_as)
    }

    fn remove_sources(
        opportunity: String,
        sources: Vec<String>,
        perform_as: Option<String>,
    ) -> Result<Opportunity, Error> {
        change_set(&route::REMOVE_SOURCES, &opportunity, "sources", &sources, perform_as)
    }

    fn list_file_actions(
        opportunity: String,
        query: FileActionQuery,
        cursor: Option<String>,
    ) -> Result<FileActionPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_FILE_ACTIONS, &[&opportunity], &query, cursor))
    }

    fn list_all_file_actions(
        opportunity: String,
        query: FileActionQuery,
        max_items: Option<u32>,
    ) -> Result<FileActionPage, Error> {
        let route = &route::LIST_ALL_FILE_ACTIONS;
        with_lever(|lever| lever.all(route, &[&opportunity], &query, max_items))
    }
}

/// Adds to a set, or removes from it.
fn change_set(
    route: &Route,
    opportunity: &str,
    name: &str,
    values: &[String],
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    rules::check(&[(name, Rule::Some(values))])?;
    change(route, opportunity, perform_as, &json!({ name: values }))
}

fn change(
    route: &Route,
    opportunity: &str,
    perform_as: Option<String>,
    body: &Value,
) -> Result<Opportunity, Error> {
    with_lever(|lever| {
        let query = lever.attributed(perform_as)?;
        lever.change_then_read(route, &[opportunity], query, body, &route::GET)
    })
}
