//! The part of the agreed state that answers follow from.

use super::difference::Difference;
use super::frame::Frame;
use super::mark::Mark;
use super::object::{Key, Object};
use super::sum::Sum;
use crate::state::State;

/// The part of the agreed state that answers follow from, with its sum.
///
/// It is a [`State`] whose other parts are empty: what compiles a member's state compiles this one to
/// the same answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    state: State,
    sum: Sum,
}

impl Serving {
    /// The serving part of a member's state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut serving = Self::default();
        for frame in all_of(state, Mark::default()) {
            if let Frame::Objects { put, .. } = frame {
                put.into_iter().for_each(|object| serving.put(object));
            }
        }
        serving.stand_at(&serving.mark_at(state));
        serving
    }

    /// All of it as frames.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        all_of(&self.state, self.mark())
    }

    /// The state, to compile.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Where it stands.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark_at(&self.state)
    }

    fn mark_at(&self, state: &State) -> Mark {
        Mark {
            revision: state.revision(),
            config_index: state.config_index,
            time_ms: state.time_ms,
            sum: self.sum,
        }
    }

    pub(super) fn put(&mut self, object: Object) {
        if let Some(before) = Object::find(&self.state, &object.key()) {
            self.sum.remove(&before);
        }
        self.sum.add(&object);
        object.put(&mut self.state);
    }

    pub(super) fn take(&mut self, key: &Key) {
        if let Some(before) = Object::find(&self.state, key) {
            self.sum.remove(&before);
            Object::take(&mut self.state, key);
        }
    }

    /// Takes over where the sender says that the objects lead.
    pub(super) fn stand_at(&mut self, mark: &Mark) {
        self.state.history = mark.revision.history;
        self.state.index = mark.revision.index;
        self.state.config_index = mark.config_index;
        self.state.time_ms = mark.time_ms;
    }
}

/// All objects of a state.
fn all_of(state: &State, mark: Mark) -> Vec<Frame> {
    let all = Difference::between(&State::default(), state, &mut Sum::default());
    all.frames(Frame::Begin { from: None }, mark)
}
