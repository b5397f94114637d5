#![doc = include_str!("../README.md")]

mod account;
pub mod command;
mod endpoints;
mod http;
mod mock;
mod oauth;
pub mod random;
mod server;

#[cfg(test)]
mod tests;

pub use account::seed::History;
pub use mock::Mock;
pub use oauth::{Authorization, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
pub use server::admin::ROUTES as ADMIN_ROUTES;
pub use server::config::{
    ACCESS_TOKEN, API_KEY, Config, Downloads, PerformAs, Rate, RetryAfter, UnknownBody,
    UnknownQuery, WebhookRules,
};
pub use server::deliveries::{Attempt, Delivery};
pub use server::faults::{Content, Effect, Fault};
pub use server::inspect::StoreView;
pub use server::seen::{Body, Seen};
pub use server::storage::Fetched;
