//! Builds the serving set anew whenever the agreed state or the place data changes.

use geo::PlaceTable;
use gslb_consensus::state::{Revision, State};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::clock;
use crate::compile::{Compiler, Published};
use crate::publish::Publication;
use crate::serve::{give_back_memory, stand_back};
use crate::telemetry::Metrics;

/// Builds the serving set anew whenever what it follows from changes.
///
/// Changes that come while one is built are built together. What cannot be built is a bug: it is said,
/// counted, and the last good set goes on answering.
pub(super) struct Rebuild {
    /// Shared with the thread that builds, so that it outlives a thread that cannot be started.
    compiler: Arc<Mutex<Compiler>>,
    states: watch::Receiver<Arc<State>>,
    tables: watch::Receiver<Arc<PlaceTable>>,
    publication: Arc<Publication>,
    served: watch::Sender<Revision>,
    /// The place data with the operators' prefixes over it.
    laid: watch::Sender<Arc<PlaceTable>>,
    metrics: Metrics,
}

/// What one build gives: the set with its place data, or why there is none.
type Built = Result<(Published, Arc<PlaceTable>), String>;

impl Rebuild {
    /// Starts with the empty set, which nothing answers from; `seed` guards the hash of names.
    pub(super) fn new(
        seed: u64,
        states: watch::Receiver<Arc<State>>,
        tables: watch::Receiver<Arc<PlaceTable>>,
        metrics: &Metrics,
    ) -> Result<Self, String> {
        let table = Arc::clone(&tables.borrow());
        let compiler = Arc::new(Mutex::new(Compiler::new(seed)));
        let (empty, laid) = build(&compiler, &State::default(), &table)?;
        Ok(Self {
            compiler,
            states,
            tables,
            publication: Publication::new(Arc::new(empty)),
            served: watch::Sender::new(Revision::default()),
            laid: watch::Sender::new(laid),
            metrics: metrics.clone(),
        })
    }

    /// What the data path reads.
    pub(super) fn publication(&self) -> Arc<Publication> {
        Arc::clone(&self.publication)
    }

    /// The revision that is answered by, with every change.
    pub(super) fn served(&self) -> watch::Receiver<Revision> {
        self.served.subscribe()
    }

    /// The place data with the operators' prefixes over it, with every change.
    pub(super) fn laid(&self) -> watch::Receiver<Arc<PlaceTable>> {
        self.laid.subscribe()
    }

    /// Follows the state and the place data until one of their senders is gone.
    pub(super) async fn run(mut self) {
        // The start itself used much that is worth giving back.
        let mut first = true;
        loop {
            let began = clock::now();
            let state = Arc::clone(&self.states.borrow_and_update());
            let table = Arc::clone(&self.tables.borrow_and_update());
            let (compiler, revision) = (Arc::clone(&self.compiler), state.revision());
            match aside(move || build(&compiler, &state, &table)).await {
                Ok(Ok((published, laid))) => {
                    self.publication.publish(Arc::new(published));
                    let took = clock::now().saturating_duration_since(began);
                    self.metrics.compiled(took);
                    self.laid.send_replace(laid);
                    self.served.send_replace(revision);
                }
                Ok(Err(error)) => {
                    tracing::error!(%revision, error, "a state cannot be served; keeping the last");
                    self.metrics.compile_failed();
                }
                Err(error) => {
                    tracing::error!(error, "a state cannot be built now; trying again");
                    self.metrics.compile_failed();
                    sleep(AGAIN).await;
                    continue;
                }
            }
            let large = first || clock::now().saturating_duration_since(began) > LARGE;
            first = false;
            if !self.changed(large).await {
                return;
            }
        }
    }

    /// Waits for a change; false once nothing can change any more. Meanwhile frees the set before
    /// the present one, and gives its memory back if it is `large`.
    async fn changed(&mut self, large: bool) -> bool {
        let mut held = true;
        loop {
            tokio::select! {
                changed = self.states.changed() => return changed.is_ok(),
                changed = self.tables.changed() => return changed.is_ok(),
                () = sleep(SETTLE), if held => {
                    held = self.publication.sweep() > 0;
                    if large && !held {
                        let _ = aside(give_back_memory).await;
                    }
                }
            }
        }
    }
}

/// When a build is tried again for which no thread could be had.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the readers are given to move on to a new set before the one before it is freed.
const SETTLE: Duration = Duration::from_millis(500);

/// What took longer than this used memory that is worth giving back.
const LARGE: Duration = Duration::from_millis(100);

/// Runs `work` on a thread of its own that stands back behind those that answer and agree.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (done, result) = oneshot::channel();
    let run = move || {
        stand_back();
        // Nobody waits any more: the node ends.
        let _ = done.send(work());
    };
    thread::Builder::new().name("compile".to_owned()).spawn(run).map_err(|e| e.to_string())?;
    result.await.map_err(|_| "its thread panicked".to_owned())
}

fn build(compiler: &Mutex<Compiler>, state: &State, table: &Arc<PlaceTable>) -> Built {
    // A compiler that panicked is sound: it replaces what it keeps only once all of it is there.
    let mut compiler = compiler.lock().unwrap_or_else(PoisonError::into_inner);
    let built = catch_unwind(AssertUnwindSafe(|| {
        let published = compiler.compile(state, table).map_err(|fault| fault.to_string())?;
        let laid = compiler.places(state, table).map_err(|fault| fault.to_string())?;
        Ok((published, laid))
    }));
    built.unwrap_or_else(|_| Err("the compiler panicked".to_owned()))
}
