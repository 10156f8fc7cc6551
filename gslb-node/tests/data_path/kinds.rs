//! Every kind of query that the data path meets: for tests and benches that go through all.

use crate::ask::{Ask, ask};
use gslb_node::wire::code::rtype;

/// Each kind by its name.
pub(crate) fn kinds() -> Vec<(&'static str, Ask)> {
    let plain = |name: &str| ask(name, rtype::A);
    let option = |ask: Ask, _| ask.option(200, &[1, 2, 3, 4]);
    vec![
        ("static", plain("static.example.org")),
        ("static, one address", plain("mail.example.org")),
        ("static with EDNS and DO", plain("mail.example.org").opt(1232, 0, 0x80)),
        ("static with 32 options", (0..32).fold(plain("mail.example.org"), option)),
        ("0x20", plain("MaIl.ExAmPlE.oRg")),
        ("by source", plain("www.example.org")),
        ("by subnet", plain("www.example.org").subnet("198.51.100.0/24")),
        ("by IPv6 subnet", plain("www.example.org").subnet("2001:db8:100::/56")),
        ("failover", plain("example.org").opt(1232, 0, 0)),
        ("weighted", plain("weighted.example.org")),
        ("steered alias", plain("x.apps.example.org").subnet("2001:db8:100::/48")),
        ("alias", plain("alias2.example.org")),
        ("wildcard", plain("x.star.example.org")),
        ("nodata", ask("static.example.org", rtype::HTTPS)),
        ("nxdomain", plain("q5x8v2.example.org")),
        ("nxdomain, many labels", plain("random.label.deep.nothing.example.org")),
        ("nxdomain, 100 labels", plain(&format!("{}example.org", "a.".repeat(100)))),
        ("referral", plain("x.sub.example.org")),
        ("refused", plain("example.net").opt(1232, 0, 0)),
        ("any", ask("static.example.org", rtype::ANY)),
        ("truncated", plain("many.example.org")),
        ("badvers", plain("static.example.org").opt(1232, 1, 0)),
        ("formerr", plain("static.example.org").option(8, &[1])),
        ("chaos", ask("id.server", rtype::TXT).class(3)),
        ("nsid", plain("static.example.org").option(3, &[])),
        ("slow", ask("example.org", rtype::AXFR)),
        ("response", plain("static.example.org").byte(2, 0x80)),
    ]
}
