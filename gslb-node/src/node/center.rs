//! All parts of a running node.

use gslb_consensus::follow::{self, Shelf};
use gslb_consensus::identity::Identity;
use gslb_consensus::model::EndpointId;
use gslb_consensus::raft::{Cluster, ClusterConfig, FeedConfig, WallClock};
use gslb_consensus::state::{Revision, State};
use gslb_consensus::trail::Trail;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use super::backups::{self, BackupReport};
use super::certificates::Certificates;
use super::dns::Dns;
use super::freshness;
use super::gate;
use super::insight::Insight;
use super::observing;
use super::place_feed;
use super::place_files::PlaceFiles;
use super::place_report::PlaceReport;
use super::rebuild::Rebuild;
use super::renewal;
use super::reports;
use super::scrape::Live;
use super::signals::Signals;
use super::sockets::Sockets;
use super::start_error::StartError;
use crate::clock;
use crate::config::{LogFormat, NodeConfig, writable};
use crate::control::{self, Api, ApiParts};
use crate::probe::{Board, Reporter, Scheduler, Watcher, targets};
use crate::publish::Publication;
use crate::telemetry::{Metrics, start_log};

/// All parts of a running node.
pub struct Center {
    /// What the file says.
    config: Arc<NodeConfig>,
    /// Who the node is.
    identity: Arc<Identity>,
    /// What is counted.
    metrics: Metrics,
    /// The agreed state, and the way to change it.
    cluster: Cluster,
    /// What DNS answers from.
    publication: Arc<Publication>,
    /// The threads that answer DNS; none until there is something to answer.
    dns: Arc<Dns>,
    /// Turns true when the node ends.
    stop: watch::Sender<bool>,
    /// Place data, rebuilding, probes, reports: they may be cut off at any time.
    tasks: JoinSet<()>,
    /// The API's listeners: they end by themselves, once what they have begun is answered.
    listeners: JoinSet<()>,
    /// Ends once there is something to answer by.
    ready: JoinSet<()>,
}

