//! The operator at the command line.

use crate::programs;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `gslbctl` with a context.
#[derive(Clone, Debug)]
pub struct Operator {
    context: PathBuf,
    /// The `gslbctl` that is typed.
    pub program: PathBuf,
}

/// What a command printed, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Exit code.
    pub code: i32,
}

impl Said {
    /// Takes over what a command printed.
    #[must_use]
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            out: text(&output.stdout),
            err: text(&output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON: {e}\n{self:?}"))
    }
}

impl Operator {
    /// An operator who uses this context file.
    #[must_use]
    pub fn new(context: &Path) -> Self {
        Self { context: context.to_owned(), program: programs::gslbctl() }
    }

    /// The context file.
    #[must_use]
    pub fn context(&self) -> &Path {
        &self.context
    }

    /// Runs `gslbctl`, whatever comes of it; words are parted by spaces, and a list after them is taken as it is.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn attempt(&self, line: &str, more: &[&str]) -> Said {
        let output = Command::new(&self.program)
            .arg("--context")
            .arg(&self.context)
            .args(line.split_whitespace())
            .args(more)
            .output()
            .expect("gslbctl can be started");
        Said::of(&output)
    }

    /// Runs `gslbctl`, which must end well.
    ///
    /// # Panics
    /// If it does not.
    pub fn run(&self, line: &str, more: &[&str]) -> Said {
        let said = self.attempt(line, more);
        assert_eq!(said.code, 0, "gslbctl {line} {more:?}\n{}{}", said.out, said.err);
        said
    }

    /// Runs `gslbctl --json`, which must end well.
    ///
    /// # Panics
    /// If it does not, or prints no JSON.
    #[must_use]
    pub fn json(&self, line: &str) -> Value {
        self.run(line, &["--json"]).json()
    }
}
