//! How a rule names a set of places.

use crate::place::{Continent, Country, Place, Subdivision};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A set of places, as an operator's rule names it; the variants stand from the widest to the
/// narrowest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Selector {
    /// Every place, the unknown one too.
    Anywhere,
    /// A continent.
    Continent(Continent),
    /// A country.
    Country(Country),
    /// A subdivision of a country (ISO 3166-2).
    Subdivision(Country, Subdivision),
    /// A city of a country, by its English name, compared without case.
    City(Country, String),
}

impl Selector {
    /// Whether `place` lies in the set.
    #[must_use]
    pub fn matches(&self, place: &Place) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Continent(continent) => place.continent == Some(*continent),
            Self::Country(country) => place.country == Some(*country),
            Self::Subdivision(country, subdivision) => {
                place.country == Some(*country) && place.subdivision == Some(*subdivision)
            }
            Self::City(country, city) => {
                place.country == Some(*country)
                    && place.city.as_deref().is_some_and(|c| c.eq_ignore_ascii_case(city))
            }
        }
    }

    /// How narrow the set is: 0 anywhere, 1 continent, 2 country, 3 subdivision, 4 city.
    #[must_use]
    pub fn narrowness(&self) -> u8 {
        match self {
            Self::Anywhere => 0,
            Self::Continent(_) => 1,
            Self::Country(_) => 2,
            Self::Subdivision(..) => 3,
            Self::City(..) => 4,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere => f.write_str("anywhere"),
            Self::Continent(continent) => write!(f, "continent {continent}"),
            Self::Country(country) => write!(f, "country {country}"),
            Self::Subdivision(country, subdivision) => {
                write!(f, "subdivision {country}-{subdivision}")
            }
            Self::City(country, city) => write!(f, "city {country}/{city}"),
        }
    }
}
