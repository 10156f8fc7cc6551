//! What a node says of itself in a backup of the agreed state.

use crate::clock;
use gslb_consensus::backup::{About, Backup};
use gslb_consensus::identity::Identity;
use gslb_consensus::state::State;

/// A backup of a state, made by this node now.
#[must_use]
pub fn backup_of(identity: &Identity, state: &State) -> Backup {
    let about = About {
        cluster: identity.cluster.clone(),
        cluster_uuid: identity.cluster_uuid.clone(),
        node: identity.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_ms: clock::unix_ms(),
        history: state.history,
        index: state.index,
    };
    Backup { about, state: state.clone() }
}
