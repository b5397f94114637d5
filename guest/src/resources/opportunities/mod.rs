//! Opportunities: reading all of them, creating, moving, archiving, tagging.

mod create;

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::opportunities::{
    ArchiveOptions, Opportunity, OpportunityPage, OpportunityQuery,
};
use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::http::request::Route;
use crate::core::json::with;
use crate::core::read::slices::Dated;
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::opportunities as route;

pub use create::create;

impl Dated for Vec<Opportunity> {
    fn created_at(&self, index: usize) -> Option<u64> {
        self.get(index)?.created_at
    }

    fn stage(&self, index: usize) -> Option<&str> {
        self.get(index)?.stage.as_ref().map(|stage| stage.id.as_str())
    }
}

/// One page of the opportunities.
///
/// # Errors
///
/// More than one e-mail address, or whatever kept the page from being read.
pub fn list_page<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: OpportunityQuery,
    cursor: Option<String>,
) -> Result<OpportunityPage, Error> {
    rules::check(&[("email", Rule::One(&query.email))])?;
    lever.page(&route::LIST_PAGE, &[], &query, cursor)
}

/// All opportunities, in slices of their creation time where that is faster.
///
/// # Errors
///
/// As for [`list_page`].
pub fn list_all<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    query: OpportunityQuery,
    max_items: Option<u32>,
) -> Result<OpportunityPage, Error> {
    rules::check(&[("email", Rule::One(&query.email))])?;
    let mut page = OpportunityPage::default();
    let OpportunityPage { items, next, skipped } = &mut page;
    *next = lever.scan(&route::LIST_ALL, &query, max_items, items, skipped)?;
    Ok(page)
}

/// Moves an opportunity to a stage.
///
/// # Errors
///
/// A blank stage, or whatever kept the change from being made.
pub fn update_stage<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    stage: &str,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    rules::check(&[("stage", Rule::Filled(stage))])?;
    let body = json!({ "stage": stage });
    change(lever, &route::UPDATE_STAGE, opportunity, perform_as, &body)
}

/// Archives an opportunity.
///
/// # Errors
///
/// A blank reason, or whatever kept the change from being made.
pub fn archive<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    reason: &str,
    options: ArchiveOptions,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    rules::check(&[
        ("reason", Rule::Filled(reason)),
        ("requisition-id", Rule::IfGiven(&options.requisition_id)),
    ])?;
    let body = with(&options, "reason", json!(reason));
    change(lever, &route::ARCHIVE, opportunity, perform_as, &body)
}

/// Takes an opportunity out of the archive.
///
/// # Errors
///
/// Whatever kept the change from being made.
pub fn unarchive<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change(lever, &route::UNARCHIVE, opportunity, perform_as, &json!({ "reason": null }))
}

/// Adds tags.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn add_tags<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    tags: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::ADD_TAGS, opportunity, ("tags", &tags), perform_as)
}

/// Adds links.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn add_links<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    links: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::ADD_LINKS, opportunity, ("links", &links), perform_as)
}

/// Adds sources.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn add_sources<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    sources: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::ADD_SOURCES, opportunity, ("sources", &sources), perform_as)
}

/// Removes tags.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn remove_tags<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    tags: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::REMOVE_TAGS, opportunity, ("tags", &tags), perform_as)
}

/// Removes links.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn remove_links<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    links: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::REMOVE_LINKS, opportunity, ("links", &links), perform_as)
}

/// Removes sources.
///
/// # Errors
///
/// None given, a blank one, or whatever kept the change from being made.
pub fn remove_sources<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    sources: Vec<String>,
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    change_set(lever, &route::REMOVE_SOURCES, opportunity, ("sources", &sources), perform_as)
}

/// Adds to a set, or removes from it.
fn change_set<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    route: &Route,
    opportunity: &str,
    (name, values): (&str, &[String]),
    perform_as: Option<String>,
) -> Result<Opportunity, Error> {
    rules::check(&[(name, Rule::Some(values))])?;
    change(lever, route, opportunity, perform_as, &json!({ name: values }))
}

fn change<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    route: &Route,
    opportunity: &str,
    perform_as: Option<String>,
    body: &Value,
) -> Result<Opportunity, Error> {
    let query = lever.attributed(perform_as)?;
    lever.change_then_read(route, &[opportunity], query, body, &route::GET)
}
