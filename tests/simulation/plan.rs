//! What a seed has happen.

use crate::network::Weather;
use gslb_consensus::raft::Timers;
use gslb_tests::load::random::Random;
use std::fmt;

/// How long faults may begin, simulated ms.
const PHASE_MS: u64 = 25_000;

/// Something that begins, and ends a while later.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// What the first sends to the second is lost, or refused.
    Cut(u64, u64, bool),
    /// A node is cut off from all others.
    Isolate(u64),
    /// Those are cut off from all others.
    Split(Vec<u64>),
    /// Of 1,000 calls so many more are lost.
    Lossy(u64),
    /// Every way takes so much longer, ms.
    Slow(u64),
    /// A node loses power; it starts again at the end.
    Crash(u64),
    /// All nodes lose power.
    Blackout,
    /// A node is stopped as an operator does it.
    Stop(u64),
    /// Commits of a node take so much longer, ms.
    SlowDisk(u64, u64),
    /// Writes of a node fail.
    DeadDisk(u64),
    /// A node's clock is so far ahead, ms.
    Skew(u64, i64),
    /// A node is asked to lead.
    Lead(u64),
    /// A node gives up its vote, and gets it back.
    Demote(u64),
    /// The second takes the vote of the first, which stands by then.
    Replace(u64, u64),
    /// A node leads no more for a while.
    Drain(u64),
}

/// A fault, when it begins and how long it lasts, ms.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at_ms: u64,
    pub(crate) for_ms: u64,
    pub(crate) fault: Fault,
}

/// What a seed has happen.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Nodes 1 to this one vote at first; one more stands by.
    pub(crate) voters: u64,
    pub(crate) timers: Timers,
    pub(crate) weather: Weather,
    /// How long a commit takes, ms.
    pub(crate) disk_ms: (u64, u64),
    /// This node's disk says that it synced, and did not.
    pub(crate) liar: Option<u64>,
    pub(crate) phase_ms: u64,
    pub(crate) events: Vec<Event>,
}

impl Plan {
    /// The plan of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for _ in 0..4 {
            random.draw();
        }
        let mut draw = |limit: u64| random.below(limit as usize) as u64;
        let voters = if draw(3) == 0 { 5 } else { 3 };
        let timers = if draw(5) == 0 { Timers::Continent } else { Timers::Region };
        let far = if timers == Timers::Continent { 40 } else { 4 };
        let weather = Weather {
            delay_ms: (draw(2), 1 + draw(far)),
            lost: if draw(2) == 0 { draw(15) } else { 0 },
            doubled: if draw(2) == 0 { draw(40) } else { 0 },
        };
        let disk_ms = (0, [1, 3, 15][draw(3) as usize]);
        let liar = (draw(8) == 0).then(|| 1 + draw(voters));
        let mut events = Vec::new();
        let mut at_ms = 500 + draw(1_000);
        while at_ms < PHASE_MS {
            let event = match liar {
                // Raft promises nothing if two things fail at once and one of them lies.
                Some(liar) => Event { at_ms, for_ms: 500 + draw(4_000), fault: Fault::Crash(liar) },
                None => {
                    let longest = 1 << (8 + draw(6));
                    let for_ms = 300 + draw(longest);
                    Event { at_ms, for_ms, fault: fault(voters, &mut draw) }
                }
            };
            at_ms += match liar {
                // It must have caught up before it fails again.
                Some(_) => event.for_ms + 14_000,
                None => 200 + draw(3_500),
            };
            events.push(event);
        }
        Self { seed, voters, timers, weather, disk_ms, liar, phase_ms: PHASE_MS, events }
    }
}

/// A fault of any kind, on nodes of a cluster with so many voters and one that stands by.
fn fault(voters: u64, draw: &mut impl FnMut(u64) -> u64) -> Fault {
    let node = 1 + draw(voters + 1);
    let voter = 1 + draw(voters);
    let other = 1 + (node + draw(voters)) % (voters + 1);
    match draw(24) {
        0..=2 => Fault::Cut(node, other, draw(2) == 0),
        3..=5 => Fault::Isolate(node),
        6 | 7 => {
            let side = (1..=voters + 1).filter(|_| draw(2) == 0).collect();
            Fault::Split(side)
        }
        8 => Fault::Lossy(20 + draw(200)),
        9 => Fault::Slow(draw(120)),
        10..=12 => Fault::Crash(node),
        13 => Fault::Blackout,
        14 => Fault::Stop(node),
        15 => Fault::SlowDisk(node, 20 << draw(6)),
        16 => Fault::DeadDisk(node),
        17 | 18 => {
            let far = [1_500, 30_000, 86_400_000, 400 * 86_400_000][draw(4) as usize];
            Fault::Skew(voter, if draw(2) == 0 { far } else { -far })
        }
        19 | 20 => Fault::Lead(voter),
        21 => Fault::Demote(voter),
        22 => Fault::Replace(voter, voters + 1),
        _ => Fault::Drain(voter),
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, voters, timers, weather, disk_ms, liar, .. } = self;
        writeln!(f, "seed {seed}: {voters} voters and one that stands by, timers {timers:?}")?;
        writeln!(f, "  {weather:?}, a commit {disk_ms:?} ms, liar {liar:?}")?;
        for Event { at_ms, for_ms, fault } in &self.events {
            writeln!(f, "  at {at_ms:>6} ms for {for_ms:>5} ms: {fault:?}")?;
        }
        Ok(())
    }
}
