//! Compiled tables against a naive reading of the same data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "clippy knows only the functions marked as tests, not their helpers"
)]

use geo::{ClassTable, OverlayError, Place, PlacePatch, PlaceTable, Prefix};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// The spaces whose addresses stand for an IPv4 host.
const SPACES: [&str; 4] = ["::ffff:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16"];

fn lab() -> PlaceTable {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/place/lab");
    PlaceTable::load(&[folder.join("lab-city.mmdb")]).unwrap()
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// The AS number is the class in these tests: an overlay of AS numbers makes any pattern of
/// classes.
fn by_asn(place: &Place) -> u16 {
    place.asn.unwrap_or(0) as u16
}

fn overlay(entries: &[(&str, u32)]) -> Vec<(Prefix, PlacePatch)> {
    let patch = |asn| PlacePatch { asn: Some(asn), ..PlacePatch::default() };
    entries.iter().map(|(prefix, asn)| (prefix.parse().unwrap(), patch(*asn))).collect()
}

fn classes(entries: &[(&str, u32)]) -> ClassTable {
    ClassTable::build(&PlaceTable::empty().with_overlay(&overlay(entries)).unwrap(), by_asn)
}

#[test]
fn classify_is_asked_once_for_each_distinct_place_and_the_unknown_one_first() {
    let table = lab();
    let mut asked = Vec::new();
    let _ = ClassTable::build(&table, |place| {
        asked.push(place.clone());
        0
    });
    assert_eq!(asked[0], Place::default());
    assert_eq!(asked, table.places());
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), table.places().len());
}

#[test]
fn a_subnet_of_several_classes_has_the_one_of_the_largest_share() {
    let table = classes(&[
        ("192.0.2.0/25", 1),
        ("192.0.2.128/26", 2),
        ("192.0.2.192/26", 1),
        ("198.51.100.0/25", 4),
        ("198.51.100.128/25", 3),
        ("203.0.113.7/32", 9),
        ("2001:db8:0:0::/57", 2),
        ("2001:db8:0:80::/57", 1),
    ]);
    assert_eq!(table.class_of_source(at("192.0.2.130")), 2);
    assert_eq!(table.class_of_subnet(at("192.0.2.130"), 32), (1, 24));
    assert_eq!(table.class_of_subnet(at("198.51.100.0"), 24), (3, 24), "ties go to the lowest");
    assert_eq!(table.class_of_source(at("203.0.113.7")), 9);
    assert_eq!(table.class_of_subnet(at("203.0.113.0"), 24).0, 0);
    assert_eq!(table.class_of_source(at("2001:db8:0:80::1")), 1);
    assert_eq!(table.class_of_subnet(at("2001:db8::"), 56), (1, 56));
}

#[test]
fn one_class_everywhere_has_scope_0_except_next_to_spaces_of_ipv4_hosts() {
    let table = ClassTable::build(&PlaceTable::empty(), |_| 7);
    assert_eq!(table.class_of_subnet(at("192.0.2.0"), 24), (7, 0));
    assert_eq!(table.class_of_subnet(at("8000::"), 56), (7, 1));
    assert_eq!(table.class_of_subnet(at("2003::"), 56), (7, 16));
    assert_eq!(table.class_of_subnet(at("::ffff:192.0.2.0"), 120), (7, 96));
    assert_eq!(table.class_of_subnet(at("2002:c000:200::"), 48), (7, 16));
}

#[test]
fn the_scope_of_an_address_that_stands_for_an_ipv4_host_is_moved_behind_its_offset() {
    let table = classes(&[("192.0.2.0/24", 5), ("192.0.0.0/16", 6)]);
    assert_eq!(table.class_of_subnet(at("192.0.2.0"), 24), (5, 24));
    assert_eq!(table.class_of_subnet(at("::ffff:192.0.2.0"), 120), (5, 120));
    assert_eq!(table.class_of_subnet(at("64:ff9b::192.0.2.0"), 120), (5, 120));
    assert_eq!(table.class_of_subnet(at("2002:c000:0200::"), 56), (5, 40));
    assert_eq!(table.class_of_subnet(at("2001:0:1:2::3fff:fdff"), 128), (5, 120));
    assert_eq!(table.class_of_source(at("2001:0:1:2::3fff:fdff")), 5);
    // A length that leaves out the host says nothing of it: 0.0.0.0 counts, and the scope tells how
    // narrow that is.
    assert_eq!(table.class_of_subnet(at("::ffff:192.0.2.0"), 56).0, 0);
}

