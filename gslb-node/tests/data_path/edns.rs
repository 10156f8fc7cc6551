//! EDNS and client subnets: RFC 6891, 7871, 8914, 5001.

use crate::ask::{Engine, ask, subnet};
use gslb_node::answer::Verdict;
use gslb_node::wire::code::rtype;
use hickory_proto::op::ResponseCode::{FormErr, NXDomain, NoError, Refused};

#[test]
fn every_answer_to_an_edns_query_has_opt_and_no_other_has() {
    let mut engine = Engine::new();
    let names = [
        "static.example.org",
        "nothing.example.org",
        "x.sub.example.org",
        "example.net",
        "www.example.org",
    ];
    for name in names {
        for flags in [0, 0x80, 0x7f] {
            let edns = engine.ask(&ask(name, rtype::A).opt(4096, 0, flags)).message.edns.unwrap();
            assert_eq!((edns.max_payload(), edns.version()), (1232, 0), "{name}");
            assert_eq!(edns.flags().dnssec_ok, flags & 0x80 != 0, "DO is echoed");
            assert_eq!(edns.flags().z, 0, "no other flag is");
        }
        assert!(engine.plain(name, rtype::A).message.edns.is_none(), "{name}");
    }
}

#[test]
fn a_later_version_gets_badvers_and_no_answer() {
    let mut engine = Engine::new();
    for version in [1, 255] {
        let query = ask("static.example.org", rtype::A).opt(1232, version, 0x80);
        let reply = engine.ask(&query);
        assert_eq!(u16::from(reply.code()), 16);
        let edns = reply.message.edns.as_ref().unwrap();
        assert_eq!((edns.version(), edns.flags().dnssec_ok), (0, true));
        assert_eq!(reply.answers(), [""; 0]);
    }
    let broken_option = ask("static.example.org", rtype::A).opt(1232, 1, 0).option(8, &[1]);
    assert_eq!(u16::from(engine.ask(&broken_option).code()), 16);
}

#[test]
fn unknown_options_are_ignored_and_not_echoed() {
    let reply = Engine::new().ask(&ask("static.example.org", rtype::AAAA).option(100, &[1, 2, 3]));
    assert_eq!((reply.code(), reply.answers().len()), (NoError, 1));
    assert_eq!(reply.opt_length(), Some(11));
}

#[test]
fn broken_opt_records_get_formerr() {
    let mut engine = Engine::new();
    let plain = || ask("static.example.org", rtype::A);
    let with_opt = |bytes: &[u8]| plain().byte(11, 1).tail(bytes);
    for query in [
        with_opt(&[]),
        with_opt(&[0, 0, 41, 4, 0xd0]),
        with_opt(&[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 9]),
        plain().opt(1232, 0, 0).tail(&[0]),
    ] {
        let reply = engine.ask(&query);
        assert_eq!(reply.code(), FormErr);
        assert_eq!(reply.message.queries.len(), 1);
    }
    let reply = engine.ask(&plain().opt(1232, 0, 0).option(8, &[1]));
    assert_eq!((reply.code(), reply.opt_length()), (FormErr, Some(11)));
}

#[test]
fn broken_subnets_get_formerr_with_opt() {
    let mut engine = Engine::new();
    for data in [
        &[0, 1, 24, 0, 192, 0][..],
        &[0, 1, 24, 0, 192, 0, 2, 0],
        &[0, 1, 20, 0, 192, 0, 0x1f],
        &[0, 1, 24, 24, 192, 0, 2],
        &[0, 1, 33, 0, 192, 0, 2, 1, 0],
        &[0, 3, 8, 0, 1],
    ] {
        for name in ["www.example.org", "static.example.org", "example.net"] {
            let reply = engine.ask(&ask(name, rtype::A).option(8, data));
            assert_eq!((reply.code(), reply.opt_length()), (FormErr, Some(11)), "{data:?}");
        }
    }
}

#[test]
fn subnets_are_echoed_exactly_with_scope_0_where_nothing_varies() {
    let mut engine = Engine::new();
    let cases = [
        ("static.example.org", rtype::A, NoError),
        ("static.example.org", rtype::MX, NoError),
        ("nothing.example.org", rtype::A, NXDomain),
        ("host.sub.example.org", rtype::A, NoError),
        ("example.org", rtype::NS, NoError),
        ("example.net", rtype::A, Refused),
        ("weighted.example.org", rtype::A, NoError),
        ("www.example.org", rtype::HTTPS, NoError),
    ];
    for (name, qtype, code) in cases {
        for prefix in ["198.51.100.0/24", "198.51.100.7/32", "2001:db8:100::/48", "10.0.0.0/9"] {
            let reply = engine.ask(&ask(name, qtype).subnet(prefix));
            assert_eq!(reply.code(), code);
            assert_eq!(reply.option(8), Some(subnet(prefix)), "{name} {prefix}");
        }
        assert_eq!(engine.ask(&ask(name, qtype).opt(1232, 0, 0)).option(8), None, "{name}");
    }
}

#[test]
fn a_hidden_subnet_is_answered_by_the_source_with_scope_0() {
    let mut engine = Engine::new();
    engine.meta.source = "198.51.100.9".parse().unwrap();
    for data in [&[0, 1, 0, 0], &[0, 2, 0, 0]] {
        let reply = engine.ask(&ask("www.example.org", rtype::A).option(8, data));
        assert_eq!(reply.option(8), Some(data.to_vec()));
        assert_eq!(reply.answers(), ["www.example.org. 30 A 10.0.1.1"]);
    }
    // Family 0 is let through; hickory would not read it.
    let query = ask("www.example.org", rtype::A).option(8, &[0; 4]).bytes();
    let (verdict, buffer) = engine.run(&query);
    let Verdict::Send(length) = verdict else { panic!("{verdict:?}") };
    let expected = [10, 0, 1, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 4, 0, 0, 0, 0];
    assert!(buffer[..length].ends_with(&expected));
}

#[test]
fn nsid_is_given_to_those_who_ask() {
    let mut engine = Engine::new();
    let reply = engine.ask(&ask("static.example.org", rtype::A).option(3, &[]));
    assert_eq!(reply.option(3), Some(b"node-1".to_vec()));
    let reply = engine.ask(&ask("static.example.org", rtype::A).opt(1232, 0, 0));
    assert_eq!(reply.option(3), None);
}

#[test]
fn a_stale_node_says_so() {
    let mut engine = Engine::new();
    engine.meta.stale = true;
    let reply = engine.ask(&ask("www.example.org", rtype::A).opt(1232, 0, 0));
    assert_eq!((reply.option(15), reply.answers().len()), (Some(vec![0, 3]), 1));
}
