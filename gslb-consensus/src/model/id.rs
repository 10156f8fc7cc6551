//! Identifiers of declared things: short, lower-case, safe in a path, a metric label and a shell.

use super::limits::ID_LEN_MAX;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdError;

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an identifier is 1 to {ID_LEN_MAX} of a-z, 0-9, '-', '_' and '.', first a letter or digit"
        )
    }
}

impl std::error::Error for IdError {}

fn is_id(text: &str) -> bool {
    text.len() <= ID_LEN_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
}

/// Declares one identifier type.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_id(text) { Ok(Self(text.into())) } else { Err(IdError) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

id!(
    /// Names a region.
    RegionId
);
id!(
    /// Names an endpoint; unique in a configuration, and no region's id.
    EndpointId
);
id!(
    /// Names a pool.
    PoolId
);
id!(
    /// Names a monitor.
    MonitorId
);
id!(
    /// Names a policy.
    PolicyId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_up_to_its_limit_and_no_further() {
        assert!("a".repeat(ID_LEN_MAX).parse::<RegionId>().is_ok());
        assert!("a".repeat(ID_LEN_MAX + 1).parse::<RegionId>().is_err());
        for bad in ["", "-a", "A", "a b", "ä", "a/b"] {
            assert!(bad.parse::<RegionId>().is_err(), "{bad:?}");
        }
    }
}
