//! What the demo prints once it runs: lines to try, each as it can be pasted.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

use super::endpoints::REGIONS;
use super::files::{CLIENTS, NODES, ZONE, first_address};
use super::ports::{Ports, SWITCH};

/// A title, and lines to paste with what they show.
type Section = (&'static str, Vec<(String, &'static str)>);

/// The text of the card; lines that start with two spaces can be pasted.
pub(super) fn card(
    folder: &Path,
    executable: &Path,
    ports: &Ports,
    pids: &[Option<u32>],
) -> String {
    let mut text =
        format!("Three nodes answer for {ZONE}; all state is in {}\n\n", folder.display());
    nodes(&mut text, ports, pids);
    let sections = [
        asking(ports),
        more_names(ports),
        steering(folder),
        access(folder, executable),
        dying(executable, ports),
        looking(ports),
        killing(folder, ports, pids),
    ];
    for (title, lines) in sections {
        let _ = writeln!(text, "\n{title}");
        for (line, note) in lines {
            let note = if note.is_empty() { String::new() } else { format!("   # {note}") };
            let _ = writeln!(text, "  {line}{note}");
        }
    }
    text.push_str("\nCtrl-C ends it all.\n");
    text
}

fn dig(ports: &Ports, node: usize, rest: &str) -> String {
    format!("dig @127.0.0.1 -p {} {rest}", ports.dns(node).port())
}

fn asking(ports: &Ports) -> Section {
    let lines = CLIENTS.iter().zip(1..).map(|((_, net, country), node)| {
        (dig(ports, node, &format!("www.{ZONE} +short +subnet={net}/24")), *country)
    });
    ("Ask as clients on three continents (any node gives the same answer):", lines.collect())
}

fn more_names(ports: &Ports) -> Section {
    let lines = [
        (1, format!("{ZONE} +short +subnet={}/24", europe()), "the apex, by distance"),
        (2, format!("any.apps.{ZONE} +short +subnet={}/24", europe()), "a wildcard, by distance"),
        (3, format!("split.{ZONE} +short"), "one third each, by weight"),
        (1, format!("main.{ZONE} +short"), "eu, else na, else as"),
        (2, format!("info.{ZONE} TXT +tcp +short"), "a static record, over TCP"),
        (3, format!("host.child.{ZONE} +norecurse"), "a referral with glue"),
    ];
    let lines = lines.into_iter().map(|(node, rest, note)| (dig(ports, node, &rest), note));
    ("More names:", lines.collect())
}

fn steering(folder: &Path) -> Section {
    let file = folder.join("traffic.toml").display().to_string();
    let lines = [
        ("status".to_owned(), ""),
        ("health".to_owned(), "each endpoint, as each node sees it"),
        (format!("explain www.{ZONE} --client {}", europe()), "why"),
        ("set-weight na 0 --wait".to_owned(), "split: no more from na"),
        ("set-weight na --clear --wait".to_owned(), ""),
        ("force eu down --for 5m --reason demo --wait".to_owned(), "clients in Europe move"),
        ("clear eu --wait".to_owned(), "and come back"),
        ("export".to_owned(), "what is declared, in canonical form"),
        (format!("apply -f {file} --wait"), "what you change there"),
    ];
    let ctl = folder.join("gslbctl").display().to_string();
    let lines = lines.into_iter().map(|(rest, note)| (format!("{ctl} {rest}"), note));
    ("Steer:", lines.collect())
}

fn access(folder: &Path, executable: &Path) -> Section {
    let ctl = folder.join("gslbctl").display().to_string();
    let (exe, ann) = (executable.display(), folder.join("ann"));
    let as_ann = format!("{exe} ctl --context {}", ann.join("ctl.toml").display());
    let lines = vec![
        (format!("{ctl} whoami"), "the admin that cluster init made"),
        (
            format!("{ctl} user add ann --role operator --region eu --out {}", ann.display()),
            "a certificate, and a role for it",
        ),
        (format!("{as_ann} set-weight eu 90 --reason demo --wait"), "na would be refused"),
        (format!("{ctl} set-weight eu --clear --wait"), ""),
        (format!("{ctl} token add ci --role viewer --for 1h"), "for curl: see token add --help"),
        (format!("{ctl} audit"), "who, from where, why, before and after"),
        (format!("{ctl} audit verify"), "every link, on every node"),
    ];
    ("Say who may do what, and see who did:", lines)
}

fn dying(executable: &Path, ports: &Ports) -> Section {
    let exe = executable.display();
    let at = match ports.switch_address() {
        Some(address) if address != SWITCH => format!(" --at {address}"),
        _ => String::new(),
    };
    let ask = dig(ports, 1, &format!("www.{ZONE} +short +subnet={}/24", europe()));
    let lines = vec![
        (format!("{exe} demo kill eu{at}"), "its endpoints refuse connections: probes find out"),
        (ask, "no longer 127.0.1.x"),
        (format!("{exe} demo revive eu{at}"), ""),
    ];
    ("Let a region die, see its clients move, and bring it back:", lines)
}

fn looking(ports: &Ports) -> Section {
    let plain = ports.plain(1);
    let lines = vec![
        (format!("curl -s http://{}:{}/", first_address("eu"), ports.endpoints()), "an endpoint"),
        (format!("curl -s http://{plain}/metrics"), "for Prometheus"),
        (format!("curl -s http://{plain}/readyz"), ""),
    ];
    ("Look closer:", lines)
}

fn killing(folder: &Path, ports: &Ports, pids: &[Option<u32>]) -> Section {
    let ask = dig(ports, 2, &format!("www.{ZONE} +short +subnet={}/24", europe()));
    let ctl = folder.join("gslbctl").display().to_string();
    let mut lines = Vec::new();
    if let Some(Some(pid)) = pids.first() {
        lines.push((format!("kill -9 {pid}; {ask}"), "n1 starts again after 5 s; n2 answers"));
    }
    lines.push((format!("{ctl} set-weight as 50"), "two nodes agree, under a leader"));
    ("Let a node die:", lines)
}

/// The first client.
fn europe() -> Ipv4Addr {
    let [(_, net, _), ..] = CLIENTS;
    net
}

fn nodes(text: &mut String, ports: &Ports, pids: &[Option<u32>]) {
    let _ = writeln!(text, "node  DNS              API (mutual TLS)        metrics          pid");
    for ((name, number), pid) in NODES.iter().zip(1..).zip(pids) {
        let api = format!("https://{}", ports.api(number));
        let pid = pid.map_or_else(String::new, |pid| pid.to_string());
        let (dns, plain) = (ports.dns(number).to_string(), ports.plain(number).to_string());
        let _ = writeln!(text, "{name:<5} {dns:<16} {api:<23} {plain:<16} {pid}");
    }
    let regions: Vec<String> = REGIONS
        .iter()
        .map(|region| {
            let [one, two] = region.addresses();
            format!("{} ({}): {one}, {two}", region.id, region.label)
        })
        .collect();
    let _ = writeln!(text, "regions: {}; port {}", regions.join("; "), ports.endpoints());
}
