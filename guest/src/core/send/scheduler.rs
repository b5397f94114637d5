//! The one loop that drives every request, be it one or many in flight.
//!
//! It decides nothing itself: what to send comes from a plan, when from the
//! limiter, whether again from `retry`. Time passes only in `Transport::wait`.

use std::collections::VecDeque;

use crate::core::Nanos;
use crate::core::error::Error;
use crate::core::http::request::{Request, RequestClass};
use crate::core::http::response::{Failure, Response};
use crate::core::http::unpack::unpacked;
use crate::core::send::limiter::Limiter;
use crate::core::send::retry::{Moment, Progress, Verdict, judge};
use crate::core::settings::Settings;

/// Carries requests. One trait, so that tests need no network.
pub trait Transport {
    /// Starts a request; what comes of it is returned by `wait` under its
    /// number, even if it fails at once.
    fn start(&mut self, number: u64, request: &Request, settings: &Settings);

    /// Blocks until a request ends or `until` has passed, and returns those
    /// that ended. With neither, returns at once.
    fn wait(&mut self, until: Option<Nanos>) -> Vec<(u64, Result<Response, Failure>)>;

    /// Drops a request that is in flight.
    fn cancel(&mut self, number: u64);
}

/// Tells the time and rolls the dice.
pub trait Clock {
    /// Nanoseconds since any fixed point; never goes back.
    fn now(&self) -> Nanos;

    /// Milliseconds since 1970.
    fn wall_ms(&self) -> u64;

    /// Any number.
    fn random(&self) -> u64;
}

/// What is to be sent, and what becomes of the responses.
pub trait Plan {
    /// The next request, if there is one to send before more responses come.
    /// Requests are numbered from 0 in the order they are handed out.
    fn next(&mut self) -> Option<Request>;

    /// Takes the outcome of a request.
    ///
    /// # Errors
    ///
    /// An error ends the whole run; requests still in flight are dropped.
    fn finish(&mut self, number: u64, result: Result<Response, Error>) -> Result<(), Error>;
}

struct Job {
    request: Request,
    progress: Progress,
    due: Nanos,
}

/// Sends all that the plan asks for.
///
/// # Errors
///
/// The first one that the plan returns.
pub fn run<T: Transport, C: Clock>(
    transport: &mut T,
    clock: &C,
    limiter: &mut Limiter,
    settings: &Settings,
    plan: &mut dyn Plan,
) -> Result<(), Error> {
    let mut state = Run {
        transport,
        clock,
        limiter,
        settings,
        waiting: VecDeque::new(),
        in_flight: Vec::new(),
    };
    let result = state.go(plan);
    state.abandon();
    result
}

struct Run<'a, T, C> {
    transport: &'a mut T,
    clock: &'a C,
    limiter: &'a mut Limiter,
    settings: &'a Settings,
    /// In the order they came; those that wait longest go first.
    waiting: VecDeque<(u64, Job)>,
    /// A few at a time.
    in_flight: Vec<(u64, Job)>,
}

