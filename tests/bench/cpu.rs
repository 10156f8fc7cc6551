//! Cores, and time on them.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The cores that this process may use.
pub(crate) fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
}

/// Ties this thread to a core, and all that it starts from now on.
///
/// # Panics
/// If the core may not be used.
pub(crate) fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a core that the set can name");
    sched_setaffinity(Pid::from_raw(0), &set).expect("a core that may be used");
}

/// Time that the living threads of a process were on a core so far, ns.
///
/// By `schedstat`, which counts nanoseconds where `stat` counts ticks of 10 ms. It lags for a
/// thread that runs at this moment: look when the process waits.
///
/// # Panics
/// If the process is gone, or if the kernel keeps no such count.
pub(crate) fn time_of(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let times: Vec<u64> = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse().ok())
        .collect();
    assert!(!times.is_empty(), "this kernel has no /proc/PID/task/TID/schedstat");
    times.iter().sum()
}
