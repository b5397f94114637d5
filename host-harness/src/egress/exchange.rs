//! One request over the pooled client, and the truth about how far it got.
//!
//! The component decides by the error whether a write may be repeated, so an
//! error from before the sending and one from after it are never confused:
//! where it cannot be told, it counts as after.

use std::error::Error as _;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::connector::{ConnectError, Connector};
use super::read_ahead::INCOMING_CAP;

/// How long an unused connection is kept: under the 60 seconds after which
/// common load balancers close one, so that a request rarely meets a
/// connection that is just being closed.
const IDLE: Duration = Duration::from_secs(30);

/// Unused connections kept: about the requests in flight that Lever's rate
/// allows.
const IDLE_CONNECTIONS: usize = 8;

/// Headers of one answer; Lever sends about twenty, and what stands between may
/// add some of its own.
const ANSWER_HEADERS: usize = 256;

/// Bytes of the headers of one answer.
const ANSWER_HEADER_BYTES: usize = 64 << 10;

/// The times one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is ready, name lookup and TLS handshake included.
    pub connect: Duration,
    /// From then until the answer's head.
    pub first_byte: Duration,
    /// Between two parts of the answer's body.
    pub between_bytes: Duration,
}

impl Timeouts {
    const DEFAULT: Timeouts = Timeouts {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(60),
        between_bytes: Duration::from_secs(30),
    };
    const CAP: Timeouts = Timeouts {
        connect: super::connector::CONNECT_CAP,
        first_byte: Duration::from_secs(300),
        between_bytes: Duration::from_secs(120),
    };

    /// What the guest asked for, within what the host allows.
    pub fn from_options(options: Option<RequestOptions>) -> Self {
        let asked = options.unwrap_or_default();
        let (default, cap) = (Self::DEFAULT, Self::CAP);
        Self {
            connect: asked.connect_timeout.unwrap_or(default.connect).min(cap.connect),
            first_byte: asked.first_byte_timeout.unwrap_or(default.first_byte).min(cap.first_byte),
            between_bytes: asked
                .between_bytes_timeout
                .unwrap_or(default.between_bytes)
                .min(cap.between_bytes),
        }
    }
}

/// A request that got no answer.
#[derive(Debug)]
pub enum Failure {
    /// It was provably never sent.
    NotSent(ConnectError),
    /// It may have been received and acted upon.
    MaybeSent(Interruption),
}

/// What ended an exchange after the sending may have begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The connection broke.
    Terminated,
    /// What came back is not a whole answer.
    Incomplete,
    /// No answer within the time.
    Timeout,
    /// The answer says that it is larger than the cap.
    TooLarge,
}

impl Failure {
    /// The error as the guest sees it.
    pub fn to_guest(&self) -> Error {
        match self {
            Failure::NotSent(error) => match error {
                ConnectError::Resolve(_) => Error::DnsError { rcode: None, info_code: None },
                ConnectError::Prohibited { .. }
                | ConnectError::Clear { .. }
                | ConnectError::Elsewhere => Error::HttpRequestDenied,
                ConnectError::Refused(_) => Error::ConnectionRefused,
                ConnectError::Certificate(_) => Error::TlsCertificateError,
                // Trying again does not help; `destination-unavailable` may come and go.
                ConnectError::Proxy { is_final: true, .. } => Error::ConfigurationError,
                // Not `connection-timeout` or `tls-protocol-error`: some hosts
                // use those for what happens after sending, so a component
                // cannot take them as proof that nothing was sent.
                ConnectError::Tls(_) | ConnectError::Timeout | ConnectError::Proxy { .. } => {
                    Error::DestinationUnavailable
                }
            },
            Failure::MaybeSent(interruption) => match interruption {
                Interruption::Terminated => Error::ConnectionTerminated,
                Interruption::Incomplete => Error::HttpResponseIncomplete,
                Interruption::Timeout => Error::HttpResponseTimeout,
                Interruption::TooLarge => Error::HttpResponseBodySize(Some(INCOMING_CAP)),
            },
        }
    }

