//! The people who work in the account.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::users::{
    Guest, NewUser, User, UserChange, UserPage, UserQuery,
};
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

    fn create(user: NewUser) -> Result<User, Error> {
        with_lever(|lever| lever.create_user(&user))
    }

    fn update(user: String, change: UserChange) -> Result<User, Error> {
        with_lever(|lever| lever.update_user(&user, &change))
    }

    fn deactivate(user: String) -> Result<User, Error> {
        with_lever(|lever| lever.act(&route::DEACTIVATE, &[&user], vec![]))
    }

    fn reactivate(user: String) -> Result<User, Error> {
        with_lever(|lever| lever.act(&route::REACTIVATE, &[&user], vec![]))
    }
}
