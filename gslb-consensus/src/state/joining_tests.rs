//! The rules of invites, and the bytes that they leave behind.

use super::command::{
    GrantCertificate, PassTime, PutInvite, RemoveInvite, RemoveNode, SealIssuer, SpendInvite,
};
use super::{Caller, Command, Envelope, NodeRecord, RefusalCode, Reply, State};
use crate::model::limits::{CERTIFICATE_MS, INVITE_MS_MAX, INVITES_MAX, SEALED_LEN_MAX};

const HOUR: u64 = 3_600_000;

fn record(name: &str) -> NodeRecord {
    NodeRecord { name: name.into(), raft: "r:1".into(), api: "a:1".into() }
}

fn invite(name: &str, hash: u8, for_ms: u64) -> Command {
    let reason = "CHG-1".to_owned();
    Command::PutInvite(PutInvite { record: record(name), sha256: [hash; 32], for_ms, reason })
}

fn spend(name: &str, hash: u8, key: u8) -> Command {
    let name = name.to_owned();
    Command::SpendInvite(SpendInvite { name, sha256: [hash; 32], key: [key; 32] })
}

fn seal(len: usize) -> Command {
    Command::SealIssuer(SealIssuer { sealed: vec![5; len], ends_s: 9, reason: String::new() })
}

/// A state of one node under test.
struct Bench {
    state: State,
    now_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { state: State::default(), now_ms: 1_000 };
        bench.done(Command::AddNode(record("n1")));
        bench.done(seal(3));
        bench
    }

    fn send(&mut self, command: Command) -> Reply {
        let index = self.state.index + 1;
        let (actor, caller) = ("node 1".to_owned(), Some(Caller::default()));
        let stamp_ms = self.now_ms;
        let envelope = Envelope { client: 7, seq: index, actor, caller, stamp_ms, command };
        // What goes through the log comes out of it as it was.
        assert_eq!(Envelope::decode(&envelope.encode()).as_ref(), Ok(&envelope));
        self.state.apply(index, &envelope)
    }

    fn done(&mut self, command: Command) -> Option<u64> {
        match self.send(command) {
            Reply::Done { id, .. } => id,
            refused => panic!("{refused:?}"),
        }
    }

    fn refused(&mut self, command: Command) -> (RefusalCode, String) {
        let before = (self.state.joining.clone(), self.state.nodes.clone());
        match self.send(command) {
            Reply::Refused { code, message, .. } => {
                assert_eq!(before, (self.state.joining.clone(), self.state.nodes.clone()));
                (code, message)
            }
            done => panic!("{done:?}"),
        }
    }

    fn newest_record(&self) -> (&str, &str, &str) {
        let entry = self.state.audit.entries.back().unwrap();
        (&entry.change, &entry.before, &entry.after)
    }
}

#[test]
fn an_invite_lets_in_one_node_and_gives_the_same_key_the_same_number() {
    let mut bench = Bench::new();
    bench.done(invite("n2", 1, HOUR));
    let told = ("node invite n2", "none", "waits until 3601000 ms, raft r:1, api a:1");
    assert_eq!(bench.newest_record(), told);
    assert_eq!(bench.done(spend("n2", 1, 8)), Some(2));
    assert_eq!(bench.state.nodes[&2], record("n2"));
    let told = ("node n2 joins by its invite", "none", "node 2 n2, raft r:1, api a:1");
    assert_eq!(bench.newest_record(), told);
    assert_eq!(bench.state.joining.granted[&2].ends_ms, 1_000 + CERTIFICATE_MS);
    // The answer was lost: asked again, later.
    bench.now_ms += HOUR / 2;
    assert_eq!(bench.done(spend("n2", 1, 8)), Some(2));
    let (code, why) = bench.refused(spend("n2", 1, 9));
    assert!(code == RefusalCode::Conflict && why.contains("spent by node 2"), "{why}");
    // Whose node was removed does not come back by it, and its number is given to nobody.
    bench.done(Command::RemoveNode(RemoveNode { id: 2 }));
    assert!(!bench.state.joining.granted.contains_key(&2));
    assert_eq!(bench.refused(spend("n2", 1, 8)).0, RefusalCode::Conflict);
    bench.done(invite("n2", 3, HOUR));
    assert_eq!(bench.done(spend("n2", 3, 8)), Some(3));
}

#[test]
fn a_token_that_is_of_another_node_or_unknown_lets_nobody_in() {
    let mut bench = Bench::new();
    bench.done(invite("n2", 1, HOUR));
    bench.done(invite("n3", 2, HOUR));
    for command in [spend("n2", 2, 8), spend("n3", 1, 8), spend("n4", 1, 8), spend("n2", 9, 8)] {
        assert_eq!(bench.refused(command).0, RefusalCode::NotFound);
    }
    // A new invite for the same node is the only one.
    bench.done(invite("n2", 5, HOUR));
    assert_eq!(bench.refused(spend("n2", 1, 8)).0, RefusalCode::NotFound);
    bench.done(Command::RemoveInvite(RemoveInvite { name: "n2".into(), reason: "x".into() }));
    assert_eq!(bench.refused(spend("n2", 5, 8)).0, RefusalCode::NotFound);
    let again = Command::RemoveInvite(RemoveInvite { name: "n2".into(), reason: "x".into() });
    assert_eq!(bench.refused(again).0, RefusalCode::NotFound);
    assert_eq!(bench.done(spend("n3", 2, 8)), Some(2));
}

