//! Resources with rows, records, handlers and seed in one file each.

pub(crate) mod job_site;
pub(crate) mod referrals;
pub(crate) mod requisitions;
