//! `gslbctl snapshot`: saving the agreed state, looking at what was saved, and beginning again from it.

use super::age::utc;
use super::client::Client;
use super::error::CtlError;
use super::output::{Output, Tone};
use super::snapshot_args::{SnapshotCommand, SnapshotRestore};
use super::table::Table;
use crate::config;
use crate::control::shape::ReadParams;
use gslb_consensus::backup::{Backup, BackupError};
use gslb_consensus::identity::Identity;
use gslb_consensus::raft::{Restore, RestoreError, restore as restore_data};
use gslb_consensus::state::NodeRecord;
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// What a backup holds, as it is told.
#[derive(Debug, Serialize)]
struct Contents {
    cluster: String,
    cluster_uuid: String,
    revision: String,
    format: u8,
    made_ms: u64,
    node: String,
    version: String,
    bytes: u64,
    sha256: String,
    zones: usize,
    records: usize,
    regions: usize,
    pools: usize,
    endpoints: usize,
    policies: usize,
    names: usize,
    weights: usize,
    overrides: usize,
    audit: usize,
    nodes: Vec<String>,
}

/// Does what was typed.
pub(super) async fn snapshot(
    command: SnapshotCommand,
    client: impl FnOnce() -> Result<Client, CtlError>,
    output: Output,
) -> Result<(), CtlError> {
    match command {
        SnapshotCommand::Save { file, read } => {
            save(&client()?, &file, read.params(), output).await
        }
        SnapshotCommand::Inspect { file } => {
            let bytes = read(&file)?;
            let backup = Backup::decode(&bytes).map_err(|error| in_file(&file, &error))?;
            tell(&backup, &bytes, output)
        }
        SnapshotCommand::Restore(args) => restore(args, output),
    }
}

async fn save(
    client: &Client,
    file: &Path,
    ask: ReadParams,
    output: Output,
) -> Result<(), CtlError> {
    let bytes = client.get_bytes("/v1/snapshot", &ask).await?;
    // Checked as it came: what is written can be restored.
    let backup = Backup::write_bytes(file, &bytes).map_err(|error| in_file(file, &error))?;
    tell(&backup, &bytes, output)
}

fn read(file: &Path) -> Result<Vec<u8>, CtlError> {
    std::fs::read(file).map_err(|error| CtlError::File(format!("{}: {error}", file.display())))
}

fn in_file(file: &Path, error: &BackupError) -> CtlError {
    CtlError::File(match error {
        BackupError::File { .. } => error.to_string(),
        _ => format!("{}: {error}", file.display()),
    })
}

fn contents(backup: &Backup, bytes: &[u8]) -> Contents {
    let (about, state) = (backup.about.clone(), &backup.state);
    let config = &state.config;
    Contents {
        revision: about.revision().to_string(),
        cluster: about.cluster,
        cluster_uuid: about.cluster_uuid,
        format: 1,
        made_ms: about.made_ms,
        node: about.node,
        version: about.version,
        bytes: bytes.len() as u64,
        sha256: Backup::hash_of(bytes),
        zones: config.zones.len(),
        records: config.zones.values().map(|zone| zone.records.len()).sum(),
        regions: config.regions.len(),
        pools: config.pools.len(),
        endpoints: config.endpoints().count(),
        policies: config.policies.len(),
        names: config.names.len(),
        weights: state.weights.regions.len() + state.weights.pools.len(),
        overrides: state.overrides.len(),
        audit: state.audit.entries.len(),
        nodes: state.nodes.values().map(|node| node.name.clone()).collect(),
    }
}