#[test]
fn an_invite_ends_by_agreed_time_and_that_is_told_if_nobody_came() {
    let mut bench = Bench::new();
    bench.done(invite("n2", 1, HOUR));
    bench.done(invite("n3", 2, HOUR));
    bench.done(spend("n3", 2, 8));
    assert_eq!(bench.state.next_expiry(), Some(1_000 + HOUR));
    bench.now_ms += HOUR;
    bench.done(Command::PassTime(PassTime {}));
    assert!(bench.state.joining.invites.is_empty());
    assert_eq!(bench.newest_record().0, "invite of node n2 has ended by time");
    assert_eq!(bench.refused(spend("n2", 1, 8)).0, RefusalCode::NotFound);
    assert_eq!(bench.refused(spend("n3", 2, 8)).0, RefusalCode::NotFound);
}

#[test]
fn what_no_invite_may_be_is_refused_with_what_to_do() {
    let mut bench = Bench::new();
    assert_eq!(bench.refused(invite("n1", 1, HOUR)).0, RefusalCode::Conflict);
    assert_eq!(bench.refused(invite("n2", 1, 0)).0, RefusalCode::Invalid);
    assert_eq!(bench.refused(invite("n2", 1, INVITE_MS_MAX + 1)).0, RefusalCode::Invalid);
    assert_eq!(bench.refused(seal(0)).0, RefusalCode::Invalid);
    assert_eq!(bench.refused(seal(SEALED_LEN_MAX + 1)).0, RefusalCode::Invalid);
    bench.done(seal(SEALED_LEN_MAX));
    for n in 0..INVITES_MAX {
        bench.done(invite(&format!("x{n}"), 1, INVITE_MS_MAX));
    }
    bench.done(invite("x0", 2, HOUR));
    assert_eq!(bench.refused(invite("n2", 1, HOUR)).0, RefusalCode::Limit);
    let mut new = Bench { state: State::default(), now_ms: 1 };
    let (_, why) = new.refused(invite("n2", 1, HOUR));
    assert!(why.contains("gslbctl cluster issuer"), "{why}");
}

#[test]
fn certificates_are_granted_to_nodes_of_the_cluster_only() {
    let mut bench = Bench::new();
    let grant = |node| Command::GrantCertificate(GrantCertificate { node, key: [4; 32] });
    bench.done(grant(1));
    assert_eq!(bench.state.joining.granted[&1].from_ms, 1_000);
    assert_eq!(bench.newest_record().0, "new certificate for node 1");
    assert_eq!(bench.refused(grant(2)).0, RefusalCode::NotFound);
}

#[test]
fn a_restored_cluster_lets_nobody_in_by_an_old_invite_and_keeps_its_key() {
    let mut bench = Bench::new();
    bench.done(invite("n2", 1, HOUR));
    let restored = bench.state.clone().restored(2, 1, record("n1"));
    assert!(restored.joining.invites.is_empty());
    assert_eq!(restored.joining.issuer, bench.state.joining.issuer);
}

#[test]
fn the_bytes_of_the_commands_are_golden() {
    let (name, reason) = ("n2".to_owned(), "x".to_owned());
    let remove = RemoveInvite { name, reason };
    let grant = GrantCertificate { node: 300, key: [4; 32] };
    let bodies: [(Command, u16, Vec<u8>); 5] = [
        (
            invite("n2", 9, 300),
            30,
            [&b"\x02n2\x03r:1\x03a:1"[..], &[9; 32], b"\xac\x02\x05CHG-1"].concat(),
        ),
        (Command::RemoveInvite(remove), 31, b"\x02n2\x01x".to_vec()),
        (spend("n2", 9, 8), 32, [&b"\x02n2"[..], &[9; 32], &[8; 32]].concat()),
        (seal(2), 33, b"\x02\x05\x05\x09\x00".to_vec()),
        (Command::GrantCertificate(grant), 34, [&b"\xac\x02"[..], &[4; 32]].concat()),
    ];
    for (command, kind, golden) in bodies {
        let actor = String::new();
        let envelope = Envelope { client: 0, seq: 0, actor, caller: None, stamp_ms: 0, command };
        let bytes = envelope.encode();
        assert_eq!(bytes[1..3], kind.to_le_bytes());
        assert!(bytes.ends_with(&golden), "{kind}: {bytes:?}");
        assert_eq!(bytes.len(), 9 + 4 + golden.len(), "{kind}");
    }
}
