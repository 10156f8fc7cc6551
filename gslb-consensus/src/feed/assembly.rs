//! From frames to the serving state, on the follower's side.

use super::frame::{Beat, Frame, Hello, Places};
use super::mark::Mark;
use super::serving::Serving;
use super::sum::Sum;
use crate::state::{Revision, State};
use std::fmt;
use std::sync::Arc;

/// Why the feed cannot go on as it is: the follower asks for all objects anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedFault {
    /// The objects do not give the sum that the sender has.
    Differs {
        /// The revision that both are at.
        revision: Revision,
        /// What the sender has.
        theirs: Sum,
        /// What the follower has.
        ours: Sum,
    },
    /// Changes are missing in between.
    Gap {
        /// The revision that the changes lead on from.
        from: Revision,
        /// What the follower has.
        ours: Option<Revision>,
    },
    /// The sender is behind: what was agreed once is not taken back.
    Older {
        /// The revision of the sender.
        theirs: Revision,
        /// What the follower has.
        ours: Revision,
    },
    /// A message that has no place here.
    Order(&'static str),
}

impl fmt::Display for FeedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { revision, theirs, ours } => {
                write!(f, "the state at {revision} has the sum {ours} here and {theirs} there")
            }
            Self::Gap { from, ours: Some(ours) } => {
                write!(f, "changes since {from} came, this node is at {ours}")
            }
            Self::Gap { from, ours: None } => {
                write!(f, "changes since {from} came before all else")
            }
            Self::Older { theirs, ours } => {
                write!(f, "it is behind: at {theirs}, this node is at {ours}")
            }
            Self::Order(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FeedFault {}

/// What came of a frame.
#[derive(Clone, Debug)]
pub enum Got {
    /// Nothing yet.
    Nothing,
    /// Who feeds.
    Hello(Hello),
    /// A new serving state.
    State(Arc<State>),
    /// The sender is there.
    Beat(Beat),
    /// Which place data the sender decides by.
    Places(Places),
}

/// Puts frames together to serving states.
///
/// A state shows only once it is complete and its sum is the sender's; what was complete before stays
/// until then, and whatever goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    done: Option<Serving>,
    pending: Option<Serving>,
}

impl Assembly {
    /// Goes on from a state that was stored.
    #[must_use]
    pub fn from(serving: Serving) -> Self {
        Self { done: Some(serving), pending: None }
    }

    /// Where the last complete state stands.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.done.as_ref().map(Serving::mark)
    }

    /// The last complete state.
    #[must_use]
    pub fn serving(&self) -> Option<&Serving> {
        self.done.as_ref()
    }

    /// Forgets what was not complete: a new stream begins.
    pub fn restart(&mut self) {
        self.pending = None;
    }

    /// Takes a frame in.
    ///
    /// # Errors
    /// The stream is of no use any more.
    pub fn take(&mut self, frame: Frame) -> Result<Got, FeedFault> {
        match frame {
            Frame::Hello(hello) => Ok(Got::Hello(hello)),
            Frame::Places(places) => Ok(Got::Places(places)),
            Frame::Begin { from } => self.begin(from).map(|()| Got::Nothing),
            Frame::Objects { gone, put } => {
                let pending = self.pending.as_mut();
                let pending = pending.ok_or(FeedFault::Order("objects without a beginning"))?;
                gone.iter().for_each(|key| pending.take(key));
                put.into_iter().for_each(|object| pending.put(object));
                Ok(Got::Nothing)
            }
            Frame::Commit(mark) => self.commit(mark).map(Got::State),
            Frame::Beat(beat) => self.check(&beat.mark).map(|()| Got::Beat(beat)),
        }
    }

    fn begin(&mut self, from: Option<Revision>) -> Result<(), FeedFault> {
        let ours = self.mark().map(|mark| mark.revision);
        self.pending = Some(match from {
            None => Serving::default(),
            Some(from) if ours == Some(from) => self.done.clone().unwrap_or_default(),
            Some(from) => return Err(FeedFault::Gap { from, ours }),
        });
        Ok(())
    }

    fn commit(&mut self, theirs: Mark) -> Result<Arc<State>, FeedFault> {
        let pending = self.pending.take();
        let mut serving = pending.ok_or(FeedFault::Order("an end without a beginning"))?;
        let before = self.mark().map_or_else(Revision::default, |mark| mark.revision);
        if theirs.revision < before {
            return Err(FeedFault::Older { theirs: theirs.revision, ours: before });
        }
        serving.stand_at(&theirs);
        let ours = serving.mark();
        if ours != theirs {
            return Err(differs(&theirs, &ours));
        }
        let state = Arc::new(serving.state().clone());
        self.done = Some(serving);
        Ok(state)
    }

    /// Refuses to go on beside a sender that is elsewhere.
    fn check(&self, theirs: &Mark) -> Result<(), FeedFault> {
        match self.mark() {
            _ if self.pending.is_some() => Ok(()),
            Some(ours) if ours.revision != theirs.revision => {
                Err(FeedFault::Gap { from: theirs.revision, ours: Some(ours.revision) })
            }
            Some(ours) if ours != *theirs => Err(differs(theirs, &ours)),
            Some(_) => Ok(()),
            // The sender has nothing yet either.
            None if theirs.revision == Revision::default() => Ok(()),
            None => Err(FeedFault::Gap { from: theirs.revision, ours: None }),
        }
    }
}

/// Two states of one revision that are not the same.
fn differs(theirs: &Mark, ours: &Mark) -> FeedFault {
    FeedFault::Differs { revision: theirs.revision, theirs: theirs.sum, ours: ours.sum }
}
