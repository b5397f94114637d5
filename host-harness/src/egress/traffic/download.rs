//! A download's way to where Lever's answer points: another server, without the credential and
//! outside Lever's pace.
//!
//! Which addresses answers pointed to is remembered here, for the one call; whether one may be
//! followed is the policy's decision. Nothing that the component wrote goes there, not even a
//! header.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Uri, header};
use http_body_util::{BodyExt, Empty};
use wasmtime_wasi_http::{Error, WasiBody};

use super::{Effect, Traffic};
use crate::audit::trail::Exchange;
use crate::catalog::Catalog;
use crate::egress::connector::TlsError;
use crate::egress::exchange::{Client, Timeouts};
use crate::egress::headers;
use crate::egress::read_ahead::INCOMING_CAP;
use crate::policy::{REDIRECTED, Refusal};

/// Addresses that one call's answers may point to; a component follows three.
const POINTED: usize = 16;

/// Requests that one call may send to such addresses: they are outside Lever's pace. A component
/// follows three redirections and tries each 16 times at most.
const FETCHES: usize = 64;

/// A request for a file elsewhere, ready to be sent.
pub struct Following {
    request: http::Request<WasiBody>,
    exchange: Exchange,
    client: Client,
}

impl Traffic {
    /// Remembers where an answer points.
    pub(super) fn point(&self, answer: &HeaderMap) {
        let location = answer.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map(|text| text.split('#').next().unwrap_or(text));
        if let Some(uri) = location.and_then(|text| text.parse().ok()) {
            let mut notes = self.notes();
            if notes.pointed.len() < POINTED {
                notes.pointed.push(uri);
            }
        }
    }

    /// Whether an answer of this call pointed to exactly this address.
    fn is_pointed_to(&self, uri: &Uri) -> bool {
        let same = |other: &Uri| {
            other.scheme() == uri.scheme()
                && other.authority().map(http::uri::Authority::as_str)
                    == uri.authority().map(http::uri::Authority::as_str)
                && other.path_and_query() == uri.path_and_query()
        };
        self.notes().pointed.iter().any(same)
    }

    /// Counts a request to such an address, if there may be one more.
    fn may_fetch(&self) -> bool {
        let mut notes = self.notes();
        notes.fetches += 1;
        notes.fetches <= FETCHES
    }

    /// Decides on a request that does not go to the API, and makes what goes out: the address, and
    /// nothing else of the guest's. A storage may log any header, for whoever reads its logs.
    pub(super) fn follow(
        &self,
        parts: &http::request::Parts,
    ) -> Result<Following, Box<(Refusal, Error)>> {
        let pointed = self.is_pointed_to(&parts.uri);
        let catalog = Catalog::embedded();
        let (server, rule) = self
            .agent
            .may_follow(catalog, &self.scope, &parts.method, &parts.uri, pointed)
            .map_err(|refusal| Box::new((refusal, Error::HttpRequestDenied)))?;
        if !self.may_fetch() {
            let refusal = Refusal {
                rule: "too many downloads".to_owned(),
                message: format!("a call may follow redirected downloads {FETCHES} times at most"),
                ..Refusal::default()
            };
            return Err(Box::new((refusal, Error::HttpRequestDenied)));
        }
        let unusable = |error: TlsError| {
            let refusal = Refusal {
                rule: "malformed redirection".to_owned(),
                message: error.to_string(),
                ..Refusal::default()
            };
            Box::new((refusal, Error::HttpRequestDenied))
        };
        let is_named = self.agent.download_hosts.iter().any(|named| named == server.host());
        let client = self.clients.storage(&server, is_named).map_err(unusable)?;
        let exchange = self.trail.elsewhere(&parts.method, server.host(), REDIRECTED, &rule);
        let nothing = Empty::new().map_err(|never| match never {});
        let mut request = http::Request::new(nothing.boxed_unsync());
        *request.uri_mut() = parts.uri.clone();
        let own = concat!("lever-host/", env!("CARGO_PKG_VERSION"));
        for (name, value) in [(header::ACCEPT, "*/*"), (header::USER_AGENT, own)] {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Ok(Following { request, exchange, client })
    }

    /// Sends it.
    pub(super) async fn fetch(
        self: Arc<Self>,
        following: Following,
        timeouts: Timeouts,
    ) -> Result<http::Response<WasiBody>, Error> {
        let Following { request, mut exchange, client } = following;
        let slot = self.slot().await?;
        exchange.sending();
        self.count_sent();
        let response = match client.exchange(request, timeouts).await {
            Ok(response) => response,
            Err(failure) => return Err(self.failed(exchange, failure, Effect::Read)),
        };
        let status = response.status();
        self.notes().changes.answered(Effect::Read, status);
        exchange.answered(status);
        self.check_trail();
        let (mut parts, incoming) = response.into_parts();
        headers::clean_answer(&mut parts.headers, None, None);
        if status.is_redirection() {
            self.point(&parts.headers);
        }
        let pause = timeouts.between_bytes;
        let body = self.read_ahead.body(incoming, INCOMING_CAP, pause, slot);
        Ok(http::Response::from_parts(parts, body))
    }
}
