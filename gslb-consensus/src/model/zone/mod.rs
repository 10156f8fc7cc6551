//! Zones: static records by RFC 1035, read from zone-file text ([`mod@read`]) and written back in one
//! canonical form ([`mod@write`]). The rules that a zone must keep are in [`super::check`]; how its
//! records lie in memory is told at [`Records`].

pub mod entries;
pub mod read;
pub mod write;

mod builder;
mod declared;
mod plain;
mod rdata;
mod records;
mod words;

pub use builder::{PackError, RecordsBuilder};
pub use declared::{Soa, Zone};
pub use records::Records;
