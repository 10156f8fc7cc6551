//! Who may do what, and what the audit trail tells of it.

use super::command::{
    ClearOverride, PassTime, PutConfig, PutToken, PutUser, RemoveNode, RemoveToken, RemoveUser,
    SetGeneration, SetOverride, SetSeat, SetWeight,
};
use super::{
    Caller, Command, Envelope, Generation, Grant, Guarded, NodeRecord, OverrideKind,
    OverrideTarget, Proof, RefusalCode, Reply, Role, State,
};
use crate::model::document;
use std::sync::Arc;

const DOCUMENT: &str = r#"
[[zones]]
name = "a.example"
records = """
@ 60 SOA ns1.b.example. hostmaster 10 3600 600 86400 60
@ 60 NS ns1.b.example.
"""
[[zones]]
name = "b.example"
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
[[pools]]
id = "web"
endpoints = [
  { id = "f1", region = "fra", address = "192.0.2.1" },
  { id = "i1", region = "iad", address = "192.0.2.2" },
]
[[names]]
name = "www.a.example"
pool = "web"
[[names]]
name = "www.b.example"
pool = "web"
"#;

struct Bench {
    state: State,
    now_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { state: State::default(), now_ms: 1_000 };
        let record = NodeRecord { name: "n1".into(), raft: "a:1".into(), api: "a:2".into() };
        bench.done(Proof::AdminCertificate, "root", Command::AddNode(record));
        bench.done(Proof::AdminCertificate, "root", put(DOCUMENT));
        bench
    }

    fn send(&mut self, proof: Proof, actor: &str, command: Command) -> Reply {
        let index = self.state.index + 1;
        let by_certificate = matches!(proof, Proof::AdminCertificate | Proof::UserCertificate);
        let certificate = if by_certificate { "3f" } else { "" }.to_owned();
        let caller = Caller { proof, certificate, from: "192.0.2.9".to_owned() };
        let envelope = Envelope {
            client: 7,
            seq: index,
            actor: actor.to_owned(),
            caller: Some(caller),
            stamp_ms: self.now_ms,
            command,
        };
        self.state.apply(index, &envelope)
    }

    fn done(&mut self, proof: Proof, actor: &str, command: Command) {
        let reply = self.send(proof, actor, command);
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
    }

    /// The code and message of a refusal, which changes nothing that was agreed.
    fn refused(&mut self, proof: Proof, actor: &str, command: Command) -> (RefusalCode, String) {
        let before = self.state.clone();
        let Reply::Refused { code, message, .. } = self.send(proof, actor, command) else {
            panic!("it was not refused")
        };
        assert_eq!(self.state.config, before.config);
        assert_eq!(self.state.weights, before.weights);
        assert_eq!(self.state.overrides, before.overrides);
        assert_eq!(self.state.access, before.access);
        assert_eq!(self.state.nodes, before.nodes);
        assert_eq!(self.state.audit, before.audit, "what was refused is no change");
        (code, message)
    }

    fn user(&mut self, name: &str, grant: Grant) {
        let put = PutUser { name: name.into(), grant, expect: None, reason: String::new() };
        self.done(Proof::AdminCertificate, "root", Command::PutUser(put));
    }
}

fn put(text: &str) -> Command {
    let config = document::read(text, None, &|_| Err(String::new())).unwrap();
    Command::PutConfig(PutConfig { config: Arc::new(config), expect: None })
}

fn weigh(region: &str, weight: u16) -> Command {
    let region = region.parse().unwrap();
    let reason = "CHG-1".to_owned();
    Command::SetWeight(SetWeight { region, pool: None, weight: Some(weight), reason })
}

fn guarded(command: Command) -> Command {
    Command::Guarded(Guarded { seen: None, command: Box::new(command) })
}

fn drain(target: OverrideTarget, for_ms: Option<u64>) -> Command {
    let (kind, reason) = (OverrideKind::Drain, "CHG-2".to_owned());
    Command::SetOverride(SetOverride { target, kind, reason, for_ms })
}

fn region(id: &str) -> OverrideTarget {
    OverrideTarget::Region(id.parse().unwrap())
}

