//! What is right and what is wrong with a delegation. Pure: the answers come in as values.

use hickory_proto::rr::Name;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// What one server of the parent says of the child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ParentView {
    /// The name servers that it delegates to.
    pub(super) ns: BTreeSet<Name>,
    /// Their addresses, as far as it gives them.
    pub(super) glue: BTreeMap<Name, BTreeSet<IpAddr>>,
    /// The key tags of its DS records.
    pub(super) ds: BTreeSet<u16>,
    /// Whether it has the child itself, so that it answers from there and shows no delegation.
    pub(super) has_child: bool,
}

/// What one server of the child answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChildView {
    /// The SOA serial, if it answered with authority.
    pub(super) serial: Option<u32>,
    /// The NS records at the apex.
    pub(super) ns: BTreeSet<Name>,
    /// Why there is none of this.
    pub(super) error: Option<String>,
}

/// All that was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// By server of the parent, or by what stands for servers that were not found.
    pub(super) parents: BTreeMap<String, Result<ParentView, String>>,
    /// What the agreed configuration declares at the apex: hosts, and their addresses in the zone.
    pub(super) declared: BTreeMap<Name, BTreeSet<IpAddr>>,
    /// By address that a resolver would ask.
    pub(super) servers: BTreeMap<SocketAddr, ChildView>,
    /// By node: its name, and what each of its own addresses answers.
    pub(super) nodes: BTreeMap<String, BTreeMap<SocketAddr, ChildView>>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, but not as well as it could.
    Warn,
    /// Some clients get no answer, or a wrong one.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How grave.
    pub(super) level: Level,
    /// What was looked at.
    pub(super) what: &'static str,
    /// What was found.
    pub(super) found: String,
    /// What to do about it; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) advice: String,
}

/// The findings, in the order of a resolver's way.
pub(super) fn judge(zone: &Name, evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let views = parents(zone, evidence, &mut findings);
    if let Some(view) = views.first() {
        name_servers(evidence, view, &mut findings);
        glue(zone, evidence, view, &mut findings);
        signed(view, &mut findings);
    }
    servers(evidence, &mut findings);
    serials(evidence, &mut findings);
    findings.0
}

/// Findings so far.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, what: &'static str, found: String, advice: impl Into<String>) {
        self.0.push(Finding { level, what, found, advice: advice.into() });
    }
}

fn parents<'e>(
    zone: &Name,
    evidence: &'e Evidence,
    findings: &mut Findings,
) -> Vec<&'e ParentView> {
    let what = "parent";
    let mut views = Vec::new();
    for (server, view) in &evidence.parents {
        match view {
            Ok(view) if view.ns.is_empty() => {
                let advice = format!(
                    "have the parent delegate {zone}: NS {}",
                    list(evidence.declared.keys())
                );
                findings.add(
                    Level::Fault,
                    what,
                    format!("{server} does not delegate the zone"),
                    advice,
                );
            }
            Ok(view) => views.push(view),
            Err(error) => {
                let advice = "ask again; if it stays so, the parent's operator must look";
                findings.add(
                    Level::Warn,
                    what,
                    format!("{server} gave no answer: {error}"),
                    advice,
                );
            }
        }
    }
    let Some(first) = views.first() else {
        if findings.0.iter().all(|finding| finding.level != Level::Fault) {
            findings.add(Level::Fault, what, "no server of the parent answered".to_owned(), "");
        }
        return views;
    };
    if views.iter().any(|view| view != first) {
        let advice = "a change may be on its way between them: ask again in some minutes";
        findings.add(Level::Warn, what, "its servers do not say the same".to_owned(), advice);
    } else {
        let servers = list(evidence.parents.keys());
        let found = format!("delegates to {} (asked: {servers})", list(&first.ns));
        findings.add(Level::Ok, what, found, "");
    }
    views
}

