//! A line to a node that is slow, or stands still once it has carried so much: for tests.
//!
//! ```text
//!  other node --TCP--> SlowLink --each connection at its own pace--> the node's listener
//! ```

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Bytes that are moved at once, and what the sockets of the line hold: little, as a thin line does.
const PIECE: usize = 16 << 10;

/// How each connection is held up on its way to the node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So many bytes a second.
    BytesPerSecond(usize),
    /// Nothing more after so many bytes, until it is released.
    StallsAfter(usize),
}

/// A line to one node; it is cut with this value.
pub(super) struct SlowLink {
    pub(super) address: SocketAddr,
    released: watch::Sender<bool>,
    stalled: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl SlowLink {
    /// A line that leads to `to`.
    pub(super) async fn to(to: SocketAddr, pace: Pace) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (released, stalled) = (watch::Sender::new(false), Arc::new(AtomicUsize::new(0)));
        let (gate, count) = (released.clone(), Arc::clone(&stalled));
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = socket.accept().await {
                let (gate, count) = (gate.subscribe(), Arc::clone(&count));
                tokio::spawn(async move {
                    let socket = TcpSocket::new_v4().unwrap();
                    socket.set_send_buffer_size(PIECE as u32).unwrap();
                    let Ok(far) = socket.connect(to).await else { return };
                    join(near, far, pace, gate, count).await;
                });
            }
        });
        Self { address, released, stalled, accepting }
    }

    /// How many connections stand still.
    pub(super) fn stalled(&self) -> usize {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Lets all that stands still go on, for good.
    pub(super) fn release(&self) {
        self.released.send_replace(true);
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Moves bytes both ways until one side ends; only those to the node are held up.
async fn join(
    near: TcpStream,
    far: TcpStream,
    pace: Pace,
    gate: watch::Receiver<bool>,
    stalled: Arc<AtomicUsize>,
) {
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((from_near, mut to_near), (mut from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = forward(from_near, to_far, pace, gate, stalled) => {}
        _ = tokio::io::copy(&mut from_far, &mut to_near) => {}
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pace: Pace,
    mut gate: watch::Receiver<bool>,
    stalled: Arc<AtomicUsize>,
) {
    let (mut piece, mut carried) = (vec![0; PIECE], 0);
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        match pace {
            Pace::BytesPerSecond(rate) => {
                let takes = Duration::from_secs_f64(count as f64 / rate as f64);
                let _ = timeout(takes, pending::<()>()).await;
            }
            Pace::StallsAfter(bytes) if carried > bytes && !*gate.borrow() => {
                stalled.fetch_add(1, Ordering::Relaxed);
                let _ = gate.wait_for(|released| *released).await;
                stalled.fetch_sub(1, Ordering::Relaxed);
            }
            Pace::StallsAfter(_) => {}
        }
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
        carried += count;
    }
}
