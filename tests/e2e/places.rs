//! Who is sent where, by the place data, against the data itself.

use crate::traffic::{self, REGIONS, Region};
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::{tree, wait};
use std::net::IpAddr;
use std::path::Path;

/// One row of the list that the lab's database was made from.
struct Row {
    city: String,
    country: String,
    at: Option<(f64, f64)>,
    radius_km: f64,
    /// The second byte of its prefixes, 10.N.0.0/16 and 127.N.0.0/16.
    number: u8,
}

fn rows() -> Vec<Row> {
    let mut reader = csv::Reader::from_path(tree::data("place/lab/lab-locations.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
    let columns = ["city", "country", "lat", "lon", "accuracy_radius_km", "n"].map(at);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let [city, country, lat, lon, radius, number] = columns.map(|c| record[c].to_owned());
        let point = lat.parse().ok().zip(lon.parse().ok());
        let radius_km = radius.parse().unwrap_or(0.0);
        rows.push(Row { city, country, at: point, radius_km, number: number.parse().unwrap() });
    }
    assert!(rows.len() > 36);
    rows
}

/// Great-circle distance, km.
fn distance_km((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f64 {
    let [a, b, c, d] = [lat_a, lon_a, lat_b, lon_b].map(f64::to_radians);
    let half = |x: f64, y: f64| ((x - y) / 2.0).sin().powi(2);
    2.0 * 6371.0 * (half(a, c) + a.cos() * c.cos() * half(b, d)).sqrt().asin()
}

/// The regions that a client there may be sent to: the nearest, and those as near within the data's radius.
fn nearest(row: &Row) -> Vec<&'static Region> {
    // The data is too vague about a place of more than 500 km: every region ties.
    let Some(at) = row.at.filter(|_| row.radius_km <= 500.0) else {
        return REGIONS.iter().collect();
    };
    let far = |region: &Region| distance_km(at, region.at);
    let least = REGIONS.iter().map(far).fold(f64::INFINITY, f64::min);
    REGIONS.iter().filter(|r| far(r) - least < row.radius_km + 2.0).collect()
}

/// The second bytes of the lab's prefixes whose clients have one nearest region: no draw is made.
pub(crate) fn numbers_with_one_region() -> Vec<u8> {
    rows().iter().filter(|row| nearest(row).len() == 1).map(|row| row.number).collect()
}

#[test]
fn clients_are_sent_to_the_nearest_region_by_subnet_and_by_source() {
    let cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let server = cluster.nodes[0].dns();
    for row in rows() {
        let allowed: Vec<String> = nearest(&row).iter().map(|r| r.v4()).collect();
        let near = Query::new("near.shop.example.", "A");
        let by_subnet = near.clone().subnet(&format!("10.{}.7.0/24", row.number)).ask(server);
        assert!(allowed.contains(&by_subnet.data()[0]), "{}: {by_subnet:?}", row.city);
        let source: IpAddr = format!("127.{}.0.9", row.number).parse().unwrap();
        let by_source = near.source(source).ask(server);
        assert!(allowed.contains(&by_source.data()[0]), "{}: {by_source:?}", row.city);
        assert_eq!(by_source.subnet, None);
    }
    explanations_tell_the_place_of_the_data(&cluster);
    a_scope_holds_for_every_client_within_it(&cluster);
}

fn explanations_tell_the_place_of_the_data(cluster: &Cluster) {
    for row in rows().iter().filter(|r| !r.city.is_empty()).step_by(5) {
        let line = format!("explain near.shop.example. --client 10.{}.0.1", row.number);
        let told = cluster.operator.json(&line).to_string();
        assert!(told.contains(&row.city), "{} in {told}", row.city);
        assert!(told.contains(&format!("\"{}\"", row.country)), "{} in {told}", row.country);
    }
}

fn a_scope_holds_for_every_client_within_it(cluster: &Cluster) {
    let server = cluster.nodes[0].dns();
    let ask = |address: &str| {
        Query::new("near.shop.example.", "A").subnet(&format!("{address}/24")).ask(server)
    };
    for row in rows().iter().filter(|r| nearest(r).len() == 1).step_by(3) {
        let answer = ask(&format!("10.{}.128.0", row.number));
        let told = answer.subnet.clone().unwrap();
        let scope: u32 = told.rsplit('/').next().unwrap().parse().unwrap();
        assert!((1..=24).contains(&scope), "{told}");
        let first = u32::from_be_bytes([10, row.number, 128, 0]) & (u32::MAX << (32 - scope));
        let size = 1_u32 << (32 - scope);
        for step in 0..8 {
            let other = (first + step * (size / 8)) & 0xFFFF_FF00;
            let other = ask(&std::net::Ipv4Addr::from_bits(other).to_string());
            assert_eq!(other.data(), answer.data(), "{told} holds {other:?}");
            assert_eq!(other.subnet.unwrap().rsplit('/').next(), told.rsplit('/').next());
        }
    }
}

/// Puts a file in place of another in one step.
fn replace(file: &Path, by: &Path) {
    let beside = file.with_extension("new");
    std::fs::copy(by, &beside).unwrap();
    std::fs::rename(beside, file).unwrap();
}

#[test]
fn place_data_is_replaced_while_the_node_answers_and_a_corrupt_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.mmdb");
    let lab = tree::data("place/lab/lab-city.mmdb");
    std::fs::copy(&lab, &file).unwrap();
    let cluster =
        Cluster::form(&Setup { nodes: 1, places: vec![file.clone()], ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let jakarta = Query::new("near.shop.example.", "A").subnet("10.28.7.0/24");
    let server = cluster.nodes[0].dns();
    assert_eq!(jakarta.ask(server).data(), [REGIONS[2].v4()]);
    let edition = || {
        let status = cluster.operator.json("status");
        status["nodes"][0]["report"]["places"]["id"].as_str().unwrap().to_owned()
    };
    let first = edition();

    for bad in tree::files("tests/data/place/maxmind-bad", ".mmdb").iter().step_by(6) {
        let refusals = || cluster.nodes[0].log().matches("refused").count();
        let before = refusals();
        replace(&file, bad);
        wait::until_true("the node to refuse a corrupt file", || refusals() > before);
        assert_eq!(jakarta.ask(server).data(), [REGIONS[2].v4()], "{}", bad.display());
        assert_eq!(edition(), first);
    }

    // Data that knows nothing of the lab: the client is nowhere, and every region ties.
    replace(&file, &tree::data("place/maxmind/GeoLite2-City-Test.mmdb"));
    wait::until_true("the node to use the new data", || edition() != first);
    let london = Query::new("near.shop.example.", "A").subnet("2.125.160.0/24");
    cluster.wait_for_answer(&[0], &london, |answer| answer.data() == [REGIONS[0].v4()]);
    replace(&file, &lab);
    wait::until_true("the node to use the old data again", || edition() == first);
    cluster.wait_for_answer(&[0], &jakarta, |answer| answer.data() == [REGIONS[2].v4()]);
}
