//! Backups that this node makes by itself: one a while, in a folder, the oldest going first.

use gslb_consensus::backup::{Backup, BackupError};
use gslb_consensus::identity::Identity;
use gslb_consensus::raft::Cluster;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::clock;
use crate::config::BackupConfig;
use crate::control;

/// A failed backup is tried again after so long, if that is sooner than the next one.
const AGAIN: Duration = Duration::from_secs(60);

/// What became of the backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BackupReport {
    /// When the newest was made or found to be of this state, ms since 1970; 0: none yet.
    pub(super) made_ms: u64,
    /// Why the last attempt failed, if it did.
    pub(super) failed: Option<String>,
}

/// Makes backups for ever.
pub(super) async fn run(
    cluster: Cluster,
    identity: Arc<Identity>,
    config: BackupConfig,
    report: watch::Sender<BackupReport>,
) {
    let every = u64::try_from(config.every.as_millis()).unwrap_or(u64::MAX);
    let newest = list(&config.dir, &identity.cluster).ok().and_then(|all| all.last().cloned());
    let newest = newest.and_then(|path| fs::metadata(path).ok()?.modified().ok());
    let age = newest.and_then(|at| at.elapsed().ok()).unwrap_or(config.every);
    let mut pause = config.every.saturating_sub(age);
    report.send_modify(|report| {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        report.made_ms = if age < every { clock::unix_ms().saturating_sub(age) } else { 0 };
    });
    loop {
        tokio::time::sleep(pause).await;
        let state = cluster.state();
        if state.index == 0 {
            // Nothing is agreed here yet.
            pause = AGAIN.min(config.every);
            continue;
        }
        let backup = control::backup_of(&identity, &state);
        let (dir, keep) = (config.dir.clone(), config.keep);
        let made = spawn_blocking(move || make(&dir, keep, &backup)).await;
        let made = made.unwrap_or_else(|error| Err(error.to_string()));
        if let Err(why) = &made {
            tracing::error!(why, "the backup was not made");
        }
        pause = if made.is_ok() { config.every } else { AGAIN.min(config.every) };
        report.send_modify(|report| match made {
            Ok(()) => *report = BackupReport { made_ms: clock::unix_ms(), failed: None },
            Err(why) => report.failed = Some(why),
        });
    }
}

/// Writes one backup, unless there is one of this revision, and removes the oldest.
fn make(dir: &Path, keep: usize, backup: &Backup) -> Result<(), String> {
    let told = |error: io::Error| format!("{}: {error}", dir.display());
    fs::create_dir_all(dir).map_err(told)?;
    let about = &backup.about;
    let name = format!("{}-{:010}-{:020}.gslb", about.cluster, about.history, about.index);
    let path = dir.join(name);
    // Written anew if what is there is not whole.
    if Backup::load(&path).is_err() {
        let bytes = backup.encode().map_err(|error: BackupError| error.to_string())?;
        Backup::write_bytes(&path, &bytes).map_err(|error| error.to_string())?;
    }
    let all = list(dir, &about.cluster).map_err(told)?;
    let surplus = all.len().saturating_sub(keep);
    all.into_iter().take(surplus).try_for_each(fs::remove_file).map_err(told)
}

/// The backups of a cluster in a folder, oldest first.
fn list(dir: &Path, cluster: &str) -> io::Result<Vec<PathBuf>> {
    let prefix = format!("{cluster}-");
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let middle = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".gslb"));
        // Names of this very form: a file that somebody else put here is not removed.
        let is_ours = middle.is_some_and(|middle| {
            middle.len() == 31 && middle.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        });
        if is_ours {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::backup::About;
    use gslb_consensus::state::State;

    fn backup(history: u32, index: u64) -> Backup {
        let about = About {
            cluster: "lab".to_owned(),
            cluster_uuid: String::new(),
            node: "n1".to_owned(),
            version: String::new(),
            made_ms: 0,
            history,
            index,
        };
        Backup { about, state: State { history, index, ..State::default() } }
    }

    #[test]
    fn the_newest_are_kept_by_revision_and_what_is_not_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("backups");
        for (history, index) in [(0, 5), (0, 100), (0, 9), (1, 2)] {
            make(&dir, 2, &backup(history, index)).unwrap();
            fs::write(dir.join("lab-notes.gslb"), "x").unwrap();
        }
        let kept = list(&dir, "lab").unwrap();
        let found: Vec<Backup> = kept.iter().map(|path| Backup::load(path).unwrap()).collect();
        assert_eq!(found, [backup(0, 100), backup(1, 2)]);
        assert!(dir.join("lab-notes.gslb").exists());
        // A torn one of the same revision is replaced.
        fs::write(&kept[1], "torn").unwrap();
        make(&dir, 2, &backup(1, 2)).unwrap();
        assert_eq!(Backup::load(&kept[1]).unwrap(), backup(1, 2));
    }
}
