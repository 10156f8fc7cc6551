//! Sending and reading the declared configuration.

use super::change::propose;
use crate::control::api::Api;
use crate::control::caller::Operator;
use crate::control::diff::diff;
use crate::control::error::ApiError;
use crate::control::input::{Params, Text};
use crate::control::shape::{ConfigApplied, ConfigParams, ReadParams};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use gslb_consensus::model::document;
use gslb_consensus::model::{Config, RegionId};
use gslb_consensus::state::command::PutConfig;
use gslb_consensus::state::{Command, Revision, RuntimeWeight, State as Agreed};
use std::fmt::Write as _;
use std::sync::Arc;

/// Says where the configuration last changed: what `expect` takes.
const CONFIG_REVISION: HeaderName = HeaderName::from_static("gslb-config");

/// `PUT /v1/config`: the body is a whole traffic file that names no other file. Every role may ask for a
/// dry run: it changes nothing.
pub(in crate::control) async fn apply(
    State(api): State<Api>,
    operator: Operator,
    Params(params): Params<ConfigParams>,
    Text(text): Text,
) -> Result<Json<ConfigApplied>, ApiError> {
    let no_files = |name: &str| {
        Err(format!("{name} cannot be read from here: gslbctl apply sends files along"))
    };
    let read = tokio::task::spawn_blocking(move || document::read(&text, None, &no_files)).await;
    let config = match read {
        Ok(Ok(config)) => Arc::new(config),
        Ok(Err(faults)) => {
            let message = format!("{} faults; nothing was changed", faults.0.len());
            return Err(ApiError::invalid(message, faults));
        }
        Err(_) => {
            let what = "the file could not be read; nothing was changed";
            return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what));
        }
    };
    let before = api.parts.cluster.state();
    let expect = params.expect.map(|text| expected_index(&text, &before)).transpose()?;
    let changes = diff(&before.config, &config);
    let notes = runtime_notes(&before, &config);
    let dry_run = params.dry_run;
    let revision = if dry_run {
        if expect.is_some_and(|index| index != before.config_index) {
            let what = format!("the configuration changed at {}", config_revision(&before));
            return Err(ApiError::new(StatusCode::CONFLICT, "conflict", what));
        }
        before.revision()
    } else {
        propose(&api, Command::PutConfig(PutConfig { config, expect }), operator).await?.0
    };
    Ok(Json(ConfigApplied { dry_run, revision, changes, notes }))
}

/// `GET /v1/config`: the canonical form; what is set at run time stands above it as comments.
pub(in crate::control) async fn export(
    State(api): State<Api>,
    Params(ask): Params<ReadParams>,
) -> Result<impl IntoResponse, ApiError> {
    let (state, _) = api.read(ask.consistency).await?;
    let mut text = String::new();
    for note in runtime_notes(&state, &state.config) {
        let _ = writeln!(text, "# {note}");
    }
    text.push_str(&document::write(&state.config));
    let headers = [
        (CONTENT_TYPE, "application/toml".to_owned()),
        (CONFIG_REVISION, config_revision(&state).to_string()),
    ];
    Ok((headers, text))
}

/// Where the configuration last changed.
pub(in crate::control) fn config_revision(state: &Agreed) -> Revision {
    Revision { history: state.history, index: state.config_index }
}

/// The log index that `expect` means: `42`, or `1.42` of the present history.
fn expected_index(text: &str, state: &Agreed) -> Result<u64, ApiError> {
    if let Ok(index) = text.parse::<u64>() {
        return Ok(index);
    }
    match text.parse::<Revision>() {
        Ok(revision) if revision.history == state.history => Ok(revision.index),
        Ok(revision) => {
            let what = format!(
                "{revision} is of another history: this cluster was restored since and is at {}",
                config_revision(state)
            );
            Err(ApiError::new(StatusCode::CONFLICT, "conflict", what))
        }
        Err(expected) => Err(ApiError::bad_request(format!("`expect`: {expected}"))),
    }
}

/// A line for each runtime weight: whether it stands over `next`, or ends with it.
fn runtime_notes(state: &Agreed, next: &Config) -> Vec<String> {
    let note = |region: &RegionId, of: &RuntimeWeight, pool: String| {
        let flag = if pool.is_empty() { String::new() } else { format!(" --pool {pool}") };
        let place = if pool.is_empty() { String::new() } else { format!(" in pool {pool}") };
        let declared = next.regions.get(region).map(|r| r.weight);
        match declared {
            Some(declared) if declared == of.declared => format!(
                "region {region}{place} has the runtime weight {} (by {}), over the declared {declared}: \
                 gslbctl set-weight {region} --clear{flag} ends it",
                of.weight, of.actor
            ),
            Some(declared) => format!(
                "the runtime weight {} of region {region}{place} ends: the file now declares {declared}",
                of.weight
            ),
            None => format!(
                "the runtime weight {} of region {region}{place} ends with the region",
                of.weight
            ),
        }
    };
    let regions = state.weights.regions.iter().map(|(r, w)| note(r, w, String::new()));
    let pools = state.weights.pools.iter().map(|((p, r), w)| note(r, w, p.to_string()));
    regions.chain(pools).collect()
}
