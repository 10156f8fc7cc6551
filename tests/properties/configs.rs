//! Any valid configuration, small.

use crate::tape::Tape;
use geo::{Continent, Point, Prefix, Selector};
use gslb_consensus::model::endpoint::ProbeAddress;
use gslb_consensus::model::monitor::{HttpMethod, StatusRange};
use gslb_consensus::model::{
    Check, Config, DnsName, Endpoint, Filter, GeoRule, HttpCheck, Monitor, PlacePatch, Policy,
    Pool, Region, RegionId, SteeredName, Target, TcpCheck, zone,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

const APEXES: [&str; 3] = ["example.org.", "sub.example.org.", "xn--bcher-kva.example."];
const COUNTRIES: [&str; 4] = ["DE", "US", "BR", "JP"];

/// Names a thing of some kind by its number.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(kind: &str, number: usize) -> T {
    format!("{kind}-{number}").parse().unwrap()
}

/// Draws a configuration that keeps every rule.
pub(crate) fn config(tape: &mut Tape) -> Config {
    let mut config = Config::default();
    let regions: Vec<RegionId> = (0..tape.count(1, 4)).map(|n| id("r", n)).collect();
    for region in &regions {
        let one = Region {
            id: region.clone(),
            location: Some(point(tape)),
            weight: tape.number(1000) as u16,
            bias: (tape.number(198) as i16 - 99) as i8,
        };
        config.regions.insert(region.clone(), Arc::new(one));
    }
    for number in 0..tape.count(0, 2) {
        let monitor = monitor(tape, number);
        config.monitors.insert(monitor.id.clone(), Arc::new(monitor));
    }
    for number in 0..tape.count(1, 3) {
        let pool = pool(tape, number, &regions, config.monitors.len());
        config.pools.insert(pool.id.clone(), Arc::new(pool));
    }
    for number in 0..tape.count(0, 3) {
        let policy = policy(tape, number, &regions);
        config.policies.insert(policy.id.clone(), Arc::new(policy));
    }
    for apex in &APEXES[..tape.count(1, APEXES.len())] {
        let zone = zone::read::read(&apex.parse().unwrap(), &zone_text(tape)).unwrap();
        config.zones.insert(zone.name.clone(), Arc::new(zone));
    }
    names(tape, &mut config);
    places(tape, &mut config);
    config
}

fn point(tape: &mut Tape) -> Point {
    let (lat, lon) = (tape.number(1_800_000) as i32, tape.number(3_600_000) as i32);
    Point { lat_e4: lat - 900_000, lon_e4: lon - 1_800_000 }
}

fn monitor(tape: &mut Tape, number: usize) -> Monitor {
    let check = if tape.one_in(3) {
        Check::Tcp(TcpCheck { port: tape.number(65_534) as u16 + 1 })
    } else {
        let tls = tape.one_in(2);
        let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        let first = 100 + tape.number(400) as u16;
        Check::Http(HttpCheck {
            tls,
            port: tape.number(65_534) as u16 + 1,
            method: if tape.one_in(2) { HttpMethod::Head } else { HttpMethod::Get },
            path: tape.pick(&["/", "/health?deep=1", "/it's\\odd\"", "/%20"]).to_string(),
            host: tape.one_in(2).then(|| "www.example.org".to_owned()),
            status: vec![StatusRange { first, last: first + tape.number(99) as u16 }],
            ca: (tls && tape.one_in(2)).then(|| pem.to_owned()),
        })
    };
    let interval_ms = 100 + tape.number(3_599_900);
    Monitor {
        id: id("m", number),
        check,
        interval_ms,
        timeout_ms: 10 + tape.number(59_990),
        recheck_ms: 100 + tape.number(interval_ms - 100),
        rise: tape.count(1, 20) as u8,
        fall: tape.count(1, 20) as u8,
    }
}

fn pool(tape: &mut Tape, number: usize, regions: &[RegionId], monitors: usize) -> Pool {
    let used = tape.count(1, regions.len());
    let kinds: [&[&str]; 4] = [&["4"], &["6"], &["4", "6"], &["alias"]];
    let families = *tape.pick(&kinds);
    let each = tape.count(1, 3);
    let mut endpoints = Vec::new();
    for region in &regions[..used] {
        for copy in 0..each {
            for family in families {
                let bits = tape.number(u64::from(u32::MAX)) as u32;
                let target = match *family {
                    "4" => Target::Address(IpAddr::V4(Ipv4Addr::from_bits(bits))),
                    "6" => Target::Address(IpAddr::V6(Ipv6Addr::from_bits(u128::from(bits) << 64))),
                    _ => Target::Alias(format!("h{copy}.{region}.example.net.").parse().unwrap()),
                };
                let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, tape.byte()));
                let port = tape.one_in(2).then(|| 1 + tape.number(65_534) as u16);
                endpoints.push(Endpoint {
                    id: format!("p{number}-{region}-{copy}-{family}").parse().unwrap(),
                    region: region.clone(),
                    target,
                    weight: tape.number(1000) as u16,
                    probe: (families == ["alias"] || tape.one_in(3))
                        .then_some(ProbeAddress { address, port }),
                });
            }
        }
    }
    endpoints.sort_by(|a, b| a.id.cmp(&b.id));
    let monitor = (monitors > 0 && tape.one_in(2)).then(|| id("m", tape.count(0, monitors - 1)));
    Pool { id: id("p", number), monitor, min_healthy: tape.count(1, each) as u16, endpoints }
}

