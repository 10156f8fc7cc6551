//! The TOML form of a configuration.
//!
//! ```text
//! traffic.toml --[fields: tables with positions]--> read --> Config --[check]--> agreed
//!                                                            Config --> write --> canonical TOML
//! ```
//!
//! Reading names every fault with its line and path; writing gives the one canonical text, whose
//! reading gives the same configuration.

pub mod fields;
pub mod read;
pub mod units;
pub mod write;

mod read_policy;
mod read_pool;

pub use read::{Sources, read};
pub use write::write;

#[cfg(test)]
mod tests;
