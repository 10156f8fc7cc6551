//! Waits for the request to end.

use std::io::{self, Read, stdin};
use std::thread;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// SIGINT, SIGTERM, and the end of standard input if that is asked for.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    input_ends: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// Takes the signals over.
    pub(super) fn new(with_stdin: bool) -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        let input_ends = if with_stdin { Some(watch_stdin()?) } else { None };
        Ok(Self { interrupt, terminate, input_ends })
    }

    /// Waits for one of them, and says which.
    pub(super) async fn wait(&mut self) -> &'static str {
        let input_ends = async {
            match &mut self.input_ends {
                Some(ends) => drop(ends.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            () = input_ends => "standard input ended",
        }
    }
}

/// Reads standard input on a thread of its own until it ends.
fn watch_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("gslb-stdin".to_owned()).spawn(move || {
        let mut buffer = [0; 64];
        while matches!(stdin().lock().read(&mut buffer), Ok(read) if read > 0) {}
        let _ = sender.send(());
    })?;
    Ok(receiver)
}
