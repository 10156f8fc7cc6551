//! A query that is written again and again, each time a little different.

use crate::load::question::HEADER;
use crate::load::random::Random;

/// Longest query that a template makes.
pub const LONGEST: usize = 512;
/// Letters of a label that is drawn anew.
const DRAWN: usize = 12;
/// The option of a client subnet (RFC 7871).
const SUBNET: u16 = 8;

/// The bytes of one query, and what of it is drawn anew each time.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    /// Where a label of [`DRAWN`] letters begins.
    label: Option<usize>,
    /// Where the three bytes of an IPv4 prefix begin.
    prefix: Option<usize>,
    /// Where the length of the OPT's data stands.
    options: Option<usize>,
}

impl Template {
    /// Asks for A of `name`, without EDNS.
    ///
    /// # Panics
    /// If a label is empty or too long.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[5] = 1;
        for label in name.trim_end_matches('.').split('.') {
            assert!((1..=63).contains(&label.len()), "{name}: a label of 1 to 63 bytes");
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.extend([0, 0, 1, 0, 1]);
        Self { bytes, label: None, prefix: None, options: None }
    }

    /// Asks below `parent` for a label that is drawn anew each time: what no cache can hold.
    #[must_use]
    pub fn below(parent: &str) -> Self {
        let template = Self::new(&format!("{}.{parent}", "x".repeat(DRAWN)));
        Self { label: Some(HEADER + 1), ..template }
    }

    /// With EDNS of 1232 bytes; twice is once.
    #[must_use]
    pub fn edns(mut self) -> Self {
        if self.options.is_none() {
            self.bytes[11] = 1;
            self.bytes.extend([0, 0, 41, 4, 208, 0, 0, 0, 0]);
            self.options = Some(self.bytes.len());
            self.bytes.extend([0, 0]);
        }
        self
    }

    /// With one more EDNS option.
    ///
    /// # Panics
    /// If the query becomes longer than [`LONGEST`].
    #[must_use]
    pub fn option(self, code: u16, data: &[u8]) -> Self {
        let mut with = self.edns();
        let length = u16::try_from(data.len()).expect("a short option");
        with.bytes.extend(code.to_be_bytes());
        with.bytes.extend(length.to_be_bytes());
        with.bytes.extend(data);
        let at = with.options.expect("edns() has set it");
        let all = u16::try_from(with.bytes.len() - at - 2).expect("a short query");
        with.bytes[at..at + 2].copy_from_slice(&all.to_be_bytes());
        assert!(with.bytes.len() <= LONGEST, "a query of at most {LONGEST} bytes");
        with
    }

    /// On behalf of an IPv4 /24 that is drawn anew each time.
    #[must_use]
    pub fn subnet(self) -> Self {
        let mut with = self.option(SUBNET, &[0, 1, 24, 0, 0, 0, 0]);
        with.prefix = Some(with.bytes.len() - 3);
        with
    }

    /// Writes the query with this id and gives its length.
    ///
    /// # Panics
    /// If `out` is shorter than the query; [`LONGEST`] is enough.
    pub fn write(&self, id: u16, random: &mut Random, out: &mut [u8]) -> usize {
        let out = &mut out[..self.bytes.len()];
        out.copy_from_slice(&self.bytes);
        out[..2].copy_from_slice(&id.to_be_bytes());
        if let Some(at) = self.label {
            let mut bits = random.draw();
            for letter in &mut out[at..at + DRAWN] {
                *letter = b'a' + (bits % 26) as u8;
                bits /= 26;
            }
        }
        if let Some(at) = self.prefix {
            let bits = random.draw().to_be_bytes();
            // Unicast: 1.0.0.0 to 223.255.255.0.
            out[at..at + 3].copy_from_slice(&[1 + bits[0] % 223, bits[1], bits[2]]);
        }
        out.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::Message;
    use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

    fn written(template: &Template, random: &mut Random) -> Message {
        let mut out = [0; LONGEST];
        let length = template.write(4711, random, &mut out);
        Message::from_vec(&out[..length]).unwrap()
    }

    #[test]
    fn a_plain_query_reads_as_it_was_meant() {
        let message = written(&Template::new("s1.load.example."), &mut Random::new(1));
        assert_eq!((message.metadata.id, message.queries.len()), (4711, 1));
        assert_eq!(message.queries[0].to_string(), "s1.load.example. IN A");
        assert!(message.edns.is_none());
    }

    #[test]
    fn a_drawn_label_differs_each_time() {
        let (template, mut random) = (Template::below("load.example."), Random::new(1));
        let names = [0, 1].map(|_| written(&template, &mut random).queries[0].name().to_string());
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|n| n.ends_with(".load.example.") && n.len() == 26), "{names:?}");
    }

    #[test]
    fn a_drawn_subnet_differs_each_time_and_is_unicast() {
        let (template, mut random) = (Template::new("a.example.").subnet(), Random::new(1));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let message = written(&template, &mut random);
            let edns = message.edns.unwrap();
            let Some(EdnsOption::Subnet(subnet)) = edns.option(EdnsCode::Subnet) else {
                panic!("{edns:?}")
            };
            let std::net::IpAddr::V4(address) = subnet.addr() else { panic!("{subnet:?}") };
            assert!((1..=223).contains(&address.octets()[0]) && address.octets()[3] == 0);
            assert_eq!(subnet.source_prefix(), 24);
            seen.insert(address);
        }
        assert!(seen.len() > 190);
    }

    #[test]
    fn many_options_stand_in_one_opt_record() {
        let mut template = Template::new("a.example.");
        for code in 65_001..65_011 {
            template = template.option(code, &[1, 2, 3]);
        }
        let message = written(&template, &mut Random::new(1));
        let edns = message.edns.unwrap();
        assert_eq!(edns.max_payload(), 1232);
        assert_eq!(edns.options().as_ref().len(), 10);
    }
}
