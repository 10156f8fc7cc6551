//! Addresses on lines that hold nothing else: what most lines of a large zone are.

use super::entries::Entry;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A line `[owner] [TTL] [IN] A address`, or AAAA, without quotes, escapes, comments and parentheses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    /// The word of the owner; none: that of the line before.
    pub(super) owner: Option<&'a str>,
    /// Seconds, if the line says so.
    pub(super) ttl: Option<u32>,
    /// The address, which tells the type.
    pub(super) address: IpAddr,
}

/// Takes a plain line apart; `None` if the entry is not one, or if anything in it might be wrong.
pub(super) fn plain<'a>(entry: &Entry<'a>) -> Option<Plain<'a>> {
    let is_plain =
        |b: u8| b.is_ascii_graphic() && !br#"\"();@$"#.contains(&b) || b" \t\r".contains(&b);
    if !entry.text.bytes().all(is_plain) {
        return None;
    }
    let mut words = entry.text.split_ascii_whitespace();
    let owner = if entry.continues_owner { None } else { Some(words.next()?) };
    let mut word = words.next()?;
    let mut ttl = None;
    // Nine digits hold in any case; units are for who reads with care.
    if word.len() <= 9 && word.bytes().all(|b| b.is_ascii_digit()) {
        ttl = Some(word.parse().ok()?);
        word = words.next()?;
    }
    if word == "IN" {
        word = words.next()?;
    }
    let address = words.next()?;
    let address = match word {
        "A" => IpAddr::V4(address.parse::<Ipv4Addr>().ok()?),
        "AAAA" => IpAddr::V6(address.parse::<Ipv6Addr>().ok()?),
        _ => return None,
    };
    words.next().is_none().then_some(Plain { owner, ttl, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Plain<'_>> {
        let continues_owner = text.starts_with([' ', '\t']);
        plain(&Entry { line: 1, text, continues_owner })
    }

    #[test]
    fn lines_of_addresses_are_taken_apart_and_all_others_are_left() {
        let v4 = "192.0.2.1".parse().unwrap();
        let v6 = "2001:db8::1".parse().unwrap();
        for (text, owner, ttl, address) in [
            ("www A 192.0.2.1", Some("www"), None, v4),
            ("60 60 IN A 192.0.2.1\r", Some("60"), Some(60), v4),
            ("A\tIN  AAAA 2001:db8::1", Some("A"), None, v6),
            (" 5 A 192.0.2.1", None, Some(5), v4),
        ] {
            assert_eq!(read(text), Some(Plain { owner, ttl, address }), "{text}");
        }
        for text in [
            "www 1h A 192.0.2.1",
            "www IN 60 A 192.0.2.1",
            "www CH A 192.0.2.1",
            "www a 192.0.2.1",
            "www A 192.0.2.1 ; c",
            "www A 192.0.2.01",
            "www A 192.0.2.1 x",
            "www 4294967296 A 192.0.2.1",
            "w\\.w A 192.0.2.1",
            "@ A 192.0.2.1",
            "wäw A 192.0.2.1",
            "www TXT a",
            "www A",
            "www",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
