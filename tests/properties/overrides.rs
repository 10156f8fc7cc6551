//! Overrides end by agreed time, and by nothing else.

use crate::states::{TRAFFIC, Trial};
use gslb_consensus::state::command::{ClearOverride, PassTime, SetOverride};
use gslb_consensus::state::{Command, EndpointState, OverrideKind, OverrideTarget, Reply, Why};

const HOUR_MS: u64 = 3_600_000;

fn set(target: OverrideTarget, kind: OverrideKind, for_ms: Option<u64>) -> Command {
    Command::SetOverride(SetOverride { target, kind, reason: "test".to_owned(), for_ms })
}

fn east() -> OverrideTarget {
    OverrideTarget::Region("east".parse().unwrap())
}

fn east_1() -> OverrideTarget {
    OverrideTarget::Endpoint("east-1".parse().unwrap())
}

fn state_of_east_1(trial: &Trial) -> (EndpointState, Why) {
    let (pool, endpoint) = trial.state.config.endpoint(&"east-1".parse().unwrap()).unwrap();
    trial.state.endpoint_state(pool, endpoint)
}

#[test]
fn an_override_ends_with_the_first_entry_at_or_past_its_end_and_not_before() {
    let mut trial = Trial::new(0);
    trial.done(set(east(), OverrideKind::Drain, Some(HOUR_MS)));
    let start = trial.now_ms;
    for (now_ms, stands) in
        [(start + HOUR_MS - 1, true), (start, true), (start + HOUR_MS, false), (start, false)]
    {
        trial.now_ms = now_ms;
        trial.done(Command::PassTime(PassTime {}));
        assert_eq!(trial.state.overrides.contains_key(&east()), stands, "at {}", now_ms - start);
    }
    assert_eq!(trial.state.time_ms, start + HOUR_MS, "agreed time never goes back");
}

#[test]
fn an_endpoints_override_goes_before_its_regions_and_both_before_probes() {
    let mut trial = Trial::new(0);
    assert_eq!(state_of_east_1(&trial), (EndpointState::Up, Why::NoVerdictYet));
    trial.done(set(east(), OverrideKind::ForceDown, None));
    assert_eq!(state_of_east_1(&trial), (EndpointState::ForcedDown, Why::RegionOverride));
    trial.done(set(east_1(), OverrideKind::ForceUp, None));
    assert_eq!(state_of_east_1(&trial), (EndpointState::Up, Why::OwnOverride));
    let clear = ClearOverride { target: east_1(), reason: String::new() };
    trial.done(Command::ClearOverride(clear.clone()));
    assert_eq!(state_of_east_1(&trial), (EndpointState::ForcedDown, Why::RegionOverride));
    assert!(matches!(trial.apply(Command::ClearOverride(clear)), Reply::Refused { .. }));
}

#[test]
fn an_override_needs_a_reason_a_target_and_an_end_within_72_hours() {
    let mut trial = Trial::new(0);
    trial.done(set(east(), OverrideKind::Drain, Some(72 * HOUR_MS)));
    let no_reason = SetOverride {
        target: east(),
        kind: OverrideKind::Drain,
        reason: "  ".to_owned(),
        for_ms: Some(1),
    };
    for refused in [
        set(east_1(), OverrideKind::Drain, Some(72 * HOUR_MS + 1)),
        set(east_1(), OverrideKind::Drain, Some(0)),
        set(OverrideTarget::Region("north".parse().unwrap()), OverrideKind::Drain, None),
        Command::SetOverride(no_reason),
    ] {
        assert!(matches!(trial.apply(refused), Reply::Refused { .. }));
    }
    assert_eq!(trial.state.overrides.len(), 1);
}

#[test]
fn an_override_goes_with_what_it_was_about() {
    let mut trial = Trial::new(0);
    trial.done(set(east_1(), OverrideKind::Drain, None));
    trial.put(&TRAFFIC.replace("east-1", "east-2"));
    assert!(trial.state.overrides.is_empty());
}
