//! Deciding: which region a client is led to.
//!
//! ```text
//! place --[classifier: ranks by place, one u8 a region and filter]--> class
//! class + policy --[tiers: each filter splits what the ones before left tied]--> tiers, best first
//! tiers + health --[choice: the first tier with a region that is up]--> weighted regions
//! ```
//!
//! All of it is pure and runs when something changes, never in a query: [`crate::compile`] stores the
//! result for every class. [`explain`] tells the same steps in words.

pub mod choice;
pub mod classifier;
pub mod explain;
pub mod ranks;
pub mod tiers;

pub use choice::{Basis, Choice, RegionHealth, choose};
pub use classifier::{Classifier, Ranks};
pub use tiers::{Candidate, Tier, tiers};
