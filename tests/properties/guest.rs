//! The component's core on its own, against a Lever made of a function.

use std::cell::Cell;
use std::collections::VecDeque;

use lever::core::client::Client;
use lever::core::http::request::Request;
use lever::core::http::response::{Failure, Response};
use lever::core::send::limiter::Limiter;
use lever::core::send::scheduler::{Clock, Transport};
use lever::core::settings::Settings;

/// Answers each request at once.
pub struct Lever<F> {
    answer: F,
    ended: VecDeque<(u64, Response)>,
    sent: Vec<Request>,
}

/// Time that passes whenever it is asked for.
#[derive(Default)]
pub struct Running(Cell<u64>);

impl<F: FnMut(&Request) -> Response> Transport for Lever<F> {
    fn start(&mut self, number: u64, request: &Request, _: &Settings) {
        self.ended.push_back((number, (self.answer)(request)));
        self.sent.push(request.clone());
    }

    fn wait(&mut self, _: Option<u64>) -> Vec<(u64, Result<Response, Failure>)> {
        self.ended.drain(..).map(|(number, response)| (number, Ok(response))).collect()
    }

    fn cancel(&mut self, number: u64) {
        self.ended.retain(|(other, _)| *other != number);
    }
}

impl Clock for Running {
    fn now(&self) -> u64 {
        // A second at a time, so that no pace is in the way.
        self.0.set(self.0.get() + 1_000_000_000);
        self.0.get()
    }

    fn wall_ms(&self) -> u64 {
        1_767_225_600_000
    }

    fn random(&self) -> u64 {
        0xfedc_ba98_7654_3210
    }
}

/// Does something with a client; the outcome of it, and all that was sent.
pub fn with<R, F: FnMut(&Request) -> Response>(
    settings: &Settings,
    answer: F,
    act: impl FnOnce(&mut Client<'_, Lever<F>, Running>) -> R,
) -> (R, Vec<Request>) {
    let mut lever = Lever { answer, ended: VecDeque::new(), sent: Vec::new() };
    let (clock, mut limiter) = (Running::default(), Limiter::default());
    let mut client =
        Client { transport: &mut lever, clock: &clock, limiter: &mut limiter, settings };
    let result = act(&mut client);
    (result, lever.sent)
}

/// An answer of 200 with this JSON.
pub fn ok(json: impl ToString) -> Response {
    Response { status: 200, body: json.to_string().into_bytes(), ..Response::default() }
}

/// The bytes of a request's body.
pub fn body(request: &Request) -> Vec<u8> {
    request.body.as_ref().map(|body| body.pieces.concat()).unwrap_or_default()
}
