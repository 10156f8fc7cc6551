//! Reads zone-file text (RFC 1035 5, RFC 3597 5) with hickory-proto's parser, one entry at a time.

use super::entries::{Entry, EntryError, entries};
use super::plain::{Plain, plain};
use super::rdata::{ds_rdata, generic_rdata, rdata_wire};
use super::words::{seconds, words};
use super::{PackError, RecordsBuilder, Zone};
use crate::model::fault::{Fault, Faults};
use crate::model::name::{DnsName, NAME_WIRE_MAX};
use crate::model::record::{Record, RecordRef, rtype};
use crate::model::wire_name;
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::txt::Parser;
use std::net::IpAddr;
use std::str::FromStr;

/// Reads the zone `apex` from `text`; every faulty entry is named with its line.
///
/// `$ORIGIN` and `$TTL` are followed; `$INCLUDE` and `$GENERATE` are refused, since a zone must stand alone.
///
/// # Errors
/// All faults of the text.
pub fn read(apex: &DnsName, text: &str) -> Result<Zone, Faults> {
    let mut faults = Faults::default();
    let mut reader = Reader::new(apex);
    let mut records = RecordsBuilder::default();
    for entry in entries(text) {
        let entry = match entry {
            Ok(entry) => entry,
            // What stands before it may be cut where nobody meant it to be.
            Err(error) => return Err(Faults(vec![left_open(&error)])),
        };
        if let Err(fault) = reader.entry(&entry, apex, &mut records) {
            faults.0.push(Fault { line: Some(entry.line), ..fault });
        }
    }
    faults.or(Zone { name: apex.clone(), records: records.finish() })
}

fn left_open(error: &EntryError) -> Fault {
    let (line, what) = match error {
        EntryError::OpenParenthesis(line) => (*line, "a '(' is never closed"),
        EntryError::OpenQuote(line) => (*line, "a '\"' is never closed"),
    };
    Fault { line: Some(line), ..Fault::new("", what) }
}

/// Types whose RDATA holds names.
const NAME_TYPES: [&str; 9] = ["NS", "CNAME", "PTR", "MX", "SRV", "SOA", "NAPTR", "SVCB", "HTTPS"];

/// What carries over from entry to entry.
struct Reader {
    origin: DnsName,
    ttl: Option<u32>,
    last_ttl: Option<u32>,
    /// The owner of the last record, wire form; empty before the first.
    owner: Vec<u8>,
    /// Room for the next one.
    next_owner: Vec<u8>,
}

impl Reader {
    fn new(apex: &DnsName) -> Self {
        let origin = apex.clone();
        Self { origin, ttl: None, last_ttl: None, owner: Vec::new(), next_owner: Vec::new() }
    }

    /// Reads one entry and adds the record that it holds, if it is no directive.
    fn entry(
        &mut self,
        entry: &Entry<'_>,
        apex: &DnsName,
        records: &mut RecordsBuilder,
    ) -> Result<(), Fault> {
        let told = |what: String| Fault::new("", what);
        let full = |error: PackError| told(error.to_string());
        if entry.text.starts_with('$') {
            return self.directive(entry.text).map_err(told);
        }
        if let Some((ttl, address)) = plain(entry).and_then(|line| self.by_plain(&line)) {
            let (v4, v6);
            let (rtype, rdata): (u16, &[u8]) = match address {
                IpAddr::V4(address) => {
                    v4 = address.octets();
                    (rtype::A, &v4)
                }
                IpAddr::V6(address) => {
                    v6 = address.octets();
                    (rtype::AAAA, &v6)
                }
            };
            let record = RecordRef { owner: &self.owner, rtype, ttl, rdata };
            if record.is_in(apex) {
                return records.push(record).map_err(full);
            }
        }
        let record = self.record(entry).map_err(told)?;
        if record.owner.is_in(apex) {
            return records.push(record.as_ref()).map_err(full);
        }
        let what = format!("this name does not lie in the zone {apex}");
        Err(Fault::new(record.owner.to_string(), what))
    }

    /// TTL and address of a plain line; `None` if it has to be read, or refused, with care.
    fn by_plain(&mut self, line: &Plain<'_>) -> Option<(u32, IpAddr)> {
        let ttl = line.ttl.or(self.ttl).or(self.last_ttl)?;
        if let Some(word) = line.owner {
            self.next_owner.clear();
            wire_name::read(word, &mut self.next_owner).ok()?;
            if !word.ends_with('.') {
                self.next_owner.pop();
                self.next_owner.extend_from_slice(self.origin.wire());
            }
            if self.next_owner.len() > NAME_WIRE_MAX {
                return None;
            }
            std::mem::swap(&mut self.owner, &mut self.next_owner);
        } else if self.owner.is_empty() {
            return None;
        }
        self.last_ttl = Some(ttl);
        Some((ttl, line.address))
    }

