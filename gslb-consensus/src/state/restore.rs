//! The state of a cluster that begins again from a backup.

use super::agreed::State;
use super::node_record::NodeRecord;
use std::collections::BTreeMap;
use std::sync::Arc;

impl State {
    /// The state as one node goes on from it, alone, in a higher history.
    ///
    /// The log index goes on too, so that what the state remembers by index keeps its order. Node
    /// numbers that were given stay given, and what was wanted of nodes is forgotten, invites too. Votes are of nodes that are gone: agreed health stays as
    /// it was until this node has probed.
    #[must_use]
    pub fn restored(mut self, history: u32, id: u64, record: NodeRecord) -> Self {
        self.history = history;
        self.nodes = Arc::new(BTreeMap::from([(id, record)]));
        self.roster = Arc::default();
        // An invite that was spent since the backup must not be there to be spent again.
        let joining = Arc::make_mut(&mut self.joining);
        joining.invites.clear();
        joining.granted.clear();
        self.last_node_id = self.last_node_id.max(id);
        Arc::make_mut(&mut self.health).forget_votes();
        self
    }
}
