//! The rules of the state, one table each.

use super::command::{ClearOverride, ExpireVantage, PassTime, PutConfig, SetOverride, SetWeight};
use super::{
    Command, EndpointState, Envelope, Guarded, NodeRecord, OverrideKind, OverrideTarget,
    RefusalCode, Reply, Report, State,
};
use crate::model::document;
use std::sync::Arc;

const DOCUMENT: &str = r#"
[[zones]]
name = "gslb.example"
records = """
@ 60 SOA ns1 hostmaster 10 3600 600 86400 60
@ 60 NS ns1
ns1 60 A 192.0.2.53
"""
[[regions]]
id = "fra"
weight = 100
[[regions]]
id = "iad"
[[monitors]]
id = "m"
kind = "tcp"
port = 80
[[pools]]
id = "web"
monitor = "m"
endpoints = [
  { id = "f1", region = "fra", address = "192.0.2.1" },
  { id = "i1", region = "iad", address = "192.0.2.2" },
]
[[names]]
name = "www.gslb.example"
pool = "web"
"#;

/// A state under test: hands out log indexes and sender sequences.
struct Bench {
    state: State,
    now_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { state: State::default(), now_ms: 1_000 };
        for name in ["n1", "n2", "n3", "n4", "n5"] {
            let record = NodeRecord { name: name.into(), raft: "a:1".into(), api: "a:2".into() };
            bench.done(Command::AddNode(record));
        }
        bench.put(DOCUMENT);
        bench
    }

    fn send(&mut self, command: Command) -> Reply {
        let index = self.state.index + 1;
        let envelope = Envelope {
            client: 7,
            seq: index,
            actor: "ann".to_owned(),
            caller: None,
            stamp_ms: self.now_ms,
            command,
        };
        self.state.apply(index, &envelope)
    }

    fn done(&mut self, command: Command) {
        let reply = self.send(command);
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }

    fn put(&mut self, text: &str) {
        let config = document::read(text, None, &|_| Err(String::new())).unwrap();
        self.done(Command::PutConfig(PutConfig { config: Arc::new(config), expect: None }));
    }

    fn weigh(&mut self, weight: Option<u16>) {
        let region = "fra".parse().unwrap();
        let reason = String::new();
        self.done(Command::SetWeight(SetWeight { region, pool: None, weight, reason }));
    }

    fn vote(&mut self, node: u64, seq: u64, up: bool) {
        let changes = vec![("f1".parse().unwrap(), up, "test".to_owned())];
        self.done(Command::ReportHealth(Report { node, incarnation: 1, seq, changes }));
    }

    fn state_of(&self, id: &str) -> EndpointState {
        let (pool, endpoint) = self.state.config.endpoint(&id.parse().unwrap()).unwrap();
        self.state.endpoint_state(pool, endpoint).0
    }

    fn weight(&self) -> u16 {
        self.state.region_weight(&"fra".parse().unwrap())
    }
}

#[test]
fn a_strict_majority_of_live_votes_decides_and_a_tie_keeps_what_was() {
    // Votes in order of arrival, and whether the endpoint is up after each.
    for (votes, expected) in [
        (vec![(1, false)], vec![false]),
        (vec![(1, false), (2, true)], vec![false, false]),
        (vec![(1, true), (2, false)], vec![true, true]),
        (vec![(1, true), (2, false), (3, false)], vec![true, true, false]),
        (
            vec![(1, true), (2, true), (3, false), (4, false), (5, false)],
            vec![true, true, true, true, false],
        ),
    ] {
        let mut bench = Bench::new();
        for ((node, up), expected) in votes.iter().zip(expected) {
            bench.vote(*node, 1, *up);
            let state = if expected { EndpointState::Up } else { EndpointState::Sick };
            assert_eq!(bench.state_of("f1"), state, "{votes:?} at {node}");
        }
    }
}

#[test]
fn a_silent_vantage_no_longer_counts_unless_it_has_spoken_since() {
    let mut bench = Bench::new();
    bench.vote(1, 1, true);
    bench.vote(2, 1, false);
    bench.vote(3, 1, false);
    let expire = |node, seq| Command::ExpireVantage(ExpireVantage { node, incarnation: 1, seq });
    bench.done(expire(2, 0));
    assert_eq!(bench.state_of("f1"), EndpointState::Sick, "a late expiry changes nothing");
    bench.done(expire(2, 1));
    bench.done(expire(3, 1));
    assert_eq!(bench.state_of("f1"), EndpointState::Up);
    bench.vote(2, 2, false);
    bench.vote(3, 2, false);
    assert_eq!(bench.state_of("f1"), EndpointState::Sick);
}

