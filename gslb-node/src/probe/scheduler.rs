//! Runs the probes of every target, each at its own pace, and follows the configuration.

use gslb_consensus::model::{Config, EndpointId};
use gslb_consensus::state::State;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::board::Board;
use super::check::Prober;
use super::jitter::Jitter;
use super::observation::Observation;
use super::target::{Target, targets};
use super::tls::TlsSettings;
use super::verdict::Verdict;
use crate::clock;

/// Most probes that run at a time; one that waits for its turn is late, and no other with it.
const CONCURRENT_MAX: usize = 1_024;

/// The longest that a new target waits for its first probe, ms.
const FIRST_WITHIN_MS: u64 = 1_000;

/// Called with each result: the endpoint, what was seen, and the verdict after it.
pub type Watcher = Arc<dyn Fn(&EndpointId, &Observation, Option<bool>) + Send + Sync>;

/// Runs the probes of every target. Dropping it ends them.
pub struct Scheduler {
    shared: Arc<Shared>,
    running: BTreeMap<EndpointId, Running>,
    config: Option<Arc<Config>>,
}

/// What all probe tasks share.
struct Shared {
    seed: u64,
    board: Arc<Board>,
    watcher: Watcher,
    tls: TlsSettings,
    permits: Semaphore,
}

/// A target and its task; the task reads changed thresholds from the channel.
struct Running {
    target: watch::Sender<Target>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scheduler {
    /// A scheduler without targets; `seed` differs from node to node.
    #[must_use]
    pub fn new(seed: u64, board: Arc<Board>, watcher: Watcher) -> Self {
        let permits = Semaphore::new(CONCURRENT_MAX);
        let shared = Shared { seed, board, watcher, tls: TlsSettings::default(), permits };
        Self { shared: Arc::new(shared), running: BTreeMap::new(), config: None }
    }

    /// Follows the configuration of the agreed state until its sender is gone.
    pub async fn run(mut self, mut states: watch::Receiver<Arc<State>>) {
        loop {
            let config = Arc::clone(&states.borrow_and_update().config);
            self.follow(&config);
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    /// Starts, changes and ends probes so that they are those of `config`.
    pub fn follow(&mut self, config: &Arc<Config>) {
        if self.config.as_ref().is_some_and(|known| Arc::ptr_eq(known, config)) {
            return;
        }
        self.config = Some(Arc::clone(config));
        let wanted = targets(config);
        let board = &self.shared.board;
        self.running.retain(|id, running| {
            let stays = wanted
                .get(id)
                .is_some_and(|target| running.target.borrow().checks_the_same(target));
            if !stays {
                // The task ends first, or it could still write a verdict of the old target.
                running.task.abort();
                board.forget(id);
            }
            stays
        });
        for (id, target) in wanted {
            match self.running.get(&id) {
                Some(running) => {
                    running.target.send_if_modified(|known| {
                        let differs = *known != target;
                        *known = target;
                        differs
                    });
                }
                None => {
                    let running = start(Arc::clone(&self.shared), target);
                    self.running.insert(id, running);
                }
            }
        }
    }
}

/// Starts to probe a target.
fn start(shared: Arc<Shared>, target: Target) -> Running {
    let (sender, receiver) = watch::channel(target);
    Running { target: sender, task: tokio::spawn(probe_for_ever(shared, receiver)) }
}

/// Probes one target again and again.
async fn probe_for_ever(shared: Arc<Shared>, mut targets: watch::Receiver<Target>) {
    let mut target = targets.borrow_and_update().clone();
    let mut jitter = Jitter::new(shared.seed, target.endpoint.as_str());
    let mut verdict = Verdict::new(clock::now());
    let mut prober = Prober::new(&target, &shared.tls);
    let first = target.thresholds().interval.min(std::time::Duration::from_millis(FIRST_WITHIN_MS));
    let mut due = Instant::now() + jitter.within(first);
    loop {
        tokio::select! {
            () = sleep_until(due) => {}
            changed = targets.changed() => {
                if changed.is_err() {
                    return;
                }
                target = targets.borrow_and_update().clone();
                prober = Prober::new(&target, &shared.tls);
                due = due.min(Instant::now() + jitter.shorten(verdict.pause(&target.thresholds())));
                continue;
            }
        }
        let Ok(permit) = shared.permits.acquire().await else { return };
        let started = Instant::now();
        let observation = prober.probe().await;
        drop(permit);
        let thresholds = target.thresholds();
        let turned = verdict.observe(observation.ok, &thresholds, clock::now());
        if let Some(up) = turned {
            shared.board.set(&target.endpoint, up, &observation.reason);
        }
        (shared.watcher)(&target.endpoint, &observation, verdict.phase().up());
        due = started + jitter.shorten(verdict.pause(&thresholds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::model::document::read;
    use std::net::TcpListener;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A pool of endpoints on loopback ports; `slow` is accepted by the system but never answers.
    fn config(ports: &[(&str, u16)], interval: &str) -> Arc<Config> {
        let endpoints: String = ports
            .iter()
            .map(|(id, port)| {
                format!("{{ id = \"{id}\", region = \"eu\", address = \"192.0.2.1\", probe = \"127.0.0.1:{port}\" }},")
            })
            .collect();
        let text = format!(
            "[[regions]]\nid = \"eu\"\n[[monitors]]\nid = \"m\"\nkind = \"http\"\ntimeout = \"60s\"\n\
             interval = \"{interval}\"\nrecheck = \"100ms\"\nfall = 1\n\
             [[pools]]\nid = \"web\"\nmonitor = \"m\"\nendpoints = [{endpoints}]\n"
        );
        Arc::new(read(&text, None, &|_| Err(String::new())).unwrap())
    }

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    async fn holds(board: &Board, want: &[(&str, bool)]) {
        let mut turned = board.watch();
        loop {
            let all = board.all();
            let now: Vec<(&str, bool)> = all.iter().map(|(id, h)| (id.as_str(), h.up)).collect();
            if now == want {
                return;
            }
            turned.changed().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_slow_target_delays_no_other_and_changes_are_followed() {
        let slow = TcpListener::bind("127.0.0.1:0").unwrap();
        let slow_port = slow.local_addr().unwrap().port();
        let board = Arc::new(Board::default());
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let watcher: Watcher = Arc::new(move |_, _, _| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let mut scheduler = Scheduler::new(1, Arc::clone(&board), watcher);
        let gone = free_port();
        scheduler.follow(&config(&[("a", gone), ("b", gone), ("slow", slow_port)], "100ms"));
        holds(&board, &[("a", false), ("b", false)]).await;
        assert!(seen.load(Ordering::Relaxed) >= 2);
        // Another interval keeps the verdict of `a`; `b` is no longer declared.
        scheduler.follow(&config(&[("a", gone), ("slow", slow_port)], "200ms"));
        assert_eq!(board.all().len(), 1);
        let turns = *board.watch().borrow();
        // Another port is another target: its first verdict comes anew.
        scheduler.follow(&config(&[("a", free_port())], "100ms"));
        assert!(board.all().is_empty());
        holds(&board, &[("a", false)]).await;
        assert_eq!(*board.watch().borrow(), turns + 1);
    }

    #[tokio::test]
    async fn dropping_the_scheduler_ends_the_probes() {
        let board = Arc::new(Board::default());
        let alive = Arc::new(Mutex::new(()));
        let held = Arc::clone(&alive);
        let watcher: Watcher = Arc::new(move |_, _, _| drop(held.lock()));
        let mut scheduler = Scheduler::new(1, Arc::clone(&board), watcher);
        scheduler.follow(&config(&[("a", free_port())], "100ms"));
        holds(&board, &[("a", false)]).await;
        drop(scheduler);
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
