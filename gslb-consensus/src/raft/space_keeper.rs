//! Looks at the room of the data folder all the time, and takes the steps of [`super::space`].

use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use openraft::async_runtime::WatchReceiver;
use tokio::time::{Instant, timeout};

use super::core::Core;
use super::space::{Space, SpaceLevel};

/// How often the room is looked at.
const ROUND: Duration = Duration::from_secs(1);

/// How long after one compaction the next may follow, and one attempt to hand over the other.
const AGAIN: (Duration, Duration) = (Duration::from_secs(600), Duration::from_secs(60));

/// How long a snapshot may take before compaction goes on without it.
const SNAPSHOT: Duration = Duration::from_secs(60);

/// Runs until the node closes.
pub(crate) async fn run(core: Arc<Core>) {
    let (mut compacted, mut handed_over): (Option<Instant>, Option<Instant>) = (None, None);
    while !*core.closing.borrow() {
        let mut seen = core.look_at_space();
        let due = |last: Option<Instant>, again| last.is_none_or(|at| at.elapsed() > again);
        if seen.level == SpaceLevel::Roomy {
            compacted = None;
        } else if seen.level < SpaceLevel::Full && due(compacted, AGAIN.0) {
            // Before anything is refused: it may be enough.
            core.compact(&seen).await;
            compacted = Some(Instant::now());
            seen = core.look_at_space();
        }
        core.set_space(seen);
        if seen.level >= SpaceLevel::Short && due(handed_over, AGAIN.1) && core.leads() {
            handed_over = Some(Instant::now());
            core.step_aside().await;
        }
        core.rest(ROUND).await;
    }
}

impl Core {
    /// The room as it is now.
    fn look_at_space(&self) -> Space {
        self.space_limits.look(&self.data_dir, *self.space.borrow())
    }

    /// Publishes the room, and says so if the step changed.
    fn set_space(&self, seen: Space) {
        let before = self.space.send_replace(seen).level;
        match (before, seen.level) {
            (before, now) if before == now => return,
            (_, SpaceLevel::Roomy) => tracing::info!("the disk has room again"),
            (_, _) => tracing::error!("{seen}"),
        }
        self.refresh_status();
    }

    /// Resolves once the room is no longer full, or the node closes.
    pub(crate) async fn room(&self) {
        let mut space = self.space.subscribe();
        tokio::select! {
            _ = space.wait_for(|space| space.level < SpaceLevel::Full) => {}
            () = self.closed() => {}
        }
    }

    fn leads(&self) -> bool {
        self.metrics().is_some_and(|metrics| metrics.state == ServerState::Leader)
    }

    /// Gives back what the log takes and a snapshot holds: snapshot, purge, a smaller file.
    async fn compact(&self, seen: &Space) {
        let (Some(raft), Some(store)) = (self.raft(), self.store()) else { return };
        // The new snapshot lies beside the old ones for a while.
        let needed = self.snapshots.largest().saturating_mul(2);
        if seen.free_bytes.is_none_or(|free| free < needed + self.space_limits.stop_bytes) {
            tracing::warn!(needed, "no room to make the log smaller");
            return;
        }
        let applied = self.view.applied();
        if raft.trigger().snapshot().await.is_err() {
            return;
        }
        let mut metrics = raft.metrics();
        let written = async {
            loop {
                let newest = metrics.borrow_watched().snapshot.map(|id| id.index);
                if newest >= applied || metrics.changed().await.is_err() {
                    return newest;
                }
            }
        };
        if let Ok(Some(upto)) = timeout(SNAPSHOT, written).await {
            let _ = raft.trigger().purge_log(upto).await;
            let mut metrics = raft.metrics();
            let purged = async {
                while metrics.borrow_watched().purged.is_none_or(|id| id.index < upto) {
                    if metrics.changed().await.is_err() {
                        return;
                    }
                }
            };
            let _ = timeout(SNAPSHOT, purged).await;
        }
        match store.compact().await {
            Ok(()) => tracing::info!("the log was made smaller, for the disk runs low"),
            Err(error) => tracing::warn!(%error, "the log could not be made smaller"),
        }
    }
}
