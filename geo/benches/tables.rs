//! How long tables take to build, and a look-up to answer: `cargo bench -p geo [-- FILE.mmdb...]`.
//!
//! Without files a database of the size of GeoLite2-City is made up: 3.5 M networks of IPv4, 2 M of
//! IPv6, 100,000 positions.

#![allow(clippy::expect_used, reason = "a bench may end early")]

use geo::{ClassTable, Place, PlaceTable};
use mmdb_writer::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use mmdb_writer::{Value, Writer};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

/// Runs `work` and tells how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let result = work();
    println!("{what:<44} {:>10.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    result
}

/// Position number `n` of the made-up database.
fn position(n: u32) -> Value {
    let location = Value::map([
        ("latitude", Value::from(f64::from(n % 1700) / 10.0 - 85.0)),
        ("longitude", Value::from(f64::from(n % 3600) / 10.0 - 180.0)),
        ("accuracy_radius", Value::from(20u32)),
    ]);
    let country = ["DE", "US", "JP", "BR", "IN"].get(n as usize % 5).copied().unwrap_or("DE");
    let country = Value::map([("iso_code", Value::from(country))]);
    let names = Value::map([("en", Value::from(format!("City {n}")))]);
    let city = Value::map([("names", names)]);
    Value::map([("city", city), ("country", country), ("location", location)])
}

/// A database of the size of GeoLite2-City.
fn made_up() -> Vec<u8> {
    let positions: Vec<Value> = (0..28 * 3600).map(position).collect();
    let mut writer = Writer::builder("Made-up City").build();
    let mut insert = |net: IpNet, n: u32| {
        // Sixteen neighbours are other cities of one country and longitude, as address space is
        // given out.
        let place = (n / 16).wrapping_mul(2_654_435_761) as usize + n as usize % 16 * 3600;
        let value = positions.get(place % positions.len());
        if let Some(value) = value {
            writer.insert_value(net, value.clone()).expect("the network is free");
        }
    };
    for n in 0..3_500_000u32 {
        let address = Ipv4Addr::from_bits(0x0100_0000 + (n << 10));
        insert(Ipv4Net::new(address, 22).expect("22 is a length").into(), n);
    }
    for n in 0..2_000_000u32 {
        let address = Ipv6Addr::from_bits((0x2400 << 48 | u128::from(n) << 16) << 64);
        insert(Ipv6Net::new(address, 48).expect("48 is a length").into(), n);
    }
    writer.to_bytes().expect("the database fits")
}

/// Times look-ups of pseudo-random addresses.
fn look_up(what: &str, address: impl Fn(u64) -> IpAddr, ask: impl Fn(IpAddr) -> u16) {
    const LOOKUPS: u32 = 4_000_000;
    let mut seed = 1u64;
    let begin = Instant::now();
    for _ in 0..LOOKUPS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        black_box(ask(address(seed)));
    }
    println!("{what:<44} {:>10.1} ns", begin.elapsed().as_secs_f64() * 1e9 / f64::from(LOOKUPS));
}

/// Builds and asks one table.
fn measure(places: &PlaceTable) {
    let (v4, v6) = places.ranges();
    println!("{}: {v4} + {v6} ranges, {} places", places.edition().label, places.places().len());
    println!("{:<44} {:>10.1} MB", "  memory of places", places.memory_bytes() as f64 / 1e6);
    // Nine classes by longitude: as far apart as regions are.
    let class = |place: &Place| place.location.map_or(9, |p| (p.lon() as i16 + 180) as u16 / 40);
    let table = timed("  classes built", || ClassTable::build(places, class));
    println!("{:<44} {:>10.1} MB", "  memory of classes", table.memory_bytes() as f64 / 1e6);
    let v4 = |seed: u64| IpAddr::V4(Ipv4Addr::from_bits((seed >> 32) as u32));
    let v6 =
        |seed: u64| IpAddr::V6(Ipv6Addr::from_bits(u128::from(0x2400 << 48 | seed >> 22) << 64));
    look_up("  class of an IPv4 source", v4, |address| table.class_of_source(address));
    look_up("  class of an IPv6 source", v6, |address| table.class_of_source(address));
    look_up("  class and scope of an IPv4 subnet", v4, |a| table.class_of_subnet(a, 24).0);
    look_up("  class and scope of an IPv6 subnet", v6, |a| table.class_of_subnet(a, 56).0);
}

fn main() {
    let files: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let builtin = timed("built-in table unpacked", || {
        let table = PlaceTable::builtin();
        black_box(table.ranges());
        table
    });
    measure(&builtin);
    let places = if files.is_empty() {
        let bytes = timed("database made up", made_up);
        timed("database loaded", || PlaceTable::from_bytes(&[("made-up.mmdb", &bytes)]))
    } else {
        timed("database loaded", || PlaceTable::load(&files))
    };
    measure(&places.expect("the database is sound"));
}
