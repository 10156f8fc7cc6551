//! The way of odd queries: off the fast threads, through a bounded channel, to hickory.

use super::capture::Capture;
use super::handler::Handler;
use super::sys::{self, Control};
use crate::wire::code::rcode;
use crate::wire::header::{self, Header};
use hickory_net::runtime::TokioTime;
use hickory_net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Odd queries that may wait; more are dropped, so that they cannot crowd out the others.
const WAITING: usize = 256;

/// An odd query that came over UDP.
pub(super) struct SlowJob {
    pub(super) query: Vec<u8>,
    pub(super) source: SocketAddr,
    /// The local address to answer from.
    pub(super) control: Control,
    pub(super) socket: Arc<UdpSocket>,
}

/// The fast threads' end of the channel.
#[derive(Clone)]
pub(super) struct SlowSender(mpsc::Sender<SlowJob>);

/// The other end.
pub(super) type SlowReceiver = mpsc::Receiver<SlowJob>;

/// A new channel.
pub(super) fn channel() -> (SlowSender, SlowReceiver) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (SlowSender(sender), receiver)
}

impl SlowSender {
    /// Hands the query over; false if too many wait already. Never waits.
    pub(super) fn offer(&self, job: SlowJob) -> bool {
        self.0.try_send(job).is_ok()
    }
}

/// Answers the odd queries of all UDP workers, until they are gone.
pub(super) async fn run(mut jobs: SlowReceiver, handler: Arc<Handler>) {
    while let Some(job) = jobs.recv().await {
        let SlowJob { query, source, control, socket } = job;
        let (start, handler) = (query.first_chunk().copied(), Arc::clone(&handler));
        let task = async move { answer(&handler, query, source, Protocol::Udp).await };
        // A task of its own: a panic over one query must not end the thread, and TCP with it.
        let reply = match tokio::task::spawn_local(task).await {
            Ok(reply) => reply,
            Err(_) => start.map(|start| bare(start, rcode::SERVFAIL)),
        };
        if let Some(reply) = reply
            && let Err(error) = sys::send_one(socket.as_fd(), &reply, source, control)
        {
            tracing::debug!(%error, %source, "an odd query's answer was not sent");
        }
    }
}

/// The answer to one odd query; `None` if it is no query.
pub(super) async fn answer(
    handler: &Handler,
    query: Vec<u8>,
    source: SocketAddr,
    protocol: Protocol,
) -> Option<Vec<u8>> {
    let header = Header::read(&query).filter(|header| header.flags & header::QR == 0)?;
    let start = query.first_chunk::<{ header::LENGTH }>().copied()?;
    let Ok(request) = Request::from_bytes(query, source, protocol) else {
        let unknown = header.flags & header::OPCODE != 0;
        return Some(bare(start, if unknown { rcode::NOTIMP } else { rcode::FORMERR }));
    };
    let capture = Capture::default();
    handler.handle_request::<_, TokioTime>(&request, capture.clone()).await;
    Some(capture.take().unwrap_or_else(|| bare(start, rcode::SERVFAIL)))
}

/// An answer that is a header only: all that can be said to what cannot be read.
fn bare(mut message: [u8; header::LENGTH], code: u16) -> Vec<u8> {
    header::write_answer(&mut message, 0, code, [0; 4]);
    message.to_vec()
}
