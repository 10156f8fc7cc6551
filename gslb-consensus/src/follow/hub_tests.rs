//! What the hub reckons, and when.

use super::hub::{Hub, Standing};
use crate::feed::{Places, Station};
use crate::state::{NodeRecord, State};
use std::sync::Arc;
use tokio::sync::watch;

fn state(index: u64) -> Arc<State> {
    let record = NodeRecord { name: format!("n{index}"), raft: "r".into(), api: "a".into() };
    Arc::new(State { index, nodes: Arc::new([(1, record)].into()), ..State::default() })
}

/// A hub that runs, and the states that it follows.
fn start() -> (Arc<Hub>, watch::Sender<Arc<State>>) {
    let (_, places) = watch::channel(Places::default());
    let hub = Hub::new("c", places);
    let path = vec![Station { id: 1, name: "n1".to_owned() }];
    hub.stand(Arc::new(move || Some(Standing { quorum_age_ms: Some(0), path: path.clone() })));
    let states = watch::Sender::new(state(1));
    tokio::spawn(Arc::clone(&hub).run(states.subscribe()));
    (hub, states)
}

/// Waits until the hub stands at an index.
async fn stands_at(hub: &Hub, index: u64) {
    while hub.state().index != index {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn objects_are_added_up_only_while_somebody_follows() {
    let (hub, states) = start();
    stands_at(&hub, 1).await;
    states.send_replace(state(2));
    stands_at(&hub, 2).await;
    assert!(!hub.has_sum(), "nobody asked for it");
    let (one, other) = tokio::join!(hub.join(None), hub.join(None));
    assert!(hub.has_sum());
    assert_eq!(one.first, other.first, "both begin alike");
    drop(other);
    states.send_replace(state(3));
    stands_at(&hub, 3).await;
    assert!(hub.has_sum(), "one is left");
    drop(one);
    states.send_replace(state(4));
    stands_at(&hub, 4).await;
    assert!(!hub.has_sum(), "nobody is left");
}

#[tokio::test]
async fn a_change_while_objects_are_added_up_is_not_missed() {
    let (hub, states) = start();
    for index in 2..50 {
        let change = async { states.send_replace(state(index)) };
        let (mut joined, _) = tokio::join!(hub.join(None), change);
        stands_at(&hub, index).await;
        // Either all objects at the beginning stand there, or a message behind them leads there.
        let all = Hub::sum_for_test(&state(index));
        let told = |bytes: &[u8]| bytes.windows(all.len()).any(|at| at == all.as_slice());
        let begins = joined.first.iter().any(|bytes| told(bytes));
        let mut follows = || joined.messages.try_recv().is_ok_and(|bytes| told(&bytes));
        assert!(begins || follows(), "{index}");
    }
}
