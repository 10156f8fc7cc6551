//! The client against a real node, over its real listener.

use super::client::Client;
use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use crate::control::lab::Lab;
use crate::control::serve_tls;
use crate::control::shape::{Applied, StatusReply, WeightRequest};
use std::sync::Arc;
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_next_node_is_asked_and_the_listener_ends_cleanly() {
    let mut lab = Lab::start().await;
    lab.apply().await;
    let listener = tokio::net::TcpListener::from_std(lab.listener.take().unwrap()).unwrap();
    let (stop, stopped) = watch::channel(false);
    let identity = Arc::clone(&lab.identity);
    let serving = tokio::spawn(serve_tls(listener, identity, lab.routes.clone(), stopped));
    let path = lab.dir.path().join(FILE_NAME);
    let text = std::fs::read_to_string(&path).unwrap();
    // Port 1 of loopback: nobody listens there.
    let text = text.replace("servers = [", "servers = [\"https://127.0.0.1:1\", ");
    std::fs::write(&path, text).unwrap();
    let client = Client::new(&Context::load(&path).unwrap()).unwrap();
    let status: StatusReply = client.get("/v1/status", &()).await.unwrap();
    assert_eq!(status.cluster, "lab");
    let region = "fra".parse().unwrap();
    let request = WeightRequest { region, pool: None, weight: Some(7), reason: String::new() };
    let applied: Applied = client.post("/v1/weights", &request).await.unwrap();
    assert_eq!(applied.change, "set-weight fra 7");
    let refused = client.delete::<Applied>("/v1/overrides/fra", &()).await.unwrap_err();
    assert!(
        matches!(&refused, CtlError::Refused { status: 404, body } if body.code == "not_found")
    );
    stop.send_replace(true);
    serving.await.unwrap().unwrap();
    let gone = client.get::<StatusReply>("/v1/status", &()).await.unwrap_err();
    let CtlError::Unreachable(tried) = &gone else { panic!("{gone}") };
    assert_eq!(tried.len(), 2, "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_foreign_certificate_is_turned_away_and_the_reason_is_said() {
    let mut lab = Lab::start().await;
    let listener = tokio::net::TcpListener::from_std(lab.listener.take().unwrap()).unwrap();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve_tls(listener, Arc::clone(&lab.identity), lab.routes.clone(), stopped));
    let other = tempfile::tempdir().unwrap();
    super::cluster::init(other.path(), "other", "eve").unwrap();
    let own = Context::load(&lab.dir.path().join(FILE_NAME)).unwrap();
    let mut foreign = Context::load(&other.path().join(FILE_NAME)).unwrap();
    foreign.add_server(own.servers()[0].trim_start_matches("https://")).unwrap();
    let client = Client::new(&foreign).unwrap();
    let error = client.get::<StatusReply>("/v1/status", &()).await.unwrap_err();
    assert!(error.to_string().contains("of another cluster"), "{error}");
}
