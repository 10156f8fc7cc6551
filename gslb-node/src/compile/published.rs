//! The serving set: one immutable value from which every query of a moment is answered.

use super::names::Names;
use super::table::Table;
use crate::wire::name;
use geo::ClassTable;
pub use gslb_consensus::state::Revision;
use std::sync::Arc;

/// How a steered name is answered; its [`SteeredId`](super::SteeredId) is its index.
#[derive(Clone, Debug)]
pub struct Steered {
    /// What tells the clients apart: an index into [`Published::maps`]. `None`: the answer does not
    /// vary by place, all clients are of class 0, and the scope is 0.
    pub map: Option<u16>,
    /// One row per class of the map.
    pub table: Arc<Table>,
    /// The name's part of a draw, equal on every node: see [`Steered::key_of`].
    pub key: u64,
}

impl Steered {
    /// The key of a name in lower-cased wire form.
    #[must_use]
    pub fn key_of(owner: &[u8]) -> u64 {
        name::hash(owner, name::STABLE_SEED)
    }
}

/// The serving set. Its parts are shared with the set before it where they did not change.
#[derive(Clone, Debug)]
pub struct Published {
    /// The agreed state that it was built from.
    pub revision: Revision,
    /// Names, static bodies, and which names are steered.
    pub names: Arc<Names>,
    /// The steered names, by id.
    pub steered: Vec<Steered>,
    /// Address to class and scope, one for each set of names that tell clients apart alike.
    pub maps: Vec<Arc<ClassTable>>,
    /// What the region indexes of the rows mean, for the counters. An index must go on meaning the
    /// same region for as long as the process runs; add new ones at the end.
    pub regions: Arc<[Box<str>]>,
    /// The agreed key of the weighted draw.
    pub draw_key: u64,
}
