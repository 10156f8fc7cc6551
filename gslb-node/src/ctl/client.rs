//! Requests to the cluster: any node will do, and the next one is asked if one is silent.

use super::context::Context;
use super::error::CtlError;
use crate::control::shape::ErrorBody;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::time::Duration;

/// A node that does not take a connection within this is passed over.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A request that takes longer has failed; longer than the cluster itself tries.
const WITHIN: Duration = Duration::from_secs(15);

/// The status of an answer that tells nothing of what became of a change.
const UNKNOWN: u16 = 504;

/// The operator's client: who it is, and which of its requests is which.
pub(super) struct Client {
    http: reqwest::Client,
    servers: Vec<String>,
    /// Sent along instead of a certificate.
    token: Option<String>,
    /// Names this run, so that a change that is sent to a second node does not apply twice.
    sender: u128,
    seq: Cell<u64>,
}

/// What is sent along.
enum Payload {
    Nothing,
    Json(Vec<u8>),
    Toml(String),
}

impl Client {
    /// A client for the nodes that a context names.
    pub(super) fn new(context: &Context) -> Result<Self, CtlError> {
        if context.servers().is_empty() {
            let path = context.path().display();
            let what = "names no server yet: `gslbctl node add` makes the first node";
            return Err(CtlError::Context(format!("{path} {what}")));
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(context.tls()?)
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(true)
            .build()
            .map_err(|error| {
                CtlError::Context(format!("TLS cannot be set up: {}", chain(&error)))
            })?;
        let mut random = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| CtlError::File("the system gave no random bytes".to_owned()))?;
        let sender = u128::from_be_bytes(random);
        let (servers, token) = (context.servers().to_vec(), context.token()?);
        Ok(Self { http, servers, token, sender, seq: Cell::new(0) })
    }

    /// Reads an object.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &impl Serialize,
    ) -> Result<T, CtlError> {
        self.get_within(path, params, WITHIN).await
    }

    /// Reads an object that may take a while to come.
    pub(super) async fn get_within<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &impl Serialize,
        within: Duration,
    ) -> Result<T, CtlError> {
        let answer = self.send(Method::GET, path, params, &Payload::Nothing, within).await?;
        json(answer).await
    }

    /// Reads a text.
    pub(super) async fn get_text(
        &self,
        path: &str,
        params: &impl Serialize,
    ) -> Result<String, CtlError> {
        let answer = self.send(Method::GET, path, params, &Payload::Nothing, WITHIN).await?;
        answer.text().await.map_err(|error| CtlError::Answer(chain(&error)))
    }

    /// Reads bytes, which may be many.
    pub(super) async fn get_bytes(
        &self,
        path: &str,
        params: &impl Serialize,
    ) -> Result<Vec<u8>, CtlError> {
        let within = Duration::from_secs(60);
        let answer = self.send(Method::GET, path, params, &Payload::Nothing, within).await?;
        let bytes = answer.bytes().await.map_err(|error| CtlError::Answer(chain(&error)))?;
        Ok(bytes.into())
    }

    /// Asks for a change.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CtlError> {
        let body = serde_json::to_vec(body).map_err(|error| CtlError::Answer(error.to_string()))?;
        json(self.send(Method::POST, path, &(), &Payload::Json(body), WITHIN).await?).await
    }

    /// Asks for something to be as it is sent.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, CtlError> {
        let body = serde_json::to_vec(body).map_err(|error| CtlError::Answer(error.to_string()))?;
        json(self.send(Method::PUT, path, &(), &Payload::Json(body), WITHIN).await?).await
    }

    /// Sends a document.
    pub(super) async fn put_toml<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &impl Serialize,
        text: String,
    ) -> Result<T, CtlError> {
        let within = Duration::from_secs(60);
        json(self.send(Method::PUT, path, params, &Payload::Toml(text), within).await?).await
    }

    /// Takes something away.
    pub(super) async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &impl Serialize,
    ) -> Result<T, CtlError> {
        json(self.send(Method::DELETE, path, params, &Payload::Nothing, WITHIN).await?).await
    }

    /// Sends one request to the first node that can take it.
    async fn send(
        &self,
        method: Method,
        path: &str,
        params: &impl Serialize,
        payload: &Payload,
        within: Duration,
    ) -> Result<Response, CtlError> {
        self.seq.set(self.seq.get() + 1);
        let changes = method != Method::GET;
        let query = query(params)?;
        let mut failed = Failed::default();
        for server in &self.servers {
            let request = self.http.request(method.clone(), url(server, path, &query)?);
            let request = self.fill(request.timeout(within), changes, payload);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => {
                    let (status, body) = refusal(server, answer).await;
                    // Such a node may be the one that is cut off; what was sent cannot apply twice.
                    if !matches!(status, 503 | 504) {
                        return Err(CtlError::Refused { status, body });
                    }
                    failed.refuse(status, body);
                }
                Err(error) => failed.miss(server, &error, changes),
            }
        }
        Err(failed.into_error())
    }

    /// Adds what is sent along.
    fn fill(&self, request: RequestBuilder, changes: bool, payload: &Payload) -> RequestBuilder {
        let request = if changes {
            request
                .header("gslb-client", format!("{:032x}", self.sender))
                .header("gslb-seq", self.seq.get())
        } else {
            request
        };
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        match payload {
            Payload::Nothing => request,
            Payload::Json(body) => {
                request.header("content-type", "application/json").body(body.clone())
            }
            Payload::Toml(text) => {
                request.header("content-type", "application/toml").body(text.clone())
            }
        }
    }
}

