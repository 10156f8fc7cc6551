//! Address -> place -> class.

pub mod place;
pub mod point;
pub mod prefix;
pub mod selector;

pub use place::{Continent, Country, Place, Subdivision};
pub use point::Point;
pub use prefix::Prefix;
pub use selector::Selector;
