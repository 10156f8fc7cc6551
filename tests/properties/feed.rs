//! What an observer is told: deltas one by one, a full at the end, and the voter's own state agree.

use crate::agreement::{caller, command, name};
use crate::configs;
use crate::tape::{Tape, tape};
use gslb_consensus::feed::{Assembly, Difference, Frame, Frames, Got, Serving, Sum};
use gslb_consensus::model::Config;
use gslb_consensus::state::{Command, Envelope, ObserverRecord, State};
use proptest::prelude::*;
use std::sync::Arc;

/// An observer that is recorded; others are removed as nodes are.
fn observer(tape: &mut Tape) -> Command {
    let name = format!("edge-{}", tape.number(9));
    Command::AddObserver(ObserverRecord { name, ..ObserverRecord::default() })
}

/// Sends frames over a stream of bytes, and gives the state that they lead to.
fn send(assembly: &mut Assembly, frames: &[Frame]) -> Option<Arc<State>> {
    let mut cutter = Frames::default();
    let mut last = None;
    for piece in Frame::encode_all(frames).chunks(1_000) {
        cutter.feed(piece);
        while let Some(frame) = cutter.cut().unwrap() {
            if let Got::State(state) = assembly.take(frame).unwrap() {
                last = Some(state);
            }
        }
    }
    last
}

/// Whatever answers follow from is the same on both.
fn same_answers(voter: &State, observer: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(voter.revision(), observer.revision());
    prop_assert_eq!(voter.time_ms, observer.time_ms);
    prop_assert_eq!(voter.config_index, observer.config_index);
    let shown = Config { monitors: Default::default(), ..(*voter.config).clone() };
    prop_assert_eq!(&shown, &*observer.config);
    prop_assert_eq!(&voter.serials, &observer.serials);
    for (pool, endpoint) in voter.config.endpoints() {
        let (of_voter, of_observer) =
            (voter.endpoint_state(pool, endpoint), observer.endpoint_state(pool, endpoint));
        prop_assert_eq!(of_voter, of_observer);
        let region = &endpoint.region;
        prop_assert_eq!(voter.weight(&pool.id, region), observer.weight(&pool.id, region));
    }
    prop_assert!(voter.observers.keys().eq(observer.observers.keys()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn deltas_one_by_one_are_a_full_of_the_end_and_what_the_voter_answers_by(mut tape in tape(1500)) {
        let mut configs: Vec<Arc<Config>> = vec![Arc::default()];
        configs.extend((0..3).map(|_| Arc::new(configs::config(&mut tape))));
        let mut voter = State::default();
        let mut sent = voter.clone();
        let mut sum = Sum::default();
        let mut assembly = Assembly::default();
        // A stream begins with all that there is.
        send(&mut assembly, &Difference::default().frames(Frame::Begin { from: None }, Serving::of(&voter).mark()));
        let mut clock = 1_000_000;
        for index in 1..=40 {
            clock += tape.number(900);
            let envelope = Envelope {
                client: u128::from(tape.number(3)),
                seq: tape.number(30),
                actor: name(&mut tape),
                caller: caller(&mut tape),
                stamp_ms: clock,
                command: if tape.one_in(8) { observer(&mut tape) } else { command(&mut tape, &configs) },
            };
            voter.apply(index, &envelope);
            if tape.one_in(4) {
                // Changes that come together are told together.
                continue;
            }
            let change = Difference::between(&sent, &voter, &mut sum);
            let mark = Serving::of(&voter).mark();
            prop_assert_eq!(mark.sum, sum);
            let begin = Frame::Begin { from: Some(sent.revision()) };
            let state = send(&mut assembly, &change.frames(begin, mark)).unwrap();
            sent = voter.clone();
            same_answers(&voter, &state)?;
            // The same objects give the same bytes again.
            let serving = Serving::of(&voter);
            prop_assert_eq!(&*state, serving.state());
            prop_assert_eq!(Serving::of(&state).mark(), mark);
        }
        let mut anew = Assembly::default();
        let all = Difference::between(&State::default(), &sent, &mut Sum::default());
        let full = all.frames(Frame::Begin { from: None }, Serving::of(&sent).mark());
        let state = send(&mut anew, &full).unwrap();
        prop_assert_eq!(Some(&*state), assembly.serving().map(Serving::state));
    }
}
