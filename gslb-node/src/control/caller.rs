//! Who asks, and once.

use super::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use gslb_consensus::identity::Peer;
use gslb_consensus::raft::Origin;

/// Names the sender of a change: 128 random bits in hexadecimal.
const CLIENT: &str = "gslb-client";
/// Numbers the changes of one sender: a repeated number never applies twice.
const SEQ: &str = "gslb-seq";

/// An operator, by certificate, and the origin of what it asks for.
pub(super) struct Operator(pub(super) Origin);

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let name = match parts.extensions.get::<Peer>() {
            Some(Peer::Admin(name)) => name.clone(),
            Some(Peer::User(name)) => {
                let message = format!("{name} has the certificate of a user; only admins may ask");
                return Err(ApiError::forbidden(message));
            }
            Some(Peer::Node(id)) => {
                let message =
                    format!("the certificate is of node {id}; only operators may change things");
                return Err(ApiError::forbidden(message));
            }
            None => {
                let message = "no certificate of this cluster was shown: gslbctl needs --context";
                return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
            }
        };
        let mut origin = Origin::new(name);
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
        Ok(Self(origin))
    }
}

fn bad(header: &str) -> ApiError {
    let expected = if header == CLIENT { "up to 32 hexadecimal digits" } else { "a number" };
    ApiError::bad_request(format!("the header {header} must be {expected}"))
}