#[test]
fn a_runtime_weight_survives_an_apply_until_the_file_changes_it_or_it_is_cleared() {
    let mut bench = Bench::new();
    bench.weigh(Some(7));
    bench.put(&DOCUMENT.replace("port = 80", "port = 81"));
    assert_eq!(bench.weight(), 7);
    bench.put(&DOCUMENT.replace("weight = 100", "weight = 30"));
    assert_eq!(bench.weight(), 30);
    bench.weigh(Some(0));
    assert_eq!(bench.weight(), 0);
    bench.weigh(None);
    assert_eq!(bench.weight(), 30);
}

#[test]
fn overrides_end_by_agreed_time_and_an_endpoints_own_goes_first() {
    let mut bench = Bench::new();
    let set = |target, kind, for_ms| {
        let reason = "drill".to_owned();
        Command::SetOverride(SetOverride { target, kind, reason, for_ms })
    };
    let region = OverrideTarget::Region("fra".parse().unwrap());
    let endpoint = OverrideTarget::Endpoint("f1".parse().unwrap());
    bench.done(set(region.clone(), OverrideKind::ForceDown, Some(1_000)));
    assert_eq!(bench.state_of("f1"), EndpointState::ForcedDown);
    bench.done(set(endpoint.clone(), OverrideKind::ForceUp, None));
    assert_eq!(bench.state_of("f1"), EndpointState::Up);
    bench.done(Command::ClearOverride(ClearOverride { target: endpoint, reason: String::new() }));
    bench.now_ms = 1_999;
    bench.done(Command::PassTime(PassTime {}));
    assert_eq!(bench.state_of("f1"), EndpointState::ForcedDown);
    bench.now_ms = 2_000;
    bench.done(Command::PassTime(PassTime {}));
    assert_eq!(bench.state_of("f1"), EndpointState::Up);
    assert_eq!(bench.state.next_expiry(), None);
    let refused = bench.send(set(region, OverrideKind::Drain, Some(73 * 3_600_000)));
    assert!(matches!(refused, Reply::Refused { code: RefusalCode::Invalid, .. }));
}

#[test]
fn agreed_time_never_goes_back() {
    let mut bench = Bench::new();
    bench.now_ms = 5;
    bench.done(Command::PassTime(PassTime {}));
    assert_eq!(bench.state.time_ms, 1_000);
}

#[test]
fn the_serial_moves_with_zone_data_only() {
    let mut bench = Bench::new();
    let serial = |bench: &Bench| bench.state.serials.values().next().copied();
    assert_eq!(serial(&bench), Some(10));
    bench.weigh(Some(1));
    bench.vote(1, 1, false);
    assert_eq!(serial(&bench), Some(10));
    bench.put(&DOCUMENT.replace("ns1 60 A 192.0.2.53", "ns1 60 A 192.0.2.54"));
    assert_eq!(serial(&bench), Some(11), "the file's serial did not move, so the agreed one does");
    bench.put(&DOCUMENT.replace("hostmaster 10", "hostmaster 2026112300"));
    assert_eq!(serial(&bench), Some(2_026_112_300));
    bench.put(&DOCUMENT.replace("hostmaster 10", "hostmaster 5"));
    assert_eq!(serial(&bench), Some(2_026_112_301), "never back");
}

#[test]
fn a_retry_is_answered_as_before_and_applies_once() {
    let mut bench = Bench::new();
    let region = "fra".parse().unwrap();
    let set = SetWeight { region, pool: None, weight: Some(5), reason: String::new() };
    let envelope = Envelope {
        client: 99,
        seq: 1,
        actor: "ann".to_owned(),
        caller: None,
        stamp_ms: 1,
        command: Command::SetWeight(set),
    };
    let first = bench.state.apply(100, &envelope);
    bench.weigh(Some(6));
    assert_eq!(bench.state.apply(200, &envelope), first);
    assert_eq!(bench.weight(), 6);
}

#[test]
fn a_configuration_seen_before_another_change_is_refused() {
    let mut bench = Bench::new();
    let seen = bench.state.config_index;
    let text = DOCUMENT.replace("port = 80", "port = 81");
    let config = Arc::new(document::read(&text, None, &|_| Err(String::new())).unwrap());
    bench.vote(1, 1, false);
    let put =
        |expect| Command::PutConfig(PutConfig { config: config.clone(), expect: Some(expect) });
    assert!(matches!(
        bench.send(put(seen - 1)),
        Reply::Refused { code: RefusalCode::Conflict, .. }
    ));
    bench.done(put(seen));
}

