//! Frames, sums and what a follower makes of them.

use super::frame::FRAME_MAX;
use super::*;
use crate::state::{Health, NodeRecord, Revision, State};
use std::sync::Arc;

fn member(id: u64) -> NodeRecord {
    NodeRecord { name: format!("n{id}"), raft: format!("r{id}:1"), api: format!("a{id}:1") }
}

fn state(index: u64, members: &[u64]) -> State {
    let nodes = members.iter().map(|id| (*id, member(*id))).collect();
    State { history: 1, index, time_ms: index * 10, nodes: Arc::new(nodes), ..State::default() }
}

fn full(state: &State) -> Vec<Frame> {
    let all = Difference::between(&State::default(), state, &mut Sum::default());
    all.frames(Frame::Begin { from: None }, Serving::of(state).mark())
}

fn delta(old: &State, new: &State) -> Vec<Frame> {
    let mut sum = Serving::of(old).mark().sum;
    let change = Difference::between(old, new, &mut sum);
    assert_eq!(sum, Serving::of(new).mark().sum, "the sum moves with what changed");
    change.frames(Frame::Begin { from: Some(old.revision()) }, Serving::of(new).mark())
}

fn take_all(assembly: &mut Assembly, frames: Vec<Frame>) -> Result<Option<Arc<State>>, FeedFault> {
    let mut last = None;
    for frame in frames {
        if let Got::State(state) = assembly.take(frame)? {
            last = Some(state);
        }
    }
    Ok(last)
}

#[test]
fn a_full_and_the_deltas_after_it_lead_to_the_sender_s_state() {
    let (one, two, three) = (state(1, &[1, 2]), state(2, &[2, 3]), state(3, &[2, 3]));
    let mut assembly = Assembly::default();
    take_all(&mut assembly, full(&one)).unwrap().unwrap();
    take_all(&mut assembly, delta(&one, &two)).unwrap().unwrap();
    // Nothing changed but the revision.
    assert_eq!(delta(&two, &three).len(), 2);
    let got = take_all(&mut assembly, delta(&two, &three)).unwrap().unwrap();
    assert_eq!(*got, *Serving::of(&three).state());
    assert_eq!(*got.nodes, *three.nodes);
    let beat = Beat { mark: Serving::of(&three).mark(), ..Beat::default() };
    assert!(matches!(assembly.take(Frame::Beat(beat)), Ok(Got::Beat(_))));
}

#[test]
fn what_is_forged_missing_or_out_of_place_is_found_and_the_last_state_stays() {
    let (one, two) = (state(1, &[1]), state(2, &[1, 2]));
    let mut assembly = Assembly::default();
    assert!(matches!(
        take_all(&mut assembly, delta(&one, &two)),
        Err(FeedFault::Gap { ours: None, .. })
    ));
    take_all(&mut assembly, full(&one)).unwrap().unwrap();
    let before = assembly.mark();

    let mut forged = delta(&one, &two);
    forged[1] = Frame::Objects { gone: Vec::new(), put: vec![Object::Member(2, member(7))] };
    assert!(matches!(take_all(&mut assembly, forged), Err(FeedFault::Differs { .. })));
    let mut cut = delta(&one, &two);
    cut.remove(1);
    assert!(matches!(take_all(&mut assembly, cut), Err(FeedFault::Differs { .. })));
    let later = state(5, &[1]);
    let gap = take_all(&mut assembly, delta(&later, &state(6, &[])));
    assert!(matches!(gap, Err(FeedFault::Gap { .. })), "{gap:?}");
    let objects = Frame::Objects { gone: Vec::new(), put: Vec::new() };
    assert!(matches!(assembly.take(objects), Err(FeedFault::Order(_))));
    let mark = Serving::of(&one).mark();
    assert!(matches!(assembly.take(Frame::Commit(mark)), Err(FeedFault::Order(_))));
    let older = take_all(&mut assembly, full(&state(0, &[1])));
    assert!(matches!(older, Err(FeedFault::Older { .. })), "{older:?}");
    for mark in [Serving::of(&later).mark(), Mark { sum: Sum::default(), ..mark }] {
        assembly.take(Frame::Beat(Beat { mark, ..Beat::default() })).unwrap_err();
    }
    assert_eq!(assembly.mark(), before);
    // And a full sets all right.
    take_all(&mut assembly, full(&two)).unwrap().unwrap();
}

