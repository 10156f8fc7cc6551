//! Nodes and observers in one process, over real connections.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::storage_tests::identity;
use super::*;
use crate::follow::Shelf;
use crate::identity::{Authority, Identity};
use crate::state::command::{PutConfig, RemoveNode};
use crate::state::{Command, ObserverRecord, Reply, State};
use axum::Router;

const LONG: Duration = Duration::from_secs(20);

/// One member, and observers around it.
struct Lab {
    dir: TempDir,
    authority: Authority,
    one: Cluster,
}

fn start(dir: &Path, name: &str, identity: Identity, from: Vec<String>) -> Cluster {
    let shelf = Arc::new(Shelf::default());
    start_with(dir, name, identity, FeedConfig { from, shelf })
}

fn start_with(dir: &Path, name: &str, identity: Identity, feed: FeedConfig) -> Cluster {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let advertise = listener.local_addr().unwrap().to_string();
    let config = ClusterConfig {
        data_dir: dir.join(name),
        identity: Arc::new(identity),
        advertise,
        api: format!("api.{name}:8053"),
        timers: Timers::Patient,
        extra: Router::new(),
        space: SpaceLimits::default(),
        clock: WallClock::system(),
        gate: None,
        feed,
    };
    Cluster::start(config, listener).unwrap()
}

impl Lab {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::create("lab").unwrap();
        let one = authority.issue_node(1, "n1", true, &["127.0.0.1".to_owned()]).unwrap();
        one.save(&dir.path().join("id-1")).unwrap();
        let one = Identity::load(&dir.path().join("id-1")).unwrap();
        let one = start(dir.path(), "one", one, Vec::new());
        let mut states = one.watch();
        let ready = |state: &Arc<State>| {
            !state.nodes.is_empty() && state.generation == crate::state::Generation::NEWEST
        };
        let recorded = states.wait_for(ready);
        timeout(LONG, recorded).await.unwrap().unwrap();
        Self { dir, authority, one }
    }

    /// Records an observer and makes its identity.
    async fn observer(&self, name: &str) -> Identity {
        let record = ObserverRecord { name: name.to_owned(), ..ObserverRecord::default() };
        let reply = self.done(Command::AddObserver(record)).await;
        let Reply::Done { id: Some(id), .. } = reply else { panic!("{reply:?}") };
        let folder = self.dir.path().join(format!("id-{name}"));
        let hosts = ["127.0.0.1".to_owned()];
        self.authority.issue_observer(id, name, &hosts).unwrap().save(&folder).unwrap();
        Identity::load(&folder).unwrap()
    }

    async fn done(&self, command: Command) -> Reply {
        let reply = self.one.propose(command, Origin::new("test")).await.unwrap();
        assert!(matches!(reply, Reply::Done { .. }), "{reply:?}");
        reply
    }

    /// A change that answers follow from.
    async fn put(&self, region: &str) -> State {
        let text = format!("[[regions]]\nid = {region:?}\n");
        let config = crate::model::document::read(&text, None, &|_| Err(String::new())).unwrap();
        let config = Arc::new(config);
        self.done(Command::PutConfig(PutConfig { config, expect: None })).await;
        State::clone(&self.one.state())
    }

    fn start_observer(&self, name: &str, identity: Identity, from: &Cluster) -> Cluster {
        start(self.dir.path(), name, identity, vec![from.raft_address().to_string()])
    }
}

