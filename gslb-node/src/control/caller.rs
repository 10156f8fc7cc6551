//! Who asks for a change, and once.

use super::error::ApiError;
use super::identify::{Who, nobody};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gslb_consensus::raft::Origin;

/// Names the sender of a change: 128 random bits in hexadecimal.
const CLIENT: &str = "gslb-client";
/// Numbers the changes of one sender: a repeated number never applies twice.
const SEQ: &str = "gslb-seq";

/// A person or machine with a role, and the origin of what it asks for.
///
/// Whether the role is enough depends on the change: [`super::handlers::change::propose`] looks.
pub(super) struct Operator {
    /// Who it is.
    pub(super) who: Who,
    /// The origin of its change.
    pub(super) origin: Origin,
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(who) = parts.extensions.get::<Who>().cloned() else {
            return Err(nobody("who asks?"));
        };
        if let Some(id) = who.node {
            let message =
                format!("the certificate is of node {id}; only operators may change things");
            return Err(ApiError::forbidden(message));
        }
        let mut origin = Origin::new(&who.name);
        origin.caller = who.caller.clone();
        let header = |key: &str| {
            parts.headers.get(key).map(|v| v.to_str().map_err(|_| bad(key))).transpose()
        };
        match (header(CLIENT)?, header(SEQ)?) {
            (None, None) => {}
            (Some(client), Some(seq)) => {
                origin.client = u128::from_str_radix(client, 16).map_err(|_| bad(CLIENT))?;
                origin.seq = seq.parse().map_err(|_| bad(SEQ))?;
            }
            _ => return Err(ApiError::bad_request(format!("{CLIENT} and {SEQ} go together"))),
        }
        Ok(Self { who, origin })
    }
}

fn bad(header: &str) -> ApiError {
    let expected = if header == CLIENT { "up to 32 hexadecimal digits" } else { "a number" };
    ApiError::bad_request(format!("the header {header} must be {expected}"))
}
