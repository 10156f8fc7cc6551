//! The last reply to each sender, so that a retry does not apply twice.

use super::reply::Reply;
use crate::model::limits::SESSIONS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The last reply to each sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions(BTreeMap<u128, Session>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    seq: u64,
    index: u64,
    reply: Reply,
}

impl Sessions {
    /// The stored reply, if this command was applied before.
    #[must_use]
    pub fn seen(&self, client: u128, seq: u64) -> Option<&Reply> {
        self.0.get(&client).filter(|s| seq <= s.seq).map(|s| &s.reply)
    }

    /// Stores a reply; over the limit, the sender that has been quiet for longest is forgotten.
    pub fn store(&mut self, client: u128, seq: u64, index: u64, reply: Reply) {
        self.0.insert(client, Session { seq, index, reply });
        if self.0.len() > SESSIONS_MAX
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, s)| s.index).map(|(client, _)| *client)
        {
            self.0.remove(&oldest);
        }
    }
}
