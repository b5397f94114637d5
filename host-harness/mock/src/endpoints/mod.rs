//! The resources of Lever's API, each under the name its paths have.

pub(crate) mod applications;
pub(crate) mod deleted;
pub(crate) mod feedback;
pub(crate) mod feedback_templates;
pub(crate) mod file_actions;
pub(crate) mod files;
pub(crate) mod form_fields;
pub(crate) mod interviews;
pub(crate) mod job_site;
pub(crate) mod lists;
pub(crate) mod notes;
pub(crate) mod offers;
pub(crate) mod opportunities;
pub(crate) mod panels;
pub(crate) mod postings;
pub(crate) mod referrals;
pub(crate) mod requisitions;
pub(crate) mod resumes;
pub(crate) mod uploads;
pub(crate) mod users;
pub(crate) mod webhooks;
