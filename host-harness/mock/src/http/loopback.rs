//! Addresses of this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address on this machine that an http URL leads to; None for any other URL.
pub(crate) fn loopback(url: &http::Uri) -> Option<SocketAddr> {
    if url.scheme_str() != Some("http") || url.authority()?.as_str().contains('@') {
        return None;
    }
    let host = url.host()?.trim_start_matches('[').trim_end_matches(']');
    let address = match host {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host.parse::<IpAddr>().ok().filter(IpAddr::is_loopback)?,
    };
    Some(SocketAddr::new(address, url.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_is_called() {
        let rows = [
            ("http://127.0.0.1:8080/x", Some("127.0.0.1:8080")),
            ("http://localhost/x", Some("127.0.0.1:80")),
            ("http://[::1]:9/", Some("[::1]:9")),
            ("https://127.0.0.1/", None),
            ("http://127.0.0.1@example.com/", None),
            ("http://example.com/", None),
            ("http://10.0.0.1/", None),
            ("/x", None),
        ];
        for (url, expected) in rows {
            let there = loopback(&url.parse().unwrap()).map(|there| there.to_string());
            assert_eq!(there.as_deref(), expected, "{url}");
        }
    }
}
