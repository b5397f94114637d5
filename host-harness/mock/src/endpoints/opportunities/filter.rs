//! The filters of the opportunity list.
//!
//! Values of one filter give the union, different filters intersect; a record without the filtered
//! time never matches.

use crate::account::records::{Opportunity, canonical_email};
use crate::account::state::State;
use crate::http::call::Call;
use crate::http::reply::Failure;
use crate::http::span::Span;

const ORIGINS: [&str; 6] = ["agency", "applied", "internal", "referred", "sourced", "university"];

/// Whether this is one of the ways an opportunity comes about.
pub(crate) fn is_origin(text: &str) -> bool {
    ORIGINS.contains(&text)
}

#[derive(Debug, PartialEq, Eq)]
enum Confidentiality {
    Without,
    Only,
    All,
}

/// The filters of a query.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    tags: Vec<&'a str>,
    emails: Vec<String>,
    origins: Vec<&'a str>,
    sources: Vec<&'a str>,
    confidentiality: Confidentiality,
    stages: Vec<&'a str>,
    postings: Vec<&'a str>,
    archived_postings: Vec<&'a str>,
    created: Span,
    updated: Span,
    advanced: Span,
    archived_at: Span,
    archived: Option<bool>,
    reasons: Vec<&'a str>,
    snoozed: Option<bool>,
    contacts: Vec<&'a str>,
    locations: Vec<&'a str>,
}

fn is_among(wanted: &[&str], value: &str) -> bool {
    wanted.is_empty() || wanted.contains(&value)
}

fn meets(wanted: &[&str], values: &[String]) -> bool {
    wanted.is_empty() || values.iter().any(|value| wanted.contains(&value.as_str()))
}

impl<'a> Filter<'a> {
    /// Reads the filters of a request.
    ///
    /// # Errors
    /// An invalid value, or confidential data requested without access.
    pub fn read(call: &'a Call) -> Result<Self, Failure> {
        let confidentiality = match call.one("confidentiality")? {
            None | Some("non-confidential") => Confidentiality::Without,
            Some("confidential") => Confidentiality::Only,
            Some("all") => Confidentiality::All,
            Some(_) => return Err(Failure::Query("Invalid parameter: confidentiality".to_owned())),
        };
        if confidentiality != Confidentiality::Without && !call.confidential_access {
            return Err(Failure::Confidential);
        }
        let origins = call.all("origin");
        if !origins.iter().all(|origin| is_origin(origin)) {
            return Err(Failure::Query("Invalid parameter: origin".to_owned()));
        }
        Ok(Self {
            tags: call.all("tag"),
            emails: call.all("email").into_iter().map(canonical_email).collect(),
            origins,
            sources: call.all("source"),
            confidentiality,
            stages: call.all("stage_id"),
            postings: call.all("posting_id"),
            archived_postings: call.all("archived_posting_id"),
            created: Span::read(call, "created_at")?,
            updated: Span::read(call, "updated_at")?,
            advanced: Span::read(call, "advanced_at")?,
            archived_at: Span::read(call, "archived_at")?,
            archived: call.flag("archived")?,
            reasons: call.all("archive_reason_id"),
            snoozed: call.flag("snoozed")?,
            contacts: call.all("contact_id"),
            locations: call.all("location"),
        })
    }

    /// Whether a record belongs in the list.
    pub fn allows(&self, state: &State, row: &Opportunity) -> bool {
        // Looked up only where needed: every page goes through the whole account.
        let has_email = || {
            let emails = state.contacts.get(&row.contact).map(|contact| contact.emails.iter());
            emails.into_iter().flatten().any(|email| self.emails.contains(&canonical_email(email)))
        };
        let is_for = |postings: &[&str], archived: bool| {
            let application = row.application.as_ref().and_then(|id| state.applications.get(id));
            application.is_some_and(|application| {
                application.archived.is_some() == archived
                    && postings.contains(&application.posting.as_str())
            })
        };
        let mark = row.archived.as_ref();
        let confidentiality = match self.confidentiality {
            Confidentiality::Without => !row.confidential,
            Confidentiality::Only => row.confidential,
            Confidentiality::All => true,
        };
        confidentiality
            && meets(&self.tags, &row.tags)
            && (self.emails.is_empty() || has_email())
            && is_among(&self.origins, &row.origin)
            && meets(&self.sources, &row.sources)
            && is_among(&self.stages, &row.stage)
            && (self.postings.is_empty() || is_for(&self.postings, false))
            && (self.archived_postings.is_empty() || is_for(&self.archived_postings, true))
            && self.created.allows(Some(row.created_at))
            && self.updated.allows(row.updated_at)
            && self.advanced.allows(Some(row.last_advanced_at))
            && self.archived_at.allows(mark.map(|mark| mark.at))
            && self.archived.is_none_or(|wanted| wanted == mark.is_some())
            && is_among(&self.reasons, mark.map_or("", |mark| &mark.reason))
            && self.snoozed.is_none_or(|wanted| wanted == row.snoozed_until.is_some())
            && is_among(&self.contacts, &row.contact)
            && is_among(&self.locations, row.location.as_deref().unwrap_or("unspecified"))
    }
}
