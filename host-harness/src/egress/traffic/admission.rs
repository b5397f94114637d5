//! What of a component's requests goes out: decided, and rid of what the component put in.

use wasmtime_wasi_http::{Error, WasiBody};

use super::download::Following;
use super::{Effect, Traffic};
use crate::audit::trail::{Exchange, ids};
use crate::catalog::{Catalog, Route};
use crate::egress::{body, headers};
use crate::policy::{self, Guard, Outgoing, Refusal};

/// A request that may go out.
pub enum Admitted {
    /// To the API.
    Api(Box<Going>),
    /// To where an answer of the API pointed.
    Elsewhere(Box<Following>),
}

/// A request to the API, but for the credential.
pub struct Going {
    pub(super) request: http::Request<WasiBody>,
    pub(super) exchange: Exchange,
    /// What its body has to be judged by.
    pub(super) guard: Option<Guard>,
    pub(super) route: &'static Route,
    pub(super) effect: Effect,
    /// Whether it is what its function is for.
    pub(super) is_main: bool,
}

impl Traffic {
    /// Decides and strips. What comes back is what goes out, but for the credential.
    pub fn admit(&self, request: http::Request<WasiBody>) -> Result<Admitted, Error> {
        let (parts, guest_body) = request.into_parts();
        let refuse = |refusal: Refusal, error: Error| {
            self.refuse(&parts, refusal);
            Err(error)
        };
        if self.trail.is_broken() || self.keeps_back() {
            return Err(Error::HttpRequestDenied);
        }
        if headers::are_too_large(&parts.headers) {
            return refuse(too_large(), Error::HttpRequestHeaderSectionSize(None));
        }
        let wire = &self.wire;
        let outgoing = Outgoing::new(&parts.method, &parts.uri);
        if !outgoing.is_for(&wire.upstream) && self.has_pointed() {
            return match self.follow(&parts) {
                Ok(following) => Ok(Admitted::Elsewhere(Box::new(following))),
                Err(refused) => refuse(refused.0, refused.1),
            };
        }
        let admitted = match self.agent.may_send(
            Catalog::embedded(),
            &wire.upstream,
            &self.scope,
            &outgoing,
        ) {
            Ok(admitted) => admitted,
            Err(refusal) => return refuse(refusal, Error::HttpRequestDenied),
        };
        if !self.agent.confidential
            && wire.confidential.covers(admitted.route, &admitted.path_and_query)
        {
            let refusal = self.agent.withholds(admitted.route);
            self.trail.refused_request(&parts.method, parts.uri.host(), &refusal);
            self.check_trail();
            // A list of many may well name some of them: no reason to end the call.
            self.notes().refusal.get_or_insert(refusal);
            return Err(Error::HttpRequestDenied);
        }
        let going = self.going(parts, guest_body, &admitted)?;
        Ok(Admitted::Api(Box::new(going)))
    }

    /// What goes out of a request that may: its address is written anew, and of its headers the
    /// harmless ones are left.
    fn going(
        &self,
        parts: http::request::Parts,
        guest_body: WasiBody,
        admitted: &policy::Admitted<'static>,
    ) -> Result<Going, Error> {
        let upstream = &self.wire.upstream;
        let uri = http::Uri::builder()
            .scheme(upstream.scheme())
            .authority(upstream.authority())
            .path_and_query(admitted.path_and_query.as_str())
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let route = admitted.route;
        let ids = ids(route, uri.path());
        let exchange = self.trail.exchange(&parts.method, &route.template, ids, &admitted.rule);
        let mut request = http::Request::new(body::outgoing(guest_body));
        *request.method_mut() = parts.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers::outgoing(&parts.headers);
        let guard = self.agent.guard(route);
        let effect = Effect::of(route, self.function);
        let is_main = self.function.and_then(|function| function.routes.first());
        let is_main = is_main.is_some_and(|main| main.is_same_as(route));
        Ok(Going { request, exchange, guard, route, effect, is_main })
    }
}

fn too_large() -> Refusal {
    Refusal {
        rule: "header limit".to_owned(),
        message: format!(
            "a request carried more than {} headers or {} bytes of them",
            headers::COUNT_CAP,
            headers::BYTES_CAP
        ),
        ..Refusal::default()
    }
}
