//! The files of the trail: what is written is found again, and what is broken is named.

use super::read;
use super::writer::Writer;
use super::{Trail, verify};
use crate::state::{Audit, AuditEntry, Caller, Proof, State};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;

/// Adds so many records, as an apply would.
fn grow(audit: &mut Audit, records: u64) {
    for _ in 0..records {
        let index = audit.count + 10;
        let caller = Caller { proof: Proof::Token, certificate: String::new(), from: "::1".into() };
        let (actor, change) = ("ann".to_owned(), format!("change \"{index}\"\nü"));
        audit.add(AuditEntry { index, at_ms: index, actor, change, caller, ..Default::default() });
    }
}

fn entries(audit: &Audit) -> Vec<Arc<AuditEntry>> {
    audit.entries.iter().cloned().collect()
}

fn checked(dir: &Path, audit: &Audit) -> verify::Verdict {
    verify::verify(dir, audit).unwrap()
}

/// A trail of so many records in files of at most so many bytes.
fn written(records: u64, file_bytes: u64) -> (TempDir, Audit) {
    let dir = tempfile::tempdir().unwrap();
    let mut audit = Audit::default();
    grow(&mut audit, records);
    let mut writer = Writer::open(dir.path().to_path_buf()).unwrap().with_files_of(file_bytes);
    writer.append(&entries(&audit)).unwrap();
    (dir, audit)
}

#[test]
fn what_is_written_is_read_again_over_many_files() {
    let (dir, audit) = written(40, 2_000);
    let files = read::files(dir.path()).unwrap();
    assert!(files.len() > 3, "{files:?}");
    for (_, path) in &files {
        assert!(fs::metadata(path).unwrap().len() < 3_000, "{}", path.display());
    }
    let read = read::newest(dir.path(), 0, 1_000).unwrap();
    assert!(read.iter().eq(audit.entries.iter().map(|entry| &**entry)));
    assert_eq!(read::newest(dir.path(), 0, 3).unwrap().first().unwrap().number, 38);
    assert_eq!(read::newest(dir.path(), 47, 1_000).unwrap().first().unwrap().number, 38);
    let verdict = checked(dir.path(), &audit);
    assert_eq!((verdict.broken, verdict.records, verdict.first, verdict.last), (None, 40, 1, 40));
}

#[test]
fn a_record_is_written_once_however_often_it_comes() {
    let (dir, mut audit) = written(5, 1 << 20);
    for _ in 0..3 {
        let mut writer = Writer::open(dir.path().to_path_buf()).unwrap();
        grow(&mut audit, 2);
        writer.append(&entries(&audit)).unwrap();
        writer.append(&entries(&audit)).unwrap();
    }
    let verdict = checked(dir.path(), &audit);
    assert_eq!((verdict.broken, verdict.records, verdict.files), (None, 11, 1));
}

#[test]
fn a_line_that_a_crash_cut_is_written_again() {
    let (dir, audit) = written(5, 1 << 20);
    let path = read::path(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let _ = fs::remove_file(read::path(dir.path(), 2));
        let mut writer = Writer::open(dir.path().to_path_buf()).unwrap();
        writer.append(&entries(&audit)).unwrap();
        let verdict = checked(dir.path(), &audit);
        assert_eq!((verdict.broken, verdict.records), (None, 5), "cut at {length}");
    }
}

#[test]
fn every_byte_that_is_changed_in_a_record_is_found() {
    let (dir, audit) = written(3, 1 << 20);
    let path = read::path(dir.path(), 1);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(checked(dir.path(), &audit).broken.is_some(), "byte {at}");
    }
}

#[test]
fn the_first_broken_record_is_named_with_its_line() {
    let (dir, audit) = written(5, 1 << 20);
    let path = read::path(dir.path(), 1);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("change \\\"12", "change \\\"99", 1)).unwrap();
    let broken = checked(dir.path(), &audit).broken.unwrap();
    assert_eq!((broken.number, broken.why.as_str()), (3, "its content does not fit its hash"));
    assert!(broken.place.ends_with("00000001.jsonl, line 4"), "{}", broken.place);
}