fn name_servers(evidence: &Evidence, view: &ParentView, findings: &mut Findings) {
    let what = "ns";
    let declared: BTreeSet<&Name> = evidence.declared.keys().collect();
    let delegated: BTreeSet<&Name> = view.ns.iter().collect();
    let missing = list(declared.difference(&delegated).copied());
    let extra = list(delegated.difference(&declared).copied());
    if missing.is_empty() && extra.is_empty() {
        findings.add(
            Level::Ok,
            what,
            "the parent and the zone name the same servers".to_owned(),
            "",
        );
    }
    if !missing.is_empty() {
        let advice = format!("add NS {missing} at the parent, so that those nodes get queries");
        findings.add(Level::Warn, what, format!("the parent does not name {missing}"), advice);
    }
    if !extra.is_empty() {
        let advice =
            format!("take {extra} out at the parent, or add NS records to the zone's apex");
        findings.add(Level::Warn, what, format!("only the parent names {extra}"), advice);
    }
    if view.ns.len() == 1 {
        let advice = "delegate to two nodes at least, so that the loss of one loses no queries";
        findings.add(Level::Warn, what, "the parent names a single server".to_owned(), advice);
    }
}

fn glue(zone: &Name, evidence: &Evidence, view: &ParentView, findings: &mut Findings) {
    let what = "glue";
    if view.has_child {
        let found = "the server has the zone itself and answers from it: its glue cannot be seen";
        let advice = "see that the parent zone has the same NS records and addresses";
        findings.add(Level::Warn, what, found.to_owned(), advice);
        return;
    }
    let mut right = true;
    for host in view.ns.iter().filter(|host| zone.zone_of(host)) {
        let Some(given) = view.glue.get(host) else {
            right = false;
            let advice = format!(
                "add its A and AAAA records at the parent: a resolver cannot find {host} without"
            );
            findings.add(
                Level::Fault,
                what,
                format!("{host} lies in the zone and has no glue"),
                advice,
            );
            continue;
        };
        let Some(declared) = evidence.declared.get(host).filter(|d| !d.is_empty() && *d != given)
        else {
            continue;
        };
        right = false;
        let found =
            format!("{host} is {} at the parent, {} in the zone", list(given), list(declared));
        findings.add(Level::Fault, what, found, "make both the same");
    }
    if right {
        findings.add(
            Level::Ok,
            what,
            "every server within the zone has the zone's addresses".to_owned(),
            "",
        );
    }
}

fn signed(view: &ParentView, findings: &mut Findings) {
    if view.ds.is_empty() {
        findings.add(
            Level::Ok,
            "ds",
            "no DS: the zone is not signed, as the nodes answer it".to_owned(),
            "",
        );
    } else {
        let advice = "take the DS out at the parent: validating resolvers refuse the zone's unsigned answers";
        findings.add(
            Level::Fault,
            "ds",
            format!("the parent has DS for key {}", list(&view.ds)),
            advice,
        );
    }
}

fn servers(evidence: &Evidence, findings: &mut Findings) {
    let what = "answer";
    for (server, view) in &evidence.servers {
        match (&view.error, view.serial) {
            (Some(error), _) => {
                let advice =
                    "is the node running, and is port 53 open to the world over UDP and TCP?";
                findings.add(Level::Fault, what, format!("{server}: {error}"), advice);
            }
            (None, None) => {
                let advice =
                    "the name server's address must be one of the nodes': compare gslbctl status";
                findings.add(
                    Level::Fault,
                    what,
                    format!("{server} does not have the zone"),
                    advice,
                );
            }
            (None, Some(serial)) => {
                findings.add(Level::Ok, what, format!("{server} answers, serial {serial}"), "");
            }
        }
        let declared: BTreeSet<Name> = evidence.declared.keys().cloned().collect();
        if view.error.is_none() && view.serial.is_some() && view.ns != declared {
            let found =
                format!("{server} names {}, the configuration {}", list(&view.ns), list(&declared));
            findings.add(
                Level::Warn,
                "ns",
                found,
                "the server is behind, or no node of this cluster",
            );
        }
    }
}

