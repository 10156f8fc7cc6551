//! What changed between two states, as far as answers follow from it.

use super::frame::Frame;
use super::mark::Mark;
use super::object::{Key, Object};
use super::sum::Sum;
use crate::state::State;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Objects of one frame, by their bytes, before another is begun.
const FRAME_BYTES: usize = 256 << 10;

/// What changed between two states, as far as answers follow from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    gone: Vec<Key>,
    put: Vec<Object>,
}

impl Difference {
    /// What turns the serving part of `old` into that of `new`; moves the sum along.
    ///
    /// Parts that both share cost nothing, objects that both share one comparison.
    #[must_use]
    pub fn between(old: &State, new: &State, sum: &mut Sum) -> Self {
        let mut found = Self::default();
        let mut tell = |before: Option<Object>, after: Option<Object>| {
            if before == after {
                return;
            }
            if let Some(before) = &before {
                sum.remove(before);
            }
            match (before, after) {
                (_, Some(after)) => {
                    sum.add(&after);
                    found.put.push(after);
                }
                (Some(before), None) => found.gone.push(before.key()),
                (None, None) => {}
            }
        };
        config(old, new, &mut tell);
        runtime(old, new, &mut tell);
        found
    }

    /// Whether nothing changed but the revision.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.put.is_empty()
    }

    /// The frames that tell it: objects in pieces, and at the end where they lead.
    #[must_use]
    pub fn frames(self, begin: Frame, mark: Mark) -> Vec<Frame> {
        let mut frames = vec![begin];
        if !self.gone.is_empty() {
            frames.push(Frame::Objects { gone: self.gone, put: Vec::new() });
        }
        let (mut piece, mut bytes) = (Vec::new(), 0);
        for object in self.put {
            bytes += object.encode().len();
            piece.push(object);
            if bytes > FRAME_BYTES {
                frames.push(Frame::Objects { gone: Vec::new(), put: std::mem::take(&mut piece) });
                bytes = 0;
            }
        }
        if !piece.is_empty() {
            frames.push(Frame::Objects { gone: Vec::new(), put: piece });
        }
        frames.push(Frame::Commit(mark));
        frames
    }
}

/// Says what was and what is.
type Tell<'a> = dyn FnMut(Option<Object>, Option<Object>) + 'a;

/// What changed in the configuration.
fn config(old: &State, new: &State, tell: &mut Tell<'_>) {
    if Arc::ptr_eq(&old.config, &new.config) {
        return;
    }
    let (old, new) = (&old.config, &new.config);
    walk(&old.zones, &new.zones, Arc::ptr_eq, |_, one| Object::Zone(Arc::clone(one)), tell);
    walk(&old.regions, &new.regions, Arc::ptr_eq, |_, one| Object::Region(Arc::clone(one)), tell);
    walk(&old.pools, &new.pools, Arc::ptr_eq, |_, one| Object::Pool(Arc::clone(one)), tell);
    let policies = (&old.policies, &new.policies);
    walk(policies.0, policies.1, Arc::ptr_eq, |_, one| Object::Policy(Arc::clone(one)), tell);
    walk(&old.names, &new.names, Arc::ptr_eq, |_, one| Object::Name(Arc::clone(one)), tell);
    if !Arc::ptr_eq(&old.places, &new.places) {
        let places = |of: &Arc<Vec<_>>| (!of.is_empty()).then(|| Object::Places(Arc::clone(of)));
        tell(places(&old.places), places(&new.places));
    }
}

/// What changed beside the configuration.
fn runtime(old: &State, new: &State, tell: &mut Tell<'_>) {
    if !Arc::ptr_eq(&old.serials, &new.serials) {
        let serial = |zone: &_, serial: &u32| Object::Serial(Clone::clone(zone), *serial);
        walk(&old.serials, &new.serials, PartialEq::eq, serial, tell);
    }
    if !Arc::ptr_eq(&old.weights, &new.weights) {
        let (old, new) = (&old.weights, &new.weights);
        let of_region =
            |id: &_, w: &_| Object::Weight(Clone::clone(id), None, super::object::Weight::from(w));
        walk(&old.regions, &new.regions, PartialEq::eq, of_region, tell);
        let of_pool = |(pool, region): &(_, _), w: &_| {
            let weight = super::object::Weight::from(w);
            Object::Weight(Clone::clone(region), Some(Clone::clone(pool)), weight)
        };
        walk(&old.pools, &new.pools, PartialEq::eq, of_pool, tell);
    }
    if !Arc::ptr_eq(&old.overrides, &new.overrides) {
        let said = |target: &_, of: &_| {
            Object::Override(Clone::clone(target), super::object::Said::from(of))
        };
        walk(&old.overrides, &new.overrides, PartialEq::eq, said, tell);
    }
    if !Arc::ptr_eq(&old.health, &new.health) {
        let health = |id: &_, of: &_| Object::Health(Clone::clone(id), Clone::clone(of));
        walk(&old.health.agreed, &new.health.agreed, PartialEq::eq, health, tell);
    }
    if !Arc::ptr_eq(&old.nodes, &new.nodes) {
        let member = |id: &u64, of: &_| Object::Member(*id, Clone::clone(of));
        walk(&old.nodes, &new.nodes, PartialEq::eq, member, tell);
    }
    if !Arc::ptr_eq(&old.observers, &new.observers) {
        let observer = |id: &u64, _: &_| Object::Observer(*id);
        walk(&old.observers, &new.observers, PartialEq::eq, observer, tell);
    }
}

/// Walks two maps side by side and tells of each key whose values are not the same.
fn walk<K: Ord, V>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    same: impl Fn(&V, &V) -> bool,
    object: impl Fn(&K, &V) -> Object,
    tell: &mut Tell<'_>,
) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        if let (Some((_, before)), Some((_, after))) = (before, after)
            && same(before, after)
        {
            continue;
        }
        tell(before.map(|(k, v)| object(k, v)), after.map(|(k, v)| object(k, v)));
    }
}