impl Center {
    /// Starts the log, and every part but DNS, which opens once there is something to answer by.
    ///
    /// # Errors
    /// What keeps the node from starting, in one sentence.
    pub async fn start(config: NodeConfig) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let json = config.log.format == LogFormat::Json;
        start_log(&config.log.filter, json).map_err(StartError::Log)?;
        let identity = Arc::new(identity(&config)?);
        let folder = |error| StartError::Folder(config.data.clone(), error);
        writable(&config.data).map_err(folder)?;
        let sockets = Sockets::open(&config)?;
        let metrics = Metrics::default();
        let (places, fetched) = place_files(&config, &metrics);
        let reports = places.reports();
        let tables = places.tables();
        let slot: control::ApiSlot = Arc::new(OnceLock::new());
        let cluster = cluster_config(&config, &identity, &slot, tables.clone());
        let shelf = Arc::clone(&cluster.feed.shelf);
        let (cluster, places, trail) = open_all(cluster, sockets.raft, places).await?;
        let rebuild = Rebuild::new(seed()?, cluster.watch(), tables, &metrics);
        let rebuild = rebuild.map_err(StartError::System)?;
        let publication = rebuild.publication();
        let dns = Arc::new(Dns::new(&config.dns, &identity.name, &publication));
        let backups = watch::Sender::new(BackupReport::default());
        let certificates = Certificates::new(Arc::clone(&identity));
        let insight = Insight {
            certificates: certificates.reports(),
            metrics: metrics.clone(),
            dns: Arc::clone(&dns),
            publication: Arc::clone(&publication),
            laid: rebuild.laid(),
            places: places.reports(),
            backups: backups.subscribe(),
        };
        let api = Api::new(ApiParts {
            cluster: cluster.clone(),
            identity: Arc::clone(&identity),
            served: rebuild.served(),
            insight: Arc::new(insight),
            dns: config.dns.listen.clone(),
            trail,
        });
        let _ = slot.set(api.clone());
        metrics.attach(Box::new(Live {
            dns: Arc::clone(&dns),
            cluster: cluster.clone(),
            publication: Arc::clone(&publication),
            places: places.reports(),
            certificates: certificates.reports(),
            backups: config.backup.is_some().then(|| backups.subscribe()),
        }));
        let mut center = Self {
            config,
            identity,
            metrics,
            cluster,
            publication,
            dns,
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
            listeners: JoinSet::new(),
            ready: JoinSet::new(),
        };
        center.wait_for_state(rebuild.served());
        center.tasks.spawn(places.follow());
        center.tasks.spawn(certificates.follow());
        center.start_feeding(&api, (shelf, reports), rebuild.served(), fetched);
        center.tasks.spawn(rebuild.run());
        center.start_backups(backups);
        center.start_probes();
        center.start_api(api, sockets.api, sockets.plain)?;
        Ok(center)
    }

    /// Runs until SIGINT, SIGTERM or, if asked for, the end of standard input; then ends every part.
    ///
    /// # Errors
    /// DNS cannot be opened once there is something to answer.
    pub async fn run(mut self, with_stdin: bool) -> Result<(), StartError> {
        let signals = Signals::new(with_stdin);
        let ended = match signals.map_err(|error| StartError::System(error.to_string())) {
            Ok(signals) => self.serve(signals).await,
            Err(error) => Err(error),
        };
        self.end().await;
        ended
    }

    async fn serve(&mut self, mut signals: Signals) -> Result<(), StartError> {
        tracing::info!(
            node = self.identity.name,
            cluster = self.identity.cluster,
            api = self.config.api.advertise,
            "started"
        );
        tokio::select! {
            signal = signals.wait() => {
                tracing::info!(signal, "ending");
                return Ok(());
            }
            _ = self.ready.join_next() => {}
        }
        let addresses = self.dns.open().map_err(StartError::Dns)?;
        tracing::info!(?addresses, "answering DNS");
        let signal = signals.wait().await;
        tracing::info!(signal, "ending");
        Ok(())
    }

    /// Ends DNS first, so that no query is taken that will not be answered, and the cluster last.
    async fn end(mut self) {
        let dns = Arc::clone(&self.dns);
        if spawn_blocking(move || dns.close()).await.is_err() {
            tracing::error!("the threads that answer DNS did not end well");
        }
        self.stop.send_replace(true);
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        while self.listeners.join_next().await.is_some() {}
        self.cluster.shutdown().await;
        tracing::info!("ended");
    }

    fn wait_for_state(&mut self, served: watch::Receiver<Revision>) {
        let cluster = self.cluster.clone();
        self.ready.spawn(async move { freshness::wait_for_state(&cluster, served).await });
        let (cluster, publication) = (self.cluster.clone(), Arc::clone(&self.publication));
        self.tasks.spawn(freshness::mark_stale(cluster, publication, self.config.stale_after));
    }

    fn start_backups(&mut self, report: watch::Sender<BackupReport>) {
        if let Some(plan) = self.config.backup.clone() {
            let (cluster, identity) = (self.cluster.clone(), Arc::clone(&self.identity));
            self.tasks.spawn(backups::run(cluster, identity, plan, report));
        }
    }

    /// An observer probes nothing: the members do.
    fn start_probes(&mut self) {
        if self.identity.observer {
            return;
        }
        let board = Arc::new(Board::default());
        let metrics = self.metrics.clone();
        let watcher: Watcher = Arc::new(move |endpoint, observation, up| {
            metrics.probed(endpoint.as_str(), observation.ok, observation.took, up);
        });
        let node = self.identity.node_id;
        let scheduler = Scheduler::new(node, Arc::clone(&board), watcher);
        self.tasks.spawn(scheduler.run(self.cluster.watch()));
        self.tasks.spawn(forget_probes(self.metrics.clone(), self.cluster.watch()));
        let sink = reports::sink(&self.cluster, &self.metrics);
        let reporter = Reporter::new(node, clock::unix_ms(), board, self.cluster.watch(), sink);
        self.tasks.spawn(reporter.run());
    }

    /// Offers the place data to those who follow; an observer also tells the node that feeds it how
    /// it is, and may fetch that node's place data.
    fn start_feeding(
        &mut self,
        api: &Api,
        (shelf, reports): (Arc<Shelf>, watch::Receiver<PlaceReport>),
        served: watch::Receiver<Revision>,
        fetched: watch::Sender<Vec<PathBuf>>,
    ) {
        self.tasks.spawn(place_feed::offer(shelf, reports));
        if !self.identity.observer {
            return;
        }
        let cluster = self.cluster.clone();
        if self.config.places_from_feed {
            self.tasks.spawn(place_feed::fetch(cluster.clone(), fetched));
        }
        self.tasks.spawn(observing::report(cluster, api.clone(), served));
    }

    fn start_api(
        &mut self,
        api: Api,
        listener: std::net::TcpListener,
        plain: Option<std::net::TcpListener>,
    ) -> Result<(), StartError> {
        let system = |error: std::io::Error| StartError::System(error.to_string());
        let listener = tokio::net::TcpListener::from_std(listener).map_err(system)?;
        let routes = control::operator_routes(api.clone());
        let (identity, stop) = (Arc::clone(&self.identity), self.stop.subscribe());
        self.listeners.spawn(control::serve_tls(listener, identity, routes, stop));
        if let Some(plain) = plain {
            let plain = tokio::net::TcpListener::from_std(plain).map_err(system)?;
            let routes = control::probe_routes(api.clone());
            self.listeners.spawn(control::serve_plain(plain, routes, self.stop.subscribe()));
        }
        // The nodes sign certificates of nodes only: an observer's is renewed by an operator.
        if !self.identity.observer {
            self.tasks.spawn(api.keep_trail());
            self.tasks.spawn(renewal::run(api.clone(), Arc::clone(&self.identity)));
        }
        self.tasks.spawn(api.call_roll());
        Ok(())
    }
}

