//! The services that the demo's names lead to: two small HTTP servers in each of three regions.

use axum::Router;
use axum::routing::get;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A region of the demo.
pub(super) struct Region {
    /// Its id.
    pub(super) id: &'static str,
    /// What the card says of it.
    pub(super) label: &'static str,
    /// Where it is, degrees.
    pub(super) location: (f64, f64),
    /// The third byte of its endpoints' addresses.
    net: u8,
}

/// The regions.
pub(super) const REGIONS: [Region; 3] = [
    Region { id: "eu", label: "Europe", location: (50.11, 8.68), net: 1 },
    Region { id: "na", label: "North America", location: (39.04, -77.49), net: 2 },
    Region { id: "as", label: "Asia", location: (35.68, 139.69), net: 3 },
];

impl Region {
    /// The region of that id.
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        REGIONS.iter().find(|region| region.id == id)
    }

    /// The addresses of its endpoints: loopback, so that they can be connected to as they are given.
    pub(super) fn addresses(&self) -> [IpAddr; 2] {
        [1, 2].map(|host| IpAddr::V4(Ipv4Addr::new(127, 0, self.net, host)))
    }
}

/// The endpoints of one region, running or not.
pub(super) struct Endpoints {
    region: &'static Region,
    port: u16,
    running: Vec<JoinHandle<()>>,
}

impl Endpoints {
    /// Starts the endpoints of a region.
    pub(super) async fn start(region: &'static Region, port: u16) -> io::Result<Self> {
        let mut endpoints = Self { region, port, running: Vec::new() };
        endpoints.revive().await?;
        Ok(endpoints)
    }

    /// Starts them again.
    pub(super) async fn revive(&mut self) -> io::Result<()> {
        self.kill().await;
        for (address, number) in self.region.addresses().into_iter().zip(1..) {
            let listener = TcpListener::bind(SocketAddr::new(address, self.port)).await?;
            let name = format!("{}-{number}\n", self.region.id);
            let routes = Router::new().fallback(get(move || {
                let name = name.clone();
                async move { name }
            }));
            self.running.push(tokio::spawn(async move {
                // It ends by being aborted only.
                let _ = axum::serve(listener, routes).await;
            }));
        }
        Ok(())
    }

    /// Closes their sockets: connections are refused from now on.
    pub(super) async fn kill(&mut self) {
        for task in self.running.drain(..) {
            task.abort();
            // The socket is closed once the task has ended.
            let _ = task.await;
        }
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
    }
}
