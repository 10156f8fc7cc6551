//! Where the serving set is handed over: the control side puts one in, the data path reads it.
//!
//! ```text
//! compile -> Publication::publish (swap) ......... Reader::current: one relaxed load a batch
//!                     `-> old sets, freed here once no reader has them
//! ```

mod publication;

pub use publication::{Publication, Reader};
