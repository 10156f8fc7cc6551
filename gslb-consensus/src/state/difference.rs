//! What a command changed, in words: as it was before, and as it is afterwards.

use super::agreed::State;
use super::command::Command;
use super::overrides::OverrideTarget;
use super::roster::Seat;
use super::touched::{Touched, told, touched};
use crate::model::limits::AUDIT_TEXT_MAX;
use crate::model::{PoolId, RegionId};

/// What stands for something that is not there.
const NONE: &str = "none";

/// What a command was about, before and after it applied.
pub(super) fn difference(before: &State, after: &State, command: &Command) -> (String, String) {
    let command = command.inner();
    if let Command::PutConfig(_) = command {
        let objects = touched(&before.config, &after.config);
        return (objects_told(before, &objects), objects_told(after, &objects));
    }
    (about(before, after, command), about(after, after, command))
}

/// The objects that a state has of these, as many as fit.
fn objects_told(state: &State, objects: &[Touched]) -> String {
    let mut text = String::new();
    for object in objects {
        if let Some(one) = told(&state.config, object) {
            if !text.is_empty() {
                text.push_str(" | ");
            }
            text.push_str(&one);
        }
        // What comes behind would be cut anyway.
        if text.len() > AUDIT_TEXT_MAX {
            break;
        }
    }
    if text.is_empty() { NONE.to_owned() } else { text }
}

/// What `state` says of that which a command is about; `after` names what was added by it.
fn about(state: &State, after: &State, command: &Command) -> String {
    match command {
        Command::SetWeight(set) => weight(state, &set.region, set.pool.as_ref()),
        Command::SetOverride(set) => override_on(state, &set.target),
        Command::ClearOverride(clear) => override_on(state, &clear.target),
        Command::AddNode(_) | Command::AddObserver(_) => node(state, after.last_node_id),
        Command::PutNode(put) => node(state, put.id),
        Command::RemoveNode(remove) => node(state, remove.id),
        Command::SetSeat(set) => seat(state, set.id),
        Command::SetAutopilot(_) => autopilot(state),
        Command::PutUser(put) => user(state, &put.name),
        Command::RemoveUser(remove) => user(state, &remove.name),
        Command::PutToken(put) => token(state, &put.name),
        Command::RemoveToken(remove) => token(state, &remove.name),
        Command::PutInvite(put) => invite(state, &put.record.name),
        Command::RemoveInvite(remove) => invite(state, &remove.name),
        Command::SpendInvite(spend) => state
            .nodes
            .iter()
            .find(|(_, record)| record.name == spend.name)
            .map_or_else(|| NONE.to_owned(), |(id, _)| node(state, *id)),
        Command::SealIssuer(_) => issuer(state),
        Command::GrantCertificate(ask) => certificate(state, ask.node),
        Command::SetGeneration(_) => format!("generation {}", state.generation),
        Command::PutConfig(_)
        | Command::Guarded(_)
        | Command::ReportHealth(_)
        | Command::ExpireVantage(_)
        | Command::PassTime(_) => String::new(),
    }
}

fn weight(state: &State, region: &RegionId, pool: Option<&PoolId>) -> String {
    let set = match pool {
        None => state.weights.regions.get(region),
        Some(pool) => state.weights.pools.get(&(pool.clone(), region.clone())),
    };
    match (set, pool) {
        (Some(runtime), _) => format!("weight {}", runtime.weight),
        (None, None) => format!("weight {} as declared", state.region_weight(region)),
        (None, Some(_)) => format!("weight {} as of the region", state.region_weight(region)),
    }
}

/// An override in words, or that there is none.
pub(super) fn override_on(state: &State, target: &OverrideTarget) -> String {
    let Some(set) = state.overrides.get(target) else { return NONE.to_owned() };
    let end = match set.expires_ms {
        Some(at) => format!("until {at} ms"),
        None => "until cleared".to_owned(),
    };
    format!("{} {end}, by {}: {}", set.kind, set.owner, set.reason)
}

fn node(state: &State, id: u64) -> String {
    if let Some(record) = state.nodes.get(&id) {
        return format!("node {id} {}, raft {}, api {}", record.name, record.raft, record.api);
    }
    state.observers.get(&id).map_or_else(
        || NONE.to_owned(),
        |record| format!("observer {id} {}, feed {}, api {}", record.name, record.feed, record.api),
    )
}

fn seat(state: &State, id: u64) -> String {
    let Seat { learner, drained, replaced_by } = state.roster.seat(id);
    let mut text = (if learner { "stands by" } else { "votes" }).to_owned();
    if drained {
        text.push_str(", drained");
    }
    if let Some(by) = replaced_by {
        text.push_str(&format!(", replaced by node {by}"));
    }
    text
}

fn autopilot(state: &State) -> String {
    let switch = if state.roster.autopilot_off { "off" } else { "on" };
    format!("autopilot {switch}, dead after {} s", state.roster.dead_ms() / 1000)
}

fn user(state: &State, name: &str) -> String {
    match state.access.users.get(name) {
        None => NONE.to_owned(),
        Some(user) => user.grant.as_ref().map_or_else(|| "removed".to_owned(), ToString::to_string),
    }
}

/// An invite in words, without its hash, or that there is none.
pub(super) fn invite(state: &State, name: &str) -> String {
    let Some(invite) = state.joining.invites.get(name) else { return NONE.to_owned() };
    let (raft, api) = (&invite.record.raft, &invite.record.api);
    match invite.spent {
        Some(spent) => format!("spent by node {}", spent.node),
        None => format!("waits until {} ms, raft {raft}, api {api}", invite.expires_ms),
    }
}

fn issuer(state: &State) -> String {
    let issuer = state.joining.issuer.as_ref();
    issuer.map_or_else(|| NONE.to_owned(), |issuer| format!("ends at {} s", issuer.ends_s))
}

fn certificate(state: &State, node: u64) -> String {
    let granted = state.joining.granted.get(&node);
    granted.map_or_else(|| NONE.to_owned(), |granted| format!("ends at {} ms", granted.ends_ms))
}

/// A token in words, without its hash, or that there is none.
pub(super) fn token(state: &State, name: &str) -> String {
    let Some(token) = state.access.tokens.get(name) else { return NONE.to_owned() };
    match token.expires_ms {
        Some(at) => format!("{} until {at} ms", token.grant),
        None => format!("{} until removed", token.grant),
    }
}
