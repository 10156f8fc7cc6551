//! Three nodes in one process, over real sockets with mutual TLS.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use tempfile::TempDir;
use tokio::time::timeout;

use super::storage_tests::identity;
use super::store::Folder;
use super::*;
use crate::identity::{Authority, Identity, Peer};
use crate::model::{Config, zone};
use crate::state::command::{PassTime, PutConfig};
use crate::state::{Command, NodeRecord, RefusalCode, Reply, State};

/// No step of a test takes longer, even on a machine that is busy.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// Three identities, their folders and fixed ports.
pub(super) struct Lab {
    dir: TempDir,
    authority: Authority,
    ports: Vec<u16>,
    /// Where the others reach each node; its own port, if not said otherwise.
    advertised: Vec<u16>,
    /// How far each node's clock is ahead of this machine's, ms.
    ahead_ms: Vec<Arc<AtomicI64>>,
}

impl Lab {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::create("lab").unwrap();
        let held: Vec<TcpListener> =
            (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> =
            held.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        let ahead_ms = (0..5).map(|_| Arc::default()).collect();
        Self { dir, authority, advertised: ports.clone(), ports, ahead_ms }
    }

    /// Lets the others reach a node by another port, from its next start on.
    pub(super) fn advertise(&mut self, id: u64, port: u16) {
        self.advertised[id as usize] = port;
    }

    fn advertised(&self, id: u64) -> String {
        format!("127.0.0.1:{}", self.advertised[id as usize])
    }

    pub(super) fn address(&self, id: u64) -> String {
        format!("127.0.0.1:{}", self.ports[id as usize])
    }

    pub(super) fn identity(&self, id: u64) -> Identity {
        identity(self.dir.path(), &self.authority, id)
    }

    pub(super) fn data(&self, id: u64) -> PathBuf {
        self.dir.path().join(format!("data-{id}"))
    }

    pub(super) fn start_with(&self, id: u64, gate: Option<Gate>) -> Result<Cluster, StartError> {
        let who = |Extension(peer): Extension<Peer>| async move { peer.to_string() };
        let config = ClusterConfig {
            data_dir: self.data(id),
            identity: Arc::new(self.identity(id)),
            advertise: self.advertised(id),
            api: format!("127.0.0.1:{}", 10_000 + id),
            timers: Timers::Patient,
            extra: Router::new().route("/node/v1/who", get(who)),
            space: SpaceLimits::default(),
            clock: self.clock(id),
            gate,
            feed: FeedConfig::default(),
        };
        Cluster::start(config, TcpListener::bind(self.address(id)).unwrap())
    }

    fn clock(&self, id: u64) -> WallClock {
        let (system, ahead) = (WallClock::system(), Arc::clone(&self.ahead_ms[id as usize]));
        WallClock::of(move || system.ms().saturating_add_signed(ahead.load(Ordering::Relaxed)))
    }

    pub(super) fn start(&self, id: u64) -> Cluster {
        self.start_with(id, None).unwrap()
    }

    pub(super) fn record(&self, id: u64) -> NodeRecord {
        NodeRecord {
            name: format!("node-{id}"),
            raft: self.advertised(id),
            api: format!("127.0.0.1:{}", 10_000 + id),
        }
    }

    /// Three voters.
    pub(super) async fn three(&self) -> [Cluster; 3] {
        let one = self.start(1);
        let (two, three) = (self.start(2), self.start(3));
        until(&one, "the founder leads and is recorded", |s, state| {
            s.role == Role::Leader && state.nodes.len() == 1
        })
        .await;
        for id in [2, 3] {
            let reply = one.add_node(Some(id), self.record(id), Origin::new("test")).await.unwrap();
            assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
        }
        for cluster in [&one, &two, &three] {
            until(cluster, "all three vote", |s, _| voters(s) == [1, 2, 3]).await;
        }
        [one, two, three]
    }
}

pub(super) fn voters(status: &RaftStatus) -> Vec<u64> {
    status.members.iter().filter(|member| member.voter).map(|member| member.id).collect()
}

