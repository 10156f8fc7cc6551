//! The state as bytes.
//!
//! ```text
//! format 1: 1, the state before weights and overrides told which change set them
//! format 2: 2, the state before there were users, tokens, a chain of the audit trail and a roster
//! format 3: 3, the state before there were generations; still written in generation 1
//! format 4: 4, the state
//! ```

use super::agreed::State;
use super::envelope::{UnknownFormat, append};
use super::generation::Generation;
use super::snapshot_v1::StateV1;
use super::snapshot_v2::StateV2;
use super::snapshot_v3::StateV3;
use serde::de::DeserializeOwned;

/// The format of the bytes.
const FORMAT: u8 = 4;
/// The format that every version of generation 1 reads.
const FORMAT_3: u8 = 3;

impl State {
    /// The whole state as bytes, in the format of its generation; equal states give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_behind(Vec::new())
    }

    /// The same behind what is there already, without a copy of its own.
    #[must_use]
    pub fn encode_behind(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.generation == Generation::FIRST {
            bytes.push(FORMAT_3);
            return append(&StateV3::of(self), bytes);
        }
        bytes.push(FORMAT);
        append(self, bytes)
    }

    /// Reads what [`State::encode`] wrote.
    ///
    /// # Errors
    /// Another format or generation, or bytes that do not fit it.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownFormat> {
        let v3 = match bytes.split_first() {
            Some((&FORMAT, body)) => return from_bytes(body).and_then(known),
            Some((&FORMAT_3, body)) => from_bytes::<StateV3>(body),
            // Each format is turned into the next one.
            Some((2, body)) => from_bytes::<StateV2>(body).map(StateV3::from),
            Some((1, body)) => from_bytes::<StateV1>(body).map(StateV2::from).map(StateV3::from),
            Some((format, _)) => Err(UnknownFormat {
                what: format!("a snapshot has format {format}, known are 1 to {FORMAT}"),
            }),
            None => Err(UnknownFormat { what: "a snapshot is empty".to_owned() }),
        };
        v3.map(Self::from)
    }
}

/// Refuses a state that goes on in a generation which this version does not read.
fn known(state: State) -> Result<State, UnknownFormat> {
    if state.generation.is_known() {
        return Ok(state);
    }
    let (at, newest) = (state.generation, Generation::NEWEST);
    let what = format!("a snapshot is of generation {at}, this version reads up to {newest}");
    Err(UnknownFormat { what })
}

fn from_bytes<T: DeserializeOwned>(body: &[u8]) -> Result<T, UnknownFormat> {
    let broken = |why: String| UnknownFormat { what: format!("a snapshot cannot be read: {why}") };
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(broken(format!("it has {} bytes too many", rest.len()))),
        Err(error) => Err(broken(error.to_string())),
    }
}
