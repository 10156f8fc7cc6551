//! TCP: accepts within limits, answers the queries of a connection in their order (RFC 7766).

use super::config::TcpLimits;
use super::handler::Handler;
use super::slow;
use super::tcp_limits::{Gate, StreamCounters};
use crate::answer::{Meta, Verdict, Worker, answer};
use crate::clock;
use crate::publish::Publication;
use hickory_net::xfer::Protocol;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long accepting rests when the process is out of descriptors.
const REST: Duration = Duration::from_millis(50);

/// All that the connections of the one TCP thread share.
pub(super) struct Streams {
    engine: RefCell<Engine>,
    publication: Arc<Publication>,
    handler: Arc<Handler>,
    limits: TcpLimits,
    counters: Arc<StreamCounters>,
    gate: Gate,
}

/// The worker and its one buffer; only borrowed between two awaits.
struct Engine {
    worker: Worker,
    buffer: Box<[u8]>,
}

impl Streams {
    /// The shared part of the TCP thread.
    pub(super) fn new(
        worker: Worker,
        publication: Arc<Publication>,
        handler: Arc<Handler>,
        limits: TcpLimits,
        counters: Arc<StreamCounters>,
    ) -> Rc<Self> {
        let buffer = vec![0; u16::MAX.into()].into_boxed_slice();
        let engine = RefCell::new(Engine { worker, buffer });
        let gate = Gate::new(limits, Arc::clone(&counters));
        Rc::new(Self { engine, publication, handler, limits, counters, gate })
    }

    /// Accepts connections for ever.
    pub(super) async fn accept(self: Rc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, source)) => {
                    let Some(admission) = self.gate.admit(source.ip()) else { continue };
                    let streams = Rc::clone(&self);
                    tokio::task::spawn_local(async move {
                        // How a client ended its connection is of no concern to anybody.
                        let _ = streams.serve(stream, source).await;
                        drop(admission);
                    });
                }
                // The client went away before we came: the next one may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept DNS connections; resting");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Answers one query after the other, until the client is done or idle.
    async fn serve(&self, stream: TcpStream, source: SocketAddr) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::with_capacity(4096, stream);
        let mut query = Vec::new();
        let mut reply = Vec::new();
        loop {
            let read = timeout(
                self.limits.idle_timeout,
                read_query(&mut stream, &mut query, &self.limits),
            );
            let Ok(more) = read.await else {
                self.counters.timed_out.add();
                return Ok(());
            };
            if !more? {
                return Ok(());
            }
            reply.clear();
            reply.extend([0, 0]);
            match self.engine(&query, source, &mut reply) {
                Verdict::Send(_) => {}
                Verdict::Drop => return Ok(()),
                Verdict::Slow => {
                    let query = std::mem::take(&mut query);
                    let Some(answer) =
                        slow::answer(&self.handler, query, source, Protocol::Tcp).await
                    else {
                        return Ok(());
                    };
                    reply.extend(answer);
                }
            }
            let length = u16::try_from(reply.len() - 2).unwrap_or(u16::MAX);
            if let Some(prefix) = reply.first_chunk_mut::<2>() {
                *prefix = length.to_be_bytes();
            }
            timeout(self.limits.idle_timeout, stream.get_mut().write_all(&reply)).await??;
        }
    }

    /// Answers a query by the engine, into `reply`.
    fn engine(&self, query: &[u8], source: SocketAddr, reply: &mut Vec<u8>) -> Verdict {
        let mut engine = self.engine.borrow_mut();
        let Engine { worker, buffer } = &mut *engine;
        let Some(room) = buffer.get_mut(..query.len()) else { return Verdict::Drop };
        room.copy_from_slice(query);
        let meta = Meta {
            source: source.ip().to_canonical(),
            tcp: true,
            now_s: clock::unix_ms() / 1000,
            stale: self.publication.is_stale(),
        };
        let published = self.publication.current();
        let verdict = answer(worker, &published, buffer, query.len(), &meta);
        if let Verdict::Send(length) = verdict {
            reply.extend(buffer.get(..length).unwrap_or_default());
        }
        verdict
    }
}

/// Reads one query with its length; false if the client is done, or sends what is no query.
async fn read_query(
    stream: &mut BufReader<TcpStream>,
    query: &mut Vec<u8>,
    limits: &TcpLimits,
) -> io::Result<bool> {
    let length = match stream.read_u16().await {
        Ok(length) => usize::from(length),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error),
    };
    if length > limits.query_bytes {
        return Ok(false);
    }
    query.resize(length, 0);
    stream.read_exact(query).await?;
    Ok(true)
}
