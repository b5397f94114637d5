//! One request and its response, as data.

pub mod base_url;
pub mod body;
pub mod download;
pub mod gather;
pub mod multipart;
pub mod query;
pub mod refusal;
pub mod request;
pub mod response;
pub mod success;
pub mod unpack;
