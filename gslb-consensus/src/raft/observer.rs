//! A node's part in the feed: every node feeds observers, and an observer follows instead of Raft.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place, spawn_blocking};
use tokio::time::timeout;

use super::cluster::{Cluster, ClusterConfig};
use super::core::Core;
use super::errors::StartError;
use super::listener::Listener;
use super::space_keeper;
use super::status::{RaftStatus, Role};
use super::store::{Folder, OpenError};
use crate::feed::{Assembly, PlaceFile, Places, Serving, Station};
use crate::follow::{
    Desk, Dialer, FollowError, Follower, Following, Guest, Guests, Hub, PlaceStore, Shelf,
    Standing, Store,
};
use crate::state::State;

/// A state is stored at most so often.
const STORE_EVERY: Duration = Duration::from_secs(3);

/// Most nodes in the path of what is fed on, this one included.
const FED_HOPS_MAX: usize = 2;

/// What is fed to observers, and whom an observer follows.
#[derive(Clone, Debug, Default)]
pub struct FeedConfig {
    /// Whom an observer follows, `host:port` of the listener for other nodes, best first.
    pub from: Vec<String>,
    /// The place files that followers are offered.
    pub shelf: Arc<Shelf>,
}

/// What is known of the feed just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedStatus {
    /// Where the node is that is followed; none: nobody is.
    pub upstream: Option<String>,
    /// The nodes that the feed came through last, a member first.
    pub path: Vec<Station>,
    /// Why the last node that was tried is not followed.
    pub failed: Option<String>,
    /// How often all objects were asked for anew, for a sum that differed or a gap.
    pub resyncs: u64,
}

/// The part of an observer.
pub(crate) struct ObserverPart {
    dialer: Arc<Dialer>,
    from: Vec<String>,
    following: Arc<watch::Sender<Following>>,
    places: watch::Sender<Places>,
    store: Store,
    place_store: PlaceStore,
}

/// What a node needs for the feed.
pub(super) fn parts(config: &ClusterConfig) -> Result<(Desk, Option<ObserverPart>), StartError> {
    let (identity, shelf) = (&config.identity, Arc::clone(&config.feed.shelf));
    let hub = Hub::new(&identity.cluster_uuid, shelf.places());
    let desk = Desk { hub, guests: Arc::new(Guests::default()), shelf };
    if !identity.observer {
        return Ok((desk, None));
    }
    if config.data_dir.join("data.toml").exists() {
        let why = "it holds the log of a member, this node is an observer".to_owned();
        let folder = config.data_dir.clone();
        return Err(StartError::Open(OpenError::Foreign { folder, why }));
    }
    let part = ObserverPart {
        dialer: Arc::new(Dialer::new(identity)?),
        from: config.feed.from.clone(),
        following: Arc::default(),
        places: watch::Sender::default(),
        store: Store::new(&config.data_dir),
        place_store: PlaceStore::new(&config.data_dir),
    };
    Ok((desk, Some(part)))
}

impl Core {
    /// Lets the hub know where this node stands.
    pub(super) fn stand_for_feed(self: &Arc<Self>) {
        let core = Arc::downgrade(self);
        self.desk.hub.stand(Arc::new(move || core.upgrade()?.standing()));
    }

    /// Where this node stands, if it may feed others.
    fn standing(&self) -> Option<Standing> {
        let own = Station { id: self.identity.node_id, name: self.identity.name.clone() };
        let ms = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let (age, mut path) = match &self.observer {
            None => (self.metrics().and_then(|m| self.quorum_age(&m)), Vec::new()),
            Some(part) => {
                let now = part.following.borrow();
                // Nobody knows how far away a member is before one was heard.
                now.path.first()?;
                (now.quorum_age(), now.path.clone())
            }
        };
        path.push(own);
        let feeds = path.len() <= FED_HOPS_MAX && self.view.state().index > 0;
        feeds.then(|| Standing { quorum_age_ms: age.map(ms), path })
    }

    /// The status of an observer.
    pub(super) fn observer_status(&self) -> RaftStatus {
        let age = self.observer.as_ref().and_then(|part| part.following.borrow().quorum_age());
        RaftStatus {
            role: Role::Observer,
            applied_index: self.view.applied().unwrap_or(0),
            quorum_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            ..RaftStatus::stopped(self.identity.node_id)
        }
    }

    /// Feeds those who follow until the node closes.
    pub(super) async fn feed(self: Arc<Self>) {
        let hub = Arc::clone(&self.desk.hub);
        tokio::select! {
            () = hub.run(self.view.watch_state()) => {}
            () = self.closed() => {}
        }
    }

    /// Starts what an observer has in the place of Raft.
    pub(super) fn start_observing(
        self: &Arc<Self>,
        folder: Folder,
        listener: Listener,
    ) -> Result<JoinSet<()>, StartError> {
        let mut tasks = JoinSet::new();
        let Some(part) = &self.observer else { return Ok(tasks) };
        let stored = block_in_place(|| part.store.load()).map_err(StartError::System)?;
        if let Some(serving) = &stored {
            tracing::info!(revision = %serving.mark().revision, "a stored serving state");
            self.learn_members(serving.state());
            self.view.show(Arc::new(serving.state().clone()));
        }
        let kept = watch::Sender::new(None);
        let states = watch::Sender::new(self.view.state());
        tasks.spawn(Arc::clone(self).keep(kept.subscribe(), folder));
        tasks.spawn(Arc::clone(self).show(states.subscribe()));
        let follower = Follower {
            identity: Arc::clone(&self.identity),
            dialer: Arc::clone(&part.dialer),
            from: part.from.clone(),
            assembly: stored.map_or_else(Assembly::default, Assembly::from),
            states,
            kept,
            following: Arc::clone(&part.following),
            places: part.places.clone(),
            told: BTreeMap::new(),
        };
        let core = Arc::clone(self);
        tasks.spawn(async move {
            tokio::select! {
                () = follower.run() => {}
                () = core.closed() => {}
            }
        });
        tasks.spawn(listener.run());
        tasks.spawn(space_keeper::run(Arc::clone(self)));
        tasks.spawn(Arc::clone(self).feed());
        Ok(tasks)
    }

