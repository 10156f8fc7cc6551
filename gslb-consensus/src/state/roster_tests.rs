//! The rules of seats, one table each, and the bytes that they leave behind.

use super::command::{PassTime, RemoveNode, SetAutopilot, SetSeat};
use super::{
    Command, Envelope, Generation, NodeRecord, ObserverRecord, RefusalCode, Reply, Seat, State,
};
use crate::model::limits::OBSERVERS_MAX;

fn record(name: &str) -> NodeRecord {
    NodeRecord { name: name.into(), raft: "r:1".into(), api: "a:1".into() }
}

/// A state of three nodes under test.
struct Bench {
    state: State,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { state: State::default() };
        for name in ["n1", "n2", "n3"] {
            bench.done(Command::AddNode(record(name)));
        }
        bench
    }

    fn send(&mut self, command: Command) -> Reply {
        let index = self.state.index + 1;
        let (actor, stamp_ms) = ("ann".to_owned(), 1_000);
        let envelope = Envelope { client: 7, seq: index, actor, caller: None, stamp_ms, command };
        // What goes through the log comes out of it as it was.
        assert_eq!(Envelope::decode(&envelope.encode()).as_ref(), Ok(&envelope));
        self.state.apply(index, &envelope)
    }

    fn done(&mut self, command: Command) {
        let reply = self.send(command);
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }

    fn refused(&mut self, command: Command) -> (RefusalCode, String) {
        match self.send(command) {
            Reply::Refused { code, message, .. } => (code, message),
            done => panic!("{done:?}"),
        }
    }

    fn seats(&self) -> Vec<(u64, Seat)> {
        self.state.roster.seats.iter().map(|(id, seat)| (*id, *seat)).collect()
    }
}

fn seat(id: u64, change: impl Fn(&mut SetSeat)) -> Command {
    let reason = "CHG-1".to_owned();
    let mut set = SetSeat { id, learner: None, drained: None, replaced_by: None, reason };
    change(&mut set);
    Command::SetSeat(set)
}

#[test]
fn a_seat_says_what_was_asked_last_and_nothing_if_that_is_the_default() {
    let standby = Seat { learner: true, ..Seat::default() };
    let drained = Seat { drained: true, ..Seat::default() };
    let leaves = Seat { replaced_by: Some(3), ..Seat::default() };
    let stands_in = Seat { learner: true, replaced_by: Some(3), ..Seat::default() };
    let demote = |id| seat(id, |s| s.learner = Some(true));
    let promote = |id| seat(id, |s| s.learner = Some(false));
    let replace = |id, by| seat(id, move |s| s.replaced_by = Some(by));
    let drain = |id, on| seat(id, move |s| s.drained = Some(on));
    let cases = [
        ("demoted", vec![demote(2)], vec![(2, standby)]),
        ("demoted and promoted", vec![demote(2), promote(2)], vec![]),
        ("drained", vec![drain(1, true)], vec![(1, drained)]),
        ("drained no more", vec![drain(1, true), drain(1, false)], vec![]),
        ("replaced by one that stood by", vec![demote(3), replace(2, 3)], vec![(2, leaves)]),
        ("promoted while it was replaced", vec![replace(2, 3), promote(2)], vec![]),
        ("replaced by one that is gone", vec![replace(2, 3), remove(3)], vec![]),
        (
            "stands by instead of another",
            vec![seat(2, |s| (s.learner, s.replaced_by) = (Some(true), Some(3)))],
            vec![(2, stands_in)],
        ),
    ];
    for (what, commands, wanted) in cases {
        let mut bench = Bench::new();
        for command in commands {
            bench.done(command);
        }
        assert_eq!(bench.seats(), wanted, "{what}");
    }
}

fn remove(id: u64) -> Command {
    Command::RemoveNode(RemoveNode { id })
}

