//! Faults of system calls of a running process, by strace: a disk that fails or is slow.

use crate::process::Process;
use std::path::Path;
use std::process::Command;

/// System calls that wait for the disk.
const SYNCS: &str = "fsync,fdatasync,sync_file_range,msync";

/// A fault that lasts as long as this value.
#[derive(Debug)]
pub struct Injection(Process);

impl Injection {
    /// Lets every sync of a process fail with an error of the disk.
    #[must_use]
    pub fn failing_disk(process: u32, log: &Path) -> Self {
        Self::start(process, "error=EIO", log)
    }

    /// Lets every sync of a process take so many milliseconds more.
    #[must_use]
    pub fn slow_disk(process: u32, ms: u32, log: &Path) -> Self {
        Self::start(process, &format!("delay_enter={}", ms * 1_000), log)
    }

    /// Attaches to all threads of a process; returns once the fault is there.
    fn start(process: u32, what: &str, log: &Path) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={SYNCS}")]);
        command.args(["-e", &format!("inject={SYNCS}:{what}"), "-p", &process.to_string()]);
        let mut strace = Process::start("strace", &mut command, log);
        strace.wait_for("attached");
        Self(strace)
    }
}

impl Drop for Injection {
    /// It lets go of the process, which goes on.
    fn drop(&mut self) {
        // Asked to end it detaches; killed it might leave threads stopped.
        let _ = self.0.stop();
    }
}
