//! The OPT record of a query (RFC 6891).

use super::code::{option, rtype};
use super::subnet::ClientSubnet;

/// What a query's OPT record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP answer that the client takes.
    pub payload: u16,
    /// The EDNS version; options of a version above 0 are not read.
    pub version: u8,
    /// The client wants DNSSEC records.
    pub dnssec_ok: bool,
    /// The client asks which server this is.
    pub nsid: bool,
    /// The client's subnet.
    pub subnet: Option<ClientSubnet>,
    /// An option is malformed: the answer is FORMERR, with an OPT record.
    pub malformed: bool,
}

/// Why the additional section is no single OPT record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEdns {
    /// A well-formed start of some other record: TSIG, or another oddity.
    OtherRecord,
    /// Cut short, trailing bytes, or an OPT whose owner is not the root.
    Malformed,
}

impl Edns {
    /// Reads the one record of the additional section.
    #[inline]
    pub fn read(additional: &[u8]) -> Result<Self, NotEdns> {
        let (fixed, options) = additional.split_first_chunk::<11>().ok_or(NotEdns::Malformed)?;
        let [owner, t0, t1, p0, p1, _, version, flags, _, l0, l1] = *fixed;
        if owner != 0 || u16::from_be_bytes([t0, t1]) != rtype::OPT {
            return Err(NotEdns::OtherRecord);
        }
        if options.len() != usize::from(u16::from_be_bytes([l0, l1])) {
            return Err(NotEdns::Malformed);
        }
        let mut edns = Self {
            payload: u16::from_be_bytes([p0, p1]),
            version,
            dnssec_ok: flags & 0x80 != 0,
            nsid: false,
            subnet: None,
            malformed: false,
        };
        if version == 0 && !options.is_empty() && edns.read_options(options).is_none() {
            edns.malformed = true;
            edns.subnet = None;
        }
        Ok(edns)
    }

    /// Reads the options that matter here; unknown ones are passed over (RFC 6891 6.1.2).
    fn read_options(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (fixed, after) = rest.split_first_chunk::<4>()?;
            let [c0, c1, l0, l1] = *fixed;
            let (data, after) =
                after.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            match u16::from_be_bytes([c0, c1]) {
                option::SUBNET if self.subnet.is_some() => return None,
                option::SUBNET => self.subnet = Some(ClientSubnet::read(data).ok()?),
                option::NSID => self.nsid = true,
                _ => {}
            }
            rest = after;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opt(version: u8, flags: u8, options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 41, 0x04, 0xd0, 0, version, flags, 0, 0, options.len() as u8];
        bytes.extend(options);
        bytes
    }

    #[test]
    fn size_version_and_flags_are_read() {
        let edns = Edns::read(&opt(0, 0x80, &[])).unwrap();
        assert_eq!((edns.payload, edns.version, edns.dnssec_ok), (1232, 0, true));
        assert!(!Edns::read(&opt(0, 0x7f, &[])).unwrap().dnssec_ok);
    }

    #[test]
    fn unknown_options_are_passed_over() {
        let edns = Edns::read(&opt(0, 0, &[0xff, 0xfe, 0, 2, 1, 2, 0, 3, 0, 0])).unwrap();
        assert!(edns.nsid && !edns.malformed);
    }

    #[test]
    fn a_bad_option_marks_the_record_and_forgets_the_subnet() {
        let subnet = [0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2];
        let twice = [subnet, subnet].concat();
        let cut = [&subnet[..], &[0, 9, 0, 200]].concat();
        for options in [&twice[..], &cut, &[0, 8, 0, 1, 0], &[0]] {
            let edns = Edns::read(&opt(0, 0, options)).unwrap();
            assert!(edns.malformed && edns.subnet.is_none(), "{options:?}");
        }
    }

    #[test]
    fn options_of_a_later_version_are_not_read() {
        let edns = Edns::read(&opt(1, 0, &[9])).unwrap();
        assert_eq!((edns.version, edns.malformed), (1, false));
    }

    #[test]
    fn other_records_and_trailing_bytes_are_told_apart() {
        let mut tsig = opt(0, 0, &[]);
        tsig[2] = 250;
        assert_eq!(Edns::read(&tsig), Err(NotEdns::OtherRecord));
        let mut trailing = opt(0, 0, &[]);
        trailing.push(0);
        assert_eq!(Edns::read(&trailing), Err(NotEdns::Malformed));
        assert_eq!(Edns::read(&[0, 0, 41]), Err(NotEdns::Malformed));
    }
}
