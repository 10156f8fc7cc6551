//! The list of faults.

use crate::scene::Scene;
use crate::{clock, disk, network, nodes};
use gslb_tests::programs;

/// One fault: what is done, what is held meanwhile, and how it is taken back.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// Makes it and takes it back.
    pub(crate) make: fn(&mut Scene<'_>),
    /// What must be installed for it.
    needs: Needs,
}

/// What a fault needs besides hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Strace,
    WrongClock,
}

impl Fault {
    /// Why it cannot be made here; none if it can.
    pub(crate) fn missing(&self) -> Option<String> {
        match self.needs {
            Needs::Nothing => None,
            Needs::Strace => programs::missing(&["strace"]),
            Needs::WrongClock if programs::wrong_clock().is_some() => None,
            Needs::WrongClock => Some("not installed: faketime".to_owned()),
        }
    }
}

const fn fault(name: &'static str, make: fn(&mut Scene<'_>)) -> Fault {
    Fault { name, make, needs: Needs::Nothing }
}

/// All of them, in the order in which they come.
pub(crate) static ALL: [Fault; 15] = [
    fault("leader-killed", nodes::leader_killed),
    fault("quorum-lost", nodes::quorum_lost),
    fault("leader-frozen", nodes::leader_frozen),
    fault("node-cut-off", network::node_cut_off),
    fault("leader-cut-off", network::leader_cut_off),
    fault("cut-one-way", network::cut_one_way),
    fault("slow-link", network::slow_link),
    fault("disk-full", disk::full),
    Fault { name: "disk-slow", make: disk::slow, needs: Needs::Strace },
    Fault { name: "disk-failing", make: disk::failing, needs: Needs::Strace },
    Fault { name: "clock-wrong", make: clock::wrong, needs: Needs::WrongClock },
    fault("data-gone", nodes::data_gone),
    fault("data-foreign", nodes::data_foreign),
    fault("node-drained", nodes::node_drained),
    fault("rolling-restart", nodes::rolling_restart),
];
