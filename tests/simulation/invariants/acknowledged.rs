//! No acknowledged write is lost or doubled, and what clients were told could have happened one at a
//! time.
//!
//! Every write has a name that no other has; the audit trail, which is agreed state, tells which took
//! effect, where, and how often. What was not acknowledged may have happened once or not at all.

use super::Invariant;
use crate::lab::{Lab, REGIONS};
use crate::ledger::Fate;
use gslb_tests::history;
use std::collections::BTreeMap;

/// Judges at the end what clients were told.
pub(super) struct Acknowledged;

impl Invariant for Acknowledged {
    fn name(&self) -> &'static str {
        "acknowledged writes"
    }

    fn finish(&mut self, lab: &Lab) -> Result<(), String> {
        let Some((_, leader)) = lab.leader() else { return Err("nobody leads".to_owned()) };
        let state = leader.state();
        if state.audit.count != state.audit.entries.len() as u64 {
            return Err("the run is too long: the audit trail no longer has all of it".to_owned());
        }
        state.audit.verify().map_err(|(number, why)| format!("record {number}: {why}"))?;
        let mut found: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for entry in &state.audit.entries {
            found.entry(&entry.actor).or_default().push(entry.index);
        }
        for (name, fate) in lab.ledger.writes() {
            let at = found.get(name.as_str()).cloned().unwrap_or_default();
            let fits = match fate {
                Fate::Done(index) => at == [index],
                Fate::Nothing => at.is_empty(),
                Fate::Unknown => at.len() <= 1,
            };
            if !fits {
                return Err(format!("{name} was told {fate:?}, and took effect at {at:?}"));
            }
        }
        for (register, history) in lab.ledger.histories() {
            let region = REGIONS[register];
            history::check(&history).map_err(|why| format!("{region}: {why}"))?;
        }
        Ok(())
    }
}
