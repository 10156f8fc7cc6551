//! What the tests are answered from: three zones, and names that are steered by place and weight.

use geo::{ClassTable, Country, PlacePatch, PlaceTable};
use gslb_consensus::model::{DnsName, Zone, zone};
use gslb_node::compile::{
    Answers, Names, Published, StaticRecord, Steered, SteeredId, SteeredKind, SteeredSource, Table,
    TableBuilder, WeightedAnswer, ZoneSource,
};
use gslb_node::wire::code::rtype;
use std::sync::{Arc, LazyLock};

const EXAMPLE: &str = "
$TTL 3600
@        IN SOA ns1 hostmaster 7 7200 900 1209600 60
         IN NS  ns1
         IN NS  ns2.example.org.
         IN MX  10 mail
ns1      IN A   192.0.2.1
ns2      IN A   192.0.2.2
mail     IN A   192.0.2.3
static   IN A   192.0.2.10
         IN A   192.0.2.11
         IN A   192.0.2.12
         IN AAAA 2001:db8::10
         IN TXT \"text\"
odd      IN TYPE65280 \\# 3 010203
a.b.ent  IN A   192.0.2.20
alias    IN CNAME static
alias2   IN CNAME alias
toent    IN CNAME b.ent
tonone   IN CNAME nothing
tosub    IN CNAME host.sub
toweb    IN CNAME www
outside  IN CNAME www.example.net.
loop1    IN CNAME loop2
loop2    IN CNAME loop1
*.star   IN CNAME static
*.nocut  IN NS  ns.example.net.
sub      IN NS  ns.sub
         IN NS  ns1
         IN NS  ns.example.net.
         IN DS  12345 13 2 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
ns.sub   IN A   192.0.2.53
         IN AAAA 2001:db8::53
www.sub  IN A   192.0.2.54
unsigned IN NS  ns.unsigned
ns.unsigned IN A 192.0.2.55
child    IN NS  ns1
         IN DS  1 13 2 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
";

const CHILD: &str = "
@ 300 IN SOA ns1.example.org. hostmaster.example.org. 1 7200 900 1209600 300
@ 300 IN NS ns1.example.org.
www 300 IN A 192.0.2.77
";

const WILD: &str = "
$TTL 3600
@     IN SOA ns.wild.example. host.wild.example. 1 7200 900 1209600 60
      IN NS  ns.example.org.
*     IN A   192.0.2.99
www   IN A   192.0.2.100
b.ent IN A   192.0.2.101
sub   IN NS  ns.sub
ns.sub IN A  192.0.2.53
";

/// Addresses that the maps of the tests place in the second class.
pub(crate) const WEST: &str = "198.51.100.0/24";

/// The ids of the steered names.
const BY_PLACE: SteeredId = SteeredId(0);
const BY_WEIGHT: SteeredId = SteeredId(1);
const ALIAS: SteeredId = SteeredId(2);

/// Weights of the regions of `weighted.example.org`.
pub(crate) const WEIGHTS: [u32; 3] = [70, 20, 10];

/// The set that the tests are answered from.
pub(crate) fn published() -> Published {
    static PUBLISHED: LazyLock<Published> = LazyLock::new(build);
    PUBLISHED.clone()
}

fn build() -> Published {
    let zones = [("example.org.", EXAMPLE), ("child.example.org.", CHILD), ("wild.example.", WILD)]
        .map(|(apex, text)| read(apex, &format!("{text}{}", many(apex))));
    let [www, apex, weighted, apps] =
        ["www.example.org.", "example.org.", "weighted.example.org.", "*.apps.example.org."]
            .map(name);
    let both = SteeredKind::Addresses { a: true, aaaa: true };
    let steered = vec![
        SteeredSource { owner: www.wire(), kind: both, id: BY_PLACE },
        SteeredSource {
            owner: apex.wire(),
            kind: SteeredKind::Addresses { a: true, aaaa: false },
            id: BY_PLACE,
        },
        SteeredSource { owner: weighted.wire(), kind: both, id: BY_WEIGHT },
        SteeredSource { owner: apps.wire(), kind: SteeredKind::Alias, id: ALIAS },
    ];
    let mut sources: Vec<ZoneSource<'_>> = zones.iter().map(source).collect();
    sources[0].steered = steered;
    let names = Names::build(0x5eed, &sources).unwrap();
    Published {
        revision: Default::default(),
        names: Arc::new(names),
        steered: vec![
            entry(Some(0), by_place(), "www.example.org."),
            entry(None, by_weight(), "weighted.example.org."),
            entry(Some(0), alias(), "*.apps.example.org."),
        ],
        maps: vec![Arc::new(map())],
        regions: ["east", "west", "south"].map(Into::into).into(),
        draw_key: 42,
    }
}