    fn record(&mut self, entry: &Entry<'_>) -> Result<Record, String> {
        let words = words(entry.text);
        let generic = words.iter().any(|w| w == "\\#");
        let behind_owner = usize::from(!entry.continues_owner);
        // The type follows TTL and class; a target may be called `ds` too.
        let mut typed = words.iter().skip(behind_owner);
        let is_ds = typed
            .find(|w| seconds(w).is_none() && !w.eq_ignore_ascii_case("IN"))
            .is_some_and(|w| w.eq_ignore_ascii_case("DS"));
        if generic || is_ds { self.by_words(entry, &words) } else { self.by_library(entry, words) }
    }

    fn directive(&mut self, text: &str) -> Result<(), String> {
        let words = words(text);
        let argument = words.get(1).map(String::as_str);
        match (words.first().map(|w| w.to_ascii_uppercase()).as_deref(), argument) {
            (Some("$ORIGIN"), Some(origin)) => {
                self.origin = self.absolute(origin)?;
                Ok(())
            }
            (Some("$TTL"), Some(ttl)) => {
                self.ttl = Some(seconds(ttl).ok_or_else(|| format!("{ttl:?} is no TTL"))?);
                Ok(())
            }
            (Some("$INCLUDE" | "$GENERATE"), _) => {
                Err("$INCLUDE and $GENERATE are not supported: write the records out".to_owned())
            }
            _ => Err(format!("{:?} is no directive of a zone file", text.trim())),
        }
    }

    /// The absolute name that `word` means under the current origin.
    fn absolute(&self, word: &str) -> Result<DnsName, String> {
        let text = match word {
            "@" => return Ok(self.origin.clone()),
            w if w.ends_with('.') && !w.ends_with("\\.") => w.to_owned(),
            w if self.origin == DnsName::root() => format!("{w}."),
            w => format!("{w}.{}", self.origin),
        };
        text.parse().map_err(|error| format!("{word:?}: {error}"))
    }

    fn last_owner(&self) -> Result<DnsName, &'static str> {
        let is_there = !self.owner.is_empty();
        is_there
            .then(|| DnsName::from_known(&self.owner))
            .ok_or("the first record has no owner name")
    }

    /// Owner, TTL and the words from the type on, of a record that the library does not read.
    fn by_words(&mut self, entry: &Entry<'_>, words: &[String]) -> Result<Record, String> {
        let mut rest = words.iter().map(String::as_str).peekable();
        if !entry.continues_owner {
            let word = rest.next().unwrap_or_default();
            self.owner = self.absolute(word)?.wire().to_vec();
        }
        let owner = self.last_owner()?;
        let mut ttl = None;
        while let Some(word) = rest.peek() {
            if let Some(value) = seconds(word) {
                ttl = Some(value);
            } else if !word.eq_ignore_ascii_case("IN") {
                break;
            }
            rest.next();
        }
        self.last_ttl = ttl.or(self.last_ttl);
        let ttl = ttl
            .or(self.ttl)
            .or(self.last_ttl)
            .ok_or("this record has no TTL and there is no $TTL")?;
        let type_word = rest.next().ok_or("this record has no type")?.to_ascii_uppercase();
        let rtype = match type_word.strip_prefix("TYPE").map(str::parse::<u16>) {
            Some(Ok(number)) => number,
            _ => RecordType::from_str(&type_word)
                .map(u16::from)
                .map_err(|_| format!("{type_word:?} is no record type"))?,
        };
        // Meta types and those of questions are no data (RFC 6895 3.1); DNAME is no mere data.
        if matches!(rtype, 0 | 39 | 41 | 128..=255) {
            return Err(format!("type {type_word} cannot be stored in a zone"));
        }
        let rest: Vec<&str> = rest.collect();
        let rdata = if rest.first() == Some(&"\\#") {
            generic_rdata(rtype, &rest)?
        } else {
            ds_rdata(&rest)?
        };
        Ok(Record { owner, rtype, ttl, rdata })
    }

    /// A record whose RDATA the library reads. Its owner is read here, since the library takes
    /// `\DDD` for octal and refuses most bytes; so is `@` in RDATA, which it does not know.
    fn by_library(&mut self, entry: &Entry<'_>, mut words: Vec<String>) -> Result<Record, String> {
        if !entry.continues_owner && !words.is_empty() {
            self.owner = self.absolute(&words.remove(0))?.wire().to_vec();
        }
        let owner = self.last_owner()?;
        let names_at = words
            .iter()
            .take(3)
            .position(|w| NAME_TYPES.iter().any(|name_type| w.eq_ignore_ascii_case(name_type)));
        for (at, word) in words.iter_mut().enumerate() {
            let in_names = names_at.is_some_and(|names_at| at > names_at);
            if word == "@" {
                *word = if in_names { self.origin.to_string() } else { "\"@\"".to_owned() };
            } else if in_names && !word.starts_with('"') && has_decimal_escape(word) {
                return Err(format!("{word:?}: \\DDD in a name of RDATA is not supported"));
            }
        }
        let mut text = String::with_capacity(entry.text.len() + 64);
        if let Some(ttl) = self.ttl.or(self.last_ttl) {
            text.push_str(&format!("$TTL {ttl}\n"));
        }
        text.push_str("@ ");
        text.push_str(&words.join(" "));
        text.push('\n');
        let origin = Name::from_str(&self.origin.to_string()).map_err(|e| e.to_string())?;
        let (_, sets) = Parser::new(text, None, Some(origin))
            .parse()
            .map_err(|e| explain(entry.text, &e.to_string()))?;
        let set = sets.into_values().next().ok_or("this line holds no record")?;
        let record = set.records_without_rrsigs().next().ok_or("this line holds no record")?;
        if u16::from(record.dns_class) != 1 {
            return Err(format!("class {} is not served: only IN", record.dns_class));
        }
        self.last_ttl = Some(record.ttl);
        Ok(Record {
            owner,
            rtype: record.record_type().into(),
            ttl: record.ttl,
            rdata: rdata_wire(&record.data)?,
        })
    }
}

