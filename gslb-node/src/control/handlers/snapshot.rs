//! The agreed state as a backup.

use crate::control::api::Api;
use crate::control::backup::backup_of;
use crate::control::caller::Operator;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::shape::ReadParams;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use gslb_consensus::state::Role;

/// `GET /v1/snapshot`: of this node's state, or, if asked for, of the newest; for admins.
pub(in crate::control) async fn save(
    State(api): State<Api>,
    operator: Operator,
    Params(ask): Params<ReadParams>,
) -> Result<impl IntoResponse, ApiError> {
    if operator.who.grant.role < Role::Admin {
        let (name, role) = (&operator.who.name, operator.who.grant.role);
        let what = format!("{name} is {role}; a backup of all that is agreed needs the role admin");
        return Err(ApiError::forbidden(what));
    }
    let (state, _) = api.read(ask.consistency).await?;
    let backup = backup_of(&api.parts.identity, &state);
    let failed = |why: String| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", why);
    // A large state takes a while to write down.
    let bytes = tokio::task::spawn_blocking(move || backup.encode()).await;
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes))
}
