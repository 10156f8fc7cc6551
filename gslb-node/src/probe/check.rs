//! One probe: an HTTP or HTTPS request by reqwest, or a TCP connection.

use gslb_consensus::model::document::units::format_ms;
use gslb_consensus::model::monitor::HttpMethod;
use gslb_consensus::model::{Check, HttpCheck};
use reqwest::header::{HOST, HeaderValue, USER_AGENT};
use reqwest::{Client, Method, Request, Response, Url};
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::observation::Observation;
use super::target::Target;
use super::tls::TlsSettings;
use crate::clock;

/// How much of a body is read before the connection is closed on it.
const BODY_READ_MAX: usize = 64 << 10;

/// Probes one target; it keeps no connection from one probe to the next.
pub struct Prober {
    kind: Kind,
    limit: Duration,
}

enum Kind {
    Http {
        client: Client,
        request: Box<Request>,
        check: HttpCheck,
    },
    Tcp(SocketAddr),
    /// The check cannot be made: each probe fails with the reason.
    Broken(String),
}

impl Prober {
    /// Prepares the probes of a target.
    #[must_use]
    pub fn new(target: &Target, tls: &TlsSettings) -> Self {
        let kind = match target.check() {
            Check::Tcp(_) => Kind::Tcp(target.address),
            Check::Http(check) => match http(check, target.address, tls) {
                Ok((client, request)) => {
                    Kind::Http { client, request: Box::new(request), check: check.clone() }
                }
                Err(why) => Kind::Broken(why),
            },
        };
        Self { kind, limit: target.timeout() }
    }

    /// Probes once; never takes longer than the target's timeout.
    pub async fn probe(&self) -> Observation {
        let start = clock::now();
        let done = timeout(self.limit, self.check()).await;
        let took = clock::now().saturating_duration_since(start);
        match done {
            Ok(Ok(reason)) => Observation::passed(reason, took),
            Ok(Err(reason)) => Observation::failed(reason, took),
            Err(_) => {
                let limit = format_ms(u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX));
                Observation::failed(format!("no answer within {limit}"), took)
            }
        }
    }

    async fn check(&self) -> Result<String, String> {
        match &self.kind {
            Kind::Broken(why) => Err(why.clone()),
            Kind::Tcp(address) => match TcpStream::connect(address).await {
                Ok(_) => Ok("connected".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Kind::Http { client, request, check } => {
                let Some(request) = request.try_clone() else {
                    return Err("the request cannot be repeated".to_owned());
                };
                let response = client.execute(request).await.map_err(|e| innermost(&e))?;
                judge(check, response).await
            }
        }
    }
}

/// Whether a response passes: its status, and a body that arrives whole or up to the limit.
async fn judge(check: &HttpCheck, mut response: Response) -> Result<String, String> {
    let status = response.status().as_u16();
    if !check.status.iter().any(|range| (range.first..=range.last).contains(&status)) {
        return Err(format!("HTTP {status}"));
    }
    let mut read = 0;
    while read < BODY_READ_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => break,
            Err(error) => return Err(format!("HTTP {status}, then {}", innermost(&error))),
        }
    }
    Ok(format!("HTTP {status}"))
}