    /// Takes down where the members are that may be asked how they are.
    fn learn_members(&self, state: &State) {
        state.nodes.iter().for_each(|(id, record)| self.book.set(*id, &record.raft));
    }

    /// Shows each state that the feed brings.
    async fn show(self: Arc<Self>, mut states: watch::Receiver<Arc<State>>) {
        loop {
            tokio::select! {
                changed = states.changed() => if changed.is_err() { return },
                () = self.closed() => return,
            }
            let state = Arc::clone(&states.borrow_and_update());
            self.learn_members(&state);
            self.view.show(state);
            self.refresh_status();
        }
    }

    /// Stores states as they come, not too often, and the last one as the node closes.
    async fn keep(
        self: Arc<Self>,
        mut kept: watch::Receiver<Option<Arc<Serving>>>,
        folder: Folder,
    ) {
        loop {
            let ends = tokio::select! {
                changed = kept.changed() => changed.is_err(),
                () = self.closed() => true,
            };
            let has_news = kept.has_changed().unwrap_or(false) || !ends;
            let serving = kept.borrow_and_update().clone();
            if let Some(serving) = serving.filter(|_| has_news) {
                self.store_one(serving).await;
            }
            if ends {
                break;
            }
            let _ = timeout(STORE_EVERY, self.closed()).await;
        }
        // The lock of the folder goes last.
        drop(folder);
    }

    async fn store_one(&self, serving: Arc<Serving>) {
        let Some(part) = &self.observer else { return };
        let store = part.store.clone();
        match spawn_blocking(move || store.save(&serving)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the serving state was not stored"),
            Err(error) => tracing::error!(%error, "the serving state was not stored"),
        }
    }
}

impl Cluster {
    /// Whether this node is an observer: it follows the feed and has no part in Raft.
    pub fn is_observer(&self) -> bool {
        self.core.observer.is_some()
    }

    /// What an observer knows of the feed; none: a member.
    pub fn feed_status(&self) -> Option<FeedStatus> {
        let part = self.core.observer.as_ref()?;
        let Following { upstream, path, failed, resyncs, .. } = part.following.borrow().clone();
        Some(FeedStatus { upstream, path, failed, resyncs })
    }

    /// How many follow this node.
    pub fn followers(&self) -> usize {
        self.core.desk.hub.followers()
    }

    /// What the observers said of themselves that are fed by this node, directly or through others.
    pub fn guests(&self) -> Vec<Guest> {
        self.core.desk.guests.all()
    }

    /// Counts what observers said.
    pub fn guest_changes(&self) -> watch::Receiver<u64> {
        self.core.desk.guests.changes()
    }

    /// Waits until an observer is fed by a node that is in touch with the quorum.
    pub async fn is_fed(&self) {
        if let Some(part) = &self.core.observer {
            let mut following = part.following.subscribe();
            let _ = following.wait_for(|now| now.upstream.is_some()).await;
        }
    }

    /// Tells the node that is followed what this one says of itself, and what those behind it said.
    ///
    /// # Errors
    /// Nobody is followed, or the node did not take it.
    pub async fn report(&self, said: Arc<[u8]>) -> Result<(), FollowError> {
        let (part, upstream) = self.upstream()?;
        let dialer = Arc::clone(&part.dialer);
        let mut guests = self.guests();
        guests.push(Guest { id: self.core.identity.node_id, age_ms: 0, said });
        let lost = |error: &dyn std::fmt::Display| FollowError::Lost(error.to_string());
        let body = postcard::to_stdvec(&guests).map_err(|error| lost(&error))?;
        let sent = self.core.runtime.spawn(async move {
            dialer.post(&upstream, "/feed/v1/report", Bytes::from(body)).await
        });
        sent.await.map_err(|error| lost(&error))?
    }

    /// Which place data the node decides by that is followed, with every change.
    pub fn fed_places(&self) -> Option<watch::Receiver<Places>> {
        self.core.observer.as_ref().map(|part| part.places.subscribe())
    }

    /// Fetches place files from the node that is followed, as far as they are not here.
    ///
    /// # Errors
    /// Nobody is followed, or a file did not come whole: what has come stays for the next time.
    pub async fn fetch_places(&self, files: Vec<PlaceFile>) -> Result<Vec<PathBuf>, String> {
        let (part, upstream) = self.upstream().map_err(|error| error.to_string())?;
        let (dialer, store) = (Arc::clone(&part.dialer), part.place_store.clone());
        let fetched =
            self.core.runtime.spawn(async move { store.fetch(&dialer, &upstream, &files).await });
        fetched.await.map_err(|error| error.to_string())?
    }

    fn upstream(&self) -> Result<(&ObserverPart, String), FollowError> {
        let nobody = || FollowError::Lost("nobody is followed".to_owned());
        let part = self.core.observer.as_ref().ok_or_else(nobody)?;
        let upstream = part.following.borrow().upstream.clone();
        upstream.map(|at| (part, at)).ok_or_else(nobody)
    }
}
