//! HTTPS probes against a real TLS server: whom they trust, and which name they ask for.

use super::check::Prober;
use super::observation::Observation;
use super::target::Target;
use super::tls::TlsSettings;
use gslb_consensus::model::monitor::{HttpMethod, StatusRange};
use gslb_consensus::model::{Check, HttpCheck, Monitor};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const NAME: &str = "www.gslb.example";

/// An authority, as PEM, and a server's settings with a certificate of it for [`NAME`].
fn authority() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([NAME.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .unwrap();
    (issuer.pem(), Arc::new(server))
}

/// Probes a TLS server that answers 200 to whoever trusts it.
async fn probe(server: Arc<ServerConfig>, host: &str, ca: Option<String>) -> Observation {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let check = HttpCheck {
        tls: true,
        port: 443,
        method: HttpMethod::Get,
        path: "/".to_owned(),
        host: Some(host.to_owned()),
        status: vec![StatusRange { first: 200, last: 200 }],
        ca,
    };
    let monitor = Monitor {
        id: "m".parse().unwrap(),
        check: Check::Http(check),
        interval_ms: 1_000,
        timeout_ms: 5_000,
        recheck_ms: 100,
        rise: 1,
        fall: 1,
    };
    let address = listener.local_addr().unwrap();
    let target = Target { endpoint: "e".parse().unwrap(), address, monitor: Arc::new(monitor) };
    let prober = Prober::new(&target, &TlsSettings::default());
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        // A prober that does not trust the server ends the handshake.
        let Ok(mut stream) = TlsAcceptor::from(server).accept(stream).await else { return };
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let _ = stream.shutdown().await;
    };
    tokio::join!(prober.probe(), serve).0
}

#[tokio::test]
async fn a_server_is_trusted_by_the_monitors_own_authority_and_for_its_name() {
    let (pem, server) = authority();
    let observation = probe(server, NAME, Some(pem)).await;
    assert_eq!((observation.ok, observation.reason.as_str()), (true, "HTTP 200"));
}

#[tokio::test]
async fn another_name_another_authority_or_none_that_is_trusted_fails() {
    let ((pem, server), (foreign, _)) = (authority(), authority());
    for (host, ca) in [("api.gslb.example", Some(pem)), (NAME, Some(foreign)), (NAME, None)] {
        let observation = probe(server.clone(), host, ca).await;
        assert!(!observation.ok, "{host}: {}", observation.reason);
        assert!(observation.reason.contains("certificate"), "{host}: {}", observation.reason);
    }
}