impl<T: Transport, C: Clock> Run<'_, T, C> {
    fn go(&mut self, plan: &mut dyn Plan) -> Result<(), Error> {
        let mut numbers = 0..;
        loop {
            let mut until = self.send_what_is_due();
            while self.has_room(&mut until) {
                let Some(request) = plan.next() else { break };
                let Some(number) = numbers.next() else { break };
                let job = Job { request, progress: Progress::default(), due: 0 };
                self.waiting.push_back((number, job));
                until = self.send_what_is_due();
            }
            if self.waiting.is_empty() && self.in_flight.is_empty() {
                return Ok(());
            }
            for (number, result) in self.transport.wait(until) {
                self.take(number, result, plan)?;
            }
        }
    }

    /// Whether to ask the plan for one more. It decides best when a request can
    /// go at once, so it is not asked while the pace holds and answers are on
    /// their way.
    fn has_room(&mut self, until: &mut Option<Nanos>) -> bool {
        if self.waiting.len().saturating_add(self.in_flight.len()) >= self.settings.in_flight {
            return false;
        }
        let now = self.clock.now();
        let wait = self.limiter.wait(RequestClass::General, now);
        let holds = wait > 0 && !self.in_flight.is_empty();
        if holds {
            *until = Some(earlier(*until, now.saturating_add(wait)));
        }
        !holds
    }

    /// Starts what may go now, and returns when the next one may.
    fn send_what_is_due(&mut self) -> Option<Nanos> {
        let now = self.clock.now();
        let mut next: Option<Nanos> = None;
        let mut held: [bool; 2] = [false; 2];
        for (number, mut job) in std::mem::take(&mut self.waiting) {
            // Nobody overtakes in a class that is full.
            let class = usize::from(job.request.class == RequestClass::Apply);
            let full = held.get(class).copied().unwrap_or(false);
            if job.due <= now && !full {
                match self.limiter.take(job.request.class, now) {
                    Ok(()) => {
                        job.progress.tries = job.progress.tries.saturating_add(1);
                        self.transport.start(number, &job.request, self.settings);
                        self.in_flight.push((number, job));
                        continue;
                    }
                    Err(wait) => {
                        next = Some(earlier(next, now.saturating_add(wait)));
                        if let Some(held) = held.get_mut(class) {
                            *held = true;
                        }
                    }
                }
            } else if job.due > now {
                next = Some(earlier(next, job.due));
            }
            self.waiting.push_back((number, job));
        }
        next
    }

    fn take(
        &mut self,
        number: u64,
        result: Result<Response, Failure>,
        plan: &mut dyn Plan,
    ) -> Result<(), Error> {
        let Some(index) = self.in_flight.iter().position(|(other, _)| *other == number) else {
            return Ok(());
        };
        let (_, mut job) = self.in_flight.swap_remove(index);
        let result = result.and_then(|response| unpacked(response, self.settings.max_answer));
        let now = self.clock.now();
        self.limiter.settle(job.request.class, now);
        let status = match &result {
            Ok(response) => Some(response.status),
            Err(Failure::Broken(begun)) => Some(begun.status),
            Err(_) => None,
        };
        if status == Some(429) {
            self.limiter.fill(job.request.class, now);
        }
        let moment = Moment {
            wall_ms: self.clock.wall_ms(),
            random: self.clock.random(),
            max_wait: self.settings.max_wait,
        };
        match judge(&job.request, &mut job.progress, result, moment) {
            Verdict::Done(response) => plan.finish(number, Ok(response)),
            Verdict::Failed(error) => plan.finish(number, Err(error)),
            Verdict::Again(wait) => {
                job.due = now.saturating_add(wait);
                self.waiting.push_back((number, job));
                Ok(())
            }
        }
    }

    fn abandon(&mut self) {
        let now = self.clock.now();
        for (number, job) in std::mem::take(&mut self.in_flight) {
            self.transport.cancel(number);
            self.limiter.settle(job.request.class, now);
        }
    }
}

fn earlier(one: Option<Nanos>, other: Nanos) -> Nanos {
    one.map_or(other, |one| one.min(other))
}

#[cfg(test)]
#[allow(missing_docs)]
pub mod testing {
    //! A Lever made of prepared responses and a clock moved by hand.

    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    /// Time, moved by whoever waits.
    #[derive(Clone, Default)]
    pub struct Hand(pub Rc<Cell<Nanos>>);

    impl Clock for Hand {
        fn now(&self) -> Nanos {
            self.0.get()
        }
        fn wall_ms(&self) -> u64 {
            self.0.get() / crate::core::MILLISECOND
        }
        fn random(&self) -> u64 {
            u64::MAX / 3
        }
    }

    pub type Answer = Result<Response, Failure>;

    /// Answers each request by a function, after a fixed latency.
    pub struct Fake {
        pub clock: Hand,
        pub sent: Vec<(Nanos, String)>,
        pub most_in_flight: usize,
        latency: Nanos,
        answer: Box<dyn FnMut(&Request) -> Answer>,
        in_flight: Vec<(Nanos, u64, Answer)>,
    }

    impl Fake {
        pub fn new(latency: Nanos, answer: impl FnMut(&Request) -> Answer + 'static) -> Self {
            Fake {
                clock: Hand::default(),
                latency,
                answer: Box::new(answer),
                sent: Vec::new(),
                most_in_flight: 0,
                in_flight: Vec::new(),
            }
        }

        pub fn lines(&self) -> Vec<String> {
            self.sent.iter().map(|(_, line)| line.clone()).collect()
        }
    }

    impl Transport for Fake {
        fn start(&mut self, number: u64, request: &Request, _: &Settings) {
            let now = self.clock.now();
            self.sent.push((now, format!("{:?} {}", request.method, request.path_and_query())));
            self.in_flight.push((now + self.latency, number, (self.answer)(request)));
            self.most_in_flight = self.most_in_flight.max(self.in_flight.len());
        }

