//! What concurrent clients are told of weights is linearizable, whatever becomes of the nodes.

use crate::traffic;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::history::{self, Ask, Operation};
use gslb_tests::registers::{Client, Register, Registers, first};
use gslb_tests::wait;

/// The registers.
const REGISTERS: [Register; 2] = [Register::region("fra"), Register::region("iad")];
const CLIENTS: usize = 3;
/// What each client does.
const STEPS: usize = 70;
/// Between two disturbances, over all clients.
const APART: usize = 25;

#[test]
fn weights_are_linearizable_while_leaders_die_and_freeze() {
    let mut cluster = Cluster::form(&Setup::default());
    cluster.apply(&traffic::file(&[]));
    let mut turn = 0;
    judge(&mut cluster, |cluster, pass| {
        let leader = cluster.leader();
        let node = &mut cluster.nodes[leader];
        turn += 1;
        if turn % 2 == 1 {
            node.kill();
            pass();
            node.start();
        } else {
            // It finds others that lead when it wakes up, and must not answer by what it has.
            node.process().signal("STOP");
            pass();
            node.process().signal("CONT");
        }
    });
}

/// Has clients set and read weights while `disturb` does something and takes it back, again and again;
/// what it is given waits until the clients have gone on meanwhile. Then judges what they were told.
pub(crate) fn judge(cluster: &mut Cluster, mut disturb: impl FnMut(&mut Cluster, &dyn Fn())) {
    let registers = Registers::new(&REGISTERS);
    let operators: Vec<_> = (0..CLIENTS).map(|number| first(cluster, number)).collect();
    std::thread::scope(|scope| {
        for (number, operator) in operators.into_iter().enumerate() {
            let registers = &registers;
            scope.spawn(move || {
                let mut client = Client::new(registers, number, operator);
                (0..STEPS).for_each(|_| client.step());
            });
        }
        let pass = |steps: usize| {
            let until = (registers.done() + steps).min(CLIENTS * STEPS);
            wait::until_true("the clients to go on", || registers.done() >= until);
        };
        while registers.done() + 2 * APART <= CLIENTS * STEPS {
            pass(APART);
            disturb(cluster, &|| pass(APART));
        }
    });
    for (number, register) in REGISTERS.iter().enumerate() {
        let mut history = registers.history(number);
        let took = history.iter().filter(|o| matches!(o.ask, Ask::Swap { took: Some(true), .. }));
        assert!(took.count() > 0, "no swap of {register:?} took");
        if let Err(why) = history::check(&history) {
            panic!("{register:?}: {why}\n{}", cluster.logs());
        }
        // The check itself is no rubber stamp: the same history with one old read in it fails.
        let reads = |o: &&mut Operation| matches!(o.ask, Ask::Read(Some(_)));
        let old = history.iter_mut().filter(reads).min_by_key(|o| o.from).unwrap().ask;
        let late = history.iter_mut().filter(reads).max_by_key(|o| o.from).unwrap();
        assert_ne!(late.ask, old, "too little happened to {register:?}");
        late.ask = old;
        assert!(history::check(&history).is_err(), "a stale read of {register:?}");
    }
}
