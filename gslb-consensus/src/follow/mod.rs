//! How the feed gets from a node to the observers: the side that feeds and the side that follows.
//!
//! ```text
//! state --> Hub (encodes once) --broadcast--> routes: one stream a follower --HTTP/2, mutual TLS--+
//!            ^      ^ beat each second          |  Guests: what followers say of themselves       |
//!            |                                  |  Shelf: place files by their hash               |
//!   Follower's states (a relay feeds on) <---- Follower: dials one after the other <--------------+
//!                                               |
//!                                              Store: the last serving state, for a cold start
//! ```
//!
//! A stream that cannot keep up gets all objects anew instead of a longer queue. Whoever follows is known
//! by its certificate and must be recorded in the state; one that was removed is cut off within a second.
//! A relay is an observer that feeds others: two hops behind a member at most, and never in a ring.

mod dialer;
mod error;
mod follower;
mod guests;
mod hub;
#[cfg(test)]
mod hub_tests;
mod places;
mod round;
mod routes;
mod shelf;
mod store;
mod stream;

pub use error::FollowError;
pub use guests::Guest;
pub use places::stored_places;
pub use shelf::Shelf;

pub(crate) use dialer::Dialer;
pub(crate) use follower::{Follower, Following};
pub(crate) use guests::Guests;
pub(crate) use hub::{Hub, Standing};
pub(crate) use places::PlaceStore;
pub(crate) use routes::{Desk, router};
pub(crate) use store::Store;
