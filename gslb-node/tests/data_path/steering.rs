//! Steered names: place, scope, weight, and types that never vary.

use crate::ask::{Engine, ask};
use crate::world::WEIGHTS;
use gslb_node::wire::code::rtype;
use hickory_proto::op::ResponseCode::NoError;

#[test]
fn the_place_of_the_source_or_of_the_subnet_decides() {
    let mut engine = Engine::new();
    let east = ["www.example.org. 30 A 10.0.0.1"];
    let west = ["www.example.org. 30 A 10.0.1.1"];
    assert_eq!(engine.plain("www.example.org", rtype::A).answers(), east);
    let reply = engine.ask(&ask("www.example.org", rtype::A).subnet("198.51.100.0/24"));
    assert_eq!((reply.answers(), reply.scope()), (west.map(str::to_owned).to_vec(), 24));
    engine.meta.source = "198.51.100.1".parse().unwrap();
    assert_eq!(engine.plain("www.example.org", rtype::A).answers(), west);
    let reply = engine.ask(&ask("www.example.org", rtype::A).subnet("192.0.2.0/24"));
    assert_eq!(reply.answers(), east);
    engine.meta.source = "2001:db8:1ff::1".parse().unwrap();
    let reply = engine.plain("www.example.org", rtype::AAAA);
    assert_eq!(reply.answers(), ["www.example.org. 30 AAAA 2001:db8:1::1"]);
}

#[test]
fn a_scope_never_covers_clients_that_are_answered_otherwise() {
    let mut engine = Engine::new();
    let mut answer_of = |prefix: &str| {
        let reply = engine.ask(&ask("www.example.org", rtype::A).subnet(prefix));
        (reply.answers(), reply.scope())
    };
    for third in 0..=255 {
        let prefix = format!("198.51.{third}.0/24");
        let (answers, scope) = answer_of(&prefix);
        let network: geo::Prefix =
            geo::Prefix::containing(format!("198.51.{third}.0").parse().unwrap(), scope).unwrap();
        for other in 0..=255 {
            let inside = network.contains(format!("198.51.{other}.0").parse().unwrap());
            if inside && [99, 100, 101].contains(&other) {
                assert_eq!(answer_of(&format!("198.51.{other}.0/24")).0, answers, "{prefix}");
            }
        }
    }
}

#[test]
fn a_steered_apex_keeps_its_soa_and_ns() {
    let mut engine = Engine::new();
    assert_eq!(engine.plain("example.org", rtype::A).answers(), ["example.org. 30 A 10.0.0.1"]);
    assert_eq!(engine.plain("example.org", rtype::SOA).answers().len(), 1);
    engine.plain("example.org", rtype::AAAA).assert_negative(NoError, "example.org.", 60);
}

#[test]
fn other_types_of_a_steered_name_are_nodata_and_any_is_one_type() {
    let mut engine = Engine::new();
    for qtype in [rtype::HTTPS, rtype::TXT, rtype::CNAME] {
        engine.plain("www.example.org", qtype).assert_negative(NoError, "example.org.", 60);
    }
    assert_eq!(
        engine.plain("www.example.org", rtype::ANY).answers(),
        ["www.example.org. 30 A 10.0.0.1"]
    );
}

#[test]
fn a_steered_wildcard_alias_answers_every_type() {
    let mut engine = Engine::new();
    for qtype in [rtype::A, rtype::AAAA, rtype::CNAME, rtype::MX, rtype::ANY] {
        for name in ["x.apps.example.org", "deep.down.apps.example.org"] {
            let reply = engine.ask(&ask(name, qtype).subnet("198.51.100.0/24"));
            assert_eq!(reply.answers(), [format!("{name}. 60 CNAME west.cdn.example.")]);
            assert_eq!(reply.scope(), 24);
        }
    }
    engine.plain("apps.example.org", rtype::A).assert_negative(NoError, "example.org.", 60);
}

#[test]
fn weights_hold_over_queries_of_one_client_and_over_clients() {
    let mut engine = Engine::new();
    let mut hits = [0_u32; 3];
    let rounds = 20_000_u32;
    for n in 0..rounds {
        if n % 2 == 0 {
            engine.meta.source = std::net::IpAddr::from([10, 1, (n / 512) as u8, (n / 2) as u8]);
        } else {
            engine.meta.source = std::net::IpAddr::from([10, 9, 9, 9]);
            engine.meta.now_s += 1;
        }
        let reply = engine.plain("weighted.example.org", rtype::A);
        let region = reply.bytes[reply.bytes.len() - 2];
        hits[usize::from(region)] += 1;
    }
    for (hit, weight) in hits.iter().zip(WEIGHTS) {
        let expected = rounds * weight / 100;
        assert!(hit.abs_diff(expected) < 300, "{hits:?}");
    }
    let counted: Vec<u64> = (0..3).map(|n| engine.worker.counters().of_region(n)).collect();
    assert_eq!(counted, hits.map(u64::from));
}

#[test]
fn both_families_of_one_moment_lead_to_one_region_on_every_node() {
    let (mut here, mut there) = (Engine::new(), Engine::new());
    for n in 0..200_u8 {
        let prefix = format!("192.0.{n}.0/24");
        here.meta.source = "203.0.113.7".parse().unwrap();
        there.meta.source = "2001:db8::7".parse().unwrap();
        let a = here.ask(&ask("weighted.example.org", rtype::A).subnet(&prefix));
        let aaaa = there.ask(&ask("weighted.example.org", rtype::AAAA).subnet(&prefix));
        let v4 =
            a.answers()[0].split(' ').next_back().unwrap().split('.').nth(2).map(str::to_owned);
        let v6 = aaaa.answers()[0].clone();
        let v6 = if v6.ends_with("2001:db8::1") { "0" } else { &v6[v6.len() - 4..v6.len() - 3] };
        assert_eq!(v4.as_deref(), Some(v6), "{prefix}");
    }
}
