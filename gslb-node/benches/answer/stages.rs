//! What is measured: the steps of an answer on a plain query, and the whole answer to every kind.

use crate::ask::{Ask, Engine, ask};
use crate::kinds;
use gslb_node::answer::answer;
use gslb_node::wire::code::rtype;
use gslb_node::wire::edns::Edns;
use gslb_node::wire::question::Question;
use std::cell::RefCell;
use std::hint::black_box;
use std::net::IpAddr;

/// One thing to measure.
pub(crate) struct Bench {
    /// Step, and the kind of query.
    pub(crate) name: String,
    round: Box<dyn Fn(u32)>,
}

impl Bench {
    fn new(name: impl Into<String>, round: impl Fn(u32) + 'static) -> Self {
        Self { name: name.into(), round: Box::new(round) }
    }

    /// The bench of that name.
    pub(crate) fn named(name: &str) -> Self {
        all().into_iter().find(|bench| bench.name == name).expect("a known bench")
    }

    /// So many rounds.
    pub(crate) fn run(&self, rounds: u32) {
        (self.round)(rounds);
    }
}

/// Everything that is measured.
pub(crate) fn all() -> Vec<Bench> {
    let mut benches = vec![decode(), lookup(), decide()];
    benches.extend(kinds::kinds().into_iter().map(|(kind, query)| whole(kind, &query)));
    benches
}

/// Reading a question and an OPT record with a client subnet.
fn decode() -> Bench {
    let query = ask("www.example.org", rtype::A).subnet("198.51.100.0/24").bytes();
    Bench::new("decode", move |rounds| {
        let mut lowered = [0; 256];
        for _ in 0..rounds {
            let query = black_box(query.as_slice());
            let question = Question::read(query, 7, &mut lowered).expect("a question");
            black_box(Edns::read(&query[question.end()..]).expect("an OPT record"));
            black_box(question);
        }
    })
}

/// Finding a name by its hash.
fn lookup() -> Bench {
    let engine = Engine::new();
    let query = ask("mail.example.org", rtype::A).bytes();
    Bench::new("lookup", move |rounds| {
        let names = &engine.published.names;
        let mut lowered = [0; 256];
        let question = Question::read(&query, names.seed(), &mut lowered).expect("a question");
        for _ in 0..rounds {
            black_box(names.find(black_box(&lowered), black_box(&question))).expect("a name");
        }
    })
}

/// From an address to its class, and from the class to the answer set.
fn decide() -> Bench {
    let engine = Engine::new();
    let client: IpAddr = "198.51.100.0".parse().expect("an address");
    Bench::new("decide", move |rounds| {
        let (map, steered) = (&engine.published.maps[0], &engine.published.steered[0]);
        for draw in 0..rounds {
            let (class, scope) = map.class_of_subnet(black_box(client), 24);
            black_box((steered.table.draw(class, u64::from(draw) << 32), scope));
        }
    })
}

/// The whole answer to one query.
fn whole(kind: &str, query: &Ask) -> Bench {
    let query = query.bytes();
    let engine = RefCell::new((Engine::new(), vec![0; 2048]));
    Bench::new(format!("answer {kind}"), move |rounds| {
        let (engine, buffer) = &mut *engine.borrow_mut();
        for _ in 0..rounds {
            buffer[..query.len()].copy_from_slice(&query);
            let (worker, meta) = (&mut engine.worker, &engine.meta);
            black_box(answer(worker, &engine.published, buffer, query.len(), meta));
        }
    })
}
