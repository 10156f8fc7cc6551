//! The client against a real node, over its real listener.

use super::client::Client;
use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use crate::control::lab::Lab;
use crate::control::serve_tls;
use crate::control::shape::{Applied, StatusReply, WeightRequest};
use gslb_consensus::identity::Authority;
use std::sync::Arc;
use tokio::sync::watch;

/// The context of an operator of the lab, which names these servers.
fn context(lab: &Lab, servers: &[&str]) -> Context {
    let authority = Authority::load(lab.dir.path()).unwrap();
    let dir = lab.dir.path().join("ann");
    authority.issue_admin("ann").unwrap().save(&dir).unwrap();
    let mut context = Context::create(&dir).unwrap();
    servers.iter().for_each(|server| context.add_server(server).unwrap());
    context
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_next_node_is_asked_and_the_listener_ends_cleanly() {
    let mut lab = Lab::start().await;
    lab.apply().await;
    let listener = tokio::net::TcpListener::from_std(lab.listener.take().unwrap()).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = watch::channel(false);
    let identity = Arc::clone(&lab.identity);
    let serving = tokio::spawn(serve_tls(listener, identity, lab.routes.clone(), stopped));
    // Port 1 of loopback: nobody listens there.
    let client = Client::new(&context(&lab, &["127.0.0.1:1", &address])).unwrap();
    let status: StatusReply = client.get("/v1/status", &()).await.unwrap();
    assert_eq!(status.cluster, "lab");
    let region = "fra".parse().unwrap();
    let request =
        WeightRequest { region, pool: None, weight: Some(7), reason: String::new(), expect: None };
    let applied: Applied = client.post("/v1/weights", &request).await.unwrap();
    assert_eq!(applied.change, "set-weight fra 7");
    let refused = client.delete::<Applied>("/v1/overrides/fra", &()).await.unwrap_err();
    assert!(
        matches!(&refused, CtlError::Refused { status: 404, body } if body.code == "not_found")
    );
    stop.send_replace(true);
    serving.await.unwrap();
    let gone = client.get::<StatusReply>("/v1/status", &()).await.unwrap_err();
    let CtlError::Unreachable(tried) = &gone else { panic!("{gone}") };
    assert_eq!(tried.len(), 2, "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_foreign_certificate_is_turned_away_and_the_reason_is_said() {
    let mut lab = Lab::start().await;
    let listener = tokio::net::TcpListener::from_std(lab.listener.take().unwrap()).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve_tls(listener, Arc::clone(&lab.identity), lab.routes.clone(), stopped));
    let other = tempfile::tempdir().unwrap();
    super::cluster::init(other.path(), "other", "eve").unwrap();
    let mut foreign = Context::load(&other.path().join(FILE_NAME)).unwrap();
    foreign.add_server(&address).unwrap();
    let client = Client::new(&foreign).unwrap();
    let error = client.get::<StatusReply>("/v1/status", &()).await.unwrap_err();
    assert!(error.to_string().contains("of another cluster"), "{error}");
}