/// Waits until an observer has the state of a member.
async fn has(observer: &Cluster, state: &State) {
    let mut states = observer.watch();
    let at = state.revision();
    let there = timeout(LONG, states.wait_for(|now| now.revision() == at)).await;
    let now = observer.state();
    assert!(there.is_ok(), "at {}, wanted {at}: {:?}", now.revision(), observer.feed_status());
    assert_eq!((&now.config, &now.serials), (&state.config, &state.serials));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_and_one_behind_it_follow_and_a_third_is_too_far() {
    let lab = Lab::new().await;
    let (near, far, third) =
        (lab.observer("near").await, lab.observer("far").await, lab.observer("third").await);
    let near = lab.start_observer("near", near, &lab.one);
    near.is_fed().await;
    let far = lab.start_observer("far", far, &near);
    far.is_fed().await;
    let names = |of: &Cluster| -> Vec<String> {
        of.feed_status().unwrap().path.into_iter().map(|station| station.name).collect()
    };
    has(&near, &lab.put("eu").await).await;
    has(&far, &lab.put("us").await).await;
    assert_eq!((names(&near), names(&far)), (vec!["n1".into()], vec!["n1".into(), "near".into()]));
    assert!(far.status().quorum_age_ms.unwrap() < 5_000);
    assert_eq!(far.status().role, Role::Observer);

    // What an observer is not told, and what it will not do.
    assert!(near.state().sessions.seen(1, 1).is_none() && near.state().audit.count == 0);
    let refused = near.propose(Command::RemoveNode(RemoveNode { id: 1 }), Origin::new("x")).await;
    assert!(matches!(refused, Err(ProposeError::Observer { .. })), "{refused:?}");
    near.linearizable().await.unwrap_err();

    // One behind two observers is refused, and takes the member that it learns of by none of them.
    let third = lab.start_observer("third", third, &far);
    let mut changes = third.status_changes();
    let failed = async {
        while third.feed_status().unwrap().failed.is_none() {
            let _ = timeout(Duration::from_millis(50), changes.changed()).await;
        }
    };
    timeout(LONG, failed).await.unwrap();
    let why = third.feed_status().unwrap().failed.unwrap();
    assert!(why.contains("follow a member"), "{why}");

    // What those behind say goes up through the one between.
    far.report(Arc::from(b"far says".as_slice())).await.unwrap();
    near.report(Arc::from(b"near says".as_slice())).await.unwrap();
    let said: Vec<Vec<u8>> = lab.one.guests().iter().map(|guest| guest.said.to_vec()).collect();
    assert_eq!(said, [b"near says".to_vec(), b"far says".to_vec()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_observer_is_cut_off_and_a_stranger_is_refused() {
    let lab = Lab::new().await;
    let gone = lab.observer("gone").await;
    let id = gone.node_id;
    let gone = lab.start_observer("gone", gone, &lab.one);
    gone.is_fed().await;
    let before = lab.put("eu").await;
    has(&gone, &before).await;
    lab.done(Command::RemoveNode(RemoveNode { id })).await;
    lab.put("us").await;
    let mut changes = gone.status_changes();
    let refused = async {
        loop {
            let status = gone.feed_status().unwrap();
            if status.failed.as_ref().is_some_and(|why| why.contains("was removed")) {
                return status;
            }
            let _ = timeout(Duration::from_millis(50), changes.changed()).await;
        }
    };
    let status = timeout(LONG, refused).await.unwrap();
    assert_eq!(status.upstream, None);
    assert_eq!(gone.state().config, before.config, "it goes on with what it had");
    // Its number is never given again, and no member speaks Raft with it.
    let next = lab.observer("next").await;
    assert!(next.node_id > id);
    let member = identity(lab.dir.path(), &lab.authority, 77);
    let stranger = start(lab.dir.path(), "stranger", member, Vec::new());
    assert!(stranger.feed_status().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_start_with_nobody_reachable_serves_what_was_stored() {
    let lab = Lab::new().await;
    let cold = lab.observer("cold").await;
    let first = lab.start_observer("cold", cold, &lab.one);
    first.is_fed().await;
    let state = lab.put("eu").await;
    has(&first, &state).await;
    first.shutdown().await;
    let from = lab.one.raft_address().to_string();
    lab.one.shutdown().await;
    let again = Identity::load(&lab.dir.path().join("id-cold")).unwrap();
    let again = start(lab.dir.path(), "cold", again, vec![from]);
    has(&again, &state).await;
    assert_eq!(again.status().quorum_age_ms, None, "it has heard nobody");
    again.shutdown().await;
    // Damaged: laid aside, and nothing is served.
    let file = lab.dir.path().join("cold/serving.gslb");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let again = Identity::load(&lab.dir.path().join("id-cold")).unwrap();
    let again = start(lab.dir.path(), "cold", again, Vec::new());
    assert_eq!(again.state().index, 0);
    assert!(lab.dir.path().join("cold/serving.damaged").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn place_files_come_by_their_hash_through_a_relay_and_go_on_where_they_stopped() {
    let lab = Lab::new().await;
    let (near, far) = (lab.observer("near").await, lab.observer("far").await);
    let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let file = lab.dir.path().join("city.mmdb");
    std::fs::write(&file, &content).unwrap();
    let shelf = Arc::new(Shelf::default());
    let from = vec![lab.one.raft_address().to_string()];
    let near = start_with(lab.dir.path(), "near", near, FeedConfig { from, shelf: shelf.clone() });
    shelf.offer("edition", "label", &[file]).unwrap();
    let far = lab.start_observer("far", far, &near);
    let mut places = far.fed_places().unwrap();
    let told = timeout(LONG, places.wait_for(|places| !places.files.is_empty())).await.unwrap();
    let files = told.unwrap().files.clone();
    far.is_fed().await;
    // A part is there already: it goes on behind it.
    let hash: String = files[0].sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = lab.dir.path().join("far/places");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{hash}.part")), &content[..300_000]).unwrap();
    let paths: Vec<PathBuf> = far.fetch_places(files.clone()).await.unwrap();
    assert_eq!(std::fs::read(&paths[0]).unwrap(), content);
    assert_eq!(crate::follow::stored_places(&lab.dir.path().join("far")), paths);
    // A part that is wrong is found by the hash, and begun anew.
    std::fs::remove_file(&paths[0]).unwrap();
    std::fs::write(folder.join(format!("{hash}.part")), vec![7; 300_000]).unwrap();
    let why = far.fetch_places(files.clone()).await.unwrap_err();
    assert!(why.contains("hash"), "{why}");
    far.fetch_places(files).await.unwrap();
}