#[test]
fn what_answers_do_not_follow_from_is_not_told() {
    let mut state = state(1, &[1]);
    let vote = crate::state::Vantage { incarnation: 1, seq: 1, live: true };
    Arc::make_mut(&mut state.health).vantages.insert(1, vote);
    let up = Health { up: false, since_ms: 5 };
    Arc::make_mut(&mut state.health).agreed.insert("web-1".parse().unwrap(), up);
    let over = crate::state::Override {
        kind: crate::state::OverrideKind::Drain,
        reason: "secret reason".to_owned(),
        owner: "secret owner".to_owned(),
        since_ms: 1,
        expires_ms: None,
        changed: Revision::default(),
    };
    let target = crate::state::OverrideTarget::Region("eu".parse().unwrap());
    Arc::make_mut(&mut state.overrides).insert(target, over);
    let weight = crate::state::RuntimeWeight {
        weight: 7,
        declared: 9,
        actor: "secret actor".to_owned(),
        at_ms: 2,
        changed: Revision::default(),
    };
    Arc::make_mut(&mut state.weights).regions.insert("eu".parse().unwrap(), weight);
    Arc::make_mut(&mut state.access).users.insert("secret user".to_owned(), user());
    let bytes = Frame::encode_all(&full(&state));
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("web-1") && !text.contains("secret"), "{text:?}");
    assert!(Serving::of(&state).state().health.vantages.is_empty());
}

fn user() -> crate::state::User {
    let grant = crate::state::Grant::of(crate::state::Role::Admin);
    crate::state::User { grant: Some(grant), changed: 1, by: "secret by".to_owned(), at_ms: 0 }
}

#[test]
fn bytes_in_any_pieces_give_the_frames_and_what_is_none_is_refused() {
    let frames = full(&state(1, &[1, 2, 3]));
    let bytes = Frame::encode_all(&frames);
    for piece in [1, 3, 7, bytes.len()] {
        let (mut cutter, mut got) = (Frames::default(), Vec::new());
        for bytes in bytes.chunks(piece) {
            cutter.feed(bytes);
            while let Some(frame) = cutter.cut().unwrap() {
                got.push(frame);
            }
        }
        assert_eq!(got, frames, "pieces of {piece}");
    }
    let refused = |bytes: &[u8]| {
        let mut cutter = Frames::default();
        cutter.feed(bytes);
        cutter.cut().unwrap_err()
    };
    refused(&[1, 0, 0, 0, 99]);
    refused(&u32::try_from(FRAME_MAX + 1).unwrap().to_le_bytes());
    let mut long = Vec::new();
    Frame::Begin { from: None }.append(&mut long);
    long[0] += 1;
    long.push(0);
    assert!(refused(&long).contains("too many"));
}

#[test]
fn the_bytes_of_version_1_are_golden() {
    let mark = Mark { revision: Revision { history: 1, index: 300 }, ..Mark::default() };
    let frames = [
        Frame::Begin { from: Some(Revision { history: 1, index: 2 }) },
        Frame::Objects { gone: vec![Key::Member(9)], put: vec![Object::Member(1, member(1))] },
        Frame::Beat(Beat {
            mark,
            quorum_age_ms: Some(4),
            path: vec![Station { id: 1, name: "n1".to_owned() }],
        }),
    ];
    let hex: String = Frame::encode_all(&frames).iter().map(|b| format!("{b:02x}")).collect();
    let golden = "040000000101010214\
                  00000002010a09010a01026e310472313a310461313a31\
                  110000000401ac0200000000000001040101026e31";
    assert_eq!(hex, golden);
}

#[test]
fn the_newest_version_in_common_is_spoken() {
    let v = |min, max| Versions { min, max };
    let table = [
        (v(1, 1), v(1, 1), Some(1)),
        (v(1, 3), v(2, 5), Some(3)),
        (v(2, 5), v(1, 3), Some(3)),
        (v(3, 3), v(1, 2), None),
        (v(1, 2), v(3, 3), None),
    ];
    for (ours, theirs, wanted) in table {
        let agreed = ours.agree(theirs);
        assert_eq!(agreed.as_ref().ok(), wanted.as_ref(), "{ours} {theirs}");
    }
    assert!(v(3, 3).agree(v(1, 2)).unwrap_err().contains("upgrade the follower"));
    assert!(v(1, 2).agree(v(3, 3)).unwrap_err().contains("upgrade the node that feeds"));
    assert_eq!("1-3".parse(), Ok(v(1, 3)));
    for bad in ["", "1", "3-1", "a-b", "1-70000"] {
        assert!(bad.parse::<Versions>().is_err(), "{bad}");
    }
    let mut sum = Sum::default();
    sum.add(&Object::Member(1, member(1)));
    assert_eq!(sum.to_string().parse(), Ok(sum));
}
