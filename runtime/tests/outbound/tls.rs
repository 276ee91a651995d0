//! TLS: who is trusted, and which HTTP is spoken.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use secret_runtime::error::Explain;
use secret_runtime::outbound::{ErrorClass, Gate, OutboundLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::transcript::Transcript;
use super::{bearer, get, granted, with_header};

/// An authority that nobody trusts unless told.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn acceptor(&self, params: CertificateParams, protocols: &[&str]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

struct TlsServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsServer {
    /// Answers with the version, or with as many bytes of a header as the path says.
    async fn start(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    counted.fetch_add(1, Ordering::SeqCst);
                    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let (io, service) = (TokioIo::new(stream), service_fn(answer));
                    // A client that goes away is no matter here.
                    if is_h2 {
                        let _ = http2::Builder::new(TokioExecutor::new())
                            .serve_connection(io, service)
                            .await;
                    } else {
                        let _ = http1::Builder::new().serve_connection(io, service).await;
                    }
                });
            }
        });
        Self {
            address,
            connections,
            task,
        }
    }

    fn origin(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let version = match request.version() {
        Version::HTTP_2 => "2",
        _ => "1",
    };
    let mut response = Response::new(Full::new(Bytes::from(version)));
    if let Ok(size) = request.uri().path()[1..].parse() {
        let value = http::HeaderValue::from_str(&"a".repeat(size)).unwrap();
        response.headers_mut().insert("x-large", value);
    }
    Ok(response)
}

fn gate(origin: &str, authority: Option<&Authority>) -> Gate {
    let pem = authority.map(|authority| authority.pem.clone().into_bytes());
    let origins = vec![granted(origin, bearer("dummy-token"))];
    Gate::new(
        "example".to_owned(),
        origins,
        pem,
        OutboundLimits::default(),
    )
    .unwrap()
}

#[tokio::test]
async fn an_authority_of_the_manifest_is_trusted_and_http_2_is_agreed() {
    let authority = Authority::new();
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], b"2"),
        (&["h2"], b"2"),
        (&["http/1.1"], b"1"),
        (&[], b"1"),
    ] {
        let server = TlsServer::start(authority.acceptor(named("localhost"), protocols)).await;
        let gate = gate(&server.origin(), Some(&authority));
        for _ in 0..3 {
            let response = gate.send(get(server.origin())).await.unwrap();
            assert_eq!(*response.body, version, "{protocols:?}");
        }
        assert_eq!(
            server.connections.load(Ordering::SeqCst),
            1,
            "{protocols:?}"
        );
    }
}

#[tokio::test]
async fn a_hundred_requests_share_one_connection_of_http_2() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.acceptor(named("localhost"), &["h2"])).await;
    let gate = gate(&server.origin(), Some(&authority));
    let answers = gate.send_all(vec![get(server.origin()); 100]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_hundred_requests_are_answered_over_http_1_with_tls() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.acceptor(named("localhost"), &["http/1.1"])).await;
    let gate = gate(&server.origin(), Some(&authority));
    let answers = gate.send_all(vec![get(server.origin()); 100]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(server.connections.load(Ordering::SeqCst) <= 64);
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_gets_no_request() {
    let (authority, other) = (Authority::new(), Authority::new());
    let mut expired = named("localhost");
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let mut early = named("localhost");
    early.not_before = rcgen::date_time_ymd(3000, 1, 1);
    early.not_after = rcgen::date_time_ymd(3001, 1, 1);
    for (trusted, params, text) in [
        (
            None,
            named("localhost"),
            "is signed by nobody who is trusted here",
        ),
        (
            Some(&other),
            named("localhost"),
            "is signed by nobody who is trusted here",
        ),
        (
            Some(&authority),
            named("other.example"),
            "is for another name",
        ),
        (Some(&authority), expired, "has expired"),
        (Some(&authority), early, "is not valid yet"),
    ] {
        let server = TlsServer::start(authority.acceptor(params, &["h2"])).await;
        let gate = gate(&server.origin(), trusted);
        let error = gate.send(get(server.origin())).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unreachable, "{text}");
        // A machine without any authorities says so instead.
        if error.kind() != "plugin-http-no-authorities" || trusted.is_some() {
            assert_eq!(error.kind(), "plugin-http-certificate", "{text}");
            assert!(error.to_string().ends_with(text), "{error}");
        }
        assert!(gate.violation().is_none());
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_no_request() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 4096];
        let read = stream.read(&mut hello).await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        hello[..read].to_vec()
    });
    let error = gate(&origin, Some(&authority))
        .send(get(origin))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), "plugin-http-tls");
    assert_eq!(error.class(), ErrorClass::Unreachable);
    let hello = server.await.unwrap();
    assert!(!hello.windows(3).any(|part| part == b"GET"));
}

#[tokio::test]
async fn large_headers_are_cut_in_http_2() {
    let authority = Authority::new();
    let server = TlsServer::start(authority.acceptor(named("localhost"), &["h2"])).await;
    let gate = gate(&server.origin(), Some(&authority));
    for (size, kind) in [
        (1000, None),
        (70_000, Some("plugin-http-headers-too-large")),
        (1_000_000, Some("plugin-http-broken")),
    ] {
        let answer = gate.send(get(format!("{}/{size}", server.origin()))).await;
        assert_eq!(answer.as_ref().err().map(Explain::kind), kind, "{size}");
    }
}

#[tokio::test]
async fn the_log_below_http_2_shows_no_credential_and_no_path() {
    let transcript = Transcript::default();
    let _guard = tracing::subscriber::set_default(transcript.clone());
    let authority = Authority::new();
    let server = TlsServer::start(authority.acceptor(named("localhost"), &["h2"])).await;
    let gate = gate(&server.origin(), Some(&authority));
    let request = get(format!("{}/hidden-path?hidden", server.origin()));
    gate.send(with_header(request, "a", "hidden-value"))
        .await
        .unwrap();
    let text = transcript.text();
    assert!(text.contains(" status=200 "), "{text}");
    assert!(!text.contains("dummy-token"), "{text}");
    assert!(!text.contains("hidden"), "{text}");
}

#[test]
fn a_file_without_certificates_makes_no_gate() {
    for pem in [
        "",
        "rubbish",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n",
    ] {
        let origins = vec![granted("https://a.example", Vec::new())];
        let pem = Some(pem.as_bytes().to_vec());
        let error = Gate::new(
            "example".to_owned(),
            origins,
            pem,
            OutboundLimits::default(),
        );
        assert_eq!(error.unwrap_err().kind(), "plugin-http-authority");
    }
}
