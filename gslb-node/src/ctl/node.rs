//! Nodes: their identities, and their places in the cluster.

use super::age::utc;
use super::client::Client;
use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use super::node_args::NodeAdd;
use super::output::{Output, Tone};
use super::show::label;
use super::table::{Cell, Table};
use crate::config::{hosts_of, starter_file};
use crate::control::shape::{
    Applied, NewNode as NewNodeRequest, NodeAdded, NodeLine, NodesReply, ReadParams, SeatLine,
};
use gslb_consensus::identity::{Authority, ClusterKey, Founder};
use std::path::{Path, PathBuf};

/// The number of the node that founds a cluster.
const FOUNDER: u64 = 1;

/// A node to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// Its name, unique.
    pub name: String,
    /// Where the other nodes will reach it, `host:port`.
    pub raft: String,
    /// Where operators will reach its API, `host:port`.
    pub api: String,
    /// Whether it is an observer.
    pub observer: bool,
    /// The folder to make for its identity.
    pub out: PathBuf,
}

/// Makes the identity of the node that founds the cluster of `dir`, without asking anybody.
///
/// # Errors
/// The authority cannot be read, or a file cannot be written.
pub fn add_founder(dir: &Path, new: &NewNode) -> Result<u64, CtlError> {
    add_founders(dir, std::slice::from_ref(new))?;
    Ok(FOUNDER)
}

/// Makes the identities of the nodes that the cluster of `dir` begins with: the first founds it, and
/// takes the others in, with numbers of their own.
///
/// # Errors
/// The authority cannot be read, or a file cannot be written; nothing is written if a name is wrong.
pub fn add_founders(dir: &Path, all: &[NewNode]) -> Result<(), CtlError> {
    let mut authorities = Vec::new();
    for new in all {
        authorities.push(authority(dir, new)?);
    }
    let founders: Vec<Founder> = all
        .iter()
        .zip(FOUNDER..)
        .map(|(new, id)| Founder {
            id,
            name: new.name.clone(),
            raft: new.raft.clone(),
            api: new.api.clone(),
        })
        .collect();
    for ((new, authority), id) in all.iter().zip(&authorities).zip(FOUNDER..) {
        if id == FOUNDER {
            Founder::save_all(&founders, &new.out)?;
        }
        issue(dir, authority, new, id)?;
    }
    Ok(())
}

/// Has the running cluster of `dir` give a new node its number, and makes its identity.
///
/// # Errors
/// The authority cannot be read, no node answers, the cluster refuses, or a file cannot be written.
pub async fn add(dir: &Path, new: &NewNode) -> Result<u64, CtlError> {
    // First what may fail here: a number that was given is never given again.
    let authority = authority(dir, new)?;
    let client = Client::new(&Context::load(&dir.join(FILE_NAME))?)?;
    let listed: NodesReply = client.get("/v1/nodes", &ReadParams::default()).await?;
    let members = listed.nodes.into_iter().filter(|node| node.member != "observer");
    let members: Vec<String> = members.map(|node| node.raft).collect();
    let (name, raft, api) = (new.name.clone(), new.raft.clone(), new.api.clone());
    let request = NewNodeRequest { name, raft, api, observer: new.observer };
    let added: NodeAdded = client.post("/v1/nodes", &request).await?;
    if new.observer {
        return issue_observer(&authority, new, added.id, &members);
    }
    issue(dir, &authority, new, added.id)
}

/// The authority of the cluster, once it is sure that the node's folder can be made.
fn authority(dir: &Path, new: &NewNode) -> Result<Authority, CtlError> {
    let authority = Authority::load(dir)?;
    let shown = new.out.display();
    if new.out.join("identity.toml").exists() {
        let what = "holds the identity of a node already: choose another --out";
        return Err(CtlError::File(format!("{shown} {what}")));
    }
    std::fs::create_dir_all(&new.out)
        .map_err(|error| CtlError::File(format!("{shown} cannot be made: {error}")))?;
    // A trial, so that a name that fits no certificate is refused before a number is spent.
    authority.issue_node(FOUNDER, &new.name, false, &hosts_of(&new.api, &new.raft))?;
    Ok(authority)
}

fn issue(dir: &Path, authority: &Authority, new: &NewNode, id: u64) -> Result<u64, CtlError> {
    authority
        .issue_node(id, &new.name, id == FOUNDER, &hosts_of(&new.api, &new.raft))?
        .save(&new.out)?;
    // The folder of a cluster from before it had one holds none.
    if let Some(key) = ClusterKey::load(dir)? {
        key.save(&new.out)?;
    }
    write_config(new, "")?;
    Context::load(&dir.join(FILE_NAME))?.add_server(&new.api)?;
    Ok(id)
}

/// Makes the identity of an observer that may follow these; it opens nothing that is sealed, so that it
/// gets no cluster key, and changes do not go to it.
fn issue_observer(
    authority: &Authority,
    new: &NewNode,
    id: u64,
    members: &[String],
) -> Result<u64, CtlError> {
    let hosts = hosts_of(&new.api, &new.raft);
    authority.issue_observer(id, &new.name, &hosts)?.save(&new.out)?;
    let from: Vec<String> = members.iter().map(|at| format!("{at:?}")).collect();
    let from = from.join(", ");
    let about = "# Whom it follows, best first: members, or observers near by.";
    write_config(new, &format!("\n[observe]\n{about}\nfrom = [{from}]\n"))?;
    Ok(id)
}

