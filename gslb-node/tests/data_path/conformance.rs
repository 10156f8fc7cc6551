//! Names, types and sections: RFC 1034, 2308, 4592, 6604, 6895, 8482, 8906, 9471.

use crate::ask::{Engine, ask};
use gslb_node::answer::Verdict;
use gslb_node::wire::code::rtype;
use hickory_proto::op::ResponseCode::{FormErr, NXDomain, NoError, Refused};

const UNKNOWN: u16 = 1000;

#[test]
fn data_is_given_with_aa_and_the_owner_as_a_pointer() {
    let reply = Engine::new().plain("static.example.org", rtype::AAAA);
    assert!(reply.authoritative());
    assert_eq!(reply.answers(), ["static.example.org. 3600 AAAA 2001:db8::10"]);
    assert_eq!(reply.bytes.len(), 12 + 20 + 4 + 12 + 16);
    assert_eq!(reply.additionals(), [""; 0]);
    assert!(reply.message.edns.is_none());
}

#[test]
fn the_question_comes_back_in_its_own_case() {
    let query = ask("sTaTiC.eXaMpLe.ORG", rtype::A);
    let reply = Engine::new().ask(&query);
    let end = 12 + 20 + 4;
    assert_eq!(reply.bytes[12..end], query.bytes()[12..end]);
    assert_eq!(reply.answers().len(), 3);
}

#[test]
fn records_of_equal_size_rotate() {
    let mut engine = Engine::new();
    let mut firsts = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let reply = engine.plain("static.example.org", rtype::A);
        assert_eq!(reply.answers().len(), 3);
        firsts.insert(reply.message.answers[0].data.to_string());
    }
    assert_eq!(firsts.len(), 3);
}

#[test]
fn missing_types_are_nodata_and_missing_names_nxdomain_with_the_negative_ttl() {
    let mut engine = Engine::new();
    for qtype in [rtype::MX, rtype::HTTPS, UNKNOWN, rtype::DS] {
        engine.plain("static.example.org", qtype).assert_negative(NoError, "example.org.", 60);
    }
    for name in ["nothing.example.org", "x.static.example.org", "x.y.z.nothing.example.org"] {
        engine.plain(name, rtype::A).assert_negative(NXDomain, "example.org.", 60);
    }
    engine.plain("x.child.example.org", rtype::A).assert_negative(
        NXDomain,
        "child.example.org.",
        300,
    );
}

#[test]
fn empty_non_terminals_are_nodata() {
    let mut engine = Engine::new();
    for name in ["ent.example.org", "b.ent.example.org"] {
        engine.plain(name, rtype::A).assert_negative(NoError, "example.org.", 60);
    }
    engine.plain("x.ent.example.org", rtype::A).assert_negative(NXDomain, "example.org.", 60);
    engine.plain("ent.wild.example", rtype::A).assert_negative(NoError, "wild.example.", 60);
}

#[test]
fn ns_at_a_wildcard_is_no_cut() {
    let mut engine = Engine::new();
    // Checked configurations have none. A body that were encoded for `*` would spoil longer names.
    for name in ["a.nocut.example.org", "longer-label.nocut.example.org", "a.b.nocut.example.org"] {
        let reply = engine.plain(name, rtype::NS);
        assert_eq!(reply.answers(), [format!("{name}. 3600 NS ns.example.net.")]);
        engine.plain(name, rtype::A).assert_negative(NoError, "example.org.", 60);
    }
}

#[test]
fn wildcards_follow_rfc_4592() {
    let mut engine = Engine::new();
    let reply = engine.plain("foo.wild.example", rtype::A);
    assert_eq!(reply.answers(), ["foo.wild.example. 3600 A 192.0.2.99"]);
    let reply = engine.plain("foo.bar.wild.example", rtype::A);
    assert_eq!(reply.answers(), ["foo.bar.wild.example. 3600 A 192.0.2.99"]);
    let reply = engine.plain("*.wild.example", rtype::A);
    assert_eq!(reply.answers(), ["*.wild.example. 3600 A 192.0.2.99"]);
    let reply = engine.plain("foo.wild.example", rtype::ANY);
    assert_eq!(reply.answers(), ["foo.wild.example. 3600 A 192.0.2.99"]);
    engine.plain("foo.wild.example", rtype::MX).assert_negative(NoError, "wild.example.", 60);
    for name in ["x.www.wild.example", "x.ent.wild.example", "x.*.wild.example"] {
        engine.plain(name, rtype::A).assert_negative(NXDomain, "wild.example.", 60);
    }
    assert!(!engine.plain("foo.sub.wild.example", rtype::A).authoritative());
}

#[test]
fn a_wildcard_alias_is_followed_with_pointers_that_moved() {
    let mut engine = Engine::new();
    let expected = |name: &str| {
        vec![
            format!("{name}. 3600 CNAME static.example.org."),
            "static.example.org. 3600 AAAA 2001:db8::10".to_owned(),
        ]
    };
    for name in ["q.star.example.org", "a.much.longer.name.star.example.org", "*.star.example.org"]
    {
        let mut expected = expected(name);
        expected.sort();
        assert_eq!(engine.plain(name, rtype::AAAA).answers(), expected);
        let reply = engine.plain(name, rtype::MX);
        assert_eq!((reply.answers().len(), reply.authorities().len()), (1, 1));
    }
}

