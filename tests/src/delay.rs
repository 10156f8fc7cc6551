//! A TCP proxy that holds everything up: the slow link that the kernel here cannot make.
//!
//! ```text
//!  client --- bytes ---> [ read | wait out the delay | write ] --- bytes ---> target
//!         <--- bytes --- [ write | wait out the delay | read ] <--- bytes ---
//! ```

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A proxy that passes everything on to one address, later; it ends with this value.
#[derive(Debug)]
pub struct Delay {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Delay {
    /// Listens on a free port of `listen` and passes everything on to `target`, each way so much later.
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn start(listen: std::net::IpAddr, target: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind((listen, 0)).expect("an address of this host");
        let address = listener.local_addr().expect("a bound socket has an address");
        let proxy = Self { address, ended: Arc::default(), streams: Arc::default() };
        let (ended, streams) = (Arc::clone(&proxy.ended), Arc::clone(&proxy.streams));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                // A target that is away is the client's business: its connection ends.
                let _ = client.and_then(|client| join(client, target, delay, &streams));
            }
        });
        proxy
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Delay {
    /// Ends the connections too: who had them makes new ones, past the proxy.
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        for stream in self.streams.lock().expect("no thread panics with it").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Connects on behalf of a client, and moves bytes both ways until one end closes.
fn join(
    client: TcpStream,
    target: SocketAddr,
    delay: Duration,
    streams: &Mutex<Vec<TcpStream>>,
) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&target, Duration::from_secs(2))?;
    for (from, to) in [(&client, &server), (&server, &client)] {
        from.set_nodelay(true)?;
        let (from, to) = (from.try_clone()?, to.try_clone()?);
        let (sender, receiver) = channel();
        std::thread::spawn(move || read(from, &sender, delay));
        std::thread::spawn(move || write(to, &receiver));
    }
    streams.lock().expect("no thread panics with it").extend([client, server]);
    Ok(())
}

/// Takes what comes, and notes when it is due at the other end.
fn read(mut from: TcpStream, to: &Sender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        // Nothing read is the end of the stream; it is due later too.
        let count = from.read(&mut buffer).unwrap_or(0);
        let bytes = buffer[..count].to_vec();
        if to.send((Instant::now() + delay, bytes)).is_err() || count == 0 {
            return;
        }
    }
}

/// Gives out what is due.
fn write(mut to: TcpStream, from: &Receiver<(Instant, Vec<u8>)>) {
    for (due, bytes) in from {
        let mut left = due.saturating_duration_since(Instant::now());
        while !left.is_zero() {
            std::thread::park_timeout(left);
            left = due.saturating_duration_since(Instant::now());
        }
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn bytes_arrive_whole_in_order_and_late_and_connections_end_with_the_proxy() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let echo = TcpListener::bind((local, 0)).unwrap();
        let target = echo.local_addr().unwrap();
        let echoed = std::thread::spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            let mut copy = stream.try_clone().unwrap();
            io::copy(&mut stream, &mut copy).unwrap_or(0)
        });
        let delay = Duration::from_millis(60);
        let proxy = Delay::start(local, target, delay);
        let mut client = TcpStream::connect(proxy.address()).unwrap();
        let sent: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        let start = Instant::now();
        let mut writer = client.try_clone().unwrap();
        let bytes = sent.clone();
        let wrote = std::thread::spawn(move || writer.write_all(&bytes).unwrap());
        let mut back = vec![0; sent.len()];
        client.read_exact(&mut back).unwrap();
        assert!(start.elapsed() >= delay * 2, "{:?}", start.elapsed());
        assert_eq!(back, sent);
        wrote.join().unwrap();
        drop(proxy);
        assert_eq!(client.read(&mut back).unwrap_or(0), 0);
        assert_eq!(echoed.join().unwrap(), sent.len() as u64);
    }
}
