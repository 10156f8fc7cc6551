//! Weights and overrides.

use super::change_args::{Clear, Drain, Force, Over, SetWeight, UpOrDown, Wait};
use super::client::Client;
use super::error::CtlError;
use super::output::Output;
use super::wait;
use crate::control::shape::{
    Applied, ClearRequest, OverrideRequest, OverrideWord, WaitReply, WeightRequest,
};
use serde::Serialize;

/// What a change prints for programs.
#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    applied: &'a Applied,
    wait: Option<&'a WaitReply>,
}

/// `gslbctl set-weight`.
pub(super) async fn set_weight(
    client: &Client,
    args: SetWeight,
    output: Output,
) -> Result<(), CtlError> {
    let bad = |what: &str, text: &str, e: &dyn std::fmt::Display| {
        CtlError::Usage(format!("{what} {text:?}: {e}"))
    };
    let region = args.region.parse().map_err(|e| bad("region", &args.region, &e))?;
    let pool = match &args.pool {
        Some(text) => Some(text.parse().map_err(|e| bad("pool", text, &e))?),
        None => None,
    };
    let request = WeightRequest {
        region,
        pool,
        weight: args.weight,
        reason: args.reason,
        expect: args.expect.expect,
    };
    let applied = client.post("/v1/weights", &request).await?;
    finish(client, &applied, &args.wait, output).await
}

/// `gslbctl force`.
pub(super) async fn force(client: &Client, args: Force, output: Output) -> Result<(), CtlError> {
    let kind = match args.to {
        UpOrDown::Up => OverrideWord::ForceUp,
        UpOrDown::Down => OverrideWord::ForceDown,
    };
    set(client, args.target, kind, args.over, &args.wait, output).await
}

/// `gslbctl drain`.
pub(super) async fn drain(client: &Client, args: Drain, output: Output) -> Result<(), CtlError> {
    set(client, args.target, OverrideWord::Drain, args.over, &args.wait, output).await
}

/// `gslbctl clear`.
pub(super) async fn clear(client: &Client, args: Clear, output: Output) -> Result<(), CtlError> {
    let path = format!("/v1/overrides/{}", args.target);
    let applied = client
        .delete(&path, &ClearRequest { reason: args.reason, expect: args.expect.expect })
        .await?;
    finish(client, &applied, &args.wait, output).await
}

async fn set(
    client: &Client,
    target: String,
    kind: OverrideWord,
    over: Over,
    wait: &Wait,
    output: Output,
) -> Result<(), CtlError> {
    let Over { lasts, permanent, reason, expect } = over;
    let expect = expect.expect;
    let request = OverrideRequest { target, kind, reason, lasts, permanent, expect };
    let applied = client.post("/v1/overrides", &request).await?;
    finish(client, &applied, wait, output).await
}

/// Waits if asked to, and says what came of it.
async fn finish(
    client: &Client,
    applied: &Applied,
    args: &Wait,
    output: Output,
) -> Result<(), CtlError> {
    if !output.json {
        output.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        applied.notes.iter().for_each(|note| output.line(&format!("note: {note}")));
    }
    let waited = wait::wait(client, args, applied.revision).await?;
    output.show(&Changed { applied, wait: waited.as_ref() }, |o| wait::tell(waited.as_ref(), o))?;
    wait::verdict(waited.as_ref())
}
