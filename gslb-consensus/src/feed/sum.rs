//! A hash of many objects that moves with each of them.

use super::object::Object;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The sum of the SHA-256 of every object, in four numbers: the order of objects plays no part, and
/// one that comes or goes moves it at the cost of that one.
///
/// It finds mistakes and damage. It is no proof against a sender that means harm: the sender is known
/// by its certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum([u64; 4]);

impl Sum {
    /// Takes an object in.
    pub fn add(&mut self, object: &Object) {
        self.change(object, u64::wrapping_add);
    }

    /// Takes an object out that was taken in before.
    pub fn remove(&mut self, object: &Object) {
        self.change(object, u64::wrapping_sub);
    }

    fn change(&mut self, object: &Object, step: fn(u64, u64) -> u64) {
        let hash = digest(&SHA256, &object.encode());
        let (lanes, _) = hash.as_ref().as_chunks::<8>();
        for (sum, lane) in self.0.iter_mut().zip(lanes) {
            *sum = step(*sum, u64::from_le_bytes(*lane));
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|lane| write!(f, "{lane:016x}"))
    }
}

impl std::str::FromStr for Sum {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected 64 hexadecimal digits";
        if text.len() != 64 || !text.is_ascii() {
            return Err(expected);
        }
        let mut lanes = [0; 4];
        for (index, lane) in lanes.iter_mut().enumerate() {
            let digits = text.get(index * 16..index * 16 + 16).ok_or(expected)?;
            *lane = u64::from_str_radix(digits, 16).map_err(|_| expected)?;
        }
        Ok(Self(lanes))
    }
}
