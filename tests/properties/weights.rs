//! Runtime weights beside the file's.

use crate::states::{TRAFFIC, Trial};
use gslb_consensus::state::command::SetWeight;
use gslb_consensus::state::{Command, RefusalCode, Reply};

fn set(region: &str, pool: Option<&str>, weight: Option<u16>) -> Command {
    Command::SetWeight(SetWeight {
        region: region.parse().unwrap(),
        pool: pool.map(|p| p.parse().unwrap()),
        weight,
        reason: "test".to_owned(),
    })
}

fn weights(trial: &Trial) -> (u16, u16) {
    let pool = "web".parse().unwrap();
    let weight = |region: &str| trial.state.weight(&pool, &region.parse().unwrap());
    (weight("east"), weight("west"))
}

#[test]
fn a_runtime_weight_survives_an_apply_until_the_file_changes_that_weight() {
    let mut trial = Trial::new(0);
    assert_eq!(weights(&trial), (100, 50));
    trial.done(set("east", None, Some(7)));
    assert_eq!(weights(&trial), (7, 50));
    trial.put(TRAFFIC);
    assert_eq!(weights(&trial), (7, 50), "the same file again");
    trial.put(&TRAFFIC.replace("weight = 50", "weight = 60"));
    assert_eq!(weights(&trial), (7, 60), "the other region's weight changed");
    trial.put(&TRAFFIC.replace("weight = 100", "weight = 90"));
    assert_eq!(weights(&trial), (90, 50), "the file has a say of its own now");
    trial.put(TRAFFIC);
    assert_eq!(weights(&trial), (100, 50), "what was overruled does not come back");
}

#[test]
fn a_weight_for_one_pool_goes_before_the_regions_and_clearing_gives_the_next_one_back() {
    let mut trial = Trial::new(0);
    trial.done(set("east", None, Some(7)));
    trial.done(set("east", Some("web"), Some(0)));
    assert_eq!(weights(&trial), (0, 50));
    trial.done(set("east", Some("web"), None));
    assert_eq!(weights(&trial), (7, 50));
    trial.done(set("east", None, None));
    assert_eq!(weights(&trial), (100, 50));
}

#[test]
fn weights_hold_to_their_bounds_and_to_what_exists() {
    let mut trial = Trial::new(0);
    trial.done(set("east", None, Some(1000)));
    for (command, expected) in [
        (set("east", None, Some(1001)), RefusalCode::Invalid),
        (set("north", None, Some(1)), RefusalCode::NotFound),
        (set("east", Some("mail"), Some(1)), RefusalCode::NotFound),
    ] {
        let before = trial.state.weights.clone();
        match trial.apply(command) {
            Reply::Refused { code, .. } => assert_eq!(code, expected),
            done @ Reply::Done { .. } => panic!("{done:?}"),
        }
        assert_eq!(trial.state.weights, before);
    }
}
