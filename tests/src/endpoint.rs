//! An endpoint of a region: a small HTTP server with a switch.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

/// An HTTP server that answers every request with one status, until it is switched.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    status: AtomicU16,
    requests: AtomicU64,
    ended: AtomicBool,
}

impl Endpoint {
    /// Starts one on a free port of `address`; it answers 200.
    ///
    /// # Panics
    /// If the address cannot be bound.
    #[must_use]
    pub fn start(address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a loopback address can be bound");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            status: AtomicU16::new(200),
            requests: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.ended.load(Ordering::Relaxed) {
                    return;
                }
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(&stream));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with this status from now on; 0: closes connections without an answer.
    pub fn answer_with(&self, status: u16) {
        self.shared.status.store(status, Ordering::Relaxed);
    }

    /// How many requests came so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn answer(&self, stream: &TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut lines = BufReader::new(stream).lines();
        if !lines.by_ref().map_while(Result::ok).any(|line| line.is_empty()) {
            return;
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let status = self.status.load(Ordering::Relaxed);
        if status != 0 {
            let head = format!("HTTP/1.1 {status} Test\r\ncontent-length: 0\r\n");
            let _ =
                (&mut &*stream).write_all(format!("{head}connection: close\r\n\r\n").as_bytes());
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // The acceptor waits for one more connection before it looks.
        let _ = TcpStream::connect(self.address);
    }
}
