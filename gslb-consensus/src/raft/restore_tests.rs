//! A node that goes on from a backup: in a new cluster, and in one that lost its majority.

use super::cluster_tests::{Lab, until, write};
use super::*;
use crate::backup::{About, Backup};
use crate::state::{Generation, State};

/// A backup of what a node has now.
fn backup(cluster: &Cluster) -> Backup {
    let state = State::clone(&cluster.state());
    let about = About {
        cluster: "lab".to_owned(),
        cluster_uuid: String::new(),
        node: "n".to_owned(),
        version: String::new(),
        made_ms: 0,
        history: state.history,
        index: state.index,
    };
    Backup { about, state }
}

fn restored(lab: &Lab, id: u64, backup: &Backup, gives_up: bool) -> Result<Restored, RestoreError> {
    let (data_dir, identity) = (lab.data(id), lab.identity(id));
    let (data_dir, identity) = (data_dir.as_path(), &identity);
    let (record, backup) = (lab.record(id), backup.clone());
    restore(Restore { data_dir, identity, record, backup, above: 0, gives_up })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_cluster_begins_with_the_state_of_a_backup_in_a_higher_history() {
    let old = Lab::new();
    let [one, two, three] = old.three().await;
    let index = write(&one).await;
    let saved = backup(&one);
    for node in [one, two, three] {
        node.shutdown().await;
    }
    let lab = Lab::new();
    let done = restored(&lab, 1, &saved, false).unwrap();
    assert_eq!((done.revision.history, done.before), (1, None));
    assert!(!verify_data(&lab.data(1)).unwrap().has(Verdict::Damaged));
    let one = lab.start(1);
    assert!(one.state().revision() > saved.about.revision(), "{:?}", one.state().revision());
    assert_eq!(one.state().sessions, saved.state.sessions);
    until(&one, "it leads alone", |s, state| s.role == Role::Leader && state.nodes.len() == 1)
        .await;
    assert!(write(&one).await > index);
    // Numbers that were given stay given, and the newcomer gets the whole state.
    let two = lab.start(4);
    one.add_node(Some(4), lab.record(4), Origin::new("test")).await.unwrap();
    until(&two, "it has the new history", |_, state| state.history == 1).await;
    one.shutdown().await;
    two.shutdown().await;
    // It outlives a restart, and a founder that lost it begins no other.
    let one = lab.start(1);
    assert_eq!(one.state().history, 1);
    one.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survivor_goes_on_alone_if_that_is_confirmed_and_what_was_is_kept() {
    let lab = Lab::new();
    let [one, two, three] = lab.three().await;
    write(&one).await;
    one.close().await;
    two.close().await;
    // What a node has can be saved without a quorum.
    let saved = backup(&three);
    let running = restored(&lab, 3, &saved, true).unwrap_err();
    assert!(matches!(running, RestoreError::Open(OpenError::Locked { .. })), "{running}");
    three.close().await;
    let refused = restored(&lab, 3, &saved, false).unwrap_err();
    assert!(matches!(refused, RestoreError::NeedsConfirmation), "{refused}");
    for history in [1, 2] {
        let done = restored(&lab, 3, &saved, true).unwrap();
        assert_eq!(done.revision.history, history, "each time a higher one");
        assert!(done.before.unwrap().join("log.redb").exists());
        let three = lab.start(3);
        until(&three, "it leads alone", |s, _| s.role == Role::Leader && s.members.len() == 1)
            .await;
        write(&three).await;
        three.shutdown().await;
    }
    // A node of the old history comes back by mistake: neither takes the other for a member.
    let (two, three) = (lab.start(2), lab.start(3));
    until(&three, "it leads", |s, _| s.role == Role::Leader).await;
    let index = write(&three).await;
    assert!(two.state().history == 0 && two.state().index != index);
    assert_ne!(two.status().leader, Some(3));
    two.close().await;
    three.shutdown().await;
}

/// A backup of a state of generation 1.
fn of_generation_1() -> Backup {
    let state = State { index: 7, ..State::default() };
    assert_eq!((state.generation, state.encode()[0]), (Generation::FIRST, 3));
    let about = About {
        cluster: "lab".to_owned(),
        cluster_uuid: String::new(),
        node: String::new(),
        version: String::new(),
        made_ms: 0,
        history: 0,
        index: 7,
    };
    Backup { about, state }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_generation_1_is_raised_once_every_member_reads_more() {
    let lab = Lab::new();
    restored(&lab, 1, &of_generation_1(), true).unwrap();
    let one = lab.start(1);
    let raised = |state: &State| state.generation == Generation::NEWEST;
    until(&one, "it is raised", |_, state| raised(state)).await;
    let told = |state: &State| {
        state.audit.entries.iter().filter(|entry| entry.change.starts_with("generation")).count()
    };
    one.purge_for_test().await;
    one.shutdown().await;
    let one = lab.start(1);
    assert!(raised(&one.state()), "it is kept by the snapshot");
    write(&one).await;
    assert_eq!(told(&one.state()), 1, "no leader repeats it");
    one.shutdown().await;
}

#[test]
fn a_node_that_is_no_founder_does_not_begin_a_cluster_unasked() {
    let lab = Lab::new();
    let saved = of_generation_1();
    let refused = restored(&lab, 2, &saved, false).unwrap_err();
    assert!(matches!(refused, RestoreError::NeedsConfirmation), "{refused}");
    assert_eq!(restored(&lab, 2, &saved, true).unwrap().revision.to_string(), "1.7");
}
