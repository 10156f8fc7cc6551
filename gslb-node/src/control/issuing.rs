//! Certificates that this node signs for nodes, with the key that lies sealed in the agreed state.
//!
//! ```text
//!  POST /join (token) ----------> SpendInvite -------+
//!                                                    +--> agreed --> sign as the state says
//!  POST /v1/certificate (mTLS) -> GrantCertificate --+
//! ```
//!
//! What a certificate says and from when to when it lasts is agreed before it is signed: any node signs
//! the same, and none is signed that the audit trail does not tell of.

use super::api::Api;
use super::error::ApiError;
use super::shape::{CertificateReply, CertificateRequest};
use crate::config::hosts_of;
use axum::http::StatusCode;
use gslb_consensus::identity::{ClusterKey, IssuingKey, NodeName, key_of_request};
use gslb_consensus::raft::Origin;
use gslb_consensus::state::command::GrantCertificate;
use gslb_consensus::state::{Caller, Command, Granted, NodeRecord, Reply, State};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::time::timeout;

/// How long this node may take to learn what was agreed.
const LEARN_WITHIN: Duration = Duration::from_secs(5);

impl Api {
    /// The key under which the secrets are sealed, and the key that it opens.
    pub(super) fn issuing_key(&self, state: &State) -> Result<(ClusterKey, IssuingKey), ApiError> {
        let unable =
            |what: &str| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "cannot_sign", what);
        let Some(issuer) = &state.joining.issuer else {
            let what = "the nodes have no key to sign certificates with: gslbctl cluster issuer";
            return Err(unable(what));
        };
        let key = self.parts.identity.cluster_key();
        let key = key.map_err(|error| unable(&error.to_string()))?;
        let key = key.ok_or_else(|| {
            unable("this node has no cluster.key, and cannot sign: ask another node")
        })?;
        let opened = IssuingKey::open(&key, &issuer.sealed);
        let opened = opened.map_err(|error| unable(&error.to_string()))?;
        Ok((key, opened))
    }

    /// Signs what was granted to a node, once this node knows that it was.
    pub(super) async fn sign_granted(
        &self,
        id: u64,
        request: &str,
    ) -> Result<(NodeRecord, String), ApiError> {
        let hash = key_of_request(request).map_err(|e| ApiError::bad_request(e.to_string()))?;
        let is_known = |state: &Arc<State>| {
            let granted = state.joining.granted.get(&id);
            granted.is_some_and(|granted| granted.key == hash) && state.nodes.contains_key(&id)
        };
        let mut states = self.parts.cluster.watch();
        let state = match timeout(LEARN_WITHIN, states.wait_for(is_known)).await {
            Ok(Ok(state)) => Arc::clone(&state),
            _ => {
                let what = "this node is behind the others: ask again";
                return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "behind", what));
            }
        };
        let (record, granted) = (state.nodes.get(&id), state.joining.granted.get(&id));
        let (Some(record), Some(granted)) = (record, granted) else {
            return Err(ApiError::not_found(format!("there is no node {id}")));
        };
        let Granted { from_ms, ends_ms, .. } = *granted;
        let (_, issuing) = self.issuing_key(&state)?;
        let hosts = hosts_of(&record.api, &record.raft);
        let node = NodeName { id, name: record.name.clone(), hosts };
        let from = UNIX_EPOCH + Duration::from_millis(from_ms);
        let life = Duration::from_millis(ends_ms.saturating_sub(from_ms));
        let signed = issuing.sign(&node, request, from, life);
        let signed = signed.map_err(|error| ApiError::bad_request(error.to_string()))?;
        Ok((record.clone(), signed))
    }

    /// Grants a node of the cluster a new certificate for the key that it shows, and signs it.
    pub(super) async fn certify(&self, id: u64, request: &str) -> Result<String, ApiError> {
        let key = key_of_request(request).map_err(|e| ApiError::bad_request(e.to_string()))?;
        self.issuing_key(&self.parts.cluster.state())?;
        let grant = Command::GrantCertificate(GrantCertificate { node: id, key });
        let origin = Origin::new(format!("node {id}"));
        match self.parts.cluster.propose(grant, origin).await {
            Ok(Reply::Done { .. }) => {}
            Ok(Reply::Refused { code, message, faults }) => {
                return Err(ApiError::refused(code, message, faults));
            }
            Err(error) => return Err(ApiError::propose(self, error)),
        }
        Ok(self.sign_granted(id, request).await?.1)
    }

    /// A new certificate for this node itself: the leader signs it, else whoever can.
    ///
    /// # Errors
    /// Nobody could: what each of them said.
    pub async fn new_certificate(&self, request: &str) -> Result<String, String> {
        let own = self.node_id();
        let status = self.parts.cluster.status();
        let others = status.members.iter().map(|member| member.id).filter(|id| *id != own);
        let mut asked: Vec<u64> = others.collect();
        asked.sort_by_key(|id| Some(*id) != status.leader);
        let ask = CertificateRequest { request: request.to_owned() };
        let body = serde_json::to_vec(&ask).map_err(|error| error.to_string())?;
        let mut why = Vec::new();
        for id in asked {
            match self.parts.cluster.peer(id).post("/v1/certificate", body.clone()).await {
                Ok((200, answer)) => match serde_json::from_slice::<CertificateReply>(&answer) {
                    Ok(reply) => return Ok(reply.certificate),
                    Err(error) => why.push(format!("node {id}: {error}")),
                },
                Ok((status, answer)) => {
                    let said = String::from_utf8_lossy(&answer).into_owned();
                    why.push(format!("node {id} answered {status}: {said}"));
                }
                Err(error) => why.push(format!("node {id}: {error}")),
            }
        }
        match self.certify(own, request).await {
            Ok(certificate) => Ok(certificate),
            Err(error) => {
                why.push(error.body.message);
                Err(why.join("; "))
            }
        }
    }
}

/// The origin of what a node asks for that joins from an address.
pub(super) fn joiner(name: &str, from: String) -> Origin {
    let mut origin = Origin::new(format!("node {name}"));
    origin.caller = Caller { from, ..Caller::default() };
    origin
}
