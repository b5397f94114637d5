//! Proxies and ranges of addresses, against servers on loopback.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::rustls;
use wasmtime_wasi_http::WasiBody;

use super::super::connector::{ConnectError, Connector};
use super::super::exchange::{Client, Failure, Timeouts};
use super::super::{Network, Proxy};
use super::{Server, read_request, text};
use crate::upstream::Upstream;

const LONG: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(10),
    between_bytes: Duration::from_secs(10),
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

fn post(upstream: &Upstream) -> http::Request<WasiBody> {
    http::Request::post(format!("{upstream}/opportunities/1/notes"))
        .header("content-length", "2")
        .header("authorization", "Basic c2VjcmV0Og==")
        .body(text("{}"))
        .unwrap()
}

async fn send(upstream: &Upstream, network: &Network) -> Result<u16, ConnectError> {
    let client = Client::new(Connector::new(upstream, network).unwrap());
    match client.exchange(post(upstream), LONG).await {
        Ok(response) => {
            let status = response.status().as_u16();
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
            Ok(status)
        }
        Err(Failure::NotSent(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

/// A server of https that is `api.example.com`, and the file of its authority.
async fn secure() -> (Server, tempfile::NamedTempFile) {
    let signed = rcgen::generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), signed.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream, heads| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(tls) = acceptor.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request: http::Request<_>| {
                heads.lock().unwrap().push(format!("{:?}", request.headers()));
                std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(text(
                    "{}",
                ))))
            });
            let io = hyper_util::rt::TokioIo::new(tls);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        }
    })
    .await;
    (server, ca)
}