fn limited(zones: &[&str], regions: &[&str]) -> Grant {
    let mut grant = Grant::of(Role::Operator);
    grant.zones.extend(zones.iter().map(|zone| zone.parse().unwrap()));
    grant.regions.extend(regions.iter().map(|region| region.parse().unwrap()));
    grant
}

fn token(name: &str, role: Role, for_ms: Option<u64>) -> Command {
    let (grant, reason) = (Grant::of(role), String::new());
    Command::PutToken(PutToken { name: name.into(), sha256: [1; 32], grant, for_ms, reason })
}

#[test]
fn each_role_may_do_what_it_is_for_and_no_more() {
    let new_user = || {
        let grant = Grant::of(Role::Admin);
        let (name, reason) = ("eve".to_owned(), String::new());
        Command::PutUser(PutUser { name, grant, expect: None, reason })
    };
    // The command, and whether viewer, operator and admin may give it.
    type Case = (fn() -> Command, [bool; 3]);
    let cases: [Case; 6] = [
        (|| weigh("fra", 3), [false, true, true]),
        (|| put(&DOCUMENT.replace("weight = 100", "weight = 99")), [false, true, true]),
        (|| drain(region("fra"), None), [false, true, true]),
        (|| Command::RemoveNode(RemoveNode { id: 1 }), [false, false, true]),
        (|| token("ci", Role::Viewer, None), [false, false, true]),
        (|| Command::PassTime(PassTime {}), [false, false, true]),
    ];
    for (command, allowed) in cases {
        for (role, allowed) in [Role::Viewer, Role::Operator, Role::Admin].into_iter().zip(allowed)
        {
            let mut bench = Bench::new();
            bench.user("ann", Grant::of(role));
            let what = command().summary();
            if allowed {
                bench.done(Proof::UserCertificate, "ann", command());
            } else {
                let (code, message) = bench.refused(Proof::UserCertificate, "ann", command());
                assert_eq!(code, RefusalCode::Forbidden, "{what} by {role}");
                assert!(message.starts_with(&format!("ann is {role}")), "{message}");
            }
        }
    }
    let mut bench = Bench::new();
    bench.user("ann", Grant::of(Role::Operator));
    let (code, _) = bench.refused(Proof::UserCertificate, "ann", new_user());
    assert_eq!(code, RefusalCode::Forbidden, "nobody makes itself an admin");
}

#[test]
fn a_users_certificate_alone_gives_no_rights_and_an_admins_gives_all_until_it_is_removed() {
    let mut bench = Bench::new();
    for proof in [Proof::UserCertificate, Proof::Token] {
        assert_eq!(bench.refused(proof, "ann", weigh("fra", 1)).0, RefusalCode::Forbidden);
    }
    bench.done(Proof::AdminCertificate, "ann", weigh("fra", 1));
    let remove = |name: &str| {
        let (name, reason) = (name.to_owned(), "left".to_owned());
        Command::RemoveUser(RemoveUser { name, expect: None, reason })
    };
    let own = bench.refused(Proof::AdminCertificate, "ann", remove("ann"));
    assert!(own.1.contains("another admin"), "{own:?}");
    bench.done(Proof::AdminCertificate, "root", remove("ann"));
    for proof in [Proof::AdminCertificate, Proof::UserCertificate] {
        let (code, message) = bench.refused(proof, "ann", weigh("fra", 2));
        assert_eq!(code, RefusalCode::Forbidden);
        assert!(message.contains("gslbctl user add ann"), "{message}");
    }
    bench.user("ann", Grant::of(Role::Operator));
    bench.done(Proof::AdminCertificate, "ann", weigh("fra", 2));
    let (code, _) = bench.refused(Proof::AdminCertificate, "ann", remove("root"));
    assert_eq!(code, RefusalCode::Forbidden, "what the state says goes before the certificate");
}

