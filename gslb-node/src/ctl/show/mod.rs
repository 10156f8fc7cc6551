//! What is happening: status, health, overrides, explanations, the audit trail.

mod audit;
mod explain;
mod health;
mod label;
mod overrides;
mod status;
mod weights;

pub(super) use audit::{audit, verify};
pub(super) use explain::explain;
pub(super) use health::health;
pub(super) use label::label;
pub(super) use overrides::overrides;
pub(super) use status::status;
pub(super) use weights::weights;
