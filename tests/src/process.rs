//! One running program.

use crate::wait;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running program whose output goes to a file; it is ended, by its id, with this value.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; both its outputs are appended to `log`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        let file = file.unwrap_or_else(|e| panic!("{}: {e}", log.display()));
        let copy = file.try_clone().expect("a log can be opened twice");
        let child = command
            // Held open with this value: a node that watches it ends even if the test is killed.
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} cannot be started: {e}"));
        Self { name: name.to_owned(), child, log: log.to_owned() }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by name, as `kill -s NAME`.
    ///
    /// # Panics
    /// If `kill` cannot be started.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        status.expect("kill can be started");
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let name = self.name.clone();
        wait::until(&format!("{name} to end"), || self.ended().ok_or("it runs"))
    }

    /// Waits until its output holds `text`.
    ///
    /// # Panics
    /// If it ends before, or takes too long.
    pub fn wait_for(&mut self, text: &str) {
        let name = self.name.clone();
        wait::until(&format!("{name} to print {text:?}"), || {
            if self.log().contains(text) {
                return Ok(());
            }
            if let Some(status) = self.ended() {
                panic!("{name} ended with {status} before it printed {text:?}:\n{}", self.log());
            }
            Err("not printed yet")
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6_000);
            let tail = log.get(from..).unwrap_or(&log);
            eprintln!("----- {} (end of its output)\n{tail}", self.name);
        }
    }
}
