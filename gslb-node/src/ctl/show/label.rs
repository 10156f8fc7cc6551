//! How current an answer is, for people.

use crate::control::shape::{Consistency, ReadLabel};
use crate::ctl::age::span;
use gslb_consensus::state::Revision;

/// One line under an answer.
pub(in crate::ctl) fn label(revision: Revision, read: &ReadLabel) -> String {
    match (read.consistency, read.age_ms) {
        (Consistency::Linearizable, _) => {
            format!(
                "revision {revision}, linearizable: with all that was accepted before you asked"
            )
        }
        (Consistency::Local, Some(age)) => {
            format!("revision {revision}, local: as agreed {} ago or later", span(age))
        }
        (Consistency::Local, None) => {
            format!("revision {revision}, local: the node has met no quorum since it started")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_revision_consistency_and_age() {
        let line = |consistency, age_ms| {
            label("1.42".parse().unwrap(), &ReadLabel { consistency, age_ms })
        };
        let linearizable = line(Consistency::Linearizable, Some(3));
        assert!(linearizable.starts_with("revision 1.42, linearizable"), "{linearizable}");
        let local = line(Consistency::Local, Some(90_000));
        assert!(local.contains("local: as agreed 90 s ago") || local.contains("1m"), "{local}");
        assert!(line(Consistency::Local, None).contains("no quorum since"));
    }
}
