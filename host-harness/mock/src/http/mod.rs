//! Requests taken apart and replies put together. Knows nothing of Lever.

pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod cursor;
pub(crate) mod form;
pub(crate) mod loopback;
pub(crate) mod multipart;
pub(crate) mod page;
pub(crate) mod payload;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod span;