#[test]
fn what_a_new_configuration_does_not_hold_is_forgotten() {
    let mut bench = Bench::new();
    bench.vote(1, 1, false);
    bench.put(&DOCUMENT.replace("192.0.2.1\"", "192.0.2.9\""));
    assert_eq!(
        bench.state_of("f1"),
        EndpointState::Sick,
        "the last verdict stands until a new one"
    );
    assert!(bench.state.health.votes.is_empty());
    bench.put(&DOCUMENT.replace("monitor = \"m\"\n", ""));
    assert!(bench.state.health.agreed.is_empty());
}

#[test]
fn node_ids_are_never_given_again() {
    let mut bench = Bench::new();
    bench.done(Command::RemoveNode(super::command::RemoveNode { id: 5 }));
    let record = NodeRecord { name: "n6".into(), raft: "a:1".into(), api: "a:2".into() };
    let put = super::command::PutNode { id: 5, record: record.clone() };
    assert!(matches!(bench.send(Command::PutNode(put)), Reply::Refused { .. }));
    let reply = bench.send(Command::AddNode(record));
    assert!(matches!(reply, Reply::Done { id: Some(6), .. }), "{reply:?}");
}

#[test]
fn a_state_comes_back_from_its_bytes() {
    let mut bench = Bench::new();
    bench.vote(1, 1, false);
    bench.weigh(Some(5));
    let bytes = bench.state.encode();
    let back = State::decode(&bytes).unwrap();
    assert_eq!(back, bench.state);
    assert_eq!(back.encode(), bytes);
    assert!(State::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(State::decode(&[&bytes[..], &[0]].concat()).is_err());
    assert!(State::decode(&[9]).is_err() && State::decode(&[5]).is_err());
}

#[test]
fn what_compares_applies_only_to_what_was_seen_and_objects_are_compared_alone() {
    let mut bench = Bench::new();
    let weigh = |weight: u16| {
        let region = "fra".parse().unwrap();
        let reason = String::new();
        Command::SetWeight(SetWeight { region, pool: None, weight: Some(weight), reason })
    };
    let drain = |for_ms| {
        let target = OverrideTarget::Region("iad".parse().unwrap());
        let (kind, reason) = (OverrideKind::Drain, "test".to_owned());
        Command::SetOverride(SetOverride { target, kind, reason, for_ms })
    };
    let if_seen = |seen, command| Command::Guarded(Guarded { seen, command: Box::new(command) });
    let at = |reply: Reply| match reply {
        Reply::Done { revision, .. } => Ok(revision),
        Reply::Refused { code, .. } => Err(code),
    };
    // Nothing is set, and then it is.
    let first = at(bench.send(if_seen(None, weigh(10)))).unwrap();
    assert_eq!(at(bench.send(if_seen(None, weigh(11)))), Err(RefusalCode::Conflict));
    assert_eq!(bench.weight(), 10);
    // Health, other objects and refused changes are no conflict.
    bench.vote(1, 1, false);
    let drained = at(bench.send(if_seen(None, drain(Some(60_000))))).unwrap();
    let second = at(bench.send(if_seen(Some(first), weigh(12)))).unwrap();
    assert_eq!(at(bench.send(if_seen(Some(first), weigh(13)))), Err(RefusalCode::Conflict));
    assert_eq!(bench.weight(), 12);
    // A change that does not compare counts too; clearing makes it as if never set.
    bench.weigh(Some(14));
    assert_eq!(at(bench.send(if_seen(Some(second), weigh(15)))), Err(RefusalCode::Conflict));
    bench.weigh(None);
    assert!(at(bench.send(if_seen(None, weigh(16)))).is_ok());
    // An override that ran out is gone for who saw it.
    bench.now_ms += 60_000;
    let again = bench.send(if_seen(Some(drained), drain(None)));
    assert_eq!(at(again), Err(RefusalCode::Conflict));
    assert!(at(bench.send(if_seen(None, drain(None)))).is_ok());
    // Nothing else compares, and no guard guards another.
    let config = bench.state.config.clone();
    let put = Command::PutConfig(PutConfig { config, expect: None });
    for other in [put, if_seen(None, weigh(17))] {
        assert_eq!(at(bench.send(if_seen(None, other))), Err(RefusalCode::Invalid));
    }
}

#[test]
fn a_snapshot_of_format_1_is_read_and_its_objects_changed_at_the_latest_with_it() {
    let bytes = include_bytes!("golden/state-1.bin");
    let state = State::decode(bytes).unwrap();
    assert_eq!(state.revision().to_string(), "0.12");
    let weight = &state.weights.regions["fra"];
    assert_eq!((weight.weight, weight.declared, weight.changed), (7, 100, state.revision()));
    let (_, said) = state.overrides.first_key_value().unwrap();
    assert_eq!((said.kind, said.changed), (OverrideKind::Drain, state.revision()));
    assert_eq!(State::decode(&state.encode()).as_ref(), Ok(&state));
    assert_eq!(state.encode()[0], 3);
}
