//! The same log gives the same bytes on every node, whenever each takes or installs a snapshot.

use crate::configs;
use crate::tape::{Tape, tape};
use gslb_consensus::model::{Config, EndpointId, check};
use gslb_consensus::state::command::{
    ClearOverride, ExpireVantage, PassTime, PutConfig, PutNode, PutToken, PutUser, RemoveNode,
    RemoveToken, RemoveUser, SetOverride, SetWeight,
};
use gslb_consensus::state::{
    Caller, Command, Envelope, Grant, NodeRecord, OverrideKind, OverrideTarget, Proof, Report,
    Role, State,
};
use proptest::prelude::*;
use std::sync::Arc;

pub(crate) fn command(tape: &mut Tape, configs: &[Arc<Config>]) -> Command {
    match tape.count(0, 15) {
        0 => Command::PassTime(PassTime {}),
        1 | 2 => Command::PutConfig(PutConfig {
            config: tape.pick(configs).clone(),
            expect: tape.one_in(4).then(|| tape.number(40)),
        }),
        3 | 4 => Command::SetWeight(SetWeight {
            region: tape.pick(&["r-0", "r-1", "r-2", "r-9"]).parse().unwrap(),
            pool: tape.one_in(3).then(|| "p-0".parse().unwrap()),
            weight: tape.one_in(4).then(|| tape.number(1100) as u16),
            reason: "why".to_owned(),
        }),
        5 => Command::SetOverride(SetOverride {
            target: target(tape),
            kind: *tape.pick(&[
                OverrideKind::Drain,
                OverrideKind::ForceDown,
                OverrideKind::ForceUp,
            ]),
            reason: if tape.one_in(8) { String::new() } else { "why".to_owned() },
            for_ms: tape.one_in(2).then(|| tape.number(3_000)),
        }),
        6 => Command::ClearOverride(ClearOverride { target: target(tape), reason: String::new() }),
        7 | 8 => Command::ReportHealth(Report {
            node: tape.number(4),
            incarnation: tape.number(2),
            seq: tape.number(5),
            changes: (0..tape.count(0, 3))
                .map(|_| (endpoint(tape), tape.one_in(2), "why".to_owned()))
                .collect(),
        }),
        9 => Command::ExpireVantage(ExpireVantage {
            node: tape.number(4),
            incarnation: tape.number(2),
            seq: tape.number(5),
        }),
        10 => {
            let name = format!("n{}", tape.number(3));
            let record = NodeRecord { name, raft: "h:1".to_owned(), api: "h:2".to_owned() };
            if tape.one_in(3) {
                Command::PutNode(PutNode { id: tape.number(5), record })
            } else {
                Command::AddNode(record)
            }
        }
        11 => Command::RemoveNode(RemoveNode { id: tape.number(4) }),
        12 => Command::PutUser(PutUser {
            name: name(tape),
            grant: grant(tape),
            expect: tape.one_in(4).then(|| tape.number(40)),
            reason: "why".to_owned(),
        }),
        13 => Command::RemoveUser(RemoveUser {
            name: name(tape),
            expect: None,
            reason: String::new(),
        }),
        14 => Command::PutToken(PutToken {
            name: name(tape),
            sha256: [tape.byte(); 32],
            grant: grant(tape),
            for_ms: tape.one_in(2).then(|| tape.number(3_000)),
            reason: String::new(),
        }),
        _ => Command::RemoveToken(RemoveToken { name: name(tape), reason: String::new() }),
    }
}

pub(crate) fn name(tape: &mut Tape) -> String {
    (*tape.pick(&["ann", "bob", "cy", "Not-A-Name"])).to_owned()
}

fn grant(tape: &mut Tape) -> Grant {
    let mut grant = Grant::of(*tape.pick(&[Role::Admin, Role::Operator, Role::Viewer]));
    if tape.one_in(3) {
        grant.regions.insert(tape.pick(&["r-0", "r-1"]).parse().unwrap());
    }
    grant
}

