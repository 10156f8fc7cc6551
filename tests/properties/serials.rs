//! SOA serials move with their zone only, and only forward (RFC 1982).

use crate::states::{TRAFFIC, Trial};

fn serial(trial: &Trial) -> u32 {
    trial.state.serials[&"example.org.".parse().unwrap()]
}

fn with_serial(serial: u32, address: &str) -> String {
    TRAFFIC.replace("host 10 ", &format!("host {serial} ")).replace("192.0.2.53", address)
}

#[test]
fn a_serial_is_the_files_or_one_more_whichever_is_later() {
    let half = 1_u32 << 31;
    for (old, file, expected) in [
        (10, 11, 11),
        (10, 500, 500),
        (10, 10, 11),
        (10, 9, 11),
        (u32::MAX, 5, 5),
        (u32::MAX, u32::MAX, 0),
        (10, 10_u32.wrapping_add(half), 10_u32.wrapping_add(half)),
        (10, 12_u32.wrapping_add(half), 11),
    ] {
        let mut trial = Trial::new(0);
        trial.put(&with_serial(old, "192.0.2.1"));
        let first = serial(&trial);
        // The first file came with serial 10, so that `old` may lie behind it.
        trial.state.serials = std::sync::Arc::new([("example.org.".parse().unwrap(), old)].into());
        assert!(first == old || first == 11);
        trial.put(&with_serial(file, "192.0.2.2"));
        assert_eq!(serial(&trial), expected, "{old} then a file with {file}");
    }
}

#[test]
fn a_serial_stays_while_its_zone_does() {
    let mut trial = Trial::new(0);
    trial.put(TRAFFIC);
    assert_eq!(serial(&trial), 10);
    trial.put(&TRAFFIC.replace("weight = 50", "weight = 51"));
    assert_eq!(serial(&trial), 10, "steering is no change of the zone");
    trial.put(&TRAFFIC.replace("www.example.org.", "web.example.org."));
    assert_eq!(serial(&trial), 11, "a name came and one went");
}
