//! A client: it sets, compares and reads registers at any node, and tries again until it knows.

use crate::clock::pass_ms;
use crate::lab::{Lab, REGIONS, held};
use crate::ledger::Fate;
use crate::node::Node;
use gslb_consensus::raft::{Cluster, Origin, ProposeError};
use gslb_consensus::state::command::{SetOverride, SetWeight};
use gslb_consensus::state::{
    Command, Guarded, OverrideKind, OverrideTarget, RefusalCode, Reply, Revision,
};
use gslb_tests::history::{Ask, Held, Operation};
use gslb_tests::load::random::Random;
use std::sync::Arc;
use std::time::Duration;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a write is tried again whose fate is not known.
const TRIES: usize = 6;

/// A client with a place in all histories.
pub(crate) struct Client {
    number: usize,
    lab: Arc<Lab>,
    random: Random,
    seq: u64,
    /// What it saw last of each register.
    seen: [(Held, Option<Revision>); REGIONS.len()],
}

/// What one attempt at a node gave; none: the node is gone.
type Attempt = Option<Result<Reply, ProposeError>>;

impl Client {
    pub(crate) fn new(lab: &Arc<Lab>, number: usize) -> Self {
        let random = Random::new(lab.plan.seed << 8 | (100 + number as u64));
        Self { number, lab: Arc::clone(lab), random, seq: 0, seen: Default::default() }
    }

    /// Works until the run is over.
    pub(crate) async fn run(mut self) {
        while !*self.lab.over.borrow() {
            pass_ms(100 + self.random.below(900) as u64).await;
            match self.random.below(10) {
                0..=3 => self.read().await,
                4..=6 => self.write().await,
                7 | 8 => self.swap().await,
                _ => self.override_region().await,
            }
        }
    }

    fn node(&mut self) -> Arc<Node> {
        let at = self.random.below(self.lab.nodes.len());
        Arc::clone(self.lab.nodes.values().nth(at).unwrap())
    }

    /// Reads a register by the newest state.
    async fn read(&mut self) {
        let register = self.random.below(REGIONS.len());
        let node = self.node();
        let Some((start, cluster)) = node.running() else { return };
        let from = self.lab.ledger.moment();
        let Some(Ok(state)) = while_it_runs(&node, start, cluster.linearizable()).await else {
            return;
        };
        let found = held(&state, REGIONS[register]);
        self.seen[register] = (found.map(|(value, _)| value), found.map(|(_, at)| at));
        self.record(register, from, true, Ask::Read(self.seen[register].0));
    }

    async fn write(&mut self) {
        let register = self.random.below(REGIONS.len());
        let value = self.lab.ledger.fresh(register);
        let from = self.lab.ledger.moment();
        let (fate, _) = self.propose(set(register, value)).await;
        match fate {
            Fate::Nothing => {}
            _ => self.record(register, from, fate != Fate::Unknown, Ask::Write(Some(value))),
        }
    }

    /// Writes a register if it is as this client saw it last.
    async fn swap(&mut self) {
        let register = self.random.below(REGIONS.len());
        let value = self.lab.ledger.fresh(register);
        let (held, seen) = self.seen[register];
        let from = self.lab.ledger.moment();
        let command = Box::new(set(register, value));
        let (fate, refused) = self.propose(Command::Guarded(Guarded { seen, command })).await;
        let ask = |took| Ask::Swap { seen: held, new: Some(value), took };
        match (fate, refused) {
            (Fate::Done(_), _) => self.record(register, from, true, ask(Some(true))),
            (Fate::Unknown, _) => self.record(register, from, false, ask(None)),
            (_, Some(RefusalCode::Conflict)) => {
                self.record(register, from, true, ask(Some(false)));
            }
            _ => {}
        }
    }

    /// Sets an override that ends soon by agreed time.
    async fn override_region(&mut self) {
        let region = REGIONS[self.random.below(REGIONS.len())];
        let set = SetOverride {
            target: OverrideTarget::Region(region.parse().unwrap()),
            kind: OverrideKind::Drain,
            reason: "plan".to_owned(),
            for_ms: Some(500 + self.random.below(8_000) as u64),
        };
        self.propose(Command::SetOverride(set)).await;
    }

    fn record(&self, register: usize, from: u64, ended: bool, ask: Ask) {
        let to = ended.then(|| self.lab.ledger.moment());
        let operation = Operation { client: self.number, from, to, ask };
        self.lab.ledger.record(register, operation);
    }

    /// Proposes a command, at one node after the other, until its fate is known or hope is given up.
    async fn propose(&mut self, command: Command) -> (Fate, Option<RefusalCode>) {
        self.seq += 1;
        let name = format!("client-{} write-{}", self.number, self.seq);
        let mut origin = Origin::new(name.clone());
        (origin.client, origin.seq) = (1_000 + self.number as u128, self.seq);
        let (mut unknown, mut refused) = (false, None);
        let mut fate = Fate::Nothing;
        for _ in 0..TRIES {
            let node = self.node();
            let Some((start, cluster)) = node.running() else { continue };
            let asked = propose(cluster, command.clone(), origin.clone());
            let attempt: Attempt = while_it_runs(&node, start, asked).await;
            match attempt {
                Some(Ok(Reply::Done { revision, .. })) => fate = Fate::Done(revision.index),
                Some(Ok(Reply::Refused { code, .. })) => refused = Some(code),
                None | Some(Err(ProposeError::Unknown { .. })) => unknown = true,
                // It says that nothing has changed: by this attempt, that is.
                Some(Err(_)) => {}
            }
            if fate != Fate::Nothing
                || refused.is_some()
                || (!unknown && attempt_is_clear(&attempt))
            {
                break;
            }
            pass_ms(50 + self.random.below(500) as u64).await;
        }
        if fate == Fate::Nothing && refused.is_none() && unknown {
            fate = Fate::Unknown;
        }
        self.lab.ledger.write(name, fate);
        (fate, refused)
    }
}

/// Whether an attempt told that nothing has changed.
fn attempt_is_clear(attempt: &Attempt) -> bool {
    matches!(attempt, Some(Err(error)) if !matches!(error, ProposeError::Unknown { .. }))
}

async fn propose(
    cluster: Cluster,
    command: Command,
    origin: Origin,
) -> Result<Reply, ProposeError> {
    cluster.propose_within(command, origin, PATIENCE).await
}

/// What work on a node gives, as long as this start of the node runs.
pub(crate) async fn while_it_runs<T>(
    node: &Node,
    start: u64,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut watch = node.watch();
    tokio::select! {
        biased;
        _ = watch.wait_for(|one| one.as_ref().is_none_or(|(now, _)| *now != start)) => None,
        given = work => Some(given),
    }
}

fn set(register: usize, value: u64) -> Command {
    Command::SetWeight(SetWeight {
        region: REGIONS[register].parse().unwrap(),
        pool: None,
        weight: Some(value as u16),
        reason: String::new(),
    })
}