/// A set in which `www.example.org` has one other address.
pub(crate) fn changed() -> Published {
    let mut published = published();
    let mut builder = TableBuilder::default();
    let row = [answer(&mut builder, 2, 1)];
    builder.push_row(&row).unwrap();
    published.steered[0].table = Arc::new(builder.finish());
    published
}

pub(crate) fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

fn read(apex: &str, text: &str) -> Zone {
    zone::read::read(&name(apex), text).unwrap_or_else(|faults| panic!("{apex}: {faults:?}"))
}

/// A name with more addresses than 1,232 bytes hold, and one with more than 512.
fn many(apex: &str) -> String {
    if apex != "example.org." {
        return String::new();
    }
    let lines = |owner: &str, count: u8| {
        (0..count).map(|n| format!("{owner} IN A 203.0.113.{n}\n")).collect::<String>()
    };
    lines("many", 90) + &lines("some", 40)
}

fn source(zone: &Zone) -> ZoneSource<'_> {
    let records = zone.records.iter().map(|record| StaticRecord {
        owner: record.owner,
        rtype: record.rtype,
        ttl: record.ttl,
        rdata: record.rdata,
    });
    ZoneSource { apex: zone.name.wire(), records: records.collect(), steered: Vec::new() }
}

fn entry(map: Option<u16>, table: Table, owner: &str) -> Steered {
    Steered { map, table: Arc::new(table), key: Steered::key_of(name(owner).wire()) }
}

/// Class 1 for [`WEST`] and for 2001:db8:100::/40, class 0 for all else.
fn map() -> ClassTable {
    let west = || PlacePatch { country: "US".parse::<Country>().ok(), ..PlacePatch::default() };
    let overlay = [WEST, "2001:db8:100::/40"].map(|prefix| (prefix.parse().unwrap(), west()));
    let places = PlaceTable::empty().with_overlay(&overlay).unwrap();
    ClassTable::build(&places, |place| u16::from(place.country.is_some()))
}

/// One answer: region `n` with the addresses 10.0.n.1 and 2001:db8:n::1.
fn answer(builder: &mut TableBuilder, n: u8, weight: u32) -> WeightedAnswer {
    let a = builder.add_answer(rtype::A, 30, &[[10, 0, n, 1]]).unwrap();
    let v6 = [0x20, 1, 0xd, 0xb8, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let aaaa = builder.add_answer(rtype::AAAA, 30, &[v6]).unwrap();
    let answers = Answers::Addresses { a: Some(a), aaaa: Some(aaaa) };
    WeightedAnswer { region: n.into(), weight, answers }
}

fn by_place() -> Table {
    let mut builder = TableBuilder::default();
    for region in [0, 1] {
        let row = [answer(&mut builder, region, 1)];
        builder.push_row(&row).unwrap();
    }
    builder.finish()
}

fn by_weight() -> Table {
    let mut builder = TableBuilder::default();
    let row: Vec<_> = (0..).zip(WEIGHTS).map(|(n, w)| answer(&mut builder, n, w)).collect();
    builder.push_row(&row).unwrap();
    builder.finish()
}

fn alias() -> Table {
    let mut builder = TableBuilder::default();
    for (region, target) in [(0, "east.cdn.example."), (1, "west.cdn.example.")] {
        let body = builder.add_alias(60, name(target).wire()).unwrap();
        let answers = Answers::Alias(body);
        builder.push_row(&[WeightedAnswer { region, weight: 1, answers }]).unwrap();
    }
    builder.finish()
}