#[test]
fn bits_past_the_source_length_do_not_count() {
    let table = classes(&[("192.0.2.0/24", 5), ("2001:db8:1::/48", 6)]);
    assert_eq!(
        table.class_of_subnet(at("192.0.2.9"), 16),
        table.class_of_subnet(at("192.0.0.0"), 24)
    );
    assert_eq!(table.class_of_subnet(at("2001:db8:1::9"), 32).0, 0);
    assert_eq!(table.class_of_subnet(at("2001:db8:1::9"), 200).0, 6);
    assert_eq!(table.class_of_subnet(at("192.0.2.9"), 200).0, 5);
}

#[test]
fn the_longest_prefix_wins_and_takes_what_it_does_not_give_from_below() {
    let country = |code: &str| PlacePatch { country: code.parse().ok(), ..PlacePatch::default() };
    let entries = [
        ("10.1.0.0/16".parse().unwrap(), country("JP")),
        ("10.1.2.0/24".parse().unwrap(), PlacePatch { asn: Some(7), ..PlacePatch::default() }),
        ("10.2.0.0/15".parse().unwrap(), PlacePatch { asn: Some(8), ..PlacePatch::default() }),
        ("2001:db8::/32".parse().unwrap(), country("BO")),
    ];
    let below = lab();
    let table = below.with_overlay(&entries).unwrap();
    let text = |address: &str| {
        let (place, prefix) = table.place_of(at(address));
        let city = place.city.as_deref().unwrap_or("-");
        let continent = place.continent.map_or("-", |c| c.as_str());
        format!("{continent} {} {city} {} {prefix}", place.country.unwrap(), place.asn.unwrap_or(0))
    };
    assert_eq!(text("10.1.0.1"), "AS JP - 0 10.1.0.0/23");
    assert_eq!(text("10.1.2.3"), "AS JP - 7 10.1.2.0/24");
    assert_eq!(text("10.2.0.1"), "EU GB London 8 10.2.0.0/16");
    assert_eq!(text("10.3.0.1"), "EU FR Paris 8 10.3.0.0/16");
    assert_eq!(text("10.4.0.1"), "EU NL Amsterdam 0 10.4.0.0/16");
    assert_eq!(text("2001:db8:1::1"), "SA BO - 0 2001:db8::/32");
    assert_ne!(table.edition().id, below.edition().id);
    let turned: Vec<_> = entries.iter().rev().cloned().collect();
    let other = below.with_overlay(&turned).unwrap();
    assert_eq!(other.edition(), table.edition());
    assert_eq!(other.place_of(at("10.1.2.3")), table.place_of(at("10.1.2.3")));
    assert_eq!(below.with_overlay(&[]).unwrap().edition(), below.edition());
}

#[test]
fn prefixes_that_cannot_be_held_are_refused_by_name() {
    let refused =
        |entries: &[(&str, u32)]| PlaceTable::empty().with_overlay(&overlay(entries)).unwrap_err();
    let prefix = |text: &str| text.parse::<Prefix>().unwrap();
    for text in SPACES.into_iter().chain(["::ffff:10.0.0.0/104"]) {
        assert_eq!(refused(&[(text, 1)]), OverlayError::EmbedsIpv4(prefix(text)));
    }
    assert_eq!(refused(&[("2001:db8::/65", 1)]), OverlayError::TooLong(prefix("2001:db8::/65")));
    assert_eq!(
        refused(&[("10.0.0.0/8", 1), ("10.0.0.0/9", 1), ("10.0.0.0/8", 2)]),
        OverlayError::Twice(prefix("10.0.0.0/8"))
    );
    assert!(PlaceTable::empty().with_overlay(&overlay(&[("::/0", 1), ("0.0.0.0/0", 1)])).is_ok());
}

/// Prefixes that crowd into few networks, so that they nest, touch and share subnets; both ends of
/// each family too.
fn prefixes() -> impl Strategy<Value = BTreeMap<Prefix, u16>> {
    let v4 = (prop::sample::select(vec![0u32, 0xC000_0000, 0xFFFF_F000]), 0u32..0x1000, 0u8..=32)
        .prop_map(|(base, low, length)| {
            Prefix::containing(Ipv4Addr::from(base + low).into(), length)
        });
    let bases =
        vec![0u64, 0x2001_0DB8_0000_0000, 0x2001_0000_0000_0000, 0x2002_C000_0000_0000, !0xFFF];
    let v6 =
        (prop::sample::select(bases), 0u64..0x1000, 0u8..=64).prop_map(|(base, low, length)| {
            let address = Ipv6Addr::from(u128::from(base + low) << 64);
            Prefix::containing(address.into(), length)
        });
    let held = |prefix: &Prefix| {
        PlaceTable::empty().with_overlay(&[(*prefix, PlacePatch::default())]).is_ok()
    };
    let any = prop_oneof![v4, v6].prop_map(Option::unwrap).prop_filter("is held", held);
    prop::collection::btree_map(any, 0u16..4, 0..24)
}

