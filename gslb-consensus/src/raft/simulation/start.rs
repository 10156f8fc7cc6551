//! A node that starts in a world of a test's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::disk::Disk;
use super::post::{Post, Routes};
use crate::raft::cluster::{Cluster, ClusterConfig, Owner};
use crate::raft::errors::StartError;
use crate::raft::routes;
use crate::raft::start::{new_core, start_tasks};
use crate::raft::store::Folder;

/// What is around a node in a simulation.
pub struct World {
    /// Brings its calls to other nodes.
    pub post: Arc<dyn Post>,
    /// Holds its log. Snapshots, marks and the lock are files of the data folder all the same.
    pub disk: Arc<dyn Disk>,
}

/// Starts a node on the runtime of the caller, as [`Cluster::start`] does on one of its own.
///
/// The routes are for the network to bring other nodes' calls to.
pub async fn start(config: ClusterConfig, world: World) -> Result<(Cluster, Routes), StartError> {
    let folder = Folder::open(&config.data_dir, &config.identity)?.with_disk(world.disk);
    let core = Arc::new(new_core(&config, &folder, Handle::current(), Some(world.post))?);
    let routes = Routes(routes::router(Arc::clone(&core), config.extra));
    let mut running = start_tasks(&core, folder).await?;
    let (done, closed) = watch::channel(false);
    let closing = core.closing.clone();
    tokio::spawn(async move {
        while running.join_next().await.is_some() {}
        let _ = done.send(true);
    });
    let owner = Arc::new(Owner { runtime: Mutex::new(None), closing, closed });
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok((Cluster { core, owner, address }, routes))
}

/// Ends a node at once, as a loss of power would if its network and disk are gone already.
pub async fn crash(cluster: &Cluster) {
    cluster.close().await;
}