#[test]
fn a_record_or_a_file_that_is_missing_is_found() {
    let (dir, audit) = written(40, 2_000);
    let path = read::path(dir.path(), 2);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(2);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let broken = checked(dir.path(), &audit).broken.unwrap();
    assert!(broken.why.contains("is missing"), "{broken:?}");
    fs::remove_file(&path).unwrap();
    let broken = checked(dir.path(), &audit).broken.unwrap();
    assert!(broken.why.contains("is missing"), "{broken:?}");
    assert!(broken.place.contains("00000003.jsonl, line 2"), "{broken:?}");
}

#[test]
fn the_state_and_the_files_must_tell_the_same() {
    let (dir, audit) = written(5, 1 << 20);
    let mut more = audit.clone();
    grow(&mut more, 1);
    let broken = checked(dir.path(), &more).broken.unwrap();
    assert_eq!((broken.number, broken.place.as_str()), (6, "the state"));
    let mut other = Audit::default();
    grow(&mut other, 4);
    let forged = AuditEntry { actor: "eve".to_owned(), index: 14, ..AuditEntry::default() };
    other.add(forged);
    let broken = checked(dir.path(), &other).broken.unwrap();
    assert!(broken.number == 5 && broken.why.contains("another record"), "{broken:?}");
}

#[test]
fn a_restored_cluster_goes_on_behind_an_earlier_record() {
    let (dir, audit) = written(5, 1 << 20);
    let mut restored = Audit::default();
    grow(&mut restored, 3);
    let entry = AuditEntry { history: 1, index: 2, ..AuditEntry::default() };
    restored.add(entry);
    let mut writer = Writer::open(dir.path().to_path_buf()).unwrap();
    writer.append(&entries(&restored)).unwrap();
    let verdict = checked(dir.path(), &restored);
    assert_eq!((verdict.broken, verdict.records, verdict.last), (None, 6, 4));
    let broken = checked(dir.path(), &audit).broken;
    assert!(broken.is_some(), "the state of before holds what the files gave up");
}

#[test]
fn a_node_that_joined_late_begins_with_what_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let mut audit = Audit::default();
    grow(&mut audit, 1_200);
    let mut writer = Writer::open(dir.path().to_path_buf()).unwrap();
    writer.append(&entries(&audit)).unwrap();
    let verdict = checked(dir.path(), &audit);
    assert_eq!((verdict.broken, verdict.first, verdict.last), (None, 201, 1_200));
}

#[tokio::test]
async fn a_trail_follows_the_state_and_a_check_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let trail = Trail::open(&dir.path().join("audit")).unwrap();
    let mut state = State::default();
    let states = watch::Sender::new(Arc::new(state.clone()));
    let following = tokio::spawn(trail.clone().follow(states.subscribe()));
    for _ in 0..20 {
        grow(Arc::make_mut(&mut state.audit), 3);
        states.send_replace(Arc::new(state.clone()));
    }
    let verdict = trail.verify(Arc::clone(&state.audit)).await.unwrap();
    assert_eq!((verdict.broken, verdict.records, verdict.in_state), (None, 60, 60));
    assert_eq!(trail.newest(0, 1).await.unwrap()[0].number, 60);
    drop(states);
    following.await.unwrap();
}

#[test]
fn what_the_disk_did_not_take_is_written_when_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("audit");
    let mut writer = Writer::open(folder.clone()).unwrap();
    // A file where the folder was: nothing can be written, by root neither.
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    let mut audit = Audit::default();
    grow(&mut audit, 2);
    for _ in 0..2 {
        assert!(writer.append(&entries(&audit)).is_err());
    }
    fs::remove_file(&folder).unwrap();
    grow(&mut audit, 1);
    writer.append(&entries(&audit)).unwrap();
    let verdict = checked(&folder, &audit);
    assert_eq!((verdict.broken, verdict.records), (None, 3));
}
