//! Writes a configuration in its one canonical TOML form.

use super::units::format_ms;
use crate::model::config::Config;
use crate::model::endpoint::Target;
use crate::model::id::RegionId;
use crate::model::monitor::{Check, HttpMethod, Monitor};
use crate::model::policy::{Filter, GeoRule, Policy};
use crate::model::pool::Pool;
use crate::model::{PlacePatch, zone};
use geo::{Point, Selector};
use std::fmt::{Display, Write as _};

/// The canonical text: fixed order of sections and fields, all that has a value written out.
#[must_use]
pub fn write(config: &Config) -> String {
    let mut out = String::new();
    for zone in config.zones.values() {
        let _ = write!(out, "[[zones]]\nname = {}\nrecords = ", quoted(&zone.name));
        // A literal string keeps the lines as they are; one that holds its own end needs escapes.
        let start = out.len();
        out.push_str("'''\n");
        let records_at = out.len();
        zone.records.iter().for_each(|record| zone::write::line(record, &mut out));
        match out.get(records_at..).filter(|records| records.contains("'''")).map(|r| quoted(&r)) {
            None => out.push_str("'''"),
            Some(records) => {
                out.truncate(start);
                out.push_str(&records);
            }
        }
        out.push_str("\n\n");
    }
    for region in config.regions.values() {
        let _ = write!(out, "[[regions]]\nid = {}\n", quoted(&region.id));
        location(&mut out, region.location);
        let _ = writeln!(out, "weight = {}", region.weight);
        if region.bias != 0 {
            let _ = writeln!(out, "bias = {}", region.bias);
        }
        out.push('\n');
    }
    config.monitors.values().for_each(|m| monitor(&mut out, m));
    config.pools.values().for_each(|p| pool(&mut out, p));
    config.policies.values().for_each(|p| policy(&mut out, p));
    for name in config.names.values() {
        let _ = write!(
            out,
            "[[names]]\nname = {}\npool = {}\n",
            quoted(&name.name),
            quoted(&name.pool)
        );
        if let Some(policy) = &name.policy {
            let _ = writeln!(out, "policy = {}", quoted(policy));
        }
        let _ = write!(out, "ttl = {}\n\n", name.ttl);
    }
    config.places.iter().for_each(|p| place(&mut out, p));
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// A TOML basic string.
fn quoted(value: &impl Display) -> String {
    toml::Value::String(value.to_string()).to_string()
}

fn regions(ids: &[RegionId]) -> String {
    ids.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn location(out: &mut String, point: Option<Point>) {
    if let Some(point) = point {
        let _ = writeln!(out, "location = {{ lat = {:?}, lon = {:?} }}", point.lat(), point.lon());
    }
}

fn monitor(out: &mut String, monitor: &Monitor) {
    let _ = write!(out, "[[monitors]]\nid = {}\n", quoted(&monitor.id));
    match &monitor.check {
        Check::Tcp(tcp) => {
            let _ = write!(out, "kind = \"tcp\"\nport = {}\n", tcp.port);
        }
        Check::Http(http) => {
            let kind = if http.tls { "https" } else { "http" };
            let method = if http.method == HttpMethod::Head { "HEAD" } else { "GET" };
            let _ = write!(
                out,
                "kind = {kind:?}\nport = {}\nmethod = {method:?}\npath = {}\n",
                http.port,
                quoted(&http.path)
            );
            if let Some(host) = &http.host {
                let _ = writeln!(out, "host = {}", quoted(host));
            }
            let status: Vec<String> = http
                .status
                .iter()
                .map(|s| {
                    if s.first == s.last {
                        format!("\"{}\"", s.first)
                    } else {
                        format!("\"{}-{}\"", s.first, s.last)
                    }
                })
                .collect();
            let _ = writeln!(out, "status = [{}]", status.join(", "));
            if let Some(ca) = &http.ca {
                let _ = writeln!(out, "ca = {}", quoted(ca));
            }
        }
    }
    let [interval, timeout, recheck] =
        [monitor.interval_ms, monitor.timeout_ms, monitor.recheck_ms].map(format_ms);
    let _ = write!(out, "interval = {interval:?}\ntimeout = {timeout:?}\nrecheck = {recheck:?}\n");
    let _ = write!(out, "rise = {}\nfall = {}\n\n", monitor.rise, monitor.fall);
}

fn pool(out: &mut String, pool: &Pool) {
    let _ = write!(out, "[[pools]]\nid = {}\n", quoted(&pool.id));
    if let Some(monitor) = &pool.monitor {
        let _ = writeln!(out, "monitor = {}", quoted(monitor));
    }
    let _ = writeln!(out, "min_healthy = {}", pool.min_healthy);
    for endpoint in &pool.endpoints {
        let _ = write!(
            out,
            "\n[[pools.endpoints]]\nid = {}\nregion = {}\n",
            quoted(&endpoint.id),
            quoted(&endpoint.region)
        );
        let _ = match &endpoint.target {
            Target::Address(address) => writeln!(out, "address = {}", quoted(address)),
            Target::Alias(name) => writeln!(out, "alias = {}", quoted(name)),
        };
        let _ = writeln!(out, "weight = {}", endpoint.weight);
        if let Some(probe) = &endpoint.probe {
            let _ = writeln!(out, "probe = {}", quoted(probe));
        }
    }
    out.push('\n');
}

fn policy(out: &mut String, policy: &Policy) {
    let _ = write!(
        out,
        "[[policies]]\nid = {}\nmax_answers = {}\n",
        quoted(&policy.id),
        policy.max_answers
    );
    for filter in &policy.filters {
        let _ = write!(out, "\n[[policies.filters]]\nkind = {:?}\n", filter.word());
        match filter {
            Filter::Geo { rules } => {
                out.push_str("rules = [\n");
                rules.iter().for_each(|r| rule(out, r));
                out.push_str("]\n");
            }
            Filter::Failover { order } => {
                let _ = writeln!(out, "order = [{}]", regions(order));
            }
            Filter::Proximity | Filter::Weighted => {}
        }
    }
    out.push('\n');
}

fn rule(out: &mut String, rule: &GeoRule) {
    let places = match &rule.places {
        Selector::Anywhere => "anywhere = true".to_owned(),
        Selector::Continent(continent) => format!("continent = \"{continent}\""),
        Selector::Country(country) => format!("country = \"{country}\""),
        Selector::Subdivision(country, subdivision) => {
            format!("country = \"{country}\", subdivision = \"{subdivision}\"")
        }
        Selector::City(country, city) => {
            format!("country = \"{country}\", city = {}", quoted(city))
        }
    };
    let _ = writeln!(out, "  {{ {places}, regions = [{}] }},", regions(&rule.regions));
}

fn place(out: &mut String, place: &PlacePatch) {
    let _ = write!(out, "[[places]]\nprefix = {}\n", quoted(&place.prefix));
    let fields: [(&str, Option<String>); 4] = [
        ("continent", place.continent.map(|c| c.to_string())),
        ("country", place.country.map(|c| c.to_string())),
        ("subdivision", place.subdivision.map(|s| s.to_string())),
        ("city", place.city.clone()),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", quoted(&value));
        }
    }
    location(out, place.location);
    out.push('\n');
}
