//! What an address maps to.

use crate::point::Point;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no code of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeError {
    /// What was expected, for a person.
    pub expected: &'static str,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for CodeError {}

/// Declares a short upper-case code type over a fixed array.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $min:literal ..= $max:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $max]);

        impl $name {
            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.0).unwrap_or_default().trim_end_matches('\0')
            }
        }

        impl FromStr for $name {
            type Err = CodeError;

            fn from_str(text: &str) -> Result<Self, CodeError> {
                let fits = ($min..=$max).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                if !fits {
                    return Err(CodeError { expected: $expected });
                }
                let mut code = [0; $max];
                for (to, from) in code.iter_mut().zip(text.bytes()) {
                    *to = from;
                }
                Ok(Self(code))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.as_str().to_owned()
            }
        }

        impl TryFrom<String> for $name {
            type Error = CodeError;

            fn try_from(text: String) -> Result<Self, CodeError> {
                text.parse()
            }
        }
    };
}

code!(
    /// An ISO 3166-1 alpha-2 country code.
    Country, 2..=2, "an ISO 3166-1 country code, as DE"
);
code!(
    /// The part of an ISO 3166-2 code after the country.
    Subdivision, 1..=3, "the part of an ISO 3166-2 code after the country, as CA"
);

/// A continent, with the codes of the MaxMind schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Continent {
    Africa,
    Antarctica,
    Asia,
    Europe,
    NorthAmerica,
    Oceania,
    SouthAmerica,
}

impl Continent {
    /// All of them, by code.
    pub const ALL: [Self; 7] = [
        Self::Africa,
        Self::Antarctica,
        Self::Asia,
        Self::Europe,
        Self::NorthAmerica,
        Self::Oceania,
        Self::SouthAmerica,
    ];

    /// The two-letter code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Africa => "AF",
            Self::Antarctica => "AN",
            Self::Asia => "AS",
            Self::Europe => "EU",
            Self::NorthAmerica => "NA",
            Self::Oceania => "OC",
            Self::SouthAmerica => "SA",
        }
    }
}

impl FromStr for Continent {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::ALL
            .into_iter()
            .find(|c| c.as_str() == text)
            .ok_or(CodeError { expected: "a continent code: AF, AN, AS, EU, NA, OC or SA" })
    }
}

impl fmt::Display for Continent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an address maps to. The default is the unknown place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The continent, given or derived from the country.
    pub continent: Option<Continent>,
    /// The country; the registered one where the data gives no other.
    pub country: Option<Country>,
    /// The first-level subdivision of the country.
    pub subdivision: Option<Subdivision>,
    /// The English name of the city.
    pub city: Option<Arc<str>>,
    /// Where distance is measured from; none where the data is too vague (radius over 500 km).
    pub location: Option<Point>,
    /// How far off `location` may be, in km.
    pub radius_km: u16,
    /// The autonomous system that announces the address.
    pub asn: Option<u32>,
}
