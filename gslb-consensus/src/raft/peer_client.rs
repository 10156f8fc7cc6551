//! The node's own calls to another node.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;

use super::core::Core;
use super::errors::PeerError;
use super::messenger::{CallError, Lane};

/// How long a call may take.
const CALL: Duration = Duration::from_secs(5);

/// Calls to one other node, over the same mutual TLS as Raft's.
#[derive(Clone)]
pub struct PeerClient {
    pub(super) core: Arc<Core>,
    pub(super) id: u64,
}

impl PeerClient {
    /// Which node it calls.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Status and body of a GET.
    pub async fn get(&self, path: &str) -> Result<(u16, Bytes), PeerError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// Status and body of a POST.
    pub async fn post(
        &self,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<(u16, Bytes), PeerError> {
        self.call(Method::POST, path, body.into()).await
    }

    /// Runs on the cluster's own runtime, to which the connections belong.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(u16, Bytes), PeerError> {
        let (core, id, path) = (Arc::clone(&self.core), self.id, path.to_owned());
        let call = async move {
            core.messenger.call(Lane::Log, (method, &path), (id, ""), body, CALL).await
        };
        match self.core.runtime.spawn(call).await {
            Ok(Ok((status, body))) => Ok((status.as_u16(), body)),
            Ok(Err(CallError::Unreachable(why))) => Err(PeerError::Unreachable(why)),
            Ok(Err(CallError::Refused(why))) => Err(PeerError::Refused(why)),
            Ok(Err(CallError::Distrusted(why))) => Err(PeerError::Distrusted(why)),
            Ok(Err(error)) => Err(PeerError::Unanswered(error.to_string())),
            Err(error) => Err(PeerError::Unanswered(error.to_string())),
        }
    }
}
