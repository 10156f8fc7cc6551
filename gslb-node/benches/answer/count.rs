//! Counts instructions by running this program again under callgrind.

use crate::stages::Bench;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Whether there is nothing to count with.
pub(crate) fn missing() -> bool {
    !Path::new("/usr/bin/valgrind").exists()
}

/// User-space instructions of one round of a bench, copying the query into the buffer included.
pub(crate) fn instructions(name: &str, rounds: u32) -> Option<u64> {
    if missing() {
        return None;
    }
    let this = std::env::current_exe().expect("a program knows its path");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*collected*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(this)
        .args(["--count", name])
        .output()
        .expect("valgrind can be started");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(out).expect("callgrind writes its file");
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total: u64 = total.and_then(|n| n.trim().parse().ok()).expect("the file has totals");
    assert!(total > 0, "{name}: nothing was collected");
    Some(total / u64::from(rounds))
}

/// What runs under callgrind: everything warmed up, then the rounds that are collected.
pub(crate) fn run_counted(bench: &Bench, rounds: u32) -> ExitCode {
    bench.run(1);
    collected(bench, rounds);
    ExitCode::SUCCESS
}

/// The one function whose instructions are counted; callgrind finds it by its name.
#[inline(never)]
fn collected(bench: &Bench, rounds: u32) {
    bench.run(rounds);
}