#[test]
fn a_limited_operator_changes_only_what_touches_its_zones_and_regions() {
    let endpoint = |id: &str| OverrideTarget::Endpoint(id.parse().unwrap());
    let edit = |from: &'static str, to: &'static str| put(&DOCUMENT.replacen(from, to, 1));
    let in_zone = "name = \"www.a.example\"\npool = \"web\"";
    let fra_only = limited(&[], &["fra"]);
    let a_only = limited(&["a.example"], &[]);
    let both = limited(&["a.example"], &["fra"]);
    // The command, whether it is within the region, within the zone, within both together.
    let cases: Vec<(&str, Command, [bool; 3])> = vec![
        ("its region's weight", weigh("fra", 5), [true, false, true]),
        ("another region's weight", weigh("iad", 5), [false, false, false]),
        ("the same, guarded", guarded(weigh("iad", 5)), [false, false, false]),
        ("its own, guarded", guarded(weigh("fra", 5)), [true, false, true]),
        ("its region's drain", drain(region("fra"), None), [true, false, true]),
        ("its endpoint's drain", drain(endpoint("f1"), None), [true, false, true]),
        ("another endpoint's drain", drain(endpoint("i1"), None), [false, false, false]),
        ("its region declared", edit("weight = 100", "weight = 90"), [true, false, true]),
        ("its endpoint moved", edit("192.0.2.1\"", "192.0.2.7\""), [true, false, true]),
        ("another endpoint moved", edit("192.0.2.2\"", "192.0.2.7\""), [false; 3]),
        ("an endpoint taken over", edit("region = \"iad\"", "region = \"fra\""), [false; 3]),
        ("a zone's records", edit("@ 60 NS", "@ 61 NS"), [false, true, true]),
        ("another zone's records", edit("ns1 60 A", "ns1 61 A"), [false; 3]),
        (
            "a name of its zone",
            edit(in_zone, "name = \"www.a.example\"\npool = \"web\"\nttl = 9"),
            [false, true, true],
        ),
        (
            "a name of another zone",
            edit("name = \"www.b.example\"", "name = \"w.b.example\""),
            [false; 3],
        ),
        ("nothing at all", put(DOCUMENT), [true; 3]),
        ("everything gone", put(""), [false; 3]),
        ("a node", Command::RemoveNode(RemoveNode { id: 1 }), [false; 3]),
    ];
    for (what, command, allowed) in cases {
        for (grant, allowed) in [&fra_only, &a_only, &both].into_iter().zip(allowed) {
            let mut bench = Bench::new();
            bench.user("ann", grant.clone());
            if allowed {
                bench.done(Proof::UserCertificate, "ann", command.clone());
            } else {
                let (code, message) = bench.refused(Proof::UserCertificate, "ann", command.clone());
                assert_eq!(code, RefusalCode::Forbidden, "{what} by {grant}");
                assert!(message.contains("ann is operator"), "{what}: {message}");
            }
        }
    }
}

