//! Zones: static records by RFC 1035, read from zone-file text ([`mod@read`]) and written back in one
//! canonical form ([`mod@write`]). The rules that a zone must keep are in [`super::check`].

pub mod entries;
pub mod read;
pub mod write;

mod declared;

pub use declared::{Soa, Zone};