/// A proxy that answers CONNECT so and then leads to this port, whatever the name.
async fn proxy(answer: &'static str, leads_to: u16) -> Server {
    Server::start(move |mut stream, heads| async move {
        if !read_request(&mut stream, &heads).await {
            return;
        }
        let _ = stream.write_all(answer.as_bytes()).await;
        if answer.contains(" 200 ") {
            let mut server = TcpStream::connect(("127.0.0.1", leads_to)).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await
}

const CONNECTED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

#[tokio::test]
async fn https_goes_through_the_proxy_which_sees_host_and_port_and_nothing_else() {
    let (api, ca) = secure().await;
    let proxy = proxy(CONNECTED, api.port).await;
    let address = format!("http://me:s3cret@127.0.0.1:{}", proxy.port);
    let network = Network {
        proxy: Some(Proxy::parse(&address, "").unwrap()),
        extra_ca: vec![ca.path().to_owned()],
        ..Network::default()
    };
    // No resolver knows this name, and no switch for loopback is given: the proxy is the operator's
    // own.
    let upstream = "https://api.example.com/v1".parse().unwrap();
    assert_eq!(send(&upstream, &network).await, Ok(200));
    let heads = proxy.heads();
    assert!(heads[0].starts_with("CONNECT api.example.com:443 HTTP/1.1\r\n"), "{heads:?}");
    assert!(heads[0].contains("Proxy-Authorization: Basic bWU6czNjcmV0"), "{heads:?}");
    assert!(!heads[0].contains("c2VjcmV0"), "{heads:?}");
    let seen = api.heads();
    assert_eq!(seen.len(), 1);
    assert!(!seen[0].contains("proxy-authorization"), "{seen:?}");
}

#[tokio::test]
async fn whoever_the_proxy_leads_to_must_have_the_hosts_certificate() {
    let (api, ca) = secure().await;
    let proxy = proxy(CONNECTED, api.port).await;
    let address = format!("127.0.0.1:{}", proxy.port);
    for (host, trusted) in [("api.example.com", false), ("other.example.com", true)] {
        let network = Network {
            proxy: Some(Proxy::parse(&address, "").unwrap()),
            extra_ca: if trusted { vec![ca.path().to_owned()] } else { Vec::new() },
            ..Network::default()
        };
        let error = send(&format!("https://{host}/v1").parse().unwrap(), &network).await;
        let error = error.unwrap_err();
        assert!(matches!(error, ConnectError::Certificate(_)), "{error}");
        assert!(error.to_string().contains("--ca-file"), "{error}");
    }
    assert!(api.heads().is_empty());
}

#[tokio::test]
async fn a_proxy_that_makes_no_connection_is_named_with_the_reason_and_without_the_password() {
    let rows = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "http://", "user:password@"),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "http://me:s3cret@",
            "407: the user or the password",
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "http://me:s3cret@", "it refused to"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "http://me:s3cret@", "it refused to"),
        ("", "http://me:s3cret@", "it ended the connection"),
    ];
    let upstream = "https://api.example.com/v1".parse().unwrap();
    for (answer, start, expected) in rows {
        let proxy = proxy(answer, 1).await;
        let address = format!("{start}127.0.0.1:{}", proxy.port);
        let through =
            Network { proxy: Some(Proxy::parse(&address, "").unwrap()), ..Network::default() };
        let error = send(&upstream, &through).await.unwrap_err();
        assert!(matches!(error, ConnectError::Proxy { .. }), "{error}");
        let error = error.to_string();
        let named = format!("the proxy 127.0.0.1:{}", proxy.port);
        for part in [expected, &named, "api.example.com:443", "HTTPS_PROXY"] {
            assert!(error.contains(part), "{part:?} is not in {error}");
        }
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn an_address_is_judged_with_a_proxy_as_well_and_no_proxy_leads_to_metadata() {
    let network = |proxy: &str| Network {
        proxy: Some(Proxy::parse(proxy, "").unwrap()),
        ..Network::default()
    };
    for (api, proxy) in [
        ("https://10.1.2.3/v1", "127.0.0.1:1"),
        ("https://169.254.169.254/v1", "127.0.0.1:1"),
        ("https://api.example.com/v1", "169.254.169.254:80"),
        ("https://api.example.com/v1", "[fd00:ec2::254]:80"),
    ] {
        let error = send(&api.parse().unwrap(), &network(proxy)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Prohibited { .. }), "{api} {proxy}: {error}");
    }
}

#[tokio::test]
async fn a_range_opens_its_addresses_also_for_plain_http_and_nothing_else() {
    let server = Server::answering(OK).await;
    let ranges = |texts: &[&str]| Network {
        allow_addresses: texts.iter().map(|text| text.parse().unwrap()).collect(),
        ..Network::default()
    };
    // What a name in a container's network is to its neighbours, `localhost` is here.
    let upstream = |host: &str, ranges: &Network| {
        let address = format!("http://{host}:{}/v1", server.port);
        Upstream::parse_within(&address, &ranges.allow_addresses).unwrap()
    };
    let open = ranges(&["127.0.0.0/8"]);
    for host in ["127.0.0.1", "localhost"] {
        assert_eq!(send(&upstream(host, &open), &open).await, Ok(200), "{host}");
    }
    let elsewhere = ranges(&["10.20.0.0/16"]);
    for (host, expected) in [
        ("127.0.0.1", "--allow-loopback"),
        ("10.21.0.1", "--allow-address 10.21.0.1"),
        ("52.1.2.3", "in clear"),
        ("169.254.169.254", "link-local or cloud metadata address, which is not allowed"),
    ] {
        let error = send(&upstream(host, &elsewhere), &elsewhere).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{host}: {error}");
    }
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_check_tells_what_may_never_be_connected_to_and_connects_to_nothing() {
    let server = Server::answering(OK).await;
    for (address, is_open) in [
        (format!("https://127.0.0.1:{}", server.port), false),
        ("https://10.0.0.1".to_owned(), false),
        ("https://52.1.2.3".to_owned(), true),
        // A name that is not known now may be later.
        ("https://nowhere.invalid".to_owned(), true),
    ] {
        let connector = Connector::new(&address.parse().unwrap(), &Network::default()).unwrap();
        assert_eq!(connector.check().await.is_ok(), is_open, "{address}");
    }
    assert_eq!(server.connections(), 0);
}
