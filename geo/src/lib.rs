//! Address -> place -> class.
//!
//! ```text
//!   MaxMind DB files --load--> PlaceTable <--builtin-- data/*.gz
//!                                  |                  (IPv4: all 32 bits, IPv6: the top 64)
//!                                  | with_overlay: operator prefixes, the longest wins
//!                                  v
//!                              PlaceTable -- place_of(address) --> place, prefix   (explain)
//!                                  | ClassTable::build(places, classify): once a distinct place
//!                                  v
//!                              ClassTable -- class_of_source(address) --> class    (data path)
//!                                         -- class_of_subnet(address, length) --> class, scope
//! ```
//!
//! A **place** is what an address maps to; a **class** is a set of places that one map treats
//! alike, a number that the caller gives out. All address space is held as sorted runs (`runs`);
//! look-ups never allocate. Distances are in [`distance`], the ways to name places in a rule in
//! [`selector`].

pub mod builtin;
mod country;
pub mod distance;
pub mod edition;
pub mod error;
pub mod load;
mod merge;
mod mmdb;
pub mod overlay;
pub mod place;
pub mod places;
pub mod point;
pub mod prefix;
mod record;
mod runs;
pub mod selector;
mod special;
pub mod table;

pub use edition::{Edition, EditionId};
pub use error::{LoadError, LoadFault};
pub use overlay::{OverlayError, PlacePatch};
pub use place::{Continent, Country, Place, Subdivision};
pub use places::PlaceTable;
pub use point::Point;
pub use prefix::Prefix;
pub use selector::Selector;
pub use table::{ClassTable, Home};
