//! What happened in a run, in the order in which it did.

use std::sync::Mutex;
use tokio::time::Instant;

/// The last lines are what explains a failure.
const SHOWN: usize = 120;

/// What happened in a run, and the first thing that should not have.
pub(crate) struct Journal {
    start: Instant,
    prints: bool,
    lines: Mutex<Vec<String>>,
    broken: Mutex<Option<String>>,
}

impl Journal {
    pub(crate) fn new(prints: bool) -> Self {
        let (lines, broken) = (Mutex::default(), Mutex::default());
        Self { start: Instant::now(), prints, lines, broken }
    }

    /// Simulated ms since the run began.
    pub(crate) fn ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    /// Takes something down.
    pub(crate) fn tell(&self, what: impl std::fmt::Display) {
        let ms = self.ms();
        let line = format!("{:>4}.{:03} {what}", ms / 1000, ms % 1000);
        if self.prints {
            println!("{line}");
        }
        self.lines.lock().unwrap().push(line);
    }

    /// Takes down what must never happen; the first one is the verdict of the run.
    pub(crate) fn break_with(&self, what: String) {
        self.tell(format_args!("BROKEN {what}"));
        self.broken.lock().unwrap().get_or_insert(what);
    }

    /// What must never have happened, and did.
    pub(crate) fn broken(&self) -> Option<String> {
        self.broken.lock().unwrap().clone()
    }

    /// The last lines.
    pub(crate) fn last_lines(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines[lines.len().saturating_sub(SHOWN)..].join("\n")
    }
}