/// The client and the request of an HTTP check that goes to `address`, whatever its host says.
fn http(
    check: &HttpCheck,
    address: SocketAddr,
    tls: &TlsSettings,
) -> Result<(Client, Request), String> {
    let settings = tls.of(check.ca.as_deref()).map_err(|error| error.to_string())?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(settings)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0);
    let scheme = if check.tls { "https" } else { "http" };
    let url = match check.host.as_deref().map(host_name) {
        // A host name is pinned to the address; without a port in the URL, the pinned one is used.
        Some(name) if name.parse::<IpAddr>().is_err() => {
            builder = builder.resolve(name, address);
            format!("{scheme}://{name}{}", check.path)
        }
        _ => format!("{scheme}://{address}{}", check.path),
    };
    let client = builder.build().map_err(|error| innermost(&error))?;
    let url = Url::parse(&url).map_err(|error| format!("{url}: {error}"))?;
    let method = match check.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Head => Method::HEAD,
    };
    let mut request = Request::new(method, url);
    let agent = HeaderValue::from_static(concat!("gslb-node/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(USER_AGENT, agent);
    if let Some(host) = &check.host {
        let host = HeaderValue::from_str(host).map_err(|error| format!("host: {error}"))?;
        request.headers_mut().insert(HOST, host);
    }
    Ok((client, request))
}

/// The name in `name`, `name:port`, `[v6]` or `[v6]:port`.
fn host_name(host: &str) -> &str {
    if let Some((inner, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inner;
    }
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        _ => host,
    }
}

/// What lies at the bottom of an error: the system's or the TLS library's own words.
fn innermost(error: &dyn Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::model::monitor::StatusRange;
    use gslb_consensus::model::{Monitor, TcpCheck};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn target(address: SocketAddr, check: Check) -> Target {
        let monitor = Monitor {
            id: "m".parse().unwrap(),
            check,
            interval_ms: 1_000,
            timeout_ms: 2_000,
            recheck_ms: 100,
            rise: 1,
            fall: 1,
        };
        Target { endpoint: "e".parse().unwrap(), address, monitor: Arc::new(monitor) }
    }

    fn get(host: Option<&str>) -> HttpCheck {
        HttpCheck {
            tls: false,
            port: 80,
            method: HttpMethod::Get,
            path: "/health?a=1".to_owned(),
            host: host.map(str::to_owned),
            status: vec![StatusRange { first: 200, last: 299 }],
            ca: None,
        }
    }

    /// Answers one connection with `answer` and gives the request.
    async fn once(listener: TcpListener, answer: Vec<u8>) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).await.unwrap();
            request.extend_from_slice(&part[..length]);
        }
        // The prober may close before all of it is written.
        let _ = stream.write_all(&answer).await;
        String::from_utf8(request).unwrap()
    }

    async fn probe(check: HttpCheck, answer: &[u8]) -> (Observation, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = target(listener.local_addr().unwrap(), Check::Http(check));
        let prober = Prober::new(&target, &TlsSettings::default());
        tokio::join!(prober.probe(), once(listener, answer.to_vec()))
    }

    #[tokio::test]
    async fn a_request_goes_to_the_address_with_the_hosts_own_name() {
        let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
        let (observation, request) = probe(get(Some("www.gslb.example")), answer).await;
        assert_eq!((observation.ok, observation.reason.as_str()), (true, "HTTP 204"));
        assert!(request.starts_with("GET /health?a=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.to_ascii_lowercase().contains("host: www.gslb.example\r\n"), "{request}");
        let (observation, request) = probe(get(Some("192.0.2.1:8080")), answer).await;
        assert!(observation.ok && request.contains(": 192.0.2.1:8080\r\n"), "{request}");
    }

    #[tokio::test]
    async fn other_statuses_and_redirects_fail() {
        for status in ["503 Service Unavailable", "302 Found"] {
            let answer = format!("HTTP/1.1 {status}\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n");
            let (observation, _) = probe(get(None), answer.as_bytes()).await;
            assert!(!observation.ok);
            assert_eq!(observation.reason, format!("HTTP {}", &status[..3]));
        }
    }

    #[tokio::test]
    async fn an_endless_body_is_cut_and_a_broken_one_fails() {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n".to_vec();
        let short = answer.clone();
        answer.resize(answer.len() + (256 << 10), b'x');
        let (observation, _) = probe(get(None), &answer).await;
        assert!(observation.ok, "{observation:?}");
        let (observation, _) = probe(get(None), &short).await;
        assert!(!observation.ok && observation.reason.starts_with("HTTP 200, then"));
    }

    #[tokio::test]
    async fn a_port_that_nobody_listens_at_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tcp = target(address, Check::Tcp(TcpCheck { port: 1 }));
        let prober = Prober::new(&tcp, &TlsSettings::default());
        assert_eq!(prober.probe().await.reason, "connected");
        drop(listener);
        for check in [Check::Tcp(TcpCheck { port: 1 }), Check::Http(get(Some("x.example")))] {
            let observation =
                Prober::new(&target(address, check), &TlsSettings::default()).probe().await;
            assert!(!observation.ok && observation.reason.contains("refused"), "{observation:?}");
        }
    }

    #[tokio::test]
    async fn a_silent_server_fails_at_the_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut target = target(listener.local_addr().unwrap(), Check::Http(get(None)));
        Arc::make_mut(&mut target.monitor).timeout_ms = 20;
        let observation = Prober::new(&target, &TlsSettings::default()).probe().await;
        assert_eq!(observation.reason, "no answer within 20ms");
        assert!(observation.took >= Duration::from_millis(20));
    }

    #[test]
    fn the_name_of_a_host_comes_without_its_port() {
        for (host, name) in [
            ("www.example", "www.example"),
            ("www.example:81", "www.example"),
            ("[2001:db8::1]:81", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(host_name(host), name);
        }
    }
}