/// A node, somebody with a certificate or a token, or an entry of the first format.
pub(crate) fn caller(tape: &mut Tape) -> Option<Caller> {
    let proofs = [Proof::Node, Proof::AdminCertificate, Proof::UserCertificate, Proof::Token];
    let proof = *tape.pick(&proofs);
    let (certificate, from) = ("3f".to_owned(), "192.0.2.1".to_owned());
    (!tape.one_in(6)).then_some(Caller { proof, certificate, from })
}

fn endpoint(tape: &mut Tape) -> EndpointId {
    tape.pick(&["p0-r-0-0-4", "p0-r-1-0-4", "p1-r-0-0-6", "none"]).parse().unwrap()
}

fn target(tape: &mut Tape) -> OverrideTarget {
    if tape.one_in(2) {
        OverrideTarget::Endpoint(endpoint(tape))
    } else {
        OverrideTarget::Region(tape.pick(&["r-0", "r-1", "r-9"]).parse().unwrap())
    }
}

/// What must hold of a state after every entry.
fn invariants(before: &State, after: &State) -> Result<(), TestCaseError> {
    prop_assert!(after.time_ms >= before.time_ms);
    prop_assert!(after.revision() > before.revision());
    prop_assert!(check::check(&after.config).0.is_empty());
    for (target, one) in after.overrides.iter() {
        prop_assert!(one.expires_ms.is_none_or(|at| at > after.time_ms), "{} has ended", target);
    }
    for weight in after.weights.regions.values().chain(after.weights.pools.values()) {
        prop_assert!(weight.weight <= 1000);
    }
    for (id, votes) in &after.health.votes {
        prop_assert!(after.config.endpoint(id).is_some(), "votes on {id}, which is gone");
        prop_assert!(votes.keys().all(|node| after.nodes.contains_key(node)));
    }
    prop_assert!(after.nodes.keys().all(|id| *id <= after.last_node_id));
    prop_assert_eq!(after.audit.verify(), Ok(()));
    prop_assert!(after.audit.count >= before.audit.count, "no record is taken back");
    for token in after.access.tokens.values() {
        prop_assert!(token.expires_ms.is_none_or(|at| at > after.time_ms), "a token has ended");
    }
    for zone in after.config.zones.keys() {
        prop_assert!(after.serials.contains_key(zone));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn two_nodes_that_apply_the_same_log_hold_the_same_bytes(mut tape in tape(1500)) {
        let mut configs: Vec<Arc<Config>> = vec![Arc::default()];
        configs.extend((0..3).map(|_| Arc::new(configs::config(&mut tape))));
        let (mut one, mut other) = (State::default(), State::default());
        let mut clock = 1_000_000;
        for index in 1..=60 {
            // The leader's clock mostly runs on, and at times steps back.
            clock = if tape.one_in(8) { clock - tape.number(2_000) } else { clock + tape.number(900) };
            let envelope = Envelope {
                client: u128::from(tape.number(3)),
                seq: tape.number(30),
                actor: name(&mut tape),
                caller: caller(&mut tape),
                stamp_ms: clock,
                command: command(&mut tape, &configs),
            };
            let bytes = envelope.encode();
            let read = Envelope::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &envelope);
            prop_assert_eq!(read.encode(), bytes);
            let before = one.clone();
            let reply = one.apply(index, &envelope);
            prop_assert_eq!(other.apply(index, &read), reply);
            if tape.one_in(5) {
                other = State::decode(&other.encode()).unwrap();
            }
            prop_assert_eq!(one.encode(), other.encode());
            invariants(&before, &one)?;
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::decode(&bytes);
        for format in 1..=2 {
            let mut framed = vec![format];
            framed.extend(&bytes);
            let _ = State::decode(&framed);
            let _ = Envelope::decode(&framed);
        }
    }
}
