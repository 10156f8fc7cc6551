//! The threads that answer DNS, which run once there is something to answer by.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use crate::answer::{Counters, Identity};
use crate::config::DnsConfig;
use crate::publish::Publication;
use crate::serve::{Running, ServeConfig, ServeError, Server, StreamCounters, TcpLimits};

/// The threads that answer DNS, running or not.
pub(super) struct Dns {
    config: ServeConfig,
    publication: Arc<Publication>,
    running: Mutex<Option<Running>>,
}

impl Dns {
    /// Not yet running.
    pub(super) fn new(config: &DnsConfig, name: &str, publication: &Arc<Publication>) -> Self {
        let workers = match config.workers {
            0 => available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let tcp = TcpLimits {
            connections: config.tcp_connections,
            connections_per_source: config.tcp_per_source,
            idle_timeout: config.tcp_idle,
            ..TcpLimits::default()
        };
        let identity = Identity::new(Some(name), None);
        let config = ServeConfig {
            workers,
            pin_workers: config.workers == 0,
            steer_by_cpu: config.steer_by_cpu,
            tcp,
            identity,
            ..ServeConfig::new(config.listen.clone())
        };
        Self { config, publication: Arc::clone(publication), running: Mutex::default() }
    }

    /// Opens the sockets and answers from now on; gives the addresses.
    pub(super) fn open(&self) -> Result<Vec<SocketAddr>, ServeError> {
        let running = Server::start(self.config.clone(), Arc::clone(&self.publication))?;
        let addresses = running.addresses().to_vec();
        *self.running() = Some(running);
        Ok(addresses)
    }

    /// Stops answering; blocks until the threads have ended.
    pub(super) fn close(&self) {
        let running = self.running().take();
        if let Some(running) = running {
            running.stop();
        }
    }

    /// The counters of each thread, with its transport.
    pub(super) fn counters(&self) -> Vec<(&'static str, Arc<Counters>)> {
        let running = self.running();
        let Some(running) = running.as_ref() else { return Vec::new() };
        let counters = running.counters();
        // One a UDP worker, then the slow path, then TCP.
        let udp = counters.len().saturating_sub(2);
        let transports = std::iter::repeat_n("udp", udp).chain(["slow", "tcp"]);
        transports.zip(counters.iter().cloned()).collect()
    }

    /// UDP datagrams that the kernel dropped before a thread saw them.
    pub(super) fn receive_drops(&self) -> u64 {
        self.running().as_ref().map_or(0, Running::receive_drops)
    }

    /// What happened to TCP connections.
    pub(super) fn streams(&self) -> Option<Arc<StreamCounters>> {
        self.running().as_ref().map(|running| Arc::clone(running.stream_counters()))
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
