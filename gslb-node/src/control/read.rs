//! Reads of the agreed state: of what the node has, or of all that was accepted.

use super::api::Shared;
use super::error::ApiError;
use super::shape::{Consistency, ReadLabel};
use axum::http::StatusCode;
use gslb_consensus::state::State;
use std::sync::Arc;
use tokio::time::Instant;

impl Shared {
    /// The agreed state, and how current it is.
    ///
    /// # Errors
    /// A linearizable read that finds no quorum, or no leader that has one.
    pub(super) async fn read(
        &self,
        consistency: Consistency,
    ) -> Result<(Arc<State>, ReadLabel), ApiError> {
        let cluster = &self.parts.cluster;
        match consistency {
            Consistency::Local => {
                // The age first: what comes between the two makes the state newer than it says.
                let age_ms = cluster.status().quorum_age_ms;
                Ok((cluster.state(), ReadLabel { consistency, age_ms }))
            }
            Consistency::Linearizable => {
                let asked = Instant::now();
                let state = cluster.linearizable().await.map_err(|error| {
                    let what = format!(
                        "the leader could not be asked ({error}); with `consistency=local` this node \
                         tells what it has"
                    );
                    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_quorum", what)
                })?;
                let age_ms = u64::try_from(asked.elapsed().as_millis()).ok();
                Ok((state, ReadLabel { consistency, age_ms }))
            }
        }
    }
}