        fn wait(&mut self, until: Option<Nanos>) -> Vec<(u64, Answer)> {
            let first = self.in_flight.iter().map(|(at, ..)| *at).chain(until).min();
            let now = first.unwrap_or_else(|| self.clock.now()).max(self.clock.now());
            self.clock.0.set(now);
            let in_flight = std::mem::take(&mut self.in_flight);
            let (ready, rest): (Vec<_>, Vec<_>) =
                in_flight.into_iter().partition(|(at, ..)| *at <= now);
            self.in_flight = rest;
            ready.into_iter().map(|(_, number, result)| (number, result)).collect()
        }

        fn cancel(&mut self, number: u64) {
            self.in_flight.retain(|(_, other, _)| *other != number);
        }
    }

    pub fn ok(body: &str) -> Answer {
        Ok(Response { status: 200, body: body.into(), ..Response::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Answer, Fake, ok};
    use super::*;
    use crate::core::{MILLISECOND, SECOND};
    use crate::routes::stages;

    /// So many requests, all at once.
    struct Many(usize, Vec<Result<Response, Error>>);

    impl Plan for Many {
        fn next(&mut self) -> Option<Request> {
            self.0 = self.0.checked_sub(1)?;
            stages::GET.request(&["s"]).ok()
        }
        fn finish(&mut self, _: u64, result: Result<Response, Error>) -> Result<(), Error> {
            self.1.push(result);
            Ok(())
        }
    }

    struct Seen {
        time: Nanos,
        sent: usize,
        most_in_flight: usize,
        results: Vec<Result<Response, Error>>,
    }

    fn drive(
        count: usize,
        latency: Nanos,
        answer: impl FnMut(&Request) -> Answer + 'static,
    ) -> Seen {
        let mut fake = Fake::new(latency, answer);
        let (clock, mut plan) = (fake.clock.clone(), Many(count, Vec::new()));
        run(&mut fake, &clock, &mut Limiter::default(), &Settings::default(), &mut plan).unwrap();
        Seen {
            time: clock.now(),
            sent: fake.sent.len(),
            most_in_flight: fake.most_in_flight,
            results: plan.1,
        }
    }

    #[test]
    fn many_requests_are_in_flight_at_once() {
        let seen = drive(16, 100 * MILLISECOND, |_| ok("{}"));
        assert_eq!((seen.time, seen.sent, seen.most_in_flight), (100 * MILLISECOND, 16, 16));
        assert_eq!(seen.results.len(), 16);
    }

    #[test]
    fn a_hundred_requests_keep_to_ten_a_second() {
        let seen = drive(100, 150 * MILLISECOND, |_| ok("{}"));
        assert_eq!(seen.sent, 100);
        let bound = 8 * SECOND;
        assert!(seen.time >= bound && seen.time <= bound + SECOND, "{}", seen.time);
    }

    #[test]
    fn a_failing_server_ends_in_an_error_after_bounded_waiting() {
        let seen = drive(1, MILLISECOND, |_| Ok(Response { status: 503, ..Response::default() }));
        assert!(seen.sent > 3 && seen.time <= 31 * SECOND, "{} {}", seen.sent, seen.time);
        assert!(seen.results[0].is_err());
    }

    #[test]
    fn a_server_that_asks_for_no_wait_is_not_asked_for_ever() {
        let seen = drive(1, MILLISECOND, |_| {
            let retry_after = Some("0".into());
            Ok(Response { status: 503, retry_after, ..Response::default() })
        });
        assert_eq!(seen.sent, 16);
        assert!(seen.results[0].is_err());
    }

    #[test]
    fn a_passing_fault_is_not_seen_by_the_caller() {
        let mut faults =
            vec![Err(Failure::Lost("reset")), Ok(Response { status: 502, ..Response::default() })];
        let seen = drive(1, MILLISECOND, move |_| faults.pop().unwrap_or_else(|| ok("{}")));
        assert_eq!(seen.sent, 3);
        assert!(seen.results[0].is_ok());
    }

    #[test]
    fn a_429_holds_the_others_back() {
        let mut first = true;
        let seen = drive(3, MILLISECOND, move |_| {
            let status = if std::mem::take(&mut first) { 429 } else { 200 };
            Ok(Response { status, ..Response::default() })
        });
        assert_eq!(seen.sent, 4);
        assert!(seen.results.iter().all(Result::is_ok));
    }
}
