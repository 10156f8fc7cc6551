//! Whether changes are accepted, and how many voters more may be lost.

use super::members::Members;

/// A leader hears of its quorum several times within this, whatever the timers, ms.
const QUORUM_AGE_MS_MAX: u64 = 8_000;

impl Members<'_> {
    /// Why no change is accepted, or how near to that the cluster is.
    pub(super) fn quorum(&self) -> Option<String> {
        let meanwhile = "changes are not accepted; the nodes answer from the last agreed state";
        let (lost, of) = self.lost_voters();
        match self.raft.quorum_age_ms {
            _ if self.raft.leader.is_none() => {
                Some(format!("no leader: {meanwhile}. {}", self.way_out(&lost, of)))
            }
            Some(ms) if ms > QUORUM_AGE_MS_MAX => {
                let (seconds, way_out) = (ms / 1_000, self.way_out(&lost, of));
                Some(format!(
                    "no quorum for {seconds} s as this node sees it: {meanwhile}. {way_out}"
                ))
            }
            _ if lost.is_empty() => None,
            _ => Some(self.margin(&lost, of)),
        }
    }

    /// What to do about a quorum that is not there.
    fn way_out(&self, lost: &[u64], of: usize) -> String {
        let (needed, heard) = (of / 2 + 1, of - lost.len());
        if of == 0 {
            return "This node is no member yet, or Raft does not run on it".to_owned();
        }
        if heard >= needed {
            return format!(
                "{heard} of {of} voters are heard, so an election is under way: if it does not end \
                 within half a minute, look for errors in the logs of the nodes"
            );
        }
        let (asked, names) = (self.name(self.raft.node_id), self.names(lost));
        format!(
            "{needed} of {of} voters are needed and {asked} hears {heard}, itself counted: if \
             {names} run, {asked} is cut off (look at its network), else bring them back. If they \
             are lost for good: gslbctl snapshot restore --help"
        )
    }

    /// How many voters more may be lost.
    fn margin(&self, lost: &[u64], of: usize) -> String {
        if of - lost.len() < of / 2 + 1 {
            // Raft has not given up yet, or hears more than this node's own calls do.
            return format!("changes may not be accepted. {}", self.way_out(lost, of));
        }
        let spare = (of.saturating_sub(1) / 2).saturating_sub(lost.len());
        let names = self.names(lost);
        match spare {
            0 => format!(
                "of {of} voters {names} is silent or stopped: if one more is lost no change is accepted. Bring \
                 it back, or add a node and run gslbctl node replace"
            ),
            more => format!("of {of} voters {names} is silent or stopped; {more} more may be lost"),
        }
    }
}