/// The class that the longest prefix around `address` has.
fn naive_class(prefixes: &BTreeMap<Prefix, u16>, address: IpAddr) -> u16 {
    let around = prefixes.iter().filter(|(prefix, _)| prefix.contains(address));
    around.max_by_key(|(prefix, _)| prefix.length()).map_or(0, |(_, class)| *class)
}

/// The class of the 256 smallest units of the subnet around `address`, by majority.
fn naive_subnet_class(prefixes: &BTreeMap<Prefix, u16>, address: IpAddr) -> u16 {
    let mut shares = [0u32; 4];
    for unit in 0..256u32 {
        let address = match address {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & !0xFF | unit).into()),
            IpAddr::V6(v6) => {
                let key = (v6.to_bits() >> 64) as u64 & !0xFF | u64::from(unit);
                IpAddr::V6((u128::from(key) << 64).into())
            }
        };
        shares[usize::from(naive_class(prefixes, address))] += 1;
    }
    let most = shares.iter().max().unwrap();
    shares.iter().position(|share| share == most).unwrap() as u16
}

/// Both ends of a prefix and the addresses just outside of it, down to `/32` or `/64`.
fn edges(prefix: Prefix) -> Vec<IpAddr> {
    let host_bits = |all: u8| u32::from(all.saturating_sub(prefix.length()));
    match prefix.address() {
        IpAddr::V4(v4) => {
            let first = v4.to_bits();
            let last = first | (((1u64 << host_bits(32)) - 1) as u32);
            let all = [first, last, first.wrapping_sub(1), last.wrapping_add(1)];
            all.iter().map(|bits| Ipv4Addr::from(*bits).into()).collect()
        }
        IpAddr::V6(v6) => {
            let first = (v6.to_bits() >> 64) as u64;
            let last = first | (((1u128 << host_bits(64)) - 1) as u64);
            let all = [first, last, first.wrapping_sub(1), last.wrapping_add(1)];
            all.iter().map(|key| Ipv6Addr::from(u128::from(*key) << 64).into()).collect()
        }
    }
}

/// The IPv4 host that the address is looked up as.
fn host(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let bits = v6.to_bits();
    let low = IpAddr::V4((bits as u32).into());
    match v6.segments() {
        [0x2002, ..] => IpAddr::V4(((bits >> 80) as u32).into()),
        [0x2001, 0, ..] => IpAddr::V4((!(bits as u32)).into()),
        [0, 0, 0, 0, 0, 0xFFFF, ..] | [0x64, 0xFF9B, 0, 0, 0, 0, ..] => low,
        _ => address,
    }
}

/// Addresses worth asking: the edges of all prefixes, and some at random.
fn probes(prefixes: &BTreeMap<Prefix, u16>, seeds: &[u128]) -> Vec<IpAddr> {
    let mut probes: Vec<_> = prefixes.keys().flat_map(|prefix| edges(*prefix)).collect();
    for seed in seeds {
        probes.push(Ipv4Addr::from(*seed as u32).into());
        probes.push(Ipv6Addr::from(*seed).into());
        probes.push(Ipv6Addr::from(0xFFFF_0000_0000 | seed & 0xFFFF_FFFF).into());
        probes.push(Ipv6Addr::from(0x2001_0DB8 << 96 | seed & u128::from(u64::MAX) << 12).into());
    }
    probes
}