    /// The error and whether it may have been acted upon, for the record.
    pub fn as_strs(&self) -> (&'static str, &'static str) {
        match self {
            Failure::NotSent(error) => {
                let error = match error {
                    ConnectError::Resolve(_) => "name-not-resolved",
                    ConnectError::Prohibited { .. } | ConnectError::Clear { .. } => {
                        "prohibited-address"
                    }
                    ConnectError::Proxy { .. } => "proxy",
                    ConnectError::Elsewhere => "another-server",
                    ConnectError::Refused(_) => "connection-refused",
                    ConnectError::Certificate(_) => "certificate",
                    ConnectError::Tls(_) => "tls",
                    ConnectError::Timeout => "connection-timeout",
                };
                (error, "not-sent")
            }
            Failure::MaybeSent(interruption) => {
                let error = match interruption {
                    Interruption::Terminated => "connection",
                    Interruption::Incomplete => "incomplete-answer",
                    Interruption::Timeout => "timeout",
                    Interruption::TooLarge => "too-large",
                };
                (error, "unknown")
            }
        }
    }
}

/// The pooled client, shared by every call of an agent.
#[derive(Clone)]
pub struct Client(legacy::Client<Connector, WasiBody>);

impl Client {
    /// A client over this connector.
    pub fn new(connector: Connector) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_headers(ANSWER_HEADERS)
            .http1_max_buf_size(ANSWER_HEADER_BYTES)
            .http2_max_header_list_size(ANSWER_HEADER_BYTES as u32)
            // Read in hyper 1.12 and hyper-util 0.1.21: a request is handed
            // back for another try only from the queue in front of a
            // connection, before the connection has taken it up. One that was
            // taken up is never tried again.
            .retry_canceled_requests(true)
            .set_host(true);
        Self(builder.build(connector))
    }

    /// Sends one request and waits for the head of its answer.
    ///
    /// # Errors
    ///
    /// How far it got.
    pub async fn exchange(
        &self,
        request: http::Request<WasiBody>,
        timeouts: Timeouts,
    ) -> Result<http::Response<Incoming>, Failure> {
        self.exchange_noting(request, timeouts, || {}).await
    }

    /// The same, and says when the request may be on its way: until then,
    /// dropping the future sends nothing.
    ///
    /// # Errors
    ///
    /// How far it got.
    pub async fn exchange_noting(
        &self,
        mut request: http::Request<WasiBody>,
        timeouts: Timeouts,
        on_its_way: impl FnOnce(),
    ) -> Result<http::Response<Incoming>, Failure> {
        let mut connected = capture_connection(&mut request);
        let mut answer = self.0.request(request);
        // The client hands the request to a connection in the same poll in
        // which it announces the connection, so until the announcement
        // dropping `answer` sends nothing. `biased` sees to it that an
        // announcement made in this very poll is noticed before the alarm.
        let early = tokio::select! {
            biased;
            early = &mut answer => Some(early),
            _ = connected.wait_for_connection_metadata() => None,
            () = tokio::time::sleep(timeouts.connect) => {
                return Err(Failure::NotSent(ConnectError::Timeout));
            }
        };
        on_its_way();
        let outcome = match early {
            Some(outcome) => outcome,
            None => tokio::time::timeout(timeouts.first_byte, answer)
                .await
                .map_err(|_| Failure::MaybeSent(Interruption::Timeout))?,
        };
        let response = outcome.map_err(|error| classify(&error))?;
        let announced = http_body::Body::size_hint(response.body()).lower();
        if announced > INCOMING_CAP {
            return Err(Failure::MaybeSent(Interruption::TooLarge));
        }
        Ok(response)
    }
}

fn classify(error: &legacy::Error) -> Failure {
    let source = error.source();
    if error.is_connect() {
        let known = source.and_then(|source| source.downcast_ref::<ConnectError>());
        // Without our own error it was the pool that failed to hand out a
        // connection: nothing was sent either.
        return Failure::NotSent(
            known.cloned().unwrap_or(ConnectError::Refused(std::io::ErrorKind::NotConnected)),
        );
    }
    let broken = source
        .and_then(|source| source.downcast_ref::<hyper::Error>())
        .is_some_and(hyper::Error::is_parse);
    Failure::MaybeSent(if broken { Interruption::Incomplete } else { Interruption::Terminated })
}
