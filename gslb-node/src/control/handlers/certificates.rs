//! What an operator should know of the nodes' certificates, and what to do.

use crate::control::shape::NodeStatus;
use gslb_consensus::state::State as Agreed;

/// From when on the end of a certificate is told, s before it: 30 days.
const SOON_S: i64 = 30 * 86_400;

/// What is wrong with the certificates of the nodes that are heard, at `now_s`.
pub(super) fn certificate_alarms(nodes: &[NodeStatus], now_s: i64) -> Vec<String> {
    let mut alarms = Vec::new();
    for status in nodes.iter().filter(|node| node.heard) {
        let Some(report) = &status.report else { continue };
        let (node, certificate) = (&status.node.name, &report.certificate);
        if let Some(why) = &certificate.refused {
            alarms.push(format!(
                "node {node} keeps its old certificate, for the new files are refused: {why}"
            ));
        }
        let new = "put a new node.pem and node.key into its identity folder (gslbctl node renew); \
                   they are taken without a restart";
        if certificate.ends_s != 0 {
            alarms.extend(told(
                &format!("the certificate of node {node}"),
                certificate.ends_s,
                now_s,
                new,
            ));
        }
        let new = "make a new one, and give every node both in ca.pem before anything else";
        if certificate.authority_ends_s != 0 {
            let what = format!("the authority that node {node} trusts");
            alarms.extend(told(&what, certificate.authority_ends_s, now_s, new));
        }
    }
    alarms
}

/// That the key ends by which the nodes sign certificates.
pub(super) fn issuer_alarm(state: &Agreed, now_s: i64) -> Option<String> {
    let ends_s = i64::try_from(state.joining.issuer.as_ref()?.ends_s).unwrap_or(i64::MAX);
    let to_do = "gslbctl cluster issuer makes a new one";
    told("the key by which the nodes sign certificates", ends_s, now_s, to_do)
}

/// That something ends soon or has ended, and what to do.
fn told(what: &str, ends_s: i64, now_s: i64, to_do: &str) -> Option<String> {
    let left_s = ends_s.saturating_sub(now_s);
    match left_s {
        ..=0 => Some(format!("{what} has ended, and is of no use any more: {to_do}")),
        1..SOON_S => Some(format!("{what} ends in {} days: {to_do}", left_s / 86_400)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn the_end_of_a_certificate_is_told_thirty_days_before() {
        let day = 86_400;
        assert_eq!(told("x", 30 * day, 0, "act"), None);
        assert_eq!(told("x", 30 * day - 1, 0, "act").unwrap(), "x ends in 29 days: act");
        assert_eq!(told("x", 5, 4, "act").unwrap(), "x ends in 0 days: act");
        assert!(told("x", 5, 5, "act").unwrap().starts_with("x has ended"));
    }
}