/// The last address of a prefix.
fn last_of(prefix: Prefix) -> IpAddr {
    match prefix.address() {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
            IpAddr::V4((v4.to_bits() | mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
            IpAddr::V6((v6.to_bits() | mask).into())
        }
    }
}

fn full(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn the_compiled_table_equals_a_naive_scan(
        prefixes in prefixes(),
        seeds in prop::collection::vec(any::<u128>(), 8),
    ) {
        let patch = |class: &u16| PlacePatch { asn: Some(u32::from(*class)), ..PlacePatch::default() };
        let entries: Vec<_> = prefixes.iter().map(|(prefix, class)| (*prefix, patch(class))).collect();
        let places = PlaceTable::empty().with_overlay(&entries).unwrap();
        let table = ClassTable::build(&places, by_asn);
        for address in probes(&prefixes, &seeds) {
            let host = host(address);
            let class = naive_class(&prefixes, host);
            prop_assert_eq!(table.class_of_source(address), class, "source {}", address);
            prop_assert_eq!(by_asn(places.place_of(address).0), class, "place {}", address);
            let subnet = table.class_of_subnet(address, full(address)).0;
            prop_assert_eq!(subnet, naive_subnet_class(&prefixes, host), "subnet {}", address);
        }
    }

    #[test]
    fn a_scope_never_lies_is_never_narrower_than_needed_and_all_are_disjoint(
        prefixes in prefixes(),
        seeds in prop::collection::vec(any::<u128>(), 8),
    ) {
        let patch = |class: &u16| PlacePatch { asn: Some(u32::from(*class)), ..PlacePatch::default() };
        let entries: Vec<_> = prefixes.iter().map(|(prefix, class)| (*prefix, patch(class))).collect();
        let table = ClassTable::build(&PlaceTable::empty().with_overlay(&entries).unwrap(), by_asn);
        let probes = probes(&prefixes, &seeds);
        let ask = |address: IpAddr| table.class_of_subnet(address, full(address));
        let scope = |address: IpAddr| Prefix::containing(address, ask(address).1).unwrap();
        // A class changes only at the edge of a subnet that holds an edge of a prefix; spaces of
        // IPv4 hosts count too.
        let mut edges_of_classes = probes.clone();
        edges_of_classes.extend(SPACES.iter().map(|s| s.parse::<Prefix>().unwrap().address()));
        for address in &probes {
            let (class, length) = ask(*address);
            let around = scope(*address);
            let inside = |other: &&IpAddr| around.contains(**other);
            let ends = [around.address(), last_of(around)];
            for other in edges_of_classes.iter().filter(inside).chain(&ends) {
                prop_assert_eq!(ask(*other), (class, length), "{} in the scope of {}", other, address);
            }
            let widest = match (address.is_ipv4(), host(*address) != *address) {
                (true, _) => 24,
                (false, true) => 120,
                (false, false) => 97,
            };
            prop_assert!(length <= widest);
            if let Some(shorter) = length.checked_sub(1).and_then(|l| Prefix::containing(*address, l)) {
                // The sibling holds another class, or is cut up, or is looked up another way.
                let sibling = [shorter.address(), last_of(shorter)];
                let sibling = sibling.into_iter().find(|end| !around.contains(*end)).unwrap();
                let other = ask(sibling);
                let kind = |a: IpAddr| host(a) != a;
                prop_assert!(other != (class, length) || kind(sibling) != kind(*address), "{}", address);
            }
        }
    }
}

#[test]
fn the_compiled_table_equals_the_place_table_on_real_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/place/maxmind");
    for name in ["GeoLite2-City-Test", "GeoIP2-Enterprise-Test", "GeoLite2-ASN-Test"] {
        let places = PlaceTable::load(&[folder.join(format!("{name}.mmdb"))]).unwrap();
        let number =
            |place: &Place| places.places().iter().position(|p| p == place).unwrap() as u16;
        let table = ClassTable::build(&places, number);
        let mut addresses = vec![at("0.0.0.0"), at("::")];
        let mut at_next = 0;
        // Every range's first address, found by stepping from range to range, and its last.
        while let Some(address) = addresses.get(at_next).copied() {
            let (place, prefix) = places.place_of(address);
            let space = SPACES.iter().map(|space| space.parse::<Prefix>().unwrap());
            // A space of IPv4 hosts is asked once: some hold the IPv4 tree 2^64 times.
            let last = last_of(space.into_iter().find(|s| s.contains(address)).unwrap_or(prefix));
            for end in [address, last_of(prefix)] {
                assert_eq!(table.class_of_source(end), number(place), "{name} {end}");
            }
            match last {
                IpAddr::V4(v4) if v4.to_bits() < u32::MAX => {
                    addresses.push(IpAddr::V4((v4.to_bits() + 1).into()))
                }
                IpAddr::V6(v6) if v6.to_bits() < u128::MAX => {
                    addresses.push(IpAddr::V6((v6.to_bits() + 1).into()))
                }
                _ => {}
            }
            at_next += 1;
            assert!(at_next < 100_000);
        }
        assert!(at_next > 100, "{name}: {at_next}");
    }
}
