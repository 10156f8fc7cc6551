//! DNS bytes: reading a query, writing an answer.
//!
//! ```text
//! packet -> header -> question (lower-cased + hashed) -> edns (subnet) -> ... -> opt
//!                                             body (compile time only: compression)
//! ```
//!
//! Everything here is a pure function over slices. Reading never allocates; only [`body`], which
//! runs when a zone or a decision is compiled, does.

pub mod body;
pub mod code;
pub mod edns;
pub mod header;
pub mod name;
pub mod opt;
pub mod question;
pub mod subnet;
