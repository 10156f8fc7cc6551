//! One node of the demo: a process of its own that ends with this one.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::error::DemoError;

/// How long a node may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How many lines of its log are shown when it ends by itself.
const LOG_LINES: usize = 8;

/// One node of the demo.
pub(super) struct Node {
    name: String,
    folder: PathBuf,
    log: PathBuf,
    child: Child,
    /// Open for as long as the node is to run; apart from the child, whose `wait` would close it.
    input: Option<ChildStdin>,
}

impl Node {
    /// Starts the executable that runs now with `folder`/node.toml.
    ///
    /// It is in a group of its own, so that Ctrl-C reaches this process only; and it ends when its
    /// standard input does, which happens even if this process is killed.
    pub(super) fn start(name: &str, folder: &Path) -> Result<Self, DemoError> {
        let executable =
            std::env::current_exe().map_err(|e| DemoError::System("this executable".into(), e))?;
        let log = folder.join("log");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| DemoError::file(&log, error))?;
        let out = file.try_clone().map_err(|error| DemoError::file(&log, error))?;
        let mut child = Command::new(&executable)
            .arg("--config")
            .arg(folder.join("node.toml"))
            .arg("--end-with-stdin")
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(file)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| DemoError::file(&executable, error))?;
        let input = child.stdin.take();
        Ok(Self { name: name.to_owned(), folder: folder.to_owned(), log, child, input })
    }

    /// Its process id.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it ends by itself, which it should not.
    pub(super) async fn ended(&mut self) -> DemoError {
        let why = match self.child.wait().await {
            Ok(status) => format!("ended: {status}"),
            Err(error) => format!("cannot be waited for: {error}"),
        };
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
        DemoError::Node { name: self.name.clone(), why, log: last.join("\n") }
    }

    /// Starts it again after it has ended.
    pub(super) fn start_again(&mut self) -> Result<(), DemoError> {
        *self = Self::start(&self.name, &self.folder)?;
        Ok(())
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Tells it to end, and waits until it has.
    pub(super) async fn end(mut self) {
        drop(self.input.take());
        if timeout(END_WITHIN, self.child.wait()).await.is_err()
            && let Err(error) = self.child.kill().await
            && error.kind() != ErrorKind::InvalidInput
        {
            eprintln!("gslb-node: node {} cannot be ended: {error}", self.name);
        }
    }
}