fn serials(evidence: &Evidence, findings: &mut Findings) {
    let what = "serial";
    let mut serials: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (node, views) in &evidence.nodes {
        for (address, view) in views {
            match (&view.error, view.serial) {
                (Some(error), _) => {
                    let found = format!("node {node} at {address}: {error}");
                    findings.add(
                        Level::Warn,
                        what,
                        found,
                        "can this machine reach the node's DNS port?",
                    );
                }
                (None, None) => {
                    let found = format!("node {node} at {address} does not have the zone");
                    findings.add(
                        Level::Fault,
                        what,
                        found,
                        "see gslbctl status: is the node behind?",
                    );
                }
                (None, Some(serial)) => serials.entry(serial).or_default().push(node),
            }
        }
    }
    match serials.len() {
        0 => {}
        1 => {
            let serial = list(serials.keys());
            findings.add(
                Level::Ok,
                what,
                format!("every node that answered has serial {serial}"),
                "",
            );
        }
        _ => {
            let each =
                |(serial, nodes): (&u32, &Vec<&str>)| format!("{serial} on {}", nodes.join(", "));
            let found = serials.iter().map(each).collect::<Vec<_>>().join("; ");
            findings.add(Level::Fault, what, found, "a node is behind: see gslbctl status");
        }
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn child(serial: Option<u32>) -> ChildView {
        ChildView { serial, ns: [name("ns1.g.example.")].into(), error: None }
    }

    fn evidence() -> Evidence {
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        let server = SocketAddr::new(ip, 53);
        let host = name("ns1.g.example.");
        let view = ParentView {
            ns: [host.clone()].into(),
            glue: [(host.clone(), [ip].into())].into(),
            ds: BTreeSet::new(),
            has_child: false,
        };
        Evidence {
            parents: [("192.0.2.9:53".to_owned(), Ok(view))].into(),
            declared: [(host, [ip].into())].into(),
            servers: [(server, child(Some(7)))].into(),
            nodes: [("n1".to_owned(), [(server, child(Some(7)))].into())].into(),
        }
    }

    fn levels(evidence: &Evidence) -> Vec<(Level, &'static str)> {
        judge(&name("g.example."), evidence)
            .iter()
            .filter(|f| f.level != Level::Ok)
            .map(|f| (f.level, f.what))
            .collect()
    }

    fn with_view(change: impl Fn(&mut ParentView)) -> Evidence {
        let mut evidence = evidence();
        evidence.parents.values_mut().flatten().for_each(change);
        evidence
    }

    #[test]
    fn a_right_delegation_has_no_fault_and_one_server_is_worth_a_warning() {
        assert_eq!(levels(&evidence()), [(Level::Warn, "ns")]);
    }

    #[test]
    fn each_thing_that_can_be_wrong_is_named() {
        let one = (Level::Warn, "ns");
        let no_glue = with_view(|view| view.glue.clear());
        assert_eq!(levels(&no_glue), [one, (Level::Fault, "glue")]);
        let ds = with_view(|view| view.ds = [4711].into());
        assert_eq!(levels(&ds), [one, (Level::Fault, "ds")]);
        let undelegated = with_view(|view| view.ns.clear());
        assert_eq!(levels(&undelegated), [(Level::Fault, "parent")]);
        let hidden = with_view(|view| view.has_child = true);
        assert_eq!(levels(&hidden), [one, (Level::Warn, "glue")]);
        let other = with_view(|view| view.ns = [name("ns9.else.example.")].into());
        assert_eq!(levels(&other), [one, one, one]);
        let other_glue = with_view(|view| {
            view.glue.values_mut().for_each(|ips| *ips = ["192.0.2.2".parse().unwrap()].into());
        });
        assert_eq!(levels(&other_glue), [one, (Level::Fault, "glue")]);
        let mut lame = evidence();
        lame.servers.values_mut().for_each(|view| *view = child(None));
        assert_eq!(levels(&lame), [one, (Level::Fault, "answer")]);
        let mut behind = evidence();
        let second = [("192.0.2.2:53".parse().unwrap(), child(Some(6)))].into();
        behind.nodes.insert("n2".to_owned(), second);
        assert_eq!(levels(&behind), [one, (Level::Fault, "serial")]);
    }
}
