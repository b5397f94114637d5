//! Reads without a function of their own.

use super::{Error, Lever, with_lever};
use crate::bindings::exports::ats::lever::raw::{Guest, QueryParameter};
use crate::routes::raw as route;

impl Guest for Lever {
    fn get(path: String, query: Vec<QueryParameter>) -> Result<String, Error> {
        let query = query.into_iter().map(|pair| (pair.name, pair.value)).collect();
        with_lever(|lever| lever.raw(&path, query, route::GET.scope))
    }
}
