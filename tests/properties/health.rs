//! The quorum of vantages.

use crate::states::Trial;
use gslb_consensus::state::command::{ExpireVantage, RemoveNode};
use gslb_consensus::state::{Command, Report};

fn report(node: u64, incarnation: u64, seq: u64, up: bool) -> Command {
    let changes = vec![("east-1".parse().unwrap(), up, "test".to_owned())];
    Command::ReportHealth(Report { node, incarnation, seq, changes })
}

fn is_up(trial: &Trial) -> bool {
    trial.state.health.is_up(&"east-1".parse().unwrap())
}

#[test]
fn a_strict_majority_of_the_votes_decides_and_a_tie_keeps_what_was() {
    for vantages in [1, 2, 3, 5_u64] {
        for was_up in [true, false] {
            for others in 0..=vantages {
                let mut trial = Trial::new(vantages);
                for node in 1..=vantages {
                    trial.done(report(node, 1, 1, was_up));
                }
                for node in 1..=others {
                    trial.done(report(node, 1, 2, !was_up));
                }
                let expected = if others * 2 > vantages { !was_up } else { was_up };
                assert_eq!(is_up(&trial), expected, "{others} of {vantages} against {was_up}");
            }
        }
    }
}

#[test]
fn an_endpoint_counts_as_up_until_somebody_has_voted() {
    let mut trial = Trial::new(3);
    assert!(is_up(&trial));
    trial.done(report(2, 1, 1, false));
    assert!(!is_up(&trial), "one vote alone decides");
    trial.done(report(1, 1, 1, true));
    assert!(!is_up(&trial), "a tie keeps what was");
    trial.done(report(3, 1, 1, true));
    assert!(is_up(&trial));
}

#[test]
fn a_vantage_that_went_silent_or_was_removed_counts_no_more() {
    let mut trial = Trial::new(3);
    for (node, up) in [(1, true), (2, true), (3, false)] {
        trial.done(report(node, 1, 1, up));
    }
    assert!(is_up(&trial));
    let expire = |node| Command::ExpireVantage(ExpireVantage { node, incarnation: 1, seq: 1 });
    trial.done(expire(1));
    assert!(is_up(&trial), "one against one keeps what was");
    trial.done(Command::RemoveNode(RemoveNode { id: 2 }));
    assert!(!is_up(&trial), "only the third is left");
    trial.done(report(1, 1, 2, true));
    trial.done(expire(1));
    assert!(trial.state.health.vantages[&1].live, "it has spoken since");
}

#[test]
fn reports_of_an_earlier_start_or_number_change_nothing() {
    let mut trial = Trial::new(1);
    trial.done(report(1, 5, 3, false));
    trial.apply(report(1, 4, 9, true));
    trial.apply(report(1, 5, 2, true));
    assert!(!is_up(&trial));
    trial.done(report(1, 6, 1, true));
    assert!(is_up(&trial));
    trial.apply(report(9, 1, 1, false));
    assert!(is_up(&trial), "an unknown node has no vote");
}

#[test]
fn with_no_evidence_left_what_was_stays() {
    let mut trial = Trial::new(1);
    trial.done(report(1, 1, 1, false));
    trial.done(Command::ExpireVantage(ExpireVantage { node: 1, incarnation: 1, seq: 1 }));
    assert!(!is_up(&trial));
}
