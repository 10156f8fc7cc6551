//! Compare and set: a change that applies only if its object is as the caller saw it.

use super::agreed::State;
use super::command::Command;
use super::reply::{RefusalCode, Reply};
use super::revision::Revision;

/// A change of a weight or an override, for a caller that saw what it replaces.
///
/// Each object is compared on its own: a change of another weight, of health or of the configuration
/// is no conflict, unless it took the object with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Where the object last changed, as the caller saw it; none: nothing was set.
    pub seen: Option<Revision>,
    /// The change.
    pub command: Box<Command>,
}

impl State {
    /// Refuses a change whose object is no longer as the caller saw it.
    pub(super) fn compare(&self, guarded: &Guarded) -> Result<(), Reply> {
        let (object, changed) = match &*guarded.command {
            Command::SetWeight(set) => {
                let own = set.pool.as_ref().map(|pool| (pool.clone(), set.region.clone()));
                let weight = match &own {
                    Some(key) => self.weights.pools.get(key),
                    None => self.weights.regions.get(&set.region),
                };
                let of_pool = set.pool.as_ref().map_or(String::new(), |p| format!(" in pool {p}"));
                let object = format!("runtime weight of {}{of_pool}", set.region);
                (object, weight.map(|weight| weight.changed))
            }
            Command::SetOverride(set) => self.seen_override(&set.target),
            Command::ClearOverride(clear) => self.seen_override(&clear.target),
            _ => {
                let what = "only weights and overrides are compared with what was seen";
                return Err(Reply::refused(RefusalCode::Invalid, what));
            }
        };
        if changed == guarded.seen {
            return Ok(());
        }
        let tell = |at: Option<Revision>| {
            at.map_or_else(|| "is not set".to_owned(), |at| format!("last changed at {at}"))
        };
        let what = format!(
            "the {object} {}; you saw that it {}: look again (status), then decide again",
            tell(changed),
            tell(guarded.seen)
        );
        Err(Reply::refused(RefusalCode::Conflict, what))
    }

    fn seen_override(&self, target: &super::OverrideTarget) -> (String, Option<Revision>) {
        (format!("override on {target}"), self.overrides.get(target).map(|o| o.changed))
    }
}
