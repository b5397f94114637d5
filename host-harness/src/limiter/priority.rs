//! Which priority a request has: decided by the function that was called, as the catalog has it.
//!
//! Nothing that a component says is asked. A function is bulk when it reads a list to its end, or
//! fills its path from a list of ids; a single page, record or change is interactive. No call is
//! interactive for ever: from the ninth request on it is bulk whatever its function is called, so a
//! component that is not ours, or that bears the name of one of our functions, gains a few places
//! and no more. And since priorities decide who goes first and never how much an agent gets (see
//! [`super::fair_queue`]), an agent that reads an account page by page in place of `list-all` gains
//! nothing in the end.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::catalog::{Function, Route, Segment};

/// Requests of one call that may be interactive. A change that is read, written and read again
/// takes three, an application with files a few more; what is sent again after a failure counts
/// too.
pub const SHORT: u32 = 8;

/// How a request lines up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Someone waits for it.
    Interactive,
    /// One of many.
    Bulk,
    /// An application to a posting, of which Lever takes two a second; interactive after that.
    Application,
}

/// The priorities of one call's requests, one after the other.
#[derive(Debug)]
pub struct RequestClass {
    is_bulk: bool,
    asked: AtomicU32,
}

impl RequestClass {
    /// The course of a call to this function, or to one that the catalog does not know.
    pub fn of(function: Option<&Function>) -> Self {
        Self { is_bulk: function.is_some_and(is_bulk), asked: AtomicU32::new(0) }
    }

    /// The priority of the call's next request.
    pub fn next(&self, is_application: bool) -> Priority {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match (is_application, self.is_bulk || asked >= SHORT) {
            (true, _) => Priority::Application,
            (_, true) => Priority::Bulk,
            (_, false) => Priority::Interactive,
        }
    }
}

fn is_bulk(function: &Function) -> bool {
    let has = |name: &str| function.params.iter().any(|param| param.name == name);
    let takes_its_path = |route: &Route| {
        route.segments().iter().all(|segment| match segment {
            Segment::Literal(_) => true,
            Segment::Parameter(name) => has(name),
        })
    };
    has("max-items") || function.routes.first().is_some_and(|route| !takes_its_path(route))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn what_reads_to_the_end_is_bulk_and_nothing_else_of_what_there_is() {
        let functions = Catalog::embedded().functions();
        let takes_many = |function: &Function| {
            let list = |param: &crate::catalog::Param| param.schema["type"] == "array";
            function.name.contains("many") && function.params.iter().any(list)
        };
        for function in functions {
            let expected = function.name.starts_with("list-all") || takes_many(function);
            assert_eq!(is_bulk(function), expected, "{}", function.id());
        }
        assert!(functions.iter().any(is_bulk));
    }

    #[test]
    fn what_takes_many_ids_is_bulk() {
        let rows = [
            ("get: func(thing: string)", "GET /things/{thing}", "read", false),
            ("get-many: func(things: list<string>)", "GET /things/{thing}", "read", true),
            (
                "parts-of-many: func(things: list<string>)",
                "GET /things/{thing}/parts",
                "read",
                true,
            ),
            ("archive: func(things: list<string>)", "PUT /things/{thing}", "write", true),
            ("list-page: func(cursor: option<string>)", "GET /things", "read", false),
            ("list-all: func(max-items: option<u32>)", "GET /things", "read", true),
            // One request, whatever it holds.
            ("change: func(changes: list<string>)", "PUT /things", "write", false),
            ("get: func(path: string)", "GET /{path}", "read", false),
        ];
        for (function, route, access, expected) in rows {
            let wit = format!(
                "package a:b; world w {{ export things; }} interface things {{\n\
                 /// Does.\n///\n/// `{route}` `things:{access}`\n{function}; }}"
            );
            let catalog = Catalog::from_wit(&[("w.wit", &wit)]).unwrap();
            assert_eq!(is_bulk(&catalog.functions()[0]), expected, "{function}");
        }
    }

    #[test]
    fn no_call_is_interactive_for_ever() {
        let catalog = Catalog::embedded();
        for function in [catalog.function("stages", "get"), None] {
            let course = RequestClass::of(function);
            let priorities: Vec<Priority> = (0..20).map(|_| course.next(false)).collect();
            let (first, rest) = priorities.split_at(SHORT as usize);
            assert!(first.iter().all(|priority| *priority == Priority::Interactive), "{first:?}");
            assert!(rest.iter().all(|priority| *priority == Priority::Bulk), "{rest:?}");
        }
        let scan = RequestClass::of(catalog.function("stages", "list-all"));
        assert_eq!(scan.next(false), Priority::Bulk);
    }

    #[test]
    fn applications_have_their_lane_whoever_sends_them() {
        let course = RequestClass::of(None);
        assert!((0..20).all(|_| course.next(true) == Priority::Application));
        assert_eq!(course.next(false), Priority::Bulk);
    }
}