#[test]
fn a_cut_is_referred_with_all_its_glue() {
    let mut engine = Engine::new();
    for (name, qtype) in [
        ("host.sub.example.org", rtype::A),
        ("sub.example.org", rtype::A),
        ("sub.example.org", rtype::NS),
        ("sub.example.org", rtype::ANY),
        ("ns.sub.example.org", rtype::A),
        ("www.sub.example.org", rtype::DS),
    ] {
        let reply = engine.plain(name, qtype);
        assert_eq!((reply.code(), reply.authoritative()), (NoError, false), "{name}");
        assert_eq!(reply.answers(), [""; 0], "{name}");
        assert_eq!(
            reply.authorities(),
            [
                "sub.example.org. 3600 NS ns.example.net.",
                "sub.example.org. 3600 NS ns.sub.example.org.",
                "sub.example.org. 3600 NS ns1.example.org.",
            ]
        );
        assert_eq!(
            reply.additionals(),
            [
                "ns.sub.example.org. 3600 A 192.0.2.53",
                "ns.sub.example.org. 3600 AAAA 2001:db8::53",
                "ns1.example.org. 3600 A 192.0.2.1",
            ]
        );
    }
}

#[test]
fn ds_at_a_cut_is_answered_by_the_parent() {
    let mut engine = Engine::new();
    for name in ["sub.example.org", "child.example.org"] {
        let reply = engine.plain(name, rtype::DS);
        assert_eq!((reply.answers().len(), reply.authoritative()), (1, true), "{name}");
    }
    engine.plain("unsigned.example.org", rtype::DS).assert_negative(NoError, "example.org.", 60);
    engine.plain("wild.example", rtype::DS).assert_negative(NoError, "wild.example.", 60);
}

#[test]
fn a_child_zone_that_is_served_here_answers_for_itself() {
    let mut engine = Engine::new();
    let reply = engine.plain("www.child.example.org", rtype::A);
    assert_eq!(reply.answers(), ["www.child.example.org. 300 A 192.0.2.77"]);
    let reply = engine.plain("child.example.org", rtype::NS);
    assert_eq!((reply.answers().len(), reply.authoritative()), (1, true));
}

#[test]
fn the_apex_has_its_soa_and_ns() {
    let mut engine = Engine::new();
    let reply = engine.plain("example.org", rtype::SOA);
    assert_eq!(
        reply.answers(),
        ["example.org. 3600 SOA ns1.example.org. hostmaster.example.org. 7 7200 900 1209600 60"]
    );
    assert_eq!(engine.plain("example.org", rtype::NS).answers().len(), 2);
    assert_eq!(
        engine.plain("example.org", rtype::MX).answers(),
        ["example.org. 3600 MX 10 mail.example.org."]
    );
}

#[test]
fn aliases_are_followed_within_the_zone_only() {
    let mut engine = Engine::new();
    let answers = |engine: &mut Engine, name: &str| engine.plain(name, rtype::AAAA).answers();
    assert_eq!(
        answers(&mut engine, "alias2.example.org"),
        [
            "alias.example.org. 3600 CNAME static.example.org.",
            "alias2.example.org. 3600 CNAME alias.example.org.",
            "static.example.org. 3600 AAAA 2001:db8::10",
        ]
    );
    for name in ["outside", "toweb", "tosub"] {
        let reply = engine.plain(&format!("{name}.example.org"), rtype::AAAA);
        assert_eq!((reply.answers().len(), reply.authorities().len()), (1, 0), "{name}");
    }
    for (name, code) in [("toent", NoError), ("tonone", NXDomain)] {
        let reply = engine.plain(&format!("{name}.example.org"), rtype::AAAA);
        assert_eq!((reply.code(), reply.answers().len(), reply.authorities().len()), (code, 1, 1));
    }
    let reply = engine.plain("alias.example.org", rtype::MX);
    assert_eq!((reply.answers().len(), reply.authorities().len()), (1, 1));
    assert_eq!(engine.plain("alias2.example.org", rtype::CNAME).answers().len(), 1);
    assert_eq!(engine.plain("alias2.example.org", rtype::ANY).answers().len(), 1);
    assert!(!answers(&mut engine, "loop1.example.org").is_empty());
}

#[test]
fn any_gets_one_rrset() {
    let reply = Engine::new().plain("static.example.org", rtype::ANY);
    assert_eq!(reply.answers().len(), 3);
    assert!(reply.message.answers.iter().all(|record| u16::from(record.record_type()) == rtype::A));
}

#[test]
fn types_that_are_not_known_are_served_as_they_are() {
    let reply = Engine::new().plain("odd.example.org", 65_280);
    assert!(reply.bytes.ends_with(&[0, 3, 1, 2, 3]));
}

