//! The OPT record of an answer: one writer for every transport (RFC 6891).

use super::code::{option, rcode, rtype};
use super::subnet::ClientSubnet;

/// The UDP payload that we advertise and the most that we send (DNS flag day 2020).
pub const PAYLOAD: u16 = 1232;

/// The largest UDP answer to a client without EDNS (RFC 1035 4.2.1).
pub const PLAIN_UDP: u16 = 512;

/// What the OPT record of an answer says.
#[derive(Clone, Copy, Debug)]
pub struct OptReply<'a> {
    /// The full response code; its upper bits travel here.
    pub rcode: u16,
    /// Echoed from the query (RFC 3225 3).
    pub dnssec_ok: bool,
    /// The subnet of the query, echoed with the scope of the answer: present iff the query had one.
    pub subnet: Option<(ClientSubnet, u8)>,
    /// Why the answer is as it is (RFC 8914); no text, to keep it small.
    pub ede: Option<u16>,
    /// Who answers, if the query asked and the operator said (RFC 5001).
    pub nsid: Option<&'a [u8]>,
}

impl OptReply<'_> {
    /// How many bytes [`write`](Self::write) takes.
    #[inline]
    #[must_use]
    pub fn length(&self) -> usize {
        let subnet = self.subnet.map_or(0, |(subnet, _)| 4 + subnet.length());
        let ede = if self.ede.is_some() { 6 } else { 0 };
        let nsid = self.nsid.map_or(0, |nsid| 4 + nsid.len());
        11 + subnet + ede + nsid
    }

    /// Writes the record to the start of `out`; `None` if it does not fit.
    ///
    /// May write a few bytes more than it says, up to the end of `out`.
    #[inline]
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let length = self.length();
        let (fixed, options) = out.split_first_chunk_mut::<11>()?;
        let [t0, t1] = rtype::OPT.to_be_bytes();
        let [p0, p1] = PAYLOAD.to_be_bytes();
        let [l0, l1] = u16::try_from(length - 11).ok()?.to_be_bytes();
        let high = (self.rcode >> 4) as u8;
        let dnssec_ok = if self.dnssec_ok { 0x80 } else { 0 };
        *fixed = [0, t0, t1, p0, p1, high, 0, dnssec_ok, 0, l0, l1];
        if options.len() < length - 11 {
            return None;
        }
        let mut rest = options;
        if let Some((subnet, scope)) = &self.subnet {
            rest = put_subnet(rest, subnet, *scope)?;
        }
        if let Some(ede) = self.ede {
            rest = put(rest, option::EDE, &ede.to_be_bytes())?;
        }
        if let Some(nsid) = self.nsid {
            put(rest, option::NSID, nsid)?;
        }
        Some(length)
    }

    /// The smallest reply: for errors found before the options could be read.
    #[must_use]
    pub fn bare(rcode: u16) -> Self {
        debug_assert!(rcode <= rcode::BADVERS, "codes above it need a reason to be sent");
        Self { rcode, dnssec_ok: false, subnet: None, ede: None, nsid: None }
    }
}

/// Writes one option; returns what is left of the room.
fn put<'o>(out: &'o mut [u8], code: u16, data: &[u8]) -> Option<&'o mut [u8]> {
    let (head, rest) = out.split_first_chunk_mut::<4>()?;
    let ([c0, c1], [l0, l1]) = (code.to_be_bytes(), u16::try_from(data.len()).ok()?.to_be_bytes());
    *head = [c0, c1, l0, l1];
    let (to, rest) = rest.split_at_mut_checked(data.len())?;
    to.copy_from_slice(data);
    Some(rest)
}

/// Writes the echo of a client subnet; returns what is left of the room.
#[inline]
fn put_subnet<'o>(out: &'o mut [u8], subnet: &ClientSubnet, scope: u8) -> Option<&'o mut [u8]> {
    let length = subnet.length();
    let (head, rest) = out.split_first_chunk_mut::<8>()?;
    let ([c0, c1], [l0, l1]) = (option::SUBNET.to_be_bytes(), (length as u16).to_be_bytes());
    let [f0, f1, source, scope] = subnet.echo(scope);
    *head = [c0, c1, l0, l1, f0, f1, source, scope];
    match rest.first_chunk_mut::<16>() {
        // All sixteen bytes, since their number is known; what follows writes over the padding.
        Some(to) => *to = *subnet.padded_address(),
        None => rest.get_mut(..length - 4)?.copy_from_slice(subnet.address_bytes()),
    }
    rest.get_mut(length - 4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_written_in_full_or_not_at_all() {
        let subnet = ClientSubnet::read(&[0, 1, 24, 0, 192, 0, 2]).unwrap();
        let reply = OptReply {
            rcode: rcode::BADVERS,
            dnssec_ok: true,
            subnet: Some((subnet, 16)),
            ede: Some(20),
            nsid: Some(b"n1"),
        };
        let mut out = [0xee; 64];
        let length = reply.write(&mut out).unwrap();
        assert_eq!(length, reply.length());
        let expected: &[u8] = &[
            0, 0, 41, 0x04, 0xd0, 1, 0, 0x80, 0, 0, 23, 0, 8, 0, 7, 0, 1, 24, 16, 192, 0, 2, 0, 15,
            0, 2, 0, 20, 0, 3, 0, 2, b'n', b'1',
        ];
        assert_eq!(&out[..length], expected);
        let mut tight = [0xee; 64];
        assert_eq!(reply.write(&mut tight[..length]), Some(length));
        assert_eq!(&tight[..length], expected);
        assert_eq!(reply.write(&mut tight[..length - 1]), None);
    }
}
