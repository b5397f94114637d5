//! What the functions of the WIT are made of: read one, read a list, change
//! something, change it and read it again.
//!
//! Each is a plan for the scheduler; none looks at a status.

use crate::core::error::{Error, Outcome};
use crate::core::http::body::Body;
use crate::core::http::query::{self, Pairs};
use crate::core::http::request::{Effect, Method, Request, Route, raw_path};
use crate::core::http::response::Response;
use crate::core::json;
use crate::core::json::record::{Json, Read, Target, Write};
use crate::core::read::pager::{Limit, PageRequests, Pager, Paging};
use crate::core::read::rows::{Page, PageParts};
use crate::core::rules::{self, Rule};
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::{Clock, Plan, Transport, run};
use crate::core::settings::Settings;

/// What one call works with.
pub struct Client<'a, T, C> {
    /// Carries requests.
    pub transport: &'a mut T,
    /// Tells the time.
    pub clock: &'a C,
    /// The pace of this instance.
    pub limiter: &'a mut Limiter,
    /// What the host has set.
    pub settings: &'a Settings,
}

/// What the host says, for calls that send nothing.
pub struct Local {
    /// What the host has set, if that can be used.
    pub settings: Result<Settings, Error>,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// One record.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being read.
    pub fn read<R: Read>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: &dyn Write,
    ) -> Result<R, Error> {
        made(|record| self.read_into(record, route, ids, query))
    }

    /// The same into what is there.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub fn read_into(
        &mut self,
        record: &mut dyn Target,
        route: &Route,
        ids: &[&str],
        query: &dyn Write,
    ) -> Result<(), Error> {
        let query = query::pairs(route, query)?;
        self.send_into(record, Request { query, ..route.request(ids)? })
    }

    /// One page of a list.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being read, or a cursor that is not of this list.
    pub fn page<P: Page + Default>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: &dyn Write,
        cursor: Option<String>,
    ) -> Result<P, Error> {
        let mut page = P::default();
        self.list_into(&mut page, PageRequests::new(route, ids, query, cursor, Limit::Page)?)?;
        Ok(page)
    }

    /// A list to its end, or to so many items.
    ///
    /// # Errors
    ///
    /// Whatever kept a page from being read.
    pub fn all<P: Page + Default>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: &dyn Write,
        max_items: Option<u32>,
    ) -> Result<P, Error> {
        let mut page = P::default();
        let limit = Limit::Items(max_items);
        self.list_into(&mut page, PageRequests::new(route, ids, query, None, limit)?)?;
        Ok(page)
    }

    /// A list into an empty page.
    ///
    /// # Errors
    ///
    /// As for [`all`](Self::all).
    pub fn list_into(&mut self, page: &mut dyn Page, requests: PageRequests) -> Result<(), Error> {
        let PageParts { rows, next, skipped } = page.parts();
        let mut paging = Paging { pager: Pager::new(requests), rows, skipped };
        self.run(&mut paging)?;
        *next = paging.pager.cursor();
        Ok(())
    }

    /// A change whose response is the whole record.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being made, or its response from being read.
    pub fn change<R: Read>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: Pairs,
        body: &dyn Write,
    ) -> Result<R, Error> {
        let request = bodied(route, ids, query, json::body(body))?;
        self.answered(request)
    }

    /// A request without a body, whose response is the whole record.
    ///
    /// # Errors
    ///
    /// As for [`change`](Self::change).
    pub fn act<R: Read>(&mut self, route: &Route, ids: &[&str], query: Pairs) -> Result<R, Error> {
        self.answered(Request { query, ..route.request(ids)? })
    }

    /// Sends a request and takes the record out of its response.
    ///
    /// # Errors
    ///
    /// As for [`change`](Self::change).
    pub fn answered<R: Read>(&mut self, request: Request) -> Result<R, Error> {
        made(|record| self.send_into(record, request))
    }

    /// The same into what is there.
    ///
    /// # Errors
    ///
    /// As for [`change`](Self::change).
    pub fn send_into(&mut self, record: &mut dyn Target, request: Request) -> Result<(), Error> {
        let effect = request.effect;
        let response = self.send(request)?;
        json::data_into(record, &response, effect)
    }

    /// A change whose response is partial, so that the record is read again.
    ///
    /// # Errors
    ///
    /// As for the change; if only the reading fails, the outcome is `applied`.
    pub fn change_then_read<R: Read>(
        &mut self,
        route: &Route,
        ids: &[&str],
        query: Pairs,
        body: &dyn Write,
        then: &Route,
    ) -> Result<R, Error> {
        made(|record| {
            // The read must be sound before the change is made.
            then.request(ids)?;
            self.apply(bodied(route, ids, query, json::body(body))?)?;
            self.read_back_into(record, then, ids)
        })
    }

    /// Reads what was just changed.
    ///
    /// # Errors
    ///
    /// With the outcome `applied`.
    pub fn read_back<R: Read>(&mut self, route: &Route, ids: &[&str]) -> Result<R, Error> {
        made(|record| self.read_back_into(record, route, ids))
    }

    fn read_back_into(
        &mut self,
        record: &mut dyn Target,
        route: &Route,
        ids: &[&str],
    ) -> Result<(), Error> {
        let read = route.request(ids).and_then(|request| self.send_into(record, request));
        read.map_err(|error| {
            error
                .with_outcome(Outcome::Applied)
                .adding("The change was made, only reading the record again failed; do not repeat the change.")
        })
    }

    /// A removal.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being made.
    pub fn remove(&mut self, route: &Route, ids: &[&str], query: Pairs) -> Result<(), Error> {
        self.apply(Request { query, ..route.request(ids)? })
    }

    /// A removal that Lever makes only in somebody's name.
    ///
    /// # Errors
    ///
    /// As for [`remove`](Self::remove), and when nobody is named.
    pub fn remove_as(
        &mut self,
        route: &Route,
        ids: &[&str],
        perform_as: Option<String>,
    ) -> Result<(), Error> {
        let query = self.in_name_of(perform_as)?;
        self.remove(route, ids, query)
    }

    /// Any path, its response as it came.
    ///
    /// # Errors
    ///
    /// A path that could leave the API, a response that is not JSON, or whatever
    /// kept it from being read.
    pub fn raw(&mut self, path: &str, query: Pairs, scope: &'static str) -> Result<String, Error> {
        let request = Request { query, ..Request::to(Method::Get, raw_path(path)?, scope) };
        let response = self.send(request)?;
        json::decode::<Json>(&response, Effect::Read).map(|json| json.0)
    }

    /// The query of a change: who it is attributed to.
    ///
    /// # Errors
    ///
    /// A blank id.
    pub fn attributed(&self, perform_as: Option<String>) -> Result<Pairs, Error> {
        rules::check(&[("perform-as", Rule::IfGiven(&perform_as))])?;
        let user = perform_as.or_else(|| self.settings.perform_as.clone());
        Ok(user.map(|user| ("perform_as".to_owned(), user)).into_iter().collect())
    }

    /// The query of a change that Lever makes only in somebody's name.
    ///
    /// # Errors
    ///
    /// When neither the caller nor the host names a user.
    pub fn in_name_of(&self, perform_as: Option<String>) -> Result<Pairs, Error> {
        match self.attributed(perform_as)? {
            query if query.is_empty() => Err(Error::invalid(
                "perform-as is missing: Lever makes this change only in a user's name. Give the user's id; users.list-page finds it.",
            )),
            query => Ok(query),
        }
    }

    /// Makes a change of which only the success matters.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being made.
    pub fn apply(&mut self, request: Request) -> Result<(), Error> {
        self.send(Request { needs_answer: false, ..request }).map(drop)
    }

    /// Two random numbers, for a mark that occurs nowhere else.
    pub fn boundary(&self) -> [u64; 2] {
        [self.clock.random(), self.clock.random()]
    }

    /// Sends one request.
    ///
    /// # Errors
    ///
    /// Whatever kept it from succeeding.
    pub fn send(&mut self, request: Request) -> Result<Response, Error> {
        let mut one = One { request: Some(request), response: None };
        self.run(&mut one)?;
        one.response.ok_or_else(|| Error::invalid("nothing was sent."))
    }

    /// Sends all that a plan asks for.
    ///
    /// # Errors
    ///
    /// The first one that the plan returns.
    pub fn run(&mut self, plan: &mut dyn Plan) -> Result<(), Error> {
        run(self.transport, self.clock, self.limiter, self.settings, plan)
    }
}

/// A record, filled over its default.
fn made<R: Read>(fill: impl FnOnce(&mut dyn Target) -> Result<(), Error>) -> Result<R, Error> {
    let mut record = R::default();
    fill(&mut record)?;
    Ok(record)
}

fn bodied(route: &Route, ids: &[&str], query: Pairs, body: Body) -> Result<Request, Error> {
    Ok(Request { query, body: Some(body), ..route.request(ids)? })
}

/// One request.
struct One {
    request: Option<Request>,
    response: Option<Response>,
}

impl Plan for One {
    fn next(&mut self) -> Option<Request> {
        self.request.take()
    }

    fn finish(&mut self, _: u64, result: Result<Response, Error>) -> Result<(), Error> {
        self.response = Some(result?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
