//! Something that must hold, and the list of all.

use super::{
    acknowledged, agreed_time, commit_monotonic, election_safety, equal_state, feed,
    leader_completeness, log_matching, safety_rules,
};
use crate::lab::Lab;
use crate::observer::{Moment, Published};
use crate::plan::Plan;

/// Something that must hold; it remembers what it needs of the run so far.
pub(crate) trait Invariant: Send {
    /// What it is called when it is broken.
    fn name(&self) -> &'static str;

    /// Judges what the nodes hold at a moment.
    fn look(&mut self, _moment: &Moment) -> Result<(), String> {
        Ok(())
    }

    /// Judges a state that a node published.
    fn published(&mut self, _published: &Published) -> Result<(), String> {
        Ok(())
    }

    /// Judges the whole run, once the nodes agree.
    fn finish(&mut self, _lab: &Lab) -> Result<(), String> {
        Ok(())
    }
}

/// All of them, for a run.
pub(crate) fn all(plan: &Plan) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(election_safety::ElectionSafety::new(plan.liar)),
        Box::new(log_matching::LogMatching::default()),
        Box::new(leader_completeness::LeaderCompleteness::default()),
        Box::new(commit_monotonic::CommitMonotonic::default()),
        Box::new(equal_state::EqualState::default()),
        Box::new(feed::Feed::default()),
        Box::new(agreed_time::AgreedTime::default()),
        Box::new(safety_rules::SafetyRules::default()),
        Box::new(acknowledged::Acknowledged),
    ]
}