/// Waits until status and state are as asked.
pub(super) async fn until(
    cluster: &Cluster,
    what: &str,
    done: impl Fn(&RaftStatus, &State) -> bool,
) {
    let mut status = cluster.status_changes();
    let mut state = cluster.watch();
    let waited = timeout(SOON, async {
        loop {
            if done(&cluster.status(), &state.borrow_and_update().clone()) {
                return;
            }
            tokio::select! {
                changed = status.changed() => changed.unwrap(),
                changed = state.changed() => changed.unwrap(),
            }
        }
    });
    assert!(waited.await.is_ok(), "not in time: {what}: {:?}", cluster.status());
}

/// A small change; gives its log index. A machine that is busy may need longer for an election than
/// a node waits before it refuses: then it is asked again, as a caller would.
pub(super) async fn write(cluster: &Cluster) -> u64 {
    let mut status = cluster.status_changes();
    let written = timeout(SOON, async {
        loop {
            match cluster.propose(Command::PassTime(PassTime {}), Origin::new("test")).await {
                Ok(Reply::Done { revision, .. }) => return revision.index,
                Err(ProposeError::NoQuorum { .. } | ProposeError::NoLeader) => {
                    status.changed().await.unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    });
    written.await.unwrap_or_else(|_| panic!("not written in time: {:?}", cluster.status()))
}

async fn has(cluster: &Cluster, index: u64) {
    until(cluster, "the write arrived", |_, state| state.index >= index).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_added_at_once_does_not_take_the_founders_place() {
    let lab = Lab::new();
    let one = lab.start(1);
    let reply = one.add_node(None, lab.record(2), Origin::new("test")).await.unwrap();
    assert!(matches!(reply, Reply::Done { id: Some(2), .. }), "{reply:?}");
    assert_eq!(one.state().nodes.keys().copied().collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_founder_alone_takes_writes_and_keeps_them_over_a_restart() {
    let lab = Lab::new();
    let one = lab.start(1);
    let index = write(&one).await;
    one.shutdown().await;
    // Taken after the end: the leader writes of its own accord too.
    let before = one.state();
    assert!(before.index >= index);
    let one = lab.start(1);
    // Restored before the start returns, without any other node's help.
    assert!(one.state().index >= index);
    assert_eq!(one.state().sessions, before.sessions);
    assert!(write(&one).await > index);
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_through_a_follower_reaches_every_node() {
    let lab = Lab::new();
    let nodes = lab.three().await;
    let origin = Origin::new("ann");
    let propose = || nodes[2].propose(Command::PassTime(PassTime {}), origin.clone());
    let reply = propose().await.unwrap();
    // A retry is answered with the first reply and changes nothing.
    assert_eq!(propose().await.unwrap(), reply);
    let Reply::Done { revision, .. } = reply else { panic!("{reply:?}") };
    for node in &nodes {
        has(node, revision.index).await;
        assert!(node.linearizable().await.unwrap().index >= revision.index);
    }
    // The node's own routes hear who calls.
    let (status, body) = nodes[1].peer(3).get("/node/v1/who").await.unwrap();
    assert_eq!((status, &body[..]), (200, &b"node 2"[..]));
    for node in &nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_others_go_on_without_the_leader_and_it_catches_up_when_it_is_back() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    let index = write(&one).await;
    one.close().await;
    let later = write(&two).await;
    assert!(later > index);
    has(&three, later).await;
    let one = lab.start(1);
    assert!(one.state().index >= index, "what was committed is there at once");
    has(&one, later).await;
    let last = write(&one).await;
    has(&two, last).await;
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_is_handed_over_and_a_removed_node_loses_its_vote() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    one.transfer_leader(2).await.unwrap();
    three.transfer_leader(9).await.unwrap_err();
    until(&three, "node 2 leads", |s, _| s.leader == Some(2)).await;
    // A leader that is removed hands over first.
    three.remove_node(2, Origin::new("test")).await.unwrap();
    until(&three, "node 2 is no member", |s, _| {
        voters(s) == [1, 3] && s.members.len() == 2 && s.leader.is_some_and(|id| id != 2)
    })
    .await;
    let index = write(&three).await;
    has(&one, index).await;
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cut_off_from_the_quorum_refuses_writes_and_keeps_its_state() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    let index = write(&one).await;
    has(&three, index).await;
    one.shutdown().await;
    two.shutdown().await;
    let command = Command::PassTime(PassTime {});
    let error = three.propose_within(command, Origin::new("test"), SOON).await.unwrap_err();
    assert!(
        matches!(error, ProposeError::NoQuorum { .. } | ProposeError::Unknown { .. }),
        "{error:?}"
    );
    // Now it knows: refused at once.
    let command = Command::PassTime(PassTime {});
    let error = three.propose_within(command, Origin::new("test"), SOON).await.unwrap_err();
    assert!(matches!(error, ProposeError::NoQuorum { .. }), "{error:?}");
    assert!(three.linearizable().await.is_err());
    assert!(three.state().index >= index);
    three.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_joiner_comes_up_by_snapshot() {
    let lab = Lab::new();
    let one = lab.start(1);
    for _ in 0..20 {
        write(&one).await;
    }
    let index = write(&one).await;
    one.purge_for_test().await;
    let two = lab.start(2);
    one.add_node(Some(2), lab.record(2), Origin::new("test")).await.unwrap();
    until(&two, "it votes", |s, _| voters(s) == [1, 2]).await;
    has(&two, index).await;
    assert!(std::fs::read_dir(lab.data(2).join("snapshots")).unwrap().count() > 0);
    // It keeps what came by snapshot.
    two.shutdown().await;
    let two = lab.start(2);
    assert!(two.state().index >= index);
    one.shutdown().await;
    two.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_command_leaves_the_log_once_a_snapshot_holds_it() {
    let lab = Lab::new();
    let one = lab.start(1);
    write(&one).await;
    let mut text = "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n".to_owned();
    let bytes = "5a".repeat(60_000);
    for number in 0..150 {
        text.push_str(&format!("x{number} TYPE65280 \\# 60000 {bytes}\n"));
    }
    let zone = zone::read::read(&"example.org.".parse().unwrap(), &text).unwrap();
    let mut config = Config::default();
    config.zones.insert(zone.name.clone(), Arc::new(zone));
    let put = Command::PutConfig(PutConfig { config: Arc::new(config), expect: None });
    let reply = one.propose_within(put, Origin::new("test"), SOON).await.unwrap();
    let Reply::Done { revision, .. } = reply else { panic!("{reply:?}") };
    one.purged_for_test(revision.index).await;
    // It is there after a start from the snapshot, and for who comes later.
    let before = one.state();
    one.shutdown().await;
    let one = lab.start(1);
    assert_eq!(one.state().config, before.config);
    write(&one).await;
    let two = lab.start(2);
    one.add_node(Some(2), lab.record(2), Origin::new("test")).await.unwrap();
    has(&two, revision.index).await;
    assert_eq!(two.state().config, before.config);
    one.shutdown().await;
    two.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_node_never_comes_back_under_its_number() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    let index = write(&one).await;
    has(&three, index).await;
    three.shutdown().await;
    let gone = one.peer(3).get("/node/v1/who").await.unwrap_err();
    assert!(matches!(gone, PeerError::Refused(_)), "{gone}");
    std::fs::remove_dir_all(lab.data(3)).unwrap();
    let three = lab.start(3);
    // The others go on, and it hears nothing of what they do.
    let index = write(&two).await;
    has(&one, index).await;
    assert_eq!(three.state().index, 0);
    assert_eq!(three.status().term, 0);
    let mut status = three.status_changes();
    let told = timeout(Duration::from_secs(20), status.wait_for(|status| status.is_stranger));
    drop(told.await.expect("it learns that it is not what joined").unwrap());
    assert!(!one.status().is_stranger);
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_and_an_operator_may_not_speak_raft() {
    let lab = Lab::new();
    let one = lab.start(1);
    let stranger = Authority::create("lab").unwrap();
    let folder = lab.dir.path().join("stranger");
    stranger.issue_admin("eve").unwrap().save(&folder).unwrap();
    let theirs = crate::identity::AdminIdentity::load(&folder).unwrap();
    let folder = lab.dir.path().join("admin");
    lab.authority.issue_admin("ann").unwrap().save(&folder).unwrap();
    let ours = crate::identity::AdminIdentity::load(&folder).unwrap();
    let client = |tls| {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .resolve("n1.lab.gslb.internal", lab.address(1).parse().unwrap())
            .build()
            .unwrap()
    };
    let url = |path: &str| format!("https://n1.lab.gslb.internal:{}{path}", lab.ports[1]);
    client(theirs.client_config().unwrap()).get(url("/node/v1/who")).send().await.unwrap_err();
    let ours = client(ours.client_config().unwrap());
    let who = ours.get(url("/node/v1/who")).send().await.unwrap().text().await.unwrap();
    assert_eq!(who, "admin ann");
    let vote = ours.post(url("/raft/v1/vote")).body("x").send().await.unwrap();
    assert_eq!(vote.status(), 403);
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_node_leaves_port_and_folder_to_the_next() {
    let lab = Lab::new();
    let one = lab.start(1);
    assert!(matches!(Folder::open(&lab.data(1), &lab.identity(1)), Err(OpenError::Locked { .. })));
    one.shutdown().await;
    assert_eq!(one.status().role, Role::Stopped);
    let error = one.propose(Command::PassTime(PassTime {}), Origin::new("x")).await.unwrap_err();
    assert!(matches!(error, ProposeError::Stopped { .. }), "{error:?}");
    lab.start(1).shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_disk_stops_raft_and_the_supervisor_starts_it_again() {
    let lab = Lab::new();
    let one = lab.start(1);
    let index = write(&one).await;
    one.fail_disk_for_test();
    let command = || Command::PassTime(PassTime {});
    let within = Duration::from_millis(500);
    let error = one.propose_within(command(), Origin::new("x"), within).await.unwrap_err();
    assert!(matches!(error, ProposeError::Unknown { .. }), "{error:?}");
    until(&one, "it says why it stopped", |s, _| s.halted.is_some()).await;
    assert!(one.state().index >= index, "the state stays");
    until(&one, "it leads again", |s, _| s.role == Role::Leader && s.halted.is_none()).await;
    assert!(write(&one).await > index);
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_not_known_stops_applying_and_is_never_skipped() {
    let lab = Lab::new();
    let one = lab.start(1);
    let index = write(&one).await;
    one.poison_for_test();
    let halted = |s: &RaftStatus| s.halted.as_ref().is_some_and(|why| why.contains("upgraded"));
    until(&one, "it says that it has stopped", |s, _| halted(s)).await;
    let error = one
        .propose_within(Command::PassTime(PassTime {}), Origin::new("x"), Duration::from_secs(1))
        .await
        .unwrap_err();
    assert!(matches!(error, ProposeError::Stopped { .. }), "{error:?}");
    assert!(one.state().index >= index);
    one.shutdown().await;
    // A restart serves the state up to there, and still does not skip it.
    let one = lab.start(1);
    assert!(one.state().index >= index);
    assert!(halted(&one.status()), "{:?}", one.status());
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gate_refuses_is_never_committed() {
    let lab = Lab::new();
    let gate: Gate = Arc::new(|_, command| match command {
        Command::AddNode(_) => Err(Reply::refused(RefusalCode::Invalid, "not here")),
        _ => Ok(()),
    });
    let one = lab.start_with(1, Some(gate)).unwrap();
    until(&one, "it has recorded itself", |_, state| !state.nodes.is_empty()).await;
    let index = write(&one).await;
    let reply = one.add_node(None, lab.record(2), Origin::new("x")).await.unwrap();
    assert!(matches!(reply, Reply::Refused { code: RefusalCode::Invalid, .. }), "{reply:?}");
    assert_eq!(write(&one).await, index + 1);
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_founder_whose_data_is_gone_begins_no_second_cluster() {
    let lab = Lab::new();
    lab.start(1).shutdown().await;
    std::fs::remove_dir_all(lab.data(1)).unwrap();
    let Err(error) = lab.start_with(1, None) else { panic!("it began anew") };
    assert!(matches!(error, StartError::Open(OpenError::Missing { .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_moved_is_found_again() {
    let mut lab = Lab::new();
    let [one, two, three] = lab.three().await;
    three.shutdown().await;
    lab.ports[3] = lab.ports[0];
    lab.advertised[3] = lab.ports[3];
    let three = lab.start(3);
    let address = lab.address(3);
    until(&one, "the new address is agreed", |s, state| {
        state.nodes[&3].raft == address && s.members.iter().any(|m| m.id == 3 && m.raft == address)
    })
    .await;
    let index = write(&three).await;
    has(&one, index).await;
    let index = write(&one).await;
    has(&three, index).await;
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_ends_hands_over_first() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    let index = write(&one).await;
    has(&two, index).await;
    has(&three, index).await;
    until(&one, "it leads", |s, _| s.role == Role::Leader).await;
    let term = one.status().term;
    one.shutdown().await;
    until(&two, "another one leads", |s, _| s.leader.is_some_and(|id| id != 1)).await;
    assert_eq!(two.status().term, term + 1, "one vote was enough");
    assert!(write(&two).await > index);
    two.shutdown().await;
    three.shutdown().await;
}

/// 400 days, ms.
const FAR_MS: i64 = 400 * 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_clock_is_400_days_off_expires_nothing_and_hands_over() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    write(&one).await;
    let begun = one.state().time_ms;
    assert!(begun > 0);
    for far in [FAR_MS, -FAR_MS] {
        // Set under a leader that had agreed with the others until now.
        if one.status().leader != Some(1) {
            lab.ahead_ms[1].store(0, Ordering::Relaxed);
            let in_order = |s: &RaftStatus| s.role == Role::Leader && s.clocks_apart_s.is_empty();
            until_any(&[&two, &three], "its clock is no alarm", in_order).await;
            two.transfer_leader(1).await.unwrap();
            write(&one).await;
        }
        lab.ahead_ms[1].store(far, Ordering::Relaxed);
        write(&one).await;
        let agreed = one.state().time_ms;
        assert!((begun..begun + 600_000).contains(&agreed), "{begun} {agreed}");
        until(&two, "another leads", |s, _| s.leader.is_some_and(|id| id != 1)).await;
        let told = |s: &RaftStatus| s.clocks_apart_s.get(&1).copied();
        until_any(&[&two, &three], "the new leader tells whose clock it is", |s| {
            told(s).is_some_and(|s| (s - far / 1_000).abs() < 600)
        })
        .await;
        // Made to lead again, it trusts the others more than itself from its first command on.
        two.transfer_leader(1).await.unwrap();
        write(&one).await;
        let agreed = three.linearizable().await.unwrap().time_ms;
        assert!((begun..begun + 600_000).contains(&agreed), "{begun} {agreed}");
        until(&two, "another leads again", |s, _| s.leader.is_some_and(|id| id != 1)).await;
    }
    for node in [one, two, three] {
        node.shutdown().await;
    }
}

/// Waits until the status of one of the nodes is as asked.
async fn until_any(nodes: &[&Cluster], what: &str, done: impl Fn(&RaftStatus) -> bool) {
    let mut changes = nodes[0].status_changes();
    let waited = timeout(SOON, async {
        while !nodes.iter().any(|node| done(&node.status())) {
            let _ = timeout(Duration::from_millis(100), changes.changed()).await;
        }
    });
    assert!(waited.await.is_ok(), "not in time: {what}");
}
