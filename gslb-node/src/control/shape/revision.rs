//! Revisions as one text, `1.42`.

use gslb_consensus::state::Revision;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes a revision as text.
pub(super) fn serialize<S: Serializer>(revision: &Revision, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(revision)
}

/// Reads a revision from text.
pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Revision, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}