#[test]
fn names_outside_of_the_zones_are_refused() {
    let mut engine = Engine::new();
    for name in ["example.net", "org", "", "wwwexample.org", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p"] {
        let reply = engine.plain(name, rtype::A);
        assert_eq!((reply.code(), reply.authoritative()), (Refused, false), "{name}");
        assert!(reply.message.edns.is_none());
        let reply = engine.ask(&ask(name, rtype::A).opt(1232, 0, 0));
        assert_eq!(reply.option(15), Some(vec![0, 20]), "EDE 20");
    }
}

#[test]
fn other_classes_are_refused_but_for_what_the_node_tells_of_itself() {
    let mut engine = Engine::new();
    assert_eq!(engine.ask(&ask("static.example.org", rtype::A).class(255)).code(), Refused);
    assert_eq!(engine.ask(&ask("other.bind", rtype::TXT).class(3)).code(), Refused);
    assert_eq!(engine.ask(&ask("id.server", rtype::A).class(3)).code(), Refused);
    for (name, text) in [("ID.server", "node-1"), ("version.bind", "gslb-node")] {
        let reply = engine.ask(&ask(name, rtype::TXT).class(3).opt(1232, 0, 0));
        assert_eq!(reply.message.answers[0].data.to_string(), text);
    }
}

#[test]
fn what_does_not_fit_is_left_out_whole_with_tc() {
    let mut engine = Engine::new();
    let cases = [
        ("some", None, true),
        ("some", Some(512), true),
        ("some", Some(100), true),
        ("some", Some(1232), false),
        ("some", Some(65_535), false),
        ("many", Some(65_535), true),
    ];
    for (name, payload, cut) in cases {
        let mut query = ask(&format!("{name}.example.org"), rtype::A);
        if let Some(payload) = payload {
            query = query.opt(payload, 0, 0).subnet("192.0.2.0/24");
        }
        let reply = engine.ask(&query);
        assert_eq!(reply.truncated(), cut, "{name} {payload:?}");
        assert_eq!(reply.answers().len(), if cut { 0 } else { 40 });
        assert_eq!(reply.message.edns.is_some(), payload.is_some(), "OPT stays");
        assert_eq!(reply.option(8).is_some(), payload.is_some(), "the subnet stays");
        assert!(reply.authoritative() && reply.code() == NoError);
        assert!(reply.bytes.len() <= 1232);
    }
    engine.meta.tcp = true;
    let reply = engine.plain("many.example.org", rtype::A);
    assert_eq!((reply.truncated(), reply.answers().len()), (false, 90));
}

#[test]
fn responses_and_fragments_are_dropped() {
    let mut engine = Engine::new();
    let response = ask("static.example.org", rtype::A).byte(2, 0x81).bytes();
    for bytes in [&response[..], &response[..11], &[]] {
        assert_eq!(engine.run(bytes).0, Verdict::Drop);
    }
}

#[test]
fn odd_queries_are_passed_on_untouched() {
    let mut engine = Engine::new();
    let plain = || ask("static.example.org", rtype::A);
    let tsig = [0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0];
    let cases = [
        ("IQUERY", plain().byte(2, 1 << 3)),
        ("NOTIFY", plain().byte(2, 4 << 3)),
        ("UPDATE", plain().byte(2, 5 << 3)),
        ("opcode 15", plain().byte(2, 15 << 3)),
        ("no question", plain().byte(5, 0)),
        ("two questions", plain().byte(5, 2)),
        ("an answer", plain().byte(7, 1)),
        ("an authority", plain().byte(9, 1)),
        ("two additionals", plain().byte(11, 2)),
        ("AXFR", ask("example.org", rtype::AXFR)),
        ("IXFR", ask("example.org", rtype::IXFR)),
        ("TKEY", ask("example.org", rtype::TKEY)),
        ("TSIG", plain().byte(11, 1).tail(&tsig)),
    ];
    for (what, query) in cases {
        let bytes = query.bytes();
        let (verdict, buffer) = engine.run(&bytes);
        assert_eq!(verdict, Verdict::Slow, "{what}");
        assert_eq!(buffer[..bytes.len()], bytes, "{what}");
    }
}

#[test]
fn malformed_questions_get_formerr() {
    let mut engine = Engine::new();
    let header = [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for tail in [&[0xc0, 12, 0, 1, 0, 1][..], &[3, b'w', b'w'], &[64; 70], &[]] {
        let query = [&header[..], tail].concat();
        let (verdict, buffer) = engine.run(&query);
        assert_eq!(verdict, Verdict::Send(12), "{tail:?}");
        assert_eq!(buffer[..12], [0xab, 0xcd, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let trailing = ask("static.example.org", rtype::A).tail(&[0]);
    assert_eq!(engine.ask(&trailing).code(), FormErr);
    assert_eq!(engine.ask(&ask("static.example.org", rtype::OPT)).code(), FormErr);
}
