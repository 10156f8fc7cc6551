//! Starts and stops the data path.

use super::config::{ServeConfig, TcpLimits};
use super::error::ServeError;
use super::handler::Handler;
use super::slow::{self, SlowReceiver};
use super::socket::{self, Bound};
use super::sys::{self, WIDTH};
use super::tcp::Streams;
use super::tcp_limits::StreamCounters;
use super::udp::UdpWorker;
use crate::answer::{Counters, Worker};
use crate::publish::Publication;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Starts the data path.
#[derive(Debug)]
pub struct Server;

/// A data path that answers. It stops when dropped.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    /// Every UDP socket, to ask the kernel what it dropped. Its worker owns it: the kernel must not
    /// go on giving clients to a worker that is gone.
    sockets: Vec<Weak<UdpSocket>>,
    counters: Vec<Arc<Counters>>,
    streams: Arc<StreamCounters>,
    stop: Arc<AtomicBool>,
    stop_streams: Option<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// What the thread of TCP and odd queries is made of.
struct StreamThread {
    listeners: Vec<TcpListener>,
    worker: Worker,
    publication: Arc<Publication>,
    handler: Arc<Handler>,
    limits: TcpLimits,
    counters: Arc<StreamCounters>,
    jobs: SlowReceiver,
    stop: oneshot::Receiver<()>,
}

impl Server {
    /// Binds all addresses, then answers on them from what `publication` holds.
    ///
    /// Needs no runtime: the data path has threads of its own.
    pub fn start(
        config: ServeConfig,
        publication: Arc<Publication>,
    ) -> Result<Running, ServeError> {
        if config.addresses.is_empty() {
            return Err(ServeError::NoAddress);
        }
        if config.addresses.len() > WIDTH {
            return Err(ServeError::TooMany(WIDTH));
        }
        let bound: Vec<Bound> = config
            .addresses
            .iter()
            .map(|address| socket::bind(&config, *address))
            .collect::<Result<_, _>>()?;
        let identity = Arc::new(config.identity.clone());
        let new_worker = || Worker::new(Arc::clone(&identity));
        let (sender, jobs) = slow::channel();
        let (stop_streams, stopped) = oneshot::channel();
        let mut running = Running {
            addresses: bound.iter().map(|bound| bound.address).collect(),
            sockets: Vec::new(),
            counters: Vec::new(),
            streams: Arc::default(),
            stop: Arc::default(),
            stop_streams: Some(stop_streams),
            threads: Vec::new(),
        };
        let (listeners, udp): (Vec<_>, Vec<_>) =
            bound.into_iter().map(|bound| (bound.tcp, bound.udp)).unzip();
        for (number, sockets) in by_worker(udp).into_iter().enumerate() {
            running.sockets.extend(sockets.iter().map(Arc::downgrade));
            let worker = UdpWorker {
                worker: running.counted(new_worker()),
                sockets,
                publication: Arc::clone(&publication),
                slow: sender.clone(),
                stop: Arc::clone(&running.stop),
                cpu: config.pin_workers.then_some(number),
            };
            running.spawn(format!("dns-udp-{number}"), move || worker.run())?;
        }
        let slow_worker = running.counted(new_worker());
        let streams = StreamThread {
            listeners,
            worker: running.counted(new_worker()),
            handler: Arc::new(Handler::new(Arc::clone(&publication), slow_worker)),
            publication,
            limits: config.tcp,
            counters: Arc::clone(&running.streams),
            jobs,
            stop: stopped,
        };
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(ServeError::Thread)?;
        running.spawn("dns-tcp".to_owned(), move || {
            if let Err(error) = LocalSet::new().block_on(&runtime, streams.run()) {
                tracing::error!(%error, "DNS over TCP ended");
            }
        })?;
        Ok(running)
    }
}

impl StreamThread {
    /// Serves TCP and odd queries until it is told to stop.
    async fn run(self) -> io::Result<()> {
        let streams = Streams::new(
            self.worker,
            self.publication,
            Arc::clone(&self.handler),
            self.limits,
            self.counters,
        );
        for listener in self.listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::task::spawn_local(Rc::clone(&streams).accept(listener));
        }
        tokio::select! {
            () = slow::run(self.jobs, self.handler) => {}
            _ = self.stop => {}
        }
        Ok(())
    }
}

impl Running {
    /// Where it answers, with the ports that were taken, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The counters of every worker: the totals are their sums.
    #[must_use]
    pub fn counters(&self) -> &[Arc<Counters>] {
        &self.counters
    }

    /// UDP datagrams that the kernel dropped before a worker saw them, because it did not keep up.
    #[must_use]
    pub fn receive_drops(&self) -> u64 {
        let alive = self.sockets.iter().filter_map(Weak::upgrade);
        alive.map(|socket| u64::from(sys::drops(socket.as_fd()))).sum()
    }

    /// What happened to TCP connections.
    #[must_use]
    pub fn stream_counters(&self) -> &Arc<StreamCounters> {
        &self.streams
    }

    /// Stops answering and waits for the threads: a fifth of a second at most.
    pub fn stop(mut self) {
        self.halt();
    }

    fn counted(&mut self, worker: Worker) -> Worker {
        self.counters.push(Arc::clone(worker.counters()));
        worker
    }

    fn spawn(
        &mut self,
        name: String,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<(), ServeError> {
        let thread = thread::Builder::new().name(name).spawn(run).map_err(ServeError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }

    fn halt(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.stop_streams = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.halt();
    }
}

/// From the sockets of each address to those of each worker.
fn by_worker(addresses: Vec<Vec<UdpSocket>>) -> Vec<Vec<Arc<UdpSocket>>> {
    let mut workers: Vec<Vec<Arc<UdpSocket>>> = Vec::new();
    for sockets in addresses {
        workers.resize_with(workers.len().max(sockets.len()), Vec::new);
        for (worker, socket) in workers.iter_mut().zip(sockets) {
            worker.push(Arc::new(socket));
        }
    }
    workers
}