#[test]
fn what_is_no_role_or_no_name_is_refused() {
    let mut bench = Bench::new();
    let user = |name: &str, grant: Grant| {
        let (name, reason) = (name.to_owned(), String::new());
        Command::PutUser(PutUser { name, grant, expect: None, reason })
    };
    let mut admin_of_fra = limited(&[], &["fra"]);
    admin_of_fra.role = Role::Admin;
    let many: Vec<String> =
        (0..=crate::model::limits::SCOPE_MAX).map(|n| format!("r{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (command, code) in [
        (user("Ann", Grant::of(Role::Viewer)), RefusalCode::Invalid),
        (user("", Grant::of(Role::Viewer)), RefusalCode::Invalid),
        (user("ann", admin_of_fra), RefusalCode::Invalid),
        (user("ann", limited(&[], &many)), RefusalCode::Limit),
        (token("a b", Role::Viewer, None), RefusalCode::Invalid),
        (token("ci", Role::Viewer, Some(0)), RefusalCode::Invalid),
    ] {
        let what = command.summary();
        assert_eq!(bench.refused(Proof::AdminCertificate, "root", command).0, code, "{what}");
    }
    bench.done(Proof::AdminCertificate, "root", user("ann", limited(&[], &many[1..])));
}

#[test]
fn a_user_that_changed_since_it_was_seen_is_not_changed_again() {
    let mut bench = Bench::new();
    let put = |role, expect| {
        let (name, reason) = ("ann".to_owned(), String::new());
        Command::PutUser(PutUser { name, grant: Grant::of(role), expect, reason })
    };
    let mut send = |command| bench.send(Proof::AdminCertificate, "root", command);
    let Reply::Done { revision, .. } = send(put(Role::Viewer, Some(0))) else { panic!() };
    for expect in [0, revision.index + 1] {
        let again = send(put(Role::Admin, Some(expect)));
        assert!(matches!(again, Reply::Refused { code: RefusalCode::Conflict, .. }), "{again:?}");
    }
    let seen = send(put(Role::Operator, Some(revision.index)));
    assert!(matches!(seen, Reply::Done { .. }), "{seen:?}");
}

#[test]
fn a_token_acts_until_it_ends_by_agreed_time_or_is_removed() {
    let mut bench = Bench::new();
    bench.done(Proof::AdminCertificate, "root", token("ci", Role::Operator, Some(5_000)));
    bench.done(Proof::AdminCertificate, "root", token("cd", Role::Operator, None));
    let again = bench.refused(Proof::AdminCertificate, "root", token("ci", Role::Admin, None));
    assert_eq!(again.0, RefusalCode::Conflict);
    assert_eq!(bench.state.next_expiry(), Some(6_000));
    bench.now_ms = 5_999;
    bench.done(Proof::Token, "ci", weigh("fra", 5));
    bench.now_ms = 6_000;
    // The very command that brings the time is refused already.
    let Reply::Refused { code, .. } = bench.send(Proof::Token, "ci", weigh("fra", 6)) else {
        panic!("the token has ended")
    };
    assert_eq!(code, RefusalCode::Forbidden);
    let last = bench.state.audit.entries.back().unwrap();
    assert_eq!((last.actor.as_str(), last.role.as_str()), ("cluster", ""));
    assert_eq!(last.change, "token ci has ended by time");
    bench.done(Proof::Token, "cd", weigh("fra", 6));
    let remove = |name: &str| {
        let (name, reason) = (name.to_owned(), String::new());
        Command::RemoveToken(RemoveToken { name, reason })
    };
    bench.done(Proof::AdminCertificate, "root", remove("cd"));
    assert_eq!(bench.refused(Proof::Token, "cd", weigh("fra", 7)).0, RefusalCode::Forbidden);
    let gone = bench.refused(Proof::AdminCertificate, "root", remove("cd"));
    assert_eq!(gone.0, RefusalCode::NotFound);
}

#[test]
fn every_accepted_change_is_told_with_who_from_where_why_before_and_after() {
    let mut bench = Bench::new();
    bench.user("ann", limited(&[], &["fra"]));
    bench.done(Proof::UserCertificate, "ann", weigh("fra", 5));
    let last = bench.state.audit.entries.back().unwrap();
    assert_eq!((last.actor.as_str(), last.role.as_str()), ("ann", "operator of region fra"));
    assert_eq!((last.change.as_str(), last.reason.as_str()), ("set-weight fra 5", "CHG-1"));
    assert_eq!((last.before.as_str(), last.after.as_str()), ("weight 100 as declared", "weight 5"));
    assert_eq!((last.caller.certificate.as_str(), last.caller.from.as_str()), ("3f", "192.0.2.9"));
    assert_eq!((last.index, last.at_ms), (bench.state.index, 1_000));

    // What is told of each: before, after.
    let clear = ClearOverride { target: region("fra"), reason: String::new() };
    for (command, before, after) in [
        (drain(region("fra"), Some(9)), "none", "drain until 1009 ms, by root: CHG-2"),
        (Command::ClearOverride(clear), "drain until 1009 ms, by root: CHG-2", "none"),
        (
            put(&DOCUMENT.replace("weight = 100", "weight = 90")),
            "regions[fra]: id = \"fra\"; weight = 100",
            "regions[fra]: id = \"fra\"; weight = 90",
        ),
        (Command::RemoveNode(RemoveNode { id: 1 }), "node 1 n1, raft a:1, api a:2", "none"),
        (token("ci", Role::Viewer, None), "none", "viewer until removed"),
    ] {
        let what = command.summary();
        bench.done(Proof::AdminCertificate, "root", command);
        let last = bench.state.audit.entries.back().unwrap();
        assert_eq!((last.before.as_str(), last.after.as_str()), (before, after), "{what}");
    }
    assert_eq!(bench.state.audit.verify(), Ok(()));
    assert_eq!(bench.state.audit.count, 9);
    let text = format!("{:?}", bench.state.audit);
    assert!(!text.contains(&format!("{:?}", [1_u8; 32])), "no hash of a token is told");
}

#[test]
fn an_end_by_time_is_told_and_what_nodes_report_is_not() {
    let mut bench = Bench::new();
    bench.done(Proof::AdminCertificate, "root", drain(region("fra"), Some(500)));
    let count = bench.state.audit.count;
    bench.done(Proof::Node, "leader", Command::PassTime(PassTime {}));
    assert_eq!(bench.state.audit.count, count, "time alone is no change");
    bench.now_ms = 1_500;
    bench.done(Proof::Node, "leader", Command::PassTime(PassTime {}));
    let last = bench.state.audit.entries.back().unwrap();
    assert_eq!(last.change, "drain region fra has ended by time");
    assert_eq!(last.before, "drain until 1500 ms, by root: CHG-2");
    assert_eq!((last.number, last.after.as_str()), (count + 1, "none"));
}

/// A snapshot as the version before roles wrote it, after the three commands below.
const SNAPSHOT_1: &str = "\
    010003e80700010366726103667261006400000000000002000103667261076403616e6ee807000000000001\
    01026e3103613a3103613a320140000000000000000000000000000000000000000001070303000003000000\
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000301e8\
    0703616e6e0b6e6f646520616464206e310002e80703616e6e376170706c793a2030207a6f6e65732c203120\
    726567696f6e732c203020706f6f6c732c203020706f6c69636965732c2030206e616d65730003e80703616e\
    6e107365742d7765696768742066726120370474657374";

#[test]
fn a_snapshot_of_format_1_is_the_state_that_its_log_leads_to() {
    let digits: Vec<char> = SNAPSHOT_1.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    let old: Vec<u8> = digits.chunks(2).map(byte).collect();
    let read = State::decode(&old).unwrap();
    let mut state = State::default();
    let record = NodeRecord { name: "n1".into(), raft: "a:1".into(), api: "a:2".into() };
    let set = SetWeight {
        region: "fra".parse().unwrap(),
        pool: None,
        weight: Some(7),
        reason: "test".into(),
    };
    let commands =
        [Command::AddNode(record), put("[[regions]]\nid = \"fra\"\n"), Command::SetWeight(set)];
    for (index, command) in (1..).zip(commands) {
        let (client, seq, actor) = (7, index, "ann".to_owned());
        let envelope = Envelope { client, seq, actor, caller: None, stamp_ms: 1_000, command };
        state.apply(index, &envelope);
    }
    assert_eq!(read, state);
    let new = read.encode();
    assert_eq!((new[0], State::decode(&new)), (3, Ok(read)));
}

#[test]
fn a_snapshot_of_format_2_is_read_and_its_records_stand_before_the_chain() {
    let mut state = State::decode(include_bytes!("golden/state-2.bin")).unwrap();
    let told: Vec<&str> = state.audit.entries.iter().map(|e| e.change.as_str()).collect();
    assert_eq!(told.last(), Some(&"drain region iad"));
    assert!(state.audit.entries.iter().all(|entry| entry.number == 0));
    assert_eq!((state.audit.count, state.access.users.len()), (0, 0));
    let changed = state.overrides.values().next().unwrap().changed;
    assert_eq!((changed, state.weights.regions["fra"].weight), (state.revision(), 7));
    assert_eq!(State::decode(&state.encode()).as_ref(), Ok(&state));
    // The chain begins with the next change, whatever lies before.
    let caller = Some(Caller { proof: Proof::AdminCertificate, ..Caller::default() });
    let (actor, command) = ("ann".to_owned(), weigh("fra", 9));
    let envelope = Envelope { client: 9, seq: 1, actor, caller, stamp_ms: 1, command };
    assert!(matches!(state.apply(state.index + 1, &envelope), Reply::Done { .. }));
    assert_eq!((state.audit.count, state.audit.verify()), (1, Ok(())));
}

#[test]
fn entries_of_format_1_are_told_outside_of_the_chain() {
    let mut bench = Bench::new();
    let (count, head) = (bench.state.audit.count, bench.state.audit.head);
    let index = bench.state.index + 1;
    let (client, seq, actor, command) = (8, 1, "old".to_owned(), weigh("fra", 9));
    let envelope = Envelope { client, seq, actor, caller: None, stamp_ms: 1, command };
    assert!(matches!(bench.state.apply(index, &envelope), Reply::Done { .. }));
    let last = bench.state.audit.entries.back().unwrap();
    assert_eq!((last.number, last.actor.as_str()), (0, "old"));
    assert_eq!((bench.state.audit.count, bench.state.audit.head), (count, head));
    assert_eq!(bench.state.audit.verify(), Ok(()));
}

/// A state with something in every part, as every version of generation 1 has it.
fn full() -> Bench {
    let mut bench = Bench::new();
    bench.user("bo", limited(&["a.example"], &["fra"]));
    let seat = SetSeat {
        id: 1,
        learner: None,
        drained: Some(true),
        replaced_by: None,
        reason: "CHG-3".to_owned(),
    };
    let commands = [
        token("ci", Role::Viewer, Some(60_000)),
        guarded(weigh("fra", 7)),
        drain(region("iad"), None),
        Command::SetSeat(seat),
    ];
    for command in commands {
        bench.done(Proof::AdminCertificate, "root", command);
    }
    bench
}

#[test]
fn a_state_of_generation_1_has_the_golden_bytes_of_format_3() {
    let bench = full();
    let golden = include_bytes!("golden/state-3.bin");
    assert_eq!(bench.state.encode(), golden);
    assert_eq!(State::decode(golden), Ok(bench.state));
}

#[test]
fn a_state_of_generation_2_has_the_golden_bytes_of_format_4() {
    let mut bench = full();
    let set = SetGeneration { to: Generation::NEWEST };
    bench.done(Proof::Node, "leader", Command::SetGeneration(set));
    let golden = include_bytes!("golden/state-4.bin");
    assert_eq!(bench.state.encode(), golden);
    assert_eq!(State::decode(golden), Ok(bench.state));
}

#[test]
fn the_generation_rises_is_told_and_never_falls() {
    let mut bench = Bench::new();
    let set = |to| Command::SetGeneration(SetGeneration { to });
    bench.done(Proof::Node, "leader", set(Generation::NEWEST));
    assert_eq!(bench.state.generation, Generation::NEWEST);
    let told = bench.state.audit.entries.back().unwrap();
    assert_eq!((told.actor.as_str(), told.change.as_str()), ("leader", "generation 2"));
    assert_eq!((told.before.as_str(), told.after.as_str()), ("generation 1", "generation 2"));
    for to in [Generation::FIRST, Generation::NEWEST] {
        let reply = bench.send(Proof::Node, "leader", set(to));
        assert!(
            matches!(reply, Reply::Refused { code: RefusalCode::Conflict, .. }),
            "{to}: {reply:?}"
        );
    }
    // No operator's word, whatever the role.
    bench.user("bo", Grant::of(Role::Operator));
    let reply = bench.send(Proof::UserCertificate, "bo", set(Generation::NEWEST));
    assert!(matches!(reply, Reply::Refused { code: RefusalCode::Forbidden, .. }), "{reply:?}");
}

#[test]
fn a_state_of_a_later_generation_is_refused_with_what_to_do() {
    let later: Generation = "3".parse().unwrap();
    let bytes = State { generation: later, ..full().state }.encode();
    let error = State::decode(&bytes).unwrap_err().to_string();
    let wanted = "a snapshot is of generation 3, this version reads up to 2; this node must be \
                  upgraded before it can follow";
    assert_eq!(error, wanted);
}