fn policy(tape: &mut Tape, number: usize, regions: &[RegionId]) -> Policy {
    let some =
        |tape: &mut Tape| -> Vec<RegionId> { regions[..tape.count(1, regions.len())].into() };
    let filters = (0..tape.count(0, 3))
        .map(|_| match tape.count(0, 3) {
            0 => Filter::Weighted,
            1 => Filter::Proximity,
            2 => {
                let mut order = some(tape);
                order.reverse();
                Filter::Failover { order }
            }
            _ => {
                let mut rules: Vec<GeoRule> = (0..tape.count(1, 4))
                    .map(|_| GeoRule { places: selector(tape), regions: some(tape) })
                    .collect();
                rules.sort_by(|a, b| a.places.cmp(&b.places));
                Filter::Geo { rules }
            }
        })
        .collect();
    Policy { id: id("c", number), filters, max_answers: tape.count(1, 8) as u8 }
}

fn selector(tape: &mut Tape) -> Selector {
    let country = tape.pick(&COUNTRIES).parse().unwrap();
    match tape.count(0, 4) {
        0 => Selector::Anywhere,
        1 => Selector::Continent(*tape.pick(&Continent::ALL)),
        2 => Selector::Country(country),
        3 => Selector::Subdivision(country, tape.pick(&["CA", "1", "HE"]).parse().unwrap()),
        _ => Selector::City(country, tape.pick(&["Köln", "São \"Paulo\"", "X'y\\"]).to_string()),
    }
}

/// Zone-file text with some of what zones hold.
fn zone_text(tape: &mut Tape) -> String {
    let serial = tape.number(u64::from(u32::MAX));
    let mut text =
        format!("$TTL {}\n@ SOA ns1 host {serial} 7200 900 86400 60\n", tape.number(86_400));
    text.push_str("@ NS ns1\n@ NS ns2.example.net.\nns1 A 192.0.2.53\n");
    for number in 0..tape.count(0, 6) {
        let owner = match tape.count(0, 3) {
            0 => format!("h{number}"),
            1 => format!("*.w{number}"),
            2 => format!(r"_odd._tcp.o\.dd{number}"),
            _ => format!("a.b.c.{number}"),
        };
        let rdata = match tape.count(0, 8) {
            0 => format!("A 192.0.2.{}", tape.byte()),
            1 => format!("AAAA 2001:db8::{:x}", tape.byte()),
            2 => format!("MX {} mail", tape.byte()),
            3 => format!("TXT \"it's ''' {}; a test\" \"b\"", tape.byte()),
            4 => format!("SRV 1 2 {} target.example.net.", tape.byte()),
            5 => "CAA 0 issue \"ca.example\"".to_owned(),
            6 => format!("TYPE65280 \\# 2 00{:02x}", tape.byte()),
            7 => format!("TXT \"{}\"", r"\195\164\000"),
            _ => format!("CNAME target{}", tape.byte()),
        };
        text.push_str(&format!("{owner} {} {rdata}\n", tape.number(600)));
    }
    if tape.one_in(2) {
        text.push_str("cut NS ns.cut\ncut DS 1 13 2 AABB\nns.cut A 192.0.2.54\n");
    }
    text
}

fn names(tape: &mut Tape, config: &mut Config) {
    let apexes: Vec<DnsName> = config.zones.keys().cloned().collect();
    let pools: Vec<_> = config.pools.values().cloned().collect();
    let policies: Vec<_> = config.policies.keys().cloned().collect();
    for number in 0..tape.count(0, 4) {
        let (apex, pool) = (tape.pick(&apexes), tape.pick(&pools));
        let at_apex = !pool.families(None).alias && tape.one_in(4);
        let name: DnsName = match (at_apex, tape.one_in(3)) {
            (true, _) => apex.clone(),
            (false, true) => format!("*.s{number}.{apex}").parse().unwrap(),
            (false, false) => format!("s{number}.{apex}").parse().unwrap(),
        };
        let policy = (!policies.is_empty() && tape.one_in(2)).then(|| tape.pick(&policies).clone());
        let ttl = 1 + tape.number(86_399) as u32;
        let steered = SteeredName { name: name.clone(), pool: pool.id.clone(), policy, ttl };
        config.names.insert(name, Arc::new(steered));
    }
}

fn places(tape: &mut Tape, config: &mut Config) {
    let mut places: Vec<PlacePatch> = (0..tape.count(0, 3))
        .map(|number| PlacePatch {
            prefix: Prefix::containing(IpAddr::V4(Ipv4Addr::new(10, number as u8, 0, 0)), 16)
                .unwrap(),
            continent: tape.one_in(2).then(|| *tape.pick(&Continent::ALL)),
            country: tape.one_in(2).then(|| tape.pick(&COUNTRIES).parse().unwrap()),
            subdivision: tape.one_in(3).then(|| "CA".parse().unwrap()),
            city: tape.one_in(3).then(|| "Saint-Denis, \"La\" Réunion".to_owned()),
            location: tape.one_in(2).then(|| point(tape)),
        })
        .collect();
    places.sort_by_key(|p| p.prefix);
    config.places = Arc::new(places);
}