#[test]
fn a_seat_that_cannot_be_is_refused_with_the_reason() {
    let replace = |id, by| seat(id, move |s| s.replaced_by = Some(by));
    let mut bench = Bench::new();
    bench.done(seat(2, |s| s.drained = Some(true)));
    bench.done(replace(3, 1));
    for (command, code, why) in [
        (seat(9, |s| s.learner = Some(true)), RefusalCode::NotFound, "there is no node 9"),
        (replace(1, 1), RefusalCode::Invalid, "its own place"),
        (replace(1, 9), RefusalCode::Invalid, "add it first"),
        (replace(1, 2), RefusalCode::Invalid, "is drained"),
        (replace(1, 3), RefusalCode::Invalid, "is being replaced itself"),
    ] {
        let (got, message) = bench.refused(command);
        assert_eq!(got, code);
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn autopilot_keeps_its_declared_patience() {
    let mut bench = Bench::new();
    let set =
        |on, dead_ms| Command::SetAutopilot(SetAutopilot { on, dead_ms, reason: String::new() });
    assert_eq!(bench.state.roster.dead_ms(), 300_000);
    bench.done(set(true, Some(60_000)));
    bench.done(set(false, None));
    assert!(bench.state.roster.autopilot_off);
    assert_eq!(bench.state.roster.dead_ms(), 60_000);
    assert_eq!(bench.refused(set(true, Some(999))).0, RefusalCode::Invalid);
}

#[test]
fn the_bytes_of_the_commands_are_golden() {
    let golden = |command: Command, kind: u8, body: &[u8]| {
        let (actor, stamp_ms) = ("ann".to_owned(), 300);
        let envelope = Envelope { client: 1, seq: 2, actor, caller: None, stamp_ms, command };
        let head = [1, kind, 0, 1, 0, 8, 0, 0, 0, 1, 2, 3, b'a', b'n', b'n', 0xac, 2];
        let bytes = [&head[..], body].concat();
        assert_eq!(envelope.encode(), bytes);
        assert_eq!(Envelope::decode(&bytes), Ok(envelope));
    };
    let seat = SetSeat {
        id: 3,
        learner: Some(true),
        drained: None,
        replaced_by: Some(4),
        reason: "r".to_owned(),
    };
    golden(Command::SetSeat(seat), 20, &[3, 1, 1, 0, 1, 4, 1, b'r']);
    let set = SetAutopilot { on: true, dead_ms: Some(5), reason: String::new() };
    golden(Command::SetAutopilot(set), 25, &[1, 1, 5, 0]);
    golden(observer("e"), 50, b"\x01e\x03f:1\x03a:1");
}

#[test]
fn a_snapshot_of_generation_2_holds_the_observers_and_its_last_bytes_are_golden() {
    let mut bench = Bench::new();
    bench.state.generation = Generation::NEWEST;
    bench.done(observer("e"));
    let bytes = bench.state.encode();
    let tail = b"\x02\x01\x04\x01e\x03f:1\x03a:1";
    assert_eq!((bytes[0], &bytes[bytes.len() - tail.len()..]), (4, &tail[..]));
    assert_eq!(State::decode(&bytes), Ok(bench.state));
}

#[test]
fn a_snapshot_holds_the_roster_and_its_last_bytes_are_golden() {
    let mut bench = Bench::new();
    bench.done(seat(2, |s| s.learner = Some(true)));
    bench.done(Command::PassTime(PassTime {}));
    let bytes = bench.state.encode();
    let tail = [1, 2, 1, 0, 0, 0, 0];
    assert_eq!((bytes[0], &bytes[bytes.len() - tail.len()..]), (3, &tail[..]));
    assert_eq!(State::decode(&bytes).as_ref(), Ok(&bench.state));
    assert!(State::decode(&bytes[..bytes.len() - 1]).is_err());
}

fn observer(name: &str) -> Command {
    let (name, feed, api) = (name.to_owned(), "f:1".to_owned(), "a:1".to_owned());
    Command::AddObserver(ObserverRecord { name, feed, api })
}

#[test]
fn an_observer_shares_the_numbers_and_names_of_the_nodes_and_has_no_seat() {
    let mut bench = Bench::new();
    bench.done(observer("edge"));
    assert_eq!(bench.state.observers.keys().copied().collect::<Vec<_>>(), [4]);
    assert_eq!(bench.state.node_named("edge"), Some(4));
    assert_eq!(bench.refused(observer("n1")).0, RefusalCode::Conflict);
    assert_eq!(bench.refused(Command::AddNode(record("edge"))).0, RefusalCode::Conflict);
    let (code, why) = bench.refused(seat(4, |set| set.drained = Some(true)));
    assert!(code == RefusalCode::Invalid && why.contains("is an observer"), "{why}");
    let by = bench.refused(seat(1, |set| set.replaced_by = Some(4)));
    assert_eq!(by.0, RefusalCode::Invalid);
    // Removed, it is gone, and its number is never given again.
    bench.done(Command::RemoveNode(RemoveNode { id: 4 }));
    assert!(bench.state.observers.is_empty());
    assert_eq!(bench.refused(Command::RemoveNode(RemoveNode { id: 4 })).0, RefusalCode::NotFound);
    bench.done(observer("edge"));
    assert_eq!(bench.state.observers.keys().copied().collect::<Vec<_>>(), [5]);
}

#[test]
fn a_cluster_has_so_many_observers_and_no_more() {
    let mut bench = Bench::new();
    for number in 0..OBSERVERS_MAX {
        bench.done(observer(&format!("edge-{number}")));
    }
    assert_eq!(bench.refused(observer("one-more")).0, RefusalCode::Limit);
}
