//! What several resources share.

pub(crate) mod access;
pub(crate) mod counts;
pub(crate) mod deleted;
pub(crate) mod form_fields;
pub(crate) mod resource;
pub(crate) mod transfer;
