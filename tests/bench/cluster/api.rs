//! One client of a node's API: one HTTP/2 connection.

use gslb_consensus::identity::AdminIdentity;
use gslb_tests::node::Node;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Longest that a request may take; a change that finds no leader waits for one.
const WITHIN: Duration = Duration::from_secs(30);

/// One client of a node's API.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
}

impl Api {
    /// A client with the certificate in a folder; `id` is the number of the node.
    pub(crate) fn new(folder: &Path, id: usize, node: &Node) -> Self {
        let identity = AdminIdentity::load(folder).expect("an operator's folder");
        let host = format!("n{id}.lab.gslb.internal");
        let address: std::net::SocketAddr = node.api().parse().expect("an address");
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(identity.client_config().expect("a certificate"))
            .http2_prior_knowledge()
            .no_proxy()
            .tcp_nodelay(true)
            .timeout(WITHIN)
            .resolve(&host, address)
            .build()
            .expect("a client");
        Self { client, base: format!("https://{host}:{}", address.port()) }
    }

    /// Sets the weight of the region `iad`; gives the revision.
    pub(crate) async fn set_weight(&self, weight: u64) -> Result<String, String> {
        let body = format!("{{\"region\":\"iad\",\"weight\":{},\"reason\":\"\"}}", weight % 1_000);
        let request = self.client.post(format!("{}/v1/weights", self.base));
        let request = request.header("content-type", "application/json").body(body);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        let reply: Value = serde_json::from_str(&text).unwrap_or_default();
        match reply["revision"].as_str() {
            Some(revision) if status == 200 => Ok(revision.to_owned()),
            _ => Err(format!("{status}: {text}")),
        }
    }

    /// Waits until the node serves a revision.
    pub(crate) async fn serves(&self, revision: &str) {
        let url = format!("{}/v1/node?at_least={revision}&wait_ms=3000", self.base);
        let answer = self.client.get(url).send().await.expect("the node answers");
        let told: Value = serde_json::from_str(&answer.text().await.unwrap_or_default()).unwrap();
        assert!(told["served"].is_string(), "{told}");
        assert_ne!(index(&told["served"]).cmp(&index(&revision.into())), std::cmp::Ordering::Less);
    }
}

/// The log index of a revision such as `1.42`.
fn index(revision: &Value) -> u64 {
    let text = revision.as_str().expect("a revision");
    text.split_once('.').expect("history and index").1.parse().expect("an index")
}
