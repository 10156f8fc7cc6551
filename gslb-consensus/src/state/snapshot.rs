//! The state as bytes.

use super::agreed::State;
use super::envelope::{UnknownFormat, append};
use super::snapshot_v1::StateV1;
use serde::de::DeserializeOwned;

/// The format of the bytes.
const FORMAT: u8 = 2;

impl State {
    /// The whole state as bytes; equal states give equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_behind(Vec::new())
    }

    /// The same behind what is there already, without a copy of its own.
    #[must_use]
    pub fn encode_behind(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.push(FORMAT);
        append(self, bytes)
    }

    /// Reads what [`State::encode`] wrote.
    ///
    /// # Errors
    /// Another format, or bytes that do not fit it.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownFormat> {
        match bytes.split_first() {
            Some((&FORMAT, body)) => read(body),
            Some((1, body)) => read::<StateV1>(body).map(Self::from),
            Some((format, _)) => Err(UnknownFormat {
                what: format!("a snapshot has format {format}, known are 1 to {FORMAT}"),
            }),
            None => Err(UnknownFormat { what: "a snapshot is empty".to_owned() }),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, UnknownFormat> {
    postcard::from_bytes(body)
        .map_err(|error| UnknownFormat { what: format!("a snapshot cannot be read: {error}") })
}