/// The place files: the file's own, or those that come by the feed, which the sender given here tells.
fn place_files(
    config: &NodeConfig,
    metrics: &Metrics,
) -> (PlaceFiles, watch::Sender<Vec<PathBuf>>) {
    let files = if config.places_from_feed {
        follow::stored_places(&config.data)
    } else {
        config.databases.clone()
    };
    let places = PlaceFiles::new(&files, metrics);
    let fetched = watch::Sender::new(files);
    if config.places_from_feed {
        (places.with_source(fetched.subscribe()), fetched)
    } else {
        (places, fetched)
    }
}

/// What the cluster's part of the node is told.
fn cluster_config(
    config: &NodeConfig,
    identity: &Arc<Identity>,
    slot: &control::ApiSlot,
    tables: watch::Receiver<Arc<geo::PlaceTable>>,
) -> ClusterConfig {
    ClusterConfig {
        data_dir: config.data.clone(),
        identity: Arc::clone(identity),
        advertise: config.raft.advertise.clone(),
        api: config.api.advertise.clone(),
        timers: config.raft.timers,
        extra: control::peer_routes(Arc::clone(slot)),
        space: config.space,
        clock: WallClock::system(),
        gate: Some(gate::trial(tables)),
        feed: FeedConfig { from: config.observe_from.clone(), shelf: Arc::default() },
    }
}

/// Opens the data folder and the audit trail in it and starts Raft, and reads the place data
/// meanwhile: each is read whole, off the threads of this runtime, and a node that is not up answers
/// nobody.
async fn open_all(
    config: ClusterConfig,
    listener: std::net::TcpListener,
    mut places: PlaceFiles,
) -> Result<(Cluster, PlaceFiles, Trail), StartError> {
    let audit = config.data_dir.join("audit");
    let broken = |error: tokio::task::JoinError| StartError::System(error.to_string());
    let loading = spawn_blocking(move || {
        places.load_first();
        places
    });
    let started = spawn_blocking(move || Cluster::start(config, listener)).await.map_err(broken)?;
    let cluster = started.map_err(StartError::Cluster)?;
    // Once the data folder is this process's own.
    let trail = Trail::open(&audit).map_err(|error| StartError::Folder(audit, error))?;
    Ok((cluster, loading.await.map_err(broken)?, trail))
}

/// Forgets what was counted of endpoints that are no longer probed.
async fn forget_probes(metrics: Metrics, mut states: watch::Receiver<Arc<State>>) {
    loop {
        let config = Arc::clone(&states.borrow_and_update().config);
        let probed = targets(&config);
        metrics.keep_probes(&probed.keys().map(EndpointId::as_str).collect());
        let changed = states.wait_for(|state| !Arc::ptr_eq(&state.config, &config)).await;
        if changed.is_err() {
            return;
        }
    }
}

/// Reads the identity and holds the file's name against it.
fn identity(config: &NodeConfig) -> Result<Identity, StartError> {
    let identity = Identity::load(&config.identity).map_err(StartError::Identity)?;
    match &config.name {
        Some(name) if *name != identity.name => {
            Err(StartError::Name { file: name.clone(), identity: identity.name })
        }
        _ if identity.observer && config.observe_from.is_empty() => Err(StartError::Role(
            "the identity is of an observer, but the file does not say whom it follows: \
             [observe] from = [\"HOST:PORT\"]",
        )),
        _ if identity.observer && config.backup.is_some() => Err(StartError::Role(
            "the identity is of an observer, which has no backups to make: remove [backup]",
        )),
        _ if !identity.observer && (!config.observe_from.is_empty() || config.places_from_feed) => {
            Err(StartError::Role(
                "the identity is of a member, which follows nobody: remove [observe] and \
                 [place] from",
            ))
        }
        _ => Ok(identity),
    }
}

/// A number that nobody outside knows.
fn seed() -> Result<u64, StartError> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| StartError::System("it gives no random bytes".to_owned()))?;
    Ok(u64::from_le_bytes(bytes))
}
