//! Turns the agreed state into what a query is answered from.
//!
//! ```text
//! zones + steered names -> zone (RFC 1034, 4592) -> names: hash of wire names -> slots
//!                             chain (CNAMEs)          |            |
//!                                              static body    steered id
//!                                              (bodies)            |
//!                      map: address -> class --> table[class] -> row -> drawn answer -> body
//! ```
//!
//! **Body**: everything of an answer after the question, encoded here and copied by a query.
//! **Table**: one row per class of a map; names with equal policy and pool share one. **Row**: the
//! weighted answers of one class, drawn exactly. [`Published`] is the whole, swapped at once.
//!
//! Nothing here reads a clock, a file or a random source.

pub mod bodies;
mod chain;
pub mod compiler;
pub mod decisions;
pub mod explain;
pub mod names;
pub mod pool_view;
pub mod published;
pub mod sample;
pub mod table;
mod tree;
pub mod zone;

pub use bodies::{BodyArena, BodyArenaBuilder, BodyId};
pub use compiler::{CompileFault, Compiler};
pub use names::{Names, NamesBuilder, SteeredId};
pub use published::{Published, Steered};
pub use table::{Answers, Table, TableBuilder, WeightedAnswer};
pub use zone::{StaticRecord, SteeredKind, SteeredSource, ZoneFault, ZoneSource};

#[cfg(test)]
mod compiler_tests;
