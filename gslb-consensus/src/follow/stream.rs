//! What one follower is sent, in its order.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::hub::{Hub, Joined};

/// One follower's stream.
struct Line {
    hub: Arc<Hub>,
    observer: u64,
    queue: VecDeque<Bytes>,
    messages: broadcast::Receiver<Bytes>,
}

/// The stream of one follower: it ends once the observer is recorded no more, or the node feeds no
/// more.
pub(super) fn stream(
    hub: Arc<Hub>,
    observer: u64,
    joined: Joined,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let queue = joined.first.into();
    let line = Line { hub, observer, queue, messages: joined.messages };
    futures::stream::unfold(line, async |mut line| {
        let bytes = line.next().await?;
        Some((Ok(bytes), line))
    })
}

impl Line {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.queue.pop_front() {
                return Some(bytes);
            }
            let received = self.messages.recv().await;
            // Beats come each second, so that this is looked at as often.
            if !self.hub.state().observers.contains_key(&self.observer) || !self.hub.feeds() {
                return None;
            }
            match received {
                Ok(bytes) => return Some(bytes),
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(missed)) => {
                    tracing::info!(observer = self.observer, missed, "a follower lags: all anew");
                    let Joined { messages, first } = self.hub.join(None).await;
                    (self.messages, self.queue) = (messages, first.into());
                }
            }
        }
    }
}
