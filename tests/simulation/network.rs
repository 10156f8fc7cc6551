//! The network: it delays, loses, doubles and reorders calls, and is cut one way or both.

use crate::clock::pass_ms;
use gslb_consensus::raft::simulation::{Answer, Answering, Call, Lost, Post, Routes};
use gslb_tests::load::random::Random;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

/// What the network does to calls all the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// How long a call or an answer is on its way, ms.
    pub(crate) delay_ms: (u64, u64),
    /// Of 1,000 calls so many never arrive, and as many answers.
    pub(crate) lost: u64,
    /// Of 1,000 calls so many arrive once more, later.
    pub(crate) doubled: u64,
}

/// The network between all nodes.
pub(crate) struct Network {
    state: Mutex<State>,
}

struct State {
    seed: u64,
    weather: Weather,
    /// The start of each node that may speak.
    starts: BTreeMap<u64, u64>,
    /// Where calls to a node go.
    doors: BTreeMap<u64, (u64, Routes)>,
    /// Ways that are cut, and how often; true: what is sent there is refused, not lost.
    cuts: BTreeMap<(u64, u64), (usize, bool)>,
    slower_ms: u64,
    lossier: u64,
    /// Calls so far, by way: what becomes of each depends on these and the seed alone.
    count: BTreeMap<(u64, u64), u64>,
}

/// What becomes of a call.
struct Fate {
    there_ms: u64,
    back_ms: u64,
    lost: bool,
    answer_lost: bool,
    again_ms: Option<u64>,
}

/// The network as one start of one node sees it.
struct Line {
    network: Arc<Network>,
    node: u64,
    start: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, weather: Weather) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                seed,
                weather,
                starts: BTreeMap::new(),
                doors: BTreeMap::new(),
                cuts: BTreeMap::new(),
                slower_ms: 0,
                lossier: 0,
                count: BTreeMap::new(),
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets a node that starts speak; who is from an earlier start speaks no more.
    pub(crate) fn attach(self: &Arc<Self>, node: u64, start: u64) -> Arc<dyn Post> {
        self.lock().starts.insert(node, start);
        Arc::new(Line { network: Arc::clone(self), node, start })
    }

    /// Brings calls to a node from now on.
    pub(crate) fn open(&self, node: u64, start: u64, routes: Routes) {
        self.lock().doors.insert(node, (start, routes));
    }

    /// Brings nothing to and from a node any more.
    pub(crate) fn detach(&self, node: u64) {
        let mut state = self.lock();
        state.starts.remove(&node);
        state.doors.remove(&node);
    }

    /// Cuts one way; `refuses`: the sender is told at once.
    pub(crate) fn cut(&self, from: u64, to: u64, refuses: bool) {
        let mut state = self.lock();
        let cut = state.cuts.entry((from, to)).or_insert((0, refuses));
        cut.0 += 1;
    }

    /// Takes a cut back.
    pub(crate) fn mend(&self, from: u64, to: u64) {
        let mut state = self.lock();
        if let Some(cut) = state.cuts.get_mut(&(from, to)) {
            cut.0 -= 1;
            if cut.0 == 0 {
                state.cuts.remove(&(from, to));
            }
        }
    }

    /// Has everything take so much longer, ms.
    pub(crate) fn set_slower(&self, ms: u64) {
        self.lock().slower_ms = ms;
    }

    /// Has so many more of 1,000 be lost.
    pub(crate) fn set_lossier(&self, lost: u64) {
        self.lock().lossier = lost;
    }

    /// Good weather, from now on.
    pub(crate) fn calm(&self) {
        let mut state = self.lock();
        state.weather = Weather { lost: 0, doubled: 0, ..state.weather };
        (state.slower_ms, state.lossier) = (0, 0);
        state.cuts.clear();
    }

    /// Whether a call gets from one node to another: lost on the way, or refused.
    fn passes(&self, from: u64, to: u64) -> Result<(), Lost> {
        match self.lock().cuts.get(&(from, to)) {
            None => Ok(()),
            Some((_, true)) => Err(Lost::Unreachable),
            Some((_, false)) => Err(Lost::Broken),
        }
    }

    fn speaks(&self, node: u64, start: u64) -> bool {
        self.lock().starts.get(&node) == Some(&start)
    }

    /// Brings a call to its node's routes.
    async fn deliver(self: Arc<Self>, from: u64, start: u64, call: Call) -> Answer {
        let to = call.to;
        if !self.speaks(from, start) || self.passes(from, to) == Err(Lost::Broken) {
            return pending().await;
        }
        self.passes(from, to)?;
        let door = self.lock().doors.get(&to).cloned();
        let Some((opened, routes)) = door else { return Err(Lost::Unreachable) };
        // Of its own: the node goes on with what it was asked, though nobody waits any more.
        let answered = tokio::spawn(async move { routes.answer(from, call).await }).await;
        if self.lock().doors.get(&to).map(|(start, _)| *start) != Some(opened) {
            return Err(Lost::Broken);
        }
        answered.unwrap_or(Err(Lost::Broken))
    }
}

impl State {
    /// What becomes of the next call on a way.
    fn fate(&mut self, from: u64, to: u64) -> Fate {
        let count = self.count.entry((from, to)).or_default();
        *count += 1;
        let mixed = self.seed.rotate_left(32) ^ (from << 48) ^ (to << 40) ^ *count;
        let mut random = Random::new(mixed.wrapping_mul(0xff51_afd7_ed55_8ccd));
        random.draw();
        let (least, most) = self.weather.delay_ms;
        let slower = self.slower_ms;
        let mut way = || least + slower + random.below((most - least + 1) as usize) as u64;
        let (there_ms, back_ms, again_ms) = (way(), way(), way() * 3);
        let mut one_of = |parts: u64| (random.below(1000) as u64) < parts;
        let lost = self.weather.lost + self.lossier;
        Fate {
            there_ms,
            back_ms,
            lost: one_of(lost),
            answer_lost: one_of(lost),
            again_ms: one_of(self.weather.doubled).then_some(again_ms),
        }
    }
}

impl Post for Line {
    fn bring(&self, call: Call) -> Answering {
        let (network, from, start) = (Arc::clone(&self.network), self.node, self.start);
        Box::pin(async move {
            let to = call.to;
            let fate = network.lock().fate(from, to);
            if let Some(ms) = fate.again_ms {
                let (network, call) = (Arc::clone(&network), call.clone());
                tokio::spawn(async move {
                    pass_ms(ms).await;
                    drop(network.deliver(from, start, call).await);
                });
            }
            pass_ms(fate.there_ms).await;
            if fate.lost {
                return pending().await;
            }
            let answer = Arc::clone(&network).deliver(from, start, call).await?;
            pass_ms(fate.back_ms).await;
            if fate.answer_lost || network.passes(to, from).is_err() {
                return pending().await;
            }
            Ok(answer)
        })
    }
}
