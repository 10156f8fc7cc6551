//! What an operator wants of each node: whether it votes, leads, or makes place for another.

use super::agreed::State;
use super::command::{SetAutopilot, SetSeat};
use super::reply::{RefusalCode, Reply};
use crate::model::limits::{DEAD_MS_MAX, DEAD_MS_MIN};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a voter must be silent before autopilot takes it for dead, if nothing is declared, ms.
const DEAD_MS: u64 = 300_000;

/// What is agreed of the nodes beside their records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// What an operator wants of a node; none: that it votes once it has caught up.
    pub seats: BTreeMap<u64, Seat>,
    /// Whether autopilot is switched off.
    pub autopilot_off: bool,
    /// How long a voter must be silent before autopilot takes it for dead, ms; none: five minutes.
    pub dead_ms: Option<u64>,
}

/// What an operator wants of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// It follows and has no vote: it stands by.
    pub learner: bool,
    /// It does not lead, and says that queries should go elsewhere.
    pub drained: bool,
    /// This node takes its vote; then it is removed, or stands by if it is to be a learner.
    pub replaced_by: Option<u64>,
}

impl Roster {
    /// What is wanted of a node.
    #[must_use]
    pub fn seat(&self, id: u64) -> Seat {
        self.seats.get(&id).copied().unwrap_or_default()
    }

    /// How long a voter must be silent before autopilot takes it for dead, ms.
    #[must_use]
    pub fn dead_ms(&self) -> u64 {
        self.dead_ms.unwrap_or(DEAD_MS)
    }

    /// Forgets what was wanted of a node that is no more.
    pub(super) fn forget(&mut self, id: u64) {
        self.seats.remove(&id);
        for seat in self.seats.values_mut().filter(|seat| seat.replaced_by == Some(id)) {
            seat.replaced_by = None;
        }
        self.drop_plain_seats();
    }

    /// A seat that says nothing is none, so that equal wishes are equal states.
    fn drop_plain_seats(&mut self) {
        self.seats.retain(|_, seat| *seat != Seat::default());
    }
}

impl State {
    /// The node that an operator means by a name or a number.
    #[must_use]
    pub fn node_named(&self, node: &str) -> Option<u64> {
        let found = self.nodes.iter().find(|(id, r)| r.name == node || id.to_string() == node);
        let observers = self.observers.iter();
        let mut observers = observers.filter(|(id, r)| r.name == node || id.to_string() == node);
        found.map(|(id, _)| *id).or_else(|| observers.next().map(|(id, _)| *id))
    }

    pub(super) fn set_seat(&mut self, set: &SetSeat) -> Result<(), Reply> {
        if self.observers.contains_key(&set.id) {
            let what = format!("node {} is an observer: it has no vote and never leads", set.id);
            return Err(Reply::refused(RefusalCode::Invalid, what));
        }
        if !self.nodes.contains_key(&set.id) {
            let what = format!("there is no node {}: see gslbctl node list", set.id);
            return Err(Reply::refused(RefusalCode::NotFound, what));
        }
        if let Some(by) = set.replaced_by {
            self.check_replacement(set.id, by)?;
        }
        let roster = Arc::make_mut(&mut self.roster);
        let seat = roster.seats.entry(set.id).or_default();
        if let Some(learner) = set.learner {
            // What it was to make place for is over: it votes again, or stands by.
            *seat = Seat { learner, replaced_by: None, ..*seat };
        }
        seat.drained = set.drained.unwrap_or(seat.drained);
        if let Some(by) = set.replaced_by {
            seat.replaced_by = Some(by);
            if let Some(seat) = roster.seats.get_mut(&by) {
                seat.learner = false;
            }
        }
        roster.drop_plain_seats();
        Ok(())
    }

    /// Refuses a replacement that is no node, or is on its way out itself.
    fn check_replacement(&self, id: u64, by: u64) -> Result<(), Reply> {
        let seat = self.roster.seat(by);
        let why = if by == id {
            "a node cannot take its own place".to_owned()
        } else if !self.nodes.contains_key(&by) {
            format!("there is no node {by} to take its place: add it first")
        } else if seat.drained {
            format!("node {by} is drained: end that first (gslbctl node drain {by} --clear)")
        } else if seat.replaced_by.is_some() {
            format!("node {by} is being replaced itself")
        } else {
            return Ok(());
        };
        Err(Reply::refused(RefusalCode::Invalid, why))
    }

    pub(super) fn set_autopilot(&mut self, set: &SetAutopilot) -> Result<(), Reply> {
        if set.dead_ms.is_some_and(|ms| !(DEAD_MS_MIN..=DEAD_MS_MAX).contains(&ms)) {
            let what = "a voter is taken for dead after 1s at least and 24h at most: --dead-after";
            return Err(Reply::refused(RefusalCode::Invalid, what));
        }
        let roster = Arc::make_mut(&mut self.roster);
        roster.autopilot_off = !set.on;
        roster.dead_ms = set.dead_ms.or(roster.dead_ms);
        Ok(())
    }
}
