//! No bytes make the engine panic, and every answer is a message.

use crate::ask::{Engine, ask};
use gslb_node::answer::{Verdict, answer};
use hickory_proto::op::Message;
use proptest::prelude::*;

fn check(engine: &mut Engine, query: &[u8]) {
    if query.len() > 2048 {
        return;
    }
    let (verdict, buffer) = engine.run(query);
    if let Verdict::Send(length) = verdict {
        let reply = &buffer[..length];
        assert!(Message::from_vec(reply).is_ok(), "{reply:?} to {query:?}");
        assert!(length <= 1232);
    }
}

const NAMES: [&str; 5] = [
    "www.example.org",
    "x.star.example.org",
    "a.b.sub.example.org",
    "many.example.org",
    "nothing.wild.example",
];

/// An EDNS option: a small code, often that of a client subnet, and any data.
fn option() -> impl Strategy<Value = (u8, Vec<u8>)> {
    (0_u8..20, prop::collection::vec(any::<u8>(), 0..24))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    })]

    #[test]
    fn random_bytes_are_answered_or_dropped(query in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&mut Engine::new(), &query);
    }

    #[test]
    fn spoilt_queries_are_answered_or_dropped(
        name in prop::sample::select(NAMES.to_vec()),
        qtype in prop_oneof![Just(1_u16), Just(28), Just(255), any::<u16>()],
        options in prop::collection::vec(option(), 0..4),
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut query = ask(name, qtype);
        for (code, data) in &options {
            query = query.option(*code, data);
        }
        let mut bytes = query.bytes();
        for (at, value) in &spoilt {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut engine = Engine::new();
        check(&mut engine, &bytes);
        engine.meta.tcp = true;
        engine.run(&bytes);
    }
}

#[test]
fn a_buffer_of_any_size_is_kept_to() {
    let mut engine = Engine::new();
    let query = ask("some.example.org", 1).subnet("192.0.2.0/24").bytes();
    for size in query.len()..1400 {
        let mut buffer = vec![0; size];
        buffer[..query.len()].copy_from_slice(&query);
        let verdict =
            answer(&mut engine.worker, &engine.published, &mut buffer, query.len(), &engine.meta);
        let Verdict::Send(length) = verdict else { panic!("{verdict:?} at {size}") };
        assert!(Message::from_vec(&buffer[..length]).is_ok(), "at {size}");
    }
    assert_eq!(
        answer(&mut engine.worker, &engine.published, &mut [0; 8], 9, &engine.meta),
        Verdict::Drop
    );
}