/// Writes the file that starts the node as it is.
fn write_config(new: &NewNode, more: &str) -> Result<(), CtlError> {
    let config = new.out.join("node.toml");
    let text = starter_file(&new.name, &new.raft, &new.api) + more;
    std::fs::write(&config, text)
        .map_err(|error| CtlError::File(format!("{} cannot be written: {error}", config.display())))
}

/// `gslbctl node add`.
pub(super) async fn add_and_tell(
    dir: &Path,
    args: NodeAdd,
    output: Output,
) -> Result<(), CtlError> {
    let context = Context::load(&dir.join(FILE_NAME))?;
    let NodeAdd { name, raft, api, observer, out, .. } = args;
    let new = NewNode { name, raft, api, observer, out };
    let founds = context.servers().is_empty();
    if founds && observer {
        let what = "there is nobody to observe yet: the first node founds the cluster";
        return Err(CtlError::Usage(what.to_owned()));
    }
    let id = if founds { add_founder(dir, &new)? } else { add(dir, &new).await? };
    let told = serde_json::json!({ "id": id, "name": new.name, "founder": founds, "out": new.out });
    output.show(&told, |o| {
        let (name, out) = (&new.name, new.out.display());
        let what = match (founds, new.observer) {
            (true, _) => "founds the cluster",
            (_, true) => "observes it once it runs",
            _ => "joins once it runs",
        };
        o.line(&format!("node {name} has number {id} and {what}"));
        o.line("next:");
        o.line(&format!("  1. bring the folder {out} to its machine; it holds the node's key"));
        o.line(&format!("  2. look through {out}/node.toml: DNS addresses, place data"));
        o.line(&format!("  3. gslb-node check --config {out}/node.toml"));
        o.line(&format!("  4. gslb-node --config {out}/node.toml"));
        if founds {
            o.line("Add further nodes once it runs; three voters outlive the loss of one.");
        } else if new.observer {
            o.line("`gslbctl status` shows it as observer, and what it serves.");
        } else {
            o.line("`gslbctl status` shows it as voter when it has caught up.");
        }
    })
}

/// `gslbctl node list`.
pub(super) async fn list(client: &Client, ask: ReadParams, output: Output) -> Result<(), CtlError> {
    let reply: NodesReply = client.get("/v1/nodes", &ask).await?;
    output.show(&reply, |o| {
        o.table(&table(&reply.nodes));
        o.line(&o.tone(Tone::Faint, &label(reply.revision, &reply.read)));
    })
}

fn table(nodes: &[NodeLine]) -> Table {
    let mut table = Table::new(&["ID", "NODE", "MEMBER", "RAFT", "API", "CERTIFICATE"]);
    for node in nodes {
        let mut member = node.member.clone();
        let seat = node.seat;
        let is_special = seat != SeatLine::default();
        for (holds, word) in [
            (node.leads, "leads".to_owned()),
            (seat.standby, "stands by".to_owned()),
            (seat.drained, "drained".to_owned()),
            (seat.replaced_by.is_some(), format!("replaced by {}", seat.replaced_by.unwrap_or(0))),
        ] {
            if holds {
                member = format!("{member}, {word}");
            }
        }
        let tone = if node.member == "added" || is_special { Tone::Warn } else { Tone::Plain };
        table.row([
            node.id.into(),
            node.name.as_str().into(),
            Cell::new(tone, member),
            node.raft.as_str().into(),
            node.api.as_str().into(),
            until(node.certificate_ends_s).into(),
        ]);
    }
    table
}

/// When a certificate ends; nothing if it is not known.
fn until(ends_s: Option<i64>) -> String {
    let ends_ms = ends_s.and_then(|s| u64::try_from(s).ok()).map(|s| s.saturating_mul(1_000));
    ends_ms.map_or_else(String::new, |ms| format!("until {}", utc(ms)))
}

/// `gslbctl node remove`.
pub(super) async fn remove(client: &Client, node: &str, output: Output) -> Result<(), CtlError> {
    let applied: Applied = client.delete(&format!("/v1/nodes/{node}"), &()).await?;
    output.show(&applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        o.line("Stop that node and take its address out of the zone's NS records and glue.");
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::cluster;

    fn new(dir: &Path, name: &str, api: &str) -> NewNode {
        NewNode {
            name: name.into(),
            raft: "10.0.0.1:8054".into(),
            observer: false,
            api: api.into(),
            out: dir.join(name),
        }
    }

    #[test]
    fn the_founder_is_made_offline_and_the_context_names_it() {
        let dir = tempfile::tempdir().unwrap();
        cluster::init(dir.path(), "prod", "ann").unwrap();
        let founder = new(dir.path(), "n1", "10.0.0.1:8053");
        assert_eq!(add_founder(dir.path(), &founder).unwrap(), 1);
        let context = Context::load(&dir.path().join(FILE_NAME)).unwrap();
        assert_eq!(context.servers(), ["https://10.0.0.1:8053"]);
        context.tls().unwrap();
        let identity = gslb_consensus::identity::Identity::load(&founder.out).unwrap();
        assert!(identity.founder);
        let again = add_founder(dir.path(), &founder).unwrap_err().to_string();
        assert!(again.contains("choose another --out"), "{again}");
    }

    #[test]
    fn a_name_that_fits_no_certificate_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        cluster::init(dir.path(), "prod", "ann").unwrap();
        let error =
            add_founder(dir.path(), &new(dir.path(), "N_1", "h:1")).unwrap_err().to_string();
        assert!(error.contains("lower-case letters"), "{error}");
        assert!(!dir.path().join("N_1/identity.toml").exists());
    }
}
