//! The last reply to each sender, so that a retry does not apply twice.

use super::reply::Reply;
use crate::model::limits::SESSIONS_MAX;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Into how many parts the senders fall: a change copies one part, never all of them.
const SHARDS: usize = 64;

/// The last reply to each sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions(Vec<Arc<BTreeMap<u128, Session>>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    seq: u64,
    index: u64,
    reply: Reply,
}

impl Default for Sessions {
    fn default() -> Self {
        Self(vec![Arc::default(); SHARDS])
    }
}

impl Sessions {
    /// The stored reply, if this command was applied before.
    #[must_use]
    pub fn seen(&self, client: u128, seq: u64) -> Option<&Reply> {
        let session = self.0.get(shard(client))?.get(&client)?;
        (seq <= session.seq).then_some(&session.reply)
    }

    /// Stores a reply; over its share of the limit, a part forgets who has been quiet for longest.
    pub fn store(&mut self, client: u128, seq: u64, index: u64, reply: Reply) {
        let Some(part) = self.0.get_mut(shard(client)) else { return };
        let part = Arc::make_mut(part);
        part.insert(client, Session { seq, index, reply });
        if part.len() > SESSIONS_MAX / SHARDS
            && let Some(oldest) =
                part.iter().min_by_key(|(_, s)| s.index).map(|(client, _)| *client)
        {
            part.remove(&oldest);
        }
    }
}

/// The part that a sender falls into; ids need not be random.
fn shard(client: u128) -> usize {
    let folded = (client as u64) ^ ((client >> 64) as u64);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Revision;

    #[test]
    fn the_limit_holds_and_the_quiet_are_forgotten_first() {
        let mut sessions = Sessions::default();
        let reply = |index| Reply::Done { revision: Revision { history: 0, index }, id: None };
        let count = 3 * SESSIONS_MAX as u64;
        for index in 0..count {
            sessions.store(u128::from(index), 1, index, reply(index));
        }
        assert!(sessions.0.iter().map(|part| part.len()).sum::<usize>() <= SESSIONS_MAX);
        assert_eq!(sessions.seen(u128::from(count - 1), 1), Some(&reply(count - 1)));
        assert_eq!(sessions.seen(u128::from(count - 1), 2), None);
        assert_eq!(sessions.seen(0, 1), None);
    }
}
