//! Every byte of a data folder may turn out otherwise than it was written: it is found and named.

use std::fs;
use std::path::Path;

use openraft::storage::{RaftLogStorage, RaftLogStorageExt};

use super::verify::log_of;
use super::{Folder, LogStore, Verdict, verify_data};
use crate::identity::{Authority, Identity};
use crate::raft::snapshot::SnapshotFolder;
use crate::raft::storage_tests::{entry, identity, log_id, stopwatch, vote};
use crate::raft::types::SnapshotMeta;
use crate::state::State;

/// Positions tried in each file; `GSLB_DAMAGE_POSITIONS=10000` tries more.
fn positions() -> usize {
    let given = std::env::var("GSLB_DAMAGE_POSITIONS").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(300)
}

/// Numbers from a seed, by a multiplicative generator (Lehmer).
struct Numbers(u128);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5) | 1;
        (self.0 >> 64) as usize % limit
    }
}

/// A folder of node 1 after some life, closed well.
async fn used(dir: &Path) -> Identity {
    let who = identity(dir, &Authority::create("test").unwrap(), 1);
    let folder = Folder::open(&dir.join("data"), &who).unwrap();
    let mut store = LogStore::open(&folder, &stopwatch()).unwrap();
    store.save_vote(&vote(1)).await.unwrap();
    store.blocking_append((0..60).map(|index| entry(1, index))).await.unwrap();
    let snapshots = SnapshotFolder::open(folder.snapshots()).unwrap();
    for index in [10, 20] {
        let meta = SnapshotMeta { last_log_id: Some(log_id(1, index)), ..SnapshotMeta::default() };
        snapshots.write(&meta, &State { index, ..State::default() }).unwrap();
    }
    store.purge(log_id(1, 12)).await.unwrap();
    store.save_vote(&vote(3)).await.unwrap();
    store.blocking_append([entry(3, 60)]).await.unwrap();
    store.close();
    who
}

/// A copy with one thing wrong, and what it is.
fn damaged(good: &[u8], numbers: &mut Numbers) -> (Vec<u8>, String) {
    let at = numbers.below(good.len());
    let mut bad = good.to_vec();
    match numbers.below(4) {
        0 => {
            bad.truncate(at);
            (bad, format!("cut at {at}"))
        }
        1 => {
            let end = (at + 1 + numbers.below(4_096)).min(good.len());
            bad[at..end].fill(0);
            (bad, format!("zeros from {at} to {end}"))
        }
        2 => {
            bad[at] = bad[at].wrapping_add(1 + numbers.below(255) as u8);
            (bad, format!("byte {at}"))
        }
        _ => {
            let bit = numbers.below(8);
            bad[at] ^= 1 << bit;
            (bad, format!("bit {bit} of byte {at}"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_refused_or_reads_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path()).await;
    let good = fs::read(dir.path().join("data/log.redb")).unwrap();
    let whole = log_of(&good, None).unwrap();
    let mut numbers = Numbers(7);
    let mut found = 0;
    // The header bit by bit; then positions anywhere, most of them in pages that hold nothing.
    let header = (0..320 * 8).map(|bit| {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        (bad, format!("bit {} of byte {}", bit % 8, bit / 8))
    });
    let header = header.step_by(if positions() < 10_000 { 3 } else { 1 });
    let anywhere = (0..positions()).map(|_| damaged(&good, &mut numbers));
    for (bad, what) in header.collect::<Vec<_>>().into_iter().chain(anywhere) {
        match log_of(&bad, None) {
            Ok(read) => assert_eq!(read, whole, "{what}"),
            Err(_) => found += 1,
        }
    }
    assert!(found > 50, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_any_small_file_is_found_and_its_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path()).await;
    let data = dir.path().join("data");
    let report = verify_data(&data).unwrap();
    assert!(!report.has(Verdict::Damaged) && !report.has(Verdict::Foreign), "{report:?}");
    let names: Vec<String> = report.files.iter().map(|file| file.file.clone()).collect();
    assert_eq!(names.len(), 4, "{report:?}");
    let log = fs::read(data.join("log.redb")).unwrap();
    // The log has a test of its own: a small one here is quick.
    fs::remove_file(data.join("log.redb")).unwrap();
    let mut numbers = Numbers(11);
    for name in names.iter().filter(|name| *name != "log.redb") {
        let good = fs::read(data.join(name)).unwrap();
        for _ in 0..positions() {
            let (bad, what) = damaged(&good, &mut numbers);
            if bad == good {
                continue;
            }
            fs::write(data.join(name), &bad).unwrap();
            let report = verify_data(&data).unwrap();
            let of_file = report.files.iter().find(|file| file.file == *name).unwrap();
            assert_eq!(of_file.verdict, Verdict::Damaged, "{name}: {what}");
        }
        fs::write(data.join(name), good).unwrap();
    }
    fs::write(data.join("log.redb"), log).unwrap();
    assert!(!verify_data(&data).unwrap().has(Verdict::Damaged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_and_a_foreign_one_are_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path()).await;
    let data = dir.path().join("data");
    let verdicts = || -> Vec<(String, Verdict)> {
        let files = verify_data(&data).unwrap().files.into_iter();
        files.filter(|f| f.verdict != Verdict::Good).map(|f| (f.file, f.verdict)).collect()
    };
    let one = |name: &str, verdict| vec![(name.to_owned(), verdict)];
    fs::write(data.join("notes.txt"), "x").unwrap();
    assert_eq!(verdicts(), one("notes.txt", Verdict::Foreign));
    fs::remove_file(data.join("notes.txt")).unwrap();

    for name in ["data.toml", "log.redb"] {
        let good = fs::read(data.join(name)).unwrap();
        fs::remove_file(data.join(name)).unwrap();
        assert_eq!(verdicts(), one(name, Verdict::Damaged));
        fs::write(data.join(name), good).unwrap();
    }
    // The newest snapshot gone: the other one does not reach what was purged.
    let newest = data.join("snapshots").join(format!("{:020}-{:020}-1.snp", 20, 1));
    let good = fs::read(&newest).unwrap();
    fs::remove_file(&newest).unwrap();
    assert_eq!(verdicts(), one("snapshots", Verdict::Damaged));
    // One of another index under its name.
    let other = data.join("snapshots").join(format!("{:020}-{:020}-1.snp", 10, 1));
    fs::copy(&other, &newest).unwrap();
    assert_eq!(verdicts().len(), 2, "{:?}", verdicts());
    fs::write(&newest, good).unwrap();

    let files = |dir: &Path| -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| path.is_file());
        files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
    };
    let before = (files(&data), files(&data.join("snapshots")));
    assert_eq!(verdicts(), []);
    assert!((files(&data), files(&data.join("snapshots"))) == before, "something was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_node_runs_its_log_is_left_alone_and_the_report_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let who = used(dir.path()).await;
    let data = dir.path().join("data");
    let folder = Folder::open(&data, &who).unwrap();
    let report = verify_data(&data).unwrap();
    let log = report.files.iter().find(|file| file.file == "log.redb").unwrap();
    assert_eq!(log.verdict, Verdict::Unchecked);
    assert!(log.says.contains("end the node first"), "{log:?}");
    drop(folder);
    assert!(!verify_data(&data).unwrap().has(Verdict::Unchecked));
}
