//! Runs the demo: makes everything, prints the card, and ends everything.

use gslb_consensus::model::DnsName;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::card::card;
use super::child::Node;
use super::endpoints::{Endpoints, REGIONS};
use super::error::DemoError;
use super::files::{NODES, ZONE, clients, write_gslbctl, write_node, write_traffic};
use super::ports::Ports;
use super::switch::{Board, routes};
use crate::control::shape::NodesReply;
use crate::ctl::cluster;
use crate::ctl::node::{NewNode, add, add_founder};

/// The name of the demo's cluster.
const CLUSTER: &str = "demo";
/// How long the cluster may take to form.
const FORM_WITHIN: Duration = Duration::from_secs(30);
/// How long a node that has ended stays away.
const START_AGAIN: Duration = Duration::from_secs(5);
/// How often a node that is still starting is asked again.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Runs the demo until SIGINT or SIGTERM.
///
/// # Errors
/// What keeps it from running, in a sentence; everything is ended and removed all the same.
pub async fn run(keep: bool) -> Result<(), DemoError> {
    let system = |what: &str| {
        let what = what.to_owned();
        move |error| DemoError::System(what, error)
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("signals"))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(system("signals"))?;
    let folder = tempfile::Builder::new().prefix("gslb-demo-").tempdir();
    let mut folder = folder.map_err(system("a temporary folder"))?;
    folder.disable_cleanup(keep);
    let mut nodes = Vec::new();
    let ended = tokio::select! {
        ended = show(folder.path(), &mut nodes) => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    futures::future::join_all(nodes.into_iter().map(Node::end)).await;
    if keep {
        say(&format!("kept: {}\n", folder.path().display()));
    } else {
        let path = folder.path().to_owned();
        folder.close().map_err(|error| DemoError::file(&path, error))?;
    }
    ended
}

/// Starts everything, prints the card, and then keeps the nodes running.
async fn show(folder: &Path, nodes: &mut Vec<Node>) -> Result<(), DemoError> {
    let none = || DemoError::Cluster("no ports are free between 5300 and 7300".to_owned());
    let ports = Ports::find().ok_or_else(none)?;
    let executable =
        std::env::current_exe().map_err(|e| DemoError::System("this executable".into(), e))?;
    let mut endpoints = Vec::new();
    for region in &REGIONS {
        let started = Endpoints::start(region, ports.endpoints()).await;
        let what = || format!("the endpoints of {}", region.id);
        endpoints.push((region, started.map_err(|error| DemoError::System(what(), error))?));
    }
    write_traffic(folder, &ports)?;
    write_gslbctl(folder, &executable)?;
    let formed = timeout(FORM_WITHIN, form(folder, &ports, nodes));
    formed.await.map_err(|_| DemoError::Cluster("it took too long".to_owned()))??;
    let addresses = |n: usize| ports.dns(n);
    let board = Arc::new(Board {
        endpoints: Mutex::new(endpoints),
        nodes: (1..=NODES.len()).map(addresses).collect(),
        name: steered_name()?,
        clients: clients(),
    });
    tokio::select! {
        settled = all_settled(&board, folder) => settled?,
        error = any_ended(nodes) => return Err(error),
    }
    let pids: Vec<Option<u32>> = nodes.iter().map(Node::id).collect();
    say(&card(folder, &executable, &ports, &pids));
    let switch = tokio_listener(ports.switch)?;
    tokio::select! {
        served = axum::serve(switch, routes(board)) => {
            served.map_err(|error| DemoError::System("the switch".to_owned(), error))
        }
        error = watch_over(nodes) => Err(error),
    }
}

/// Starts nodes again that end, as a service manager would; gives up only if one cannot be started.
async fn watch_over(nodes: &mut [Node]) -> DemoError {
    loop {
        let ends = nodes.iter_mut().map(|node| Box::pin(node.ended()));
        let index = futures::future::select_all(ends).await.1;
        let Some(node) = nodes.get_mut(index) else { continue };
        let pause = START_AGAIN.as_secs();
        say(&format!("node {} has ended; it starts again in {pause} s\n", node.name()));
        sleep(START_AGAIN).await;
        if let Err(error) = node.start_again() {
            return error;
        }
    }
}

/// Makes the cluster, starts its nodes and applies the traffic file.
async fn form(folder: &Path, ports: &Ports, nodes: &mut Vec<Node>) -> Result<(), DemoError> {
    let cluster_error = |error: crate::ctl::CtlError| DemoError::Cluster(error.to_string());
    cluster::init(folder, CLUSTER, "you").map_err(cluster_error)?;
    for (name, n) in NODES.into_iter().zip(1..) {
        let out = folder.join(name);
        let new = NewNode {
            observer: false,
            name: name.to_owned(),
            raft: ports.raft(n).to_string(),
            api: ports.api(n).to_string(),
            out: out.clone(),
        };
        if n == 1 {
            add_founder(folder, &new).map_err(cluster_error)?;
        } else {
            add_when_ready(folder, &new, nodes).await?;
        }
        write_node(&out, name, n, ports)?;
        nodes.push(Node::start(name, &out)?);
    }
    let file = folder.join("traffic.toml").display().to_string();
    gslbctl(folder, &["apply", "-f", &file]).await?;
    Ok(())
}

/// What `gslbctl` prints.
async fn gslbctl(folder: &Path, args: &[&str]) -> Result<Vec<u8>, DemoError> {
    let path = folder.join("gslbctl");
    let output = Command::new(&path).args(args).kill_on_drop(true).output().await;
    let output = output.map_err(|error| DemoError::file(&path, error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(DemoError::Cluster(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Waits until every node votes, so that the loss of any one is survived.
async fn all_vote(folder: &Path) -> Result<(), DemoError> {
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let text = gslbctl(folder, &["node", "list", "--json"]).await?;
        let reply: NodesReply = serde_json::from_slice(&text)
            .map_err(|error| DemoError::Cluster(format!("gslbctl node list: {error}")))?;
        if reply.nodes.iter().filter(|node| node.member == "voter").count() == NODES.len() {
            return Ok(());
        }
    }
}

/// Adds a node as soon as the founder takes it, and fails at once if the founder has ended.
async fn add_when_ready(folder: &Path, new: &NewNode, nodes: &mut [Node]) -> Result<(), DemoError> {
    let until = Instant::now() + FORM_WITHIN;
    let added = async {
        let mut ticks = interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match add(folder, new).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > until => {
                    return Err(DemoError::Cluster(error.to_string()));
                }
                Err(_) => {}
            }
        }
    };
    tokio::select! {
        added = added => added,
        error = any_ended(nodes) => Err(error),
    }
}

/// Waits until every node votes and gives the clients of every region its endpoints.
async fn all_settled(board: &Board, folder: &Path) -> Result<(), DemoError> {
    let answers = async {
        for region in &REGIONS {
            board.settled(region, true).await?;
        }
        Ok(())
    };
    let settled = timeout(FORM_WITHIN, async { tokio::try_join!(answers, all_vote(folder)) });
    let late = || DemoError::Cluster("not every node votes".to_owned());
    settled.await.map_err(|_| late())?.map(|_| ())
}

/// Waits until any node ends by itself.
async fn any_ended(nodes: &mut [Node]) -> DemoError {
    let ends = nodes.iter_mut().map(|node| Box::pin(node.ended()));
    futures::future::select_all(ends).await.0
}

fn steered_name() -> Result<DnsName, DemoError> {
    let name = format!("www.{ZONE}.").parse();
    name.map_err(|error| DemoError::Answers(format!("{error}")))
}

fn tokio_listener(listener: std::net::TcpListener) -> Result<tokio::net::TcpListener, DemoError> {
    let listener = listener.set_nonblocking(true).map(|()| listener);
    let listener = listener.and_then(tokio::net::TcpListener::from_std);
    listener.map_err(|error| DemoError::System("the switch".to_owned(), error))
}

fn say(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