/// The library's message, with the text that it speaks of.
fn explain(text: &str, error: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().take(80).collect();
    format!("{error} (in {shown:?})")
}

/// Whether the library would take an escape of the word for another byte.
fn has_decimal_escape(word: &str) -> bool {
    word.as_bytes().windows(2).any(|w| matches!(w, [b'\\', b'0'..=b'9']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Result<Zone, Faults> {
        read(&"example.org.".parse().unwrap(), text)
    }

    const GOOD: &str = "$TTL 1h\n@ IN SOA ns1 host.example.org. ( 7 3600 600 86400\n 60 )\n NS ns1\n\
        ns1 A 192.0.2.53\n AAAA 2001:db8::53\nwww 60 IN TXT \"a;b\" \"c d\"\nsub NS ns.sub\n\
        sub DS 1 13 2 ( AABB CCDD )\nns.sub A 192.0.2.54\n*.w CAA 0 issue \"ca.example\"\nx TYPE65280 \\# 3 010203\n";

    #[test]
    fn every_usual_record_is_read() {
        let zone = zone(GOOD).unwrap();
        assert_eq!(zone.records.len(), 10);
        assert_eq!(zone.soa().unwrap(), super::super::Soa { ttl: 3600, serial: 7, minimum: 60 });
        let owner = "x.example.org.".parse().unwrap();
        assert_eq!(zone.rrset(&owner, 65280).next().unwrap().rdata, [1, 2, 3]);
        let sub = "sub.example.org.".parse().unwrap();
        assert_eq!(
            zone.rrset(&sub, rtype::DS).next().unwrap().rdata,
            [0, 1, 13, 2, 0xAA, 0xBB, 0xCC, 0xDD]
        );
        let www = "www.example.org.".parse().unwrap();
        assert_eq!(zone.rrset(&www, 16).next().unwrap().rdata, b"\x03a;b\x03c d");
    }

    #[test]
    fn every_faulty_entry_is_named_with_its_line() {
        let faults = zone("@ 60 SOA a b 1 2 3 4 5\nwww 60 A 300.1.1.1\nok 60 A 192.0.2.1\nother.test. 60 A 192.0.2.1\n$INCLUDE /etc/passwd\n").unwrap_err();
        let lines: Vec<Option<u32>> = faults.0.iter().map(|f| f.line).collect();
        assert_eq!(lines, [Some(2), Some(4), Some(5)], "{faults}");
    }

    #[test]
    fn bytes_of_a_known_type_must_be_what_that_type_holds() {
        assert!(zone("m 60 TYPE15 \\# 3 000A00\nc 60 TYPE257 \\# 9 0005697373756578 79\n").is_ok());
        for bad in ["m 60 MX \\# 2 000A\n", "t 60 TXT \\# 2 09aa\n", "m 60 MX \\# 4 000A00FF\n"] {
            assert!(zone(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_rrset_has_one_ttl_and_no_repetition() {
        let zone = zone("www 60 A 192.0.2.1\nwww 30 A 192.0.2.2\nwww 60 A 192.0.2.1\n").unwrap();
        assert_eq!(zone.records.iter().map(|r| r.ttl).collect::<Vec<_>>(), [30, 30]);
    }

    #[test]
    fn at_signs_and_escapes_mean_what_rfc_1035_says() {
        let text = "$TTL 60\n@ SOA @ host 1 2 3 4 5\n NS ns1\nns1 A 192.0.2.1\nwww CNAME @\n@ MX 10 @\nt TXT @\n\
            \\065b TXT \"a\"\ne\\064\\000\\255 A 192.0.2.2\ns\\032\\*x TXT \"b\" ; c\n";
        let first = zone(text).unwrap();
        let rdata = |owner: &str, rtype| {
            first.rrset(&owner.parse().unwrap(), rtype).next().unwrap().rdata.to_vec()
        };
        let apex = b"\x07example\x03org\0";
        assert_eq!(rdata("www.example.org.", rtype::CNAME), apex);
        assert_eq!(rdata("example.org.", 15), [&[0, 10], &apex[..]].concat());
        assert_eq!(rdata("example.org.", rtype::SOA)[..13], apex[..]);
        assert_eq!(rdata("t.example.org.", 16), b"\x01@", "no name: taken as it is");
        assert_eq!(rdata("ab.example.org.", 16), b"\x01a");
        let odd = DnsName::from_wire(b"\x04e@\0\xff\x07example\x03org\0").unwrap();
        assert_eq!(first.rrset(&odd, rtype::A).next().unwrap().rdata, [192, 0, 2, 2]);
        let written = super::super::write::write(&first);
        let second = zone(&written).unwrap_or_else(|faults| panic!("{faults}\n{written}"));
        assert_eq!(second, first, "{written}");
    }

    #[test]
    fn what_would_be_read_or_served_wrongly_is_refused() {
        for line in ["x CNAME a\\064b", "x TYPE39 \\# 1 00", "x DNAME y", "x\\999 A 192.0.2.1"] {
            let faults = zone(&format!("$TTL 60\n{line}\n")).unwrap_err();
            assert_eq!(faults.0.len(), 1, "{line}");
        }
    }

    #[test]
    fn a_plain_line_means_what_it_means_when_it_is_read_with_care() {
        // Parentheses are no part of the meaning, but keep a line from being plain.
        let plain = "$TTL 60\nds A 192.0.2.1\n AAAA 2001:db8::1\nw.example.org. 5 IN A 192.0.2.2\n\
            $ORIGIN sub.example.org.\nW A 192.0.2.3\n 7 A 192.0.2.4\nx A 192.0.2.5\n";
        let careful: String = plain
            .lines()
            .map(|l| if l.starts_with('$') { format!("{l}\n") } else { format!("{l} ( )\n") })
            .collect();
        let first = zone(plain).unwrap();
        assert_eq!(first, zone(&careful).unwrap());
        let ttls: Vec<u32> = first.records.iter().map(|r| r.ttl).collect();
        assert_eq!(ttls, [60, 60, 7, 7, 60, 5]);
        let long = format!("{0}.{0}.{0}.{0}", "a".repeat(63));
        for owner in ["a..b", &"a".repeat(64), &long, "x.example.com."] {
            let one = zone(&format!("{owner} 60 A 192.0.2.1\n A 192.0.2.2\n")).unwrap_err();
            let other = zone(&format!("{owner} 60 A 192.0.2.1 ( )\n A 192.0.2.2\n")).unwrap_err();
            assert_eq!(one, other);
        }
        assert!(zone("x A 192.0.2.1\n").is_err(), "no TTL");
        assert!(zone(" 60 A 192.0.2.1\n").is_err(), "no owner");
    }

    #[test]
    fn a_target_may_be_called_like_a_type() {
        let text = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ds\nwww 60 IN CNAME ds\n@ 60 MX 10 ds\n\
                    t 60 TXT DS\nds 60 A 192.0.2.1\nsub 60 NS ds\nsub IN 60 DS 1 13 2 00\n";
        let zone = read(&"z.".parse().unwrap(), text).unwrap();
        let types: Vec<u16> = zone.records.iter().map(|r| r.rtype).collect();
        assert_eq!(types.iter().filter(|t| **t == rtype::DS).count(), 1);
        assert_eq!(types.len(), 8);
    }

    #[test]
    fn what_is_written_is_read_again_as_the_same_zone() {
        let first = zone(GOOD).unwrap();
        let text = super::super::write::write(&first);
        let second = zone(&text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        assert_eq!(second, first, "{text}");
        assert_eq!(super::super::write::write(&second), text);
    }
}