fn tell(backup: &Backup, bytes: &[u8], output: Output) -> Result<(), CtlError> {
    let of = contents(backup, bytes);
    output.show(&of, |o| {
        let mut table = Table::new(&["WHAT", "IN THE BACKUP"]);
        let mut row = |what: &str, says: String| table.row([what.into(), says.into()]);
        row("cluster", format!("{} ({})", of.cluster, of.cluster_uuid));
        row("revision", of.revision.clone());
        row("made", format!("{} by node {}, version {}", utc(of.made_ms), of.node, of.version));
        row("file", format!("format {}, {} bytes, whole", of.format, of.bytes));
        row("sha256", of.sha256.clone());
        row("zones", format!("{} with {} records", of.zones, of.records));
        row("regions", of.regions.to_string());
        row("pools", format!("{} with {} endpoints", of.pools, of.endpoints));
        row("policies", of.policies.to_string());
        row("names", of.names.to_string());
        row("set at run time", format!("{} weights, {} overrides", of.weights, of.overrides));
        row("nodes", of.nodes.join(", "));
        o.table(&table);
    })
}

/// Puts a backup into the data folder of a node on this machine.
fn restore(args: SnapshotRestore, output: Output) -> Result<(), CtlError> {
    let bytes = read(&args.file)?;
    let backup = Backup::decode(&bytes).map_err(|error| in_file(&args.file, &error))?;
    let config = config::load(&args.config).map_err(|faults| CtlError::Faults(faults.0))?;
    let identity = Identity::load(&config.identity)?;
    let about = backup.about.clone();
    let record = NodeRecord {
        name: identity.name.clone(),
        raft: config.raft.advertise.clone(),
        api: config.api.advertise.clone(),
    };
    let ask = |gives_up, backup, record| {
        let (data_dir, identity, above) = (config.data.as_path(), &identity, args.above);
        restore_data(Restore { data_dir, identity, record, backup, above, gives_up })
    };
    let confirmed = args.confirm.as_ref() == Some(&identity.cluster);
    let done = match ask(confirmed, backup.clone(), record.clone()) {
        Err(RestoreError::NeedsConfirmation) => {
            confirm(&identity.cluster, args.confirm.as_deref())?;
            ask(true, backup, record)
        }
        done => done,
    };
    let done = done.map_err(|error| CtlError::File(error.to_string()))?;
    let told = serde_json::json!({
        "cluster": identity.cluster,
        "node": identity.name,
        "revision": done.revision.to_string(),
        "from": { "cluster": about.cluster, "revision": about.revision().to_string() },
        "before": done.before,
    });
    output.show(&told, |o| {
        let (from, now) = (about.revision(), done.revision);
        o.line(&format!(
            "node {} goes on from revision {from} of cluster {}, as revision {now}",
            identity.name, about.cluster
        ));
        if let Some(before) = &done.before {
            o.line(&format!("what its data folder held lies in {}", before.display()));
        }
        o.line(
            "next: start the node; empty the data folders of all others, and add each anew with",
        );
        o.line("gslbctl node add. None of them may ever start again with its old data.");
    })
}

/// Has the operator type the name of the cluster that is given up.
fn confirm(cluster: &str, given: Option<&str>) -> Result<(), CtlError> {
    let typed = match given {
        Some(given) => given.to_owned(),
        None => ask_for(cluster)?,
    };
    if typed.trim() == cluster {
        return Ok(());
    }
    let what = "nothing was restored: this node belongs to a cluster that has begun, and what that \
                agreed on since the backup would be given up. To do so, type its name";
    Err(CtlError::Usage(format!("{what}, or give --confirm {cluster}")))
}

fn ask_for(cluster: &str) -> Result<String, CtlError> {
    let told = format!(
        "This node belongs to a cluster that has begun. Whatever was agreed since the backup is\n\
         given up, and every other node must be emptied and added anew. Do this only if no\n\
         majority of the voters can be brought back.\nType the name of the cluster ({cluster}) to go on: "
    );
    if std::io::stdin().is_terminal() {
        let _ = write!(std::io::stderr(), "{}", super::output::paint(false, Tone::Warn, &told));
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map(|_| line).map_err(|error| CtlError::File(format!("standard input: {error}")))
}
