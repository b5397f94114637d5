//! Where wasi:http hands over a component's requests.

use std::pin::Pin;
use std::sync::Arc;

use http::HeaderName;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::exchange::Timeouts;
use super::headers;
use super::traffic::Traffic;

/// Hands a component's requests to its call's traffic.
pub struct Hooks(Arc<Traffic>);

impl Hooks {
    /// Hooks for this call.
    pub fn new(traffic: Arc<Traffic>) -> Self {
        Self(traffic)
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        headers::is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(headers::is_forbidden)
    }

    /// Every scheme goes before the policy, so that one it refuses is recorded.
    fn is_supported_scheme(&mut self, _: &http::uri::Scheme) -> bool {
        true
    }

    /// The client names the host it connects to; the guest's word is not asked.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        // Decided here and now, in the order of the asking; what is refused
        // costs no slot, no unit and no connection.
        let admitted = self.0.admit(request);
        let traffic = Arc::clone(&self.0);
        let timeouts = Timeouts::from_options(options);
        Box::new(async move {
            let response = traffic.let_out(admitted?, timeouts).await?;
            let nothing: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> =
                Box::pin(std::future::ready(Ok(())));
            Ok((response, Box::new(nothing) as Box<_>))
        })
    }

    /// 64 KiB rather than 1 MiB: two chunks are held for each request.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 << 10
    }

    // The defaults of the following three log the error with its details.

    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> ErrorCode {
        ErrorCode::ConnectionTerminated
    }

    fn p2_error_from_connect(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::ConnectionRefused
    }

    fn p2_error_from_tls(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::TlsProtocolError
    }
}
