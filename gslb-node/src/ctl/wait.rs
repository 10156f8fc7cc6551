//! Waiting until the nodes serve a change.

use super::change_args::Wait;
use super::client::Client;
use super::error::CtlError;
use super::output::{Output, Tone};
use crate::control::shape::{NodeBehind, WaitParams, WaitReply};
use gslb_consensus::model::document::units::parse_ms;
use gslb_consensus::state::Revision;
use std::time::Duration;

/// Waits if that is asked for.
pub(super) async fn wait(
    client: &Client,
    wait: &Wait,
    revision: Revision,
) -> Result<Option<WaitReply>, CtlError> {
    if !wait.wait {
        return Ok(None);
    }
    let ms = parse_ms(&wait.timeout).unwrap_or(0);
    let params = WaitParams { revision, timeout: wait.timeout.clone() };
    let within = Duration::from_millis(ms) + Duration::from_secs(10);
    client.get_within("/v1/wait", &params, within).await.map(Some)
}

/// Says how the wait ended, for people.
pub(super) fn tell(reply: Option<&WaitReply>, output: Output) {
    let Some(reply) = reply else { return };
    for line in lines(reply) {
        let tone = if reply.done { Tone::Plain } else { Tone::Bad };
        output.line(&output.tone(tone, &line));
    }
}

fn lines(reply: &WaitReply) -> Vec<String> {
    let mut lines = Vec::new();
    let names = reply.serving.join(", ");
    if reply.done {
        lines.push(format!("served by {names} after {} ms", reply.waited_ms));
    } else {
        let behind = |node: &NodeBehind| match &node.served {
            Some(served) => format!("{} (serves {served})", node.name),
            None => format!("{} (not heard yet)", node.name),
        };
        let behind = reply.behind.iter().map(behind).collect::<Vec<_>>().join(", ");
        lines.push(format!("not served after {} ms by {behind}", reply.waited_ms));
        if !names.is_empty() {
            lines.push(format!("served by {names}"));
        }
    }
    if !reply.silent.is_empty() {
        let silent = reply.silent.join(", ");
        lines.push(format!("not heard for 5 s, follows when it is back: {silent}"));
    }
    lines
}

/// A wait that ended too early makes the run fail.
pub(super) fn verdict(reply: Option<&WaitReply>) -> Result<(), CtlError> {
    if reply.is_none_or(|r| r.done) { Ok(()) } else { Err(CtlError::Told) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_names_who_is_missing_and_who_is_silent() {
        let mut reply = WaitReply {
            done: false,
            revision: Revision { history: 1, index: 42 },
            waited_ms: 10_000,
            serving: vec!["n1".into()],
            behind: vec![NodeBehind { name: "n2".into(), served: Some("1.41".into()) }],
            silent: vec!["n3".into()],
        };
        let expected = [
            "not served after 10000 ms by n2 (serves 1.41)",
            "served by n1",
            "not heard for 5 s, follows when it is back: n3",
        ];
        assert_eq!(lines(&reply), expected);
        assert!(verdict(Some(&reply)).is_err());
        reply.done = true;
        assert_eq!(lines(&reply)[0], "served by n1 after 10000 ms");
        assert!(verdict(Some(&reply)).is_ok() && verdict(None).is_ok());
    }
}
