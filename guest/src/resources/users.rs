//! The people who work in the account.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::users::{Guest, User, UserPage, UserQuery};
use crate::routes::users as route;

impl Guest for Lever {
    fn list_page(query: UserQuery, cursor: Option<String>) -> Result<UserPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &query, cursor))
    }

    fn list_all(query: UserQuery, max_items: Option<u32>) -> Result<UserPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &query, max_items))
    }

    fn get(user: String, include: Vec<String>) -> Result<User, Error> {
        with_lever(|lever| lever.read(&route::GET, &[&user], &Fields::of(include)))
    }
}
