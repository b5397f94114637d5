//! A request's way to the API and its answer's way back.

use std::sync::Arc;
use std::time::SystemTime;

use http::{Request, Response, StatusCode};
use wasmtime_wasi_http::{Error, WasiBody};

use super::admission::{Admitted, Going};
use super::{Effect, Traffic};
use crate::audit::trail::Exchange;
use crate::catalog::Route;
use crate::credentials::{Injected, Source};
use crate::egress::confidential::{self, Answer, Sifted};
use crate::egress::exchange::{Failure, Timeouts};
use crate::egress::read_ahead::INCOMING_CAP;
use crate::egress::{guarded, headers};
use crate::limiter::{Permit, Priority};
use crate::policy::{Guard, is_download};

/// An answer of the API before the component gets it.
struct Answered {
    response: Response<WasiBody>,
    carried: Option<Injected>,
    route: &'static Route,
    path: String,
}

impl Traffic {
    /// Sends what was admitted, and gives the component its answer.
    pub async fn let_out(
        self: Arc<Self>,
        admitted: Admitted,
        timeouts: Timeouts,
    ) -> Result<Response<WasiBody>, Error> {
        match admitted {
            Admitted::Api(going) => self.send(*going, timeouts).await,
            Admitted::Elsewhere(following) => self.fetch(*following, timeouts).await,
        }
    }

    async fn send(
        self: Arc<Self>,
        going: Going,
        timeouts: Timeouts,
    ) -> Result<Response<WasiBody>, Error> {
        let Going { mut request, mut exchange, guard, route, effect, is_main } = going;
        let path = request.uri().path().to_owned();
        let slot = self.slot().await?;
        if let Some(guard) = guard {
            request = match self.judge(request, &guard, timeouts).await {
                Ok(request) => request,
                Err(refusal) => {
                    self.prohibit(exchange, refusal);
                    return Err(Error::HttpRequestDenied);
                }
            };
        }
        // Before the pace, since a renewal may take longer than a turn is held for.
        if let Err(error) = self.credential_ready().await {
            self.notes().credential.get_or_insert(error);
            return Err(self.keep(exchange, "credential"));
        }
        let priority = self.class.next(exchange.is_application());
        let rate = self.agent.limits.requests_per_second;
        let mut permit = self.wire.account.acquire(&self.agent.name, rate, priority).await;
        // After the wait, since it would stand without an end if the host died meanwhile.
        if effect != Effect::Read && !exchange.announced().await {
            return Err(self.keep(exchange, "audit"));
        }
        if is_main {
            self.note_ids(exchange.ids());
        }
        // After the pace, since the turn may have been long in coming.
        let carried = self.wire.credential.as_ref().map(Source::carry);
        if let Some(carried) = &carried {
            headers::authorize(request.headers_mut(), carried.authorization());
        }
        exchange.sending();
        // Counted before the sending and taken back on proof alone, so that a
        // call cut off at any point in between leaves it counted.
        self.notes().changes.sending(effect);
        self.count_sent();
        if self.keeps_back() {
            self.not_sent(effect);
            exchange.failed("stopped", "not-sent");
            return Err(Error::HttpRequestDenied);
        }
        let sending = || permit.sending();
        let response = match self.clients.api().exchange_noting(request, timeouts, sending).await {
            Ok(response) => response,
            Err(failure) => {
                if matches!(failure, Failure::NotSent(_)) {
                    permit.not_sent();
                }
                return Err(self.failed(exchange, failure, effect));
            }
        };
        {
            let mut notes = self.notes();
            notes.changes.answered(effect, response.status());
            notes.not_reached = None;
        }
        self.keep_pace(&response, priority, permit);
        let response = response.map(|incoming| {
            self.read_ahead.body(incoming, INCOMING_CAP, timeouts.between_bytes, slot)
        });
        let answered = Answered { response, carried, route, path };
        Ok(self.hand_over(answered, exchange).await)
    }

    /// Reads a request's body, where its agent may not write everything.
    async fn judge(
        self: &Arc<Self>,
        request: Request<WasiBody>,
        guard: &Guard,
        timeouts: Timeouts,
    ) -> Result<Request<WasiBody>, crate::policy::Refusal> {
        let traffic = Arc::clone(self);
        let late = move |refusal| traffic.count_refusal(refusal);
        guarded::judge(request, guard, timeouts.first_byte, late).await
    }

    /// Writes down that a request was not sent for this reason.
    fn keep(&self, exchange: Exchange, reason: &'static str) -> Error {
        exchange.failed(reason, "not-sent");
        self.check_trail();
        Error::HttpRequestDenied
    }

    /// Settles a request's turn by its answer.
    fn keep_pace<B>(&self, response: &Response<B>, priority: Priority, permit: Permit) {
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait = headers::retry_after(response.headers(), SystemTime::now());
            self.wire.account.exhaust(priority, wait);
        }
        permit.answered();
    }

    /// What the component gets of an answer, and the line that records it.
    async fn hand_over(
        self: &Arc<Self>,
        answered: Answered,
        exchange: Exchange,
    ) -> Response<WasiBody> {
        let Answered { response, carried, route, path } = answered;
        let status = response.status();
        let (mut parts, body) = response.into_parts();
        let authorization = carried.as_ref().map(Injected::authorization);
        let secret = carried.as_ref().map(Injected::secret);
        headers::clean_answer(&mut parts.headers, authorization.as_ref(), secret);
        if status == StatusCode::UNAUTHORIZED {
            let is_renewed = self.replace(carried.as_ref()).await;
            headers::invite_again(&mut parts.headers, is_renewed);
        } else if let Some(carried) = carried.filter(|_| !status.is_server_error()) {
            carried.accept();
        }
        if is_download(route) && status.is_redirection() {
            self.point(&parts.headers);
        }
        let looks = !self.agent.confidential && status.is_success() && !is_download(route);
        if !looks {
            exchange.answered(status);
            self.check_trail();
            return Response::from_parts(parts, body);
        }
        // What is taken out is no longer counted.
        parts.headers.remove(http::header::CONTENT_LENGTH);
        // A change was made, whatever its answer holds; of a read, what it holds decides.
        let read = match route.is_write() {
            true => {
                exchange.answered(status);
                None
            }
            false => Some(exchange),
        };
        let body = match self.sift(route, &path, body).await {
            Sifted::Passes(body) => {
                read.into_iter().for_each(|exchange| exchange.answered(status));
                body
            }
            Sifted::Withheld => {
                let refusal = self.agent.withholds(route);
                let body = confidential::answer(&refusal, &mut parts);
                read.into_iter().for_each(|exchange| exchange.withheld(status, &refusal));
                // Of a call that made a change, its own words tell that it was made.
                if !self.changes().may_have_changed() {
                    self.notes().refusal.get_or_insert(refusal);
                }
                body
            }
        };
        self.check_trail();
        Response::from_parts(parts, body)
    }

    /// Looks into an answer for what the agent may not see.
    async fn sift(self: &Arc<Self>, route: &'static Route, path: &str, body: WasiBody) -> Sifted {
        let traffic = Arc::clone(self);
        let late = move |ids| {
            traffic.wire.confidential.add(ids);
            traffic.trail.withheld(route, &traffic.agent.withholds(route));
            traffic.check_trail();
        };
        Answer { route, path, known: &self.wire.confidential }.sift(body, late).await
    }
}