/// What came of asking one node after the other.
#[derive(Default)]
struct Failed {
    tried: Vec<(String, String)>,
    refused: Option<(u16, ErrorBody)>,
}

impl Failed {
    /// A node could not do it. That a change may have been made outlives every later "nothing was changed".
    fn refuse(&mut self, status: u16, body: ErrorBody) {
        if self.refused.as_ref().is_none_or(|(before, _)| *before != UNKNOWN) {
            self.refused = Some((status, body));
        }
    }

    /// A node gave no answer.
    fn miss(&mut self, server: &str, error: &reqwest::Error, changes: bool) {
        self.tried.push((server.to_owned(), why(error)));
        if changes && !error.is_connect() {
            let code = "unknown_outcome".to_owned();
            let message = format!(
                "{server} was asked but did not answer ({}): the change may or may not be made. \
                 Look at gslbctl audit before you repeat it",
                why(error)
            );
            self.refuse(UNKNOWN, ErrorBody { code, message, faults: Vec::new(), leader: None });
        }
    }

    fn into_error(self) -> CtlError {
        match self.refused {
            Some((status, body)) => CtlError::Refused { status, body },
            None => CtlError::Unreachable(self.tried),
        }
    }
}

/// What a node said that did not do it.
async fn refusal(server: &str, answer: Response) -> (u16, ErrorBody) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap_or_default();
    let body = serde_json::from_str::<ErrorBody>(&text).unwrap_or_else(|_| ErrorBody {
        code: "answer".to_owned(),
        message: format!("{server} answered {status}: {}", text.trim()),
        faults: Vec::new(),
        leader: None,
    });
    (status, body)
}

/// Parameters as pairs; fields without a value are left out.
fn query(params: &impl Serialize) -> Result<Vec<(String, String)>, CtlError> {
    let value = serde_json::to_value(params).map_err(|e| CtlError::Answer(e.to_string()))?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(match value {
        serde_json::Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), text(value)))
            .collect(),
        _ => Vec::new(),
    })
}

/// The address of a path on a server; each segment of the path is escaped.
fn url(server: &str, path: &str, query: &[(String, String)]) -> Result<Url, CtlError> {
    let mut url = Url::parse(server).map_err(|e| CtlError::Context(format!("{server}: {e}")))?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(path.split('/').skip(1));
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

async fn json<T: DeserializeOwned>(answer: Response) -> Result<T, CtlError> {
    let url = answer.url().clone();
    let bytes = answer.bytes().await.map_err(|error| CtlError::Answer(chain(&error)))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = "is the node of another version than this gslbctl?";
        CtlError::Answer(format!("{url} gave an answer that cannot be read: {error}; {what}"))
    })
}

/// Why a node could not be asked, in a line.
fn why(error: &reqwest::Error) -> String {
    let chain = chain(error);
    if chain.contains("UnknownIssuer") || chain.contains("BadSignature") {
        return "its certificate is of another cluster: check `ca` in the context file".to_owned();
    }
    if chain.contains("UnknownCA") {
        let what = "it does not know your certificate: check `certificate` in the context file";
        return what.to_owned();
    }
    if chain.contains("NotValidForName") || chain.contains("not valid for") {
        return format!("its certificate does not name this address: {chain}");
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    chain
}

/// An error and what caused it, the innermost last.
fn chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::ConfigParams;

    #[test]
    fn an_unknown_outcome_is_not_covered_by_a_later_refusal() {
        let body = |code: &str| ErrorBody {
            code: code.to_owned(),
            message: String::new(),
            faults: Vec::new(),
            leader: None,
        };
        let mut failed = Failed::default();
        failed.refuse(503, body("no_leader"));
        failed.refuse(504, body("unknown_outcome"));
        failed.refuse(503, body("no_quorum"));
        assert_eq!(failed.into_error().body().code, "unknown_outcome");
        assert_eq!(Failed::default().into_error().body().code, "unreachable");
    }

    #[test]
    fn a_path_and_its_parameters_are_escaped() {
        let params = ConfigParams { expect: Some("1.42 &".to_owned()), dry_run: true };
        let query = query(&params).unwrap();
        let url = url("https://h:1", "/v1/overrides/a b", &query).unwrap();
        assert_eq!(url.as_str(), "https://h:1/v1/overrides/a%20b?dry_run=true&expect=1.42+%26");
    }
}
