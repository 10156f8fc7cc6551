//! A retry does not apply twice.

use crate::states::Trial;
use gslb_consensus::state::command::SetWeight;
use gslb_consensus::state::{Command, Envelope, NodeRecord};

fn envelope(client: u128, seq: u64, command: Command) -> Envelope {
    Envelope { client, seq, actor: "ann".to_owned(), caller: None, stamp_ms: 5, command }
}

fn weight(weight: u16) -> Command {
    let region = "east".parse().unwrap();
    Command::SetWeight(SetWeight {
        region,
        pool: None,
        weight: Some(weight),
        reason: String::new(),
    })
}

#[test]
fn a_retry_gets_the_first_reply_and_changes_nothing() {
    let mut trial = Trial::new(0);
    let record =
        NodeRecord { name: "n1".into(), raft: "192.0.2.1:1".into(), api: "192.0.2.1:2".into() };
    let add = envelope(77, 1, Command::AddNode(record));
    let first = trial.send(&add);
    let nodes = trial.state.nodes.clone();
    assert_eq!(trial.send(&add), first, "the same id, at the same revision");
    assert_eq!(trial.state.nodes, nodes);
    assert_eq!(trial.state.audit.entries.len(), 2, "told once");
}

#[test]
fn a_late_retry_of_an_older_command_does_not_undo_a_newer_one() {
    let mut trial = Trial::new(0);
    let region = "east".parse().unwrap();
    trial.send(&envelope(77, 1, weight(1)));
    trial.send(&envelope(77, 2, weight(2)));
    trial.send(&envelope(77, 1, weight(1)));
    assert_eq!(trial.state.region_weight(&region), 2);
    trial.send(&envelope(78, 1, weight(3)));
    assert_eq!(trial.state.region_weight(&region), 3, "another sender counts for itself");
}
