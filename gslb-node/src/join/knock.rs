//! The question that a node asks which has nothing but its token.

use super::error::JoinError;
use super::token_file::TokenFile;
use crate::control::shape::{ErrorBody, JoinReply, JoinRequest};
use gslb_consensus::dial::with_causes;
use reqwest::{Client, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::sync::Arc;
use std::time::Duration;

/// A node that does not take a connection within this is passed over.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The cluster itself tries for ten seconds.
const WITHIN: Duration = Duration::from_secs(30);

/// What one node said.
enum Said {
    /// It let this one in.
    In(Box<JoinReply>),
    /// It cannot now, or was not reached: another one may.
    NotHere(String),
    /// No node will.
    No(String),
}

/// Asks the nodes at these addresses, one after the other, until one lets this one in.
pub(super) async fn knock(
    token: &TokenFile,
    addresses: &[String],
    request: &str,
) -> Result<JoinReply, JoinError> {
    let client = client(token)?;
    let ask = JoinRequest { token: token.token.clone(), request: request.to_owned() };
    let mut why = Vec::new();
    for address in addresses {
        match ask_one(&client, address, &ask).await {
            Said::In(reply) => return Ok(*reply),
            Said::NotHere(what) => why.push(format!("{address}: {what}")),
            Said::No(what) => return Err(JoinError::Refused(what)),
        }
    }
    Err(JoinError::Unreachable(why.join("; ")))
}

/// A client that speaks with servers only that the cluster's authority signed.
fn client(token: &TokenFile) -> Result<Client, JoinError> {
    let broken = |what: &dyn std::fmt::Display| JoinError::Token(format!("authority: {what}"));
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(token.authority.as_bytes()) {
        let authority = authority.map_err(|error| broken(&error))?;
        roots.add(authority).map_err(|error| broken(&error))?;
    }
    if roots.is_empty() {
        return Err(broken(&"it holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| broken(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(config)
        .connect_timeout(CONNECT_WITHIN)
        .timeout(WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(true)
        .build()
        .map_err(|error| broken(&error))
}

async fn ask_one(client: &Client, address: &str, ask: &JoinRequest) -> Said {
    let answer = match client.post(format!("https://{address}/join")).json(ask).send().await {
        Ok(answer) => answer,
        Err(error) => return Said::NotHere(with_causes(&error)),
    };
    let status = answer.status();
    let body = match answer.bytes().await {
        Ok(body) => body,
        Err(error) => return Said::NotHere(with_causes(&error)),
    };
    if status == StatusCode::OK {
        return match serde_json::from_slice(&body) {
            Ok(reply) => Said::In(Box::new(reply)),
            // The text of what it said would show the cluster key.
            Err(_) => Said::NotHere("its answer cannot be read: is it of a later version?".into()),
        };
    }
    let what = serde_json::from_slice::<ErrorBody>(&body)
        .map_or_else(|_| format!("it answered {status}"), |error| error.message);
    match status {
        // A node that is behind, cannot sign, or is of a version without this door.
        StatusCode::NOT_FOUND if what.starts_with("there is no such path") => Said::NotHere(what),
        StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS => Said::NotHere(what),
        _ => Said::No(what),
    }
}
