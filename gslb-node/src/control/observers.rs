//! What is known of the observers: each reports to the node that feeds it, and the members ask each
//! other.

use super::api::Api;
use super::roll::ASK_WITHIN;
use super::shape::{GuestLine, NodeLine, NodeReport, NodeStatus, SeatLine};
use futures::future::join_all;
use gslb_consensus::raft::SpaceLevel;
use gslb_consensus::state::{Revision, State};
use std::collections::BTreeMap;

/// An observer that has not been heard for so long counts as silent, ms: it reports every 5 s.
const SILENT_AFTER_MS: u64 = 12_000;

impl Api {
    /// What this node says of itself, as an observer sends it.
    pub(crate) fn own_report(&self) -> Vec<u8> {
        serde_json::to_vec(&self.report()).unwrap_or_default()
    }

    /// What the observers said that are fed by this node, directly or through others.
    pub(super) fn guests(&self) -> Vec<GuestLine> {
        let line = |guest: gslb_consensus::follow::Guest| {
            let report: NodeReport = serde_json::from_slice(&guest.said).ok()?;
            (report.id == guest.id).then_some(GuestLine { heard_ms_ago: guest.age_ms, report })
        };
        self.parts.cluster.guests().into_iter().filter_map(line).collect()
    }

    /// Every observer, as far as it was heard by any member that answers.
    pub(super) async fn observers(&self, state: &State) -> Vec<NodeStatus> {
        if state.observers.is_empty() || self.parts.cluster.is_observer() {
            return Vec::new();
        }
        let others = state.nodes.keys().filter(|id| **id != self.node_id());
        let asked = join_all(others.map(|id| self.guests_of(*id))).await;
        let mut heard: BTreeMap<u64, GuestLine> = BTreeMap::new();
        for line in asked.into_iter().flatten().chain(self.guests()) {
            let newer = heard.get(&line.report.id);
            if newer.is_none_or(|known| line.heard_ms_ago < known.heard_ms_ago) {
                heard.insert(line.report.id, line);
            }
        }
        let status = |(id, record): (&u64, &gslb_consensus::state::ObserverRecord)| {
            let line = heard.remove(id);
            let ago = line.as_ref().map(|line| line.heard_ms_ago);
            let ends = |line: &GuestLine| {
                Some(line.report.certificate.ends_s).filter(|ends_s| *ends_s != 0)
            };
            NodeStatus {
                node: NodeLine {
                    id: *id,
                    name: record.name.clone(),
                    raft: record.feed.clone(),
                    api: record.api.clone(),
                    member: "observer".to_owned(),
                    leads: false,
                    seat: SeatLine::default(),
                    certificate_ends_s: line.as_ref().and_then(ends),
                },
                heard: ago.is_some_and(|ago| ago < SILENT_AFTER_MS),
                heard_ms_ago: ago,
                report: line.map(|line| line.report),
            }
        };
        state.observers.iter().map(status).collect()
    }

    /// What the observers said that another member feeds; nothing if it does not answer.
    async fn guests_of(&self, id: u64) -> Vec<GuestLine> {
        let peer = self.parts.cluster.peer(id);
        let asked = tokio::time::timeout(ASK_WITHIN, peer.get("/v1/observers")).await;
        let Ok(Ok((200, body))) = asked else { return Vec::new() };
        serde_json::from_slice(&body).unwrap_or_default()
    }
}

/// What an operator should look at, of the observers.
///
/// `at` is the agreed state.
pub(super) fn warnings(observers: &[NodeStatus], at: Revision) -> Vec<String> {
    let mut warnings = Vec::new();
    for status in observers {
        let name = &status.node.name;
        let Some(report) = &status.report else {
            warnings.push(format!(
                "observer {name} has not been heard by any member: start it, and look in its log \
                 whom it tries ([observe] from)"
            ));
            continue;
        };
        if !status.heard {
            let seconds = status.heard_ms_ago.unwrap_or(0) / 1_000;
            warnings.push(format!(
                "observer {name} is cut off for {seconds} s: it answers from {}, marked as stale. \
                 Look whether it runs and reaches a node of its [observe] from",
                report.served
            ));
            continue;
        }
        if report.served < at {
            let served = report.served;
            warnings.push(format!("observer {name} serves {served}, the agreed state is {at}"));
        }
        if report.space.level != SpaceLevel::Roomy {
            warnings.push(format!("observer {name}: {}", report.space));
        }
        let Some(feed) = &report.feed else { continue };
        if feed.resyncs > 0 {
            let times = feed.resyncs;
            warnings.push(format!(
                "observer {name} asked {times} times for the whole state, for what came did not fit: \
                 its log says why"
            ));
        }
        if feed.places.as_ref().is_some_and(|fed| *fed != report.places.id) {
            warnings.push(format!(
                "observer {name} decides by other place data than the node that feeds it: give it \
                 the same files, or [place] from = \"feed\""
            ));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::shape::FeedLine;

    fn status(heard: bool, report: Option<NodeReport>) -> NodeStatus {
        let node = NodeLine {
            id: 9,
            name: "edge".into(),
            raft: String::new(),
            api: String::new(),
            member: "observer".into(),
            leads: false,
            seat: SeatLine::default(),
            certificate_ends_s: None,
        };
        NodeStatus { node, heard, heard_ms_ago: Some(90_000), report }
    }

    fn report(feed: FeedLine) -> NodeReport {
        let text = r#"{"id":9,"name":"edge","version":"1","role":"observer","leader":null,"term":0,
            "quorum_age_ms":null,"halted":null,"revision":"0.7","served":"0.7","uptime_ms":1,
            "places":{"label":"x","id":"a","built_s":0,"coarse":false},"answers":{},"dns":[]}"#;
        NodeReport { feed: Some(feed), ..serde_json::from_str(text).unwrap() }
    }

    #[test]
    fn what_is_wrong_with_an_observer_is_said_in_words() {
        let fed = |places: &str| FeedLine { places: Some(places.into()), ..FeedLine::default() };
        let cases = [
            (status(false, None), Some("has not been heard by any member")),
            (
                status(false, Some(report(fed("a")))),
                Some("is cut off for 90 s: it answers from 0.7"),
            ),
            (status(true, Some(report(fed("b")))), Some("other place data")),
            (
                status(true, Some(report(FeedLine { resyncs: 2, ..fed("a") }))),
                Some("asked 2 times for the whole state"),
            ),
            (status(true, Some(report(fed("a")))), None),
        ];
        for (status, wanted) in cases {
            let told = warnings(std::slice::from_ref(&status), Revision { history: 0, index: 7 });
            match wanted {
                Some(wanted) => assert!(told.len() == 1 && told[0].contains(wanted), "{told:?}"),
                None => assert!(told.is_empty(), "{told:?}"),
            }
        }
    }
}
