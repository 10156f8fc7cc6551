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
    #[inline]
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let length = self.length();
        let mut out = Cursor { rest: out.get_mut(..length)? };
        let [t0, t1] = rtype::OPT.to_be_bytes();
        let [p0, p1] = PAYLOAD.to_be_bytes();
        let [l0, l1] = u16::try_from(length - 11).ok()?.to_be_bytes();
        let high = (self.rcode >> 4) as u8;
        let dnssec_ok = if self.dnssec_ok { 0x80 } else { 0 };
        out.put(&[0, t0, t1, p0, p1, high, 0, dnssec_ok, 0, l0, l1])?;
        if let Some((subnet, scope)) = self.subnet {
            out.option(option::SUBNET, subnet.length())?;
            out.put(&subnet.echo(scope))?;
            out.put(subnet.address_bytes())?;
        }
        if let Some(ede) = self.ede {
            out.option(option::EDE, 2)?;
            out.put(&ede.to_be_bytes())?;
        }
        if let Some(nsid) = self.nsid {
            out.option(option::NSID, nsid.len())?;
            out.put(nsid)?;
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

struct Cursor<'a> {
    rest: &'a mut [u8],
}

impl Cursor<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let (head, tail) = std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        head.copy_from_slice(bytes);
        self.rest = tail;
        Some(())
    }

    #[inline]
    fn option(&mut self, code: u16, length: usize) -> Option<()> {
        self.put(&code.to_be_bytes())?;
        self.put(&u16::try_from(length).ok()?.to_be_bytes())
    }
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
        assert_eq!(reply.write(&mut out[..length - 1]), None);
    }
}
