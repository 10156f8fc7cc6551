//! What a node says of itself when it is asked: NSID and the CHAOS names (RFC 4892, RFC 5001).

use crate::wire::code::{class, rtype};

/// The longest text that is told; longer ones are cut.
const LONGEST: usize = 64;

/// What a node says of itself; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    nsid: Option<Box<[u8]>>,
    id_server: Option<Box<[u8]>>,
    version: Option<Box<[u8]>>,
}

impl Identity {
    /// Tells `name` for NSID, `id.server.` and `hostname.bind.`, and `version` for `version.bind.`
    /// and `version.server.`.
    #[must_use]
    pub fn new(name: Option<&str>, version: Option<&str>) -> Self {
        let cut = |text: &str| text.bytes().take(LONGEST).collect::<Box<[u8]>>();
        Self {
            nsid: name.map(cut),
            id_server: name.map(|text| txt_body(&cut(text))),
            version: version.map(|text| txt_body(&cut(text))),
        }
    }

    /// The data of the NSID option.
    #[must_use]
    pub fn nsid(&self) -> Option<&[u8]> {
        self.nsid.as_deref()
    }

    /// The record that answers a CHAOS TXT query for `name` (lower-cased); `None` to refuse it.
    #[must_use]
    pub fn chaos(&self, name: &[u8]) -> Option<&[u8]> {
        match name {
            b"\x02id\x06server\0" | b"\x08hostname\x04bind\0" => self.id_server.as_deref(),
            b"\x07version\x04bind\0" | b"\x07version\x06server\0" => self.version.as_deref(),
            _ => None,
        }
    }
}

/// One TXT record of class CH and TTL 0, owned by the question.
fn txt_body(text: &[u8]) -> Box<[u8]> {
    let length = text.len() as u8;
    let (rtype, class) = (rtype::TXT as u8, class::CH as u8);
    let mut body = vec![0xc0, 12, 0, rtype, 0, class, 0, 0, 0, 0, 0, length + 1, length];
    body.extend(text);
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_configured_is_told() {
        let identity = Identity::new(Some(&"n".repeat(100)), None);
        assert_eq!(identity.nsid().map(<[u8]>::len), Some(64));
        let body = identity.chaos(b"\x02id\x06server\0").unwrap();
        assert_eq!((body[11], body[12], body.len()), (65, 64, 77));
        assert_eq!(identity.chaos(b"\x07version\x04bind\0"), None);
        assert_eq!(Identity::default().nsid(), None);
    }
}
