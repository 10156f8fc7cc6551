//! The records of a zone, packed.

use super::builder::RecordsBuilder;
use crate::model::name::DnsName;
use crate::model::record::RecordRef;
use crate::model::wire_name;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// Every static record of a zone, in canonical order and without repetition.
///
/// They lie in one piece of memory, for a node may hold a million: about 20 bytes each beside
/// owner and RDATA. A [`RecordsBuilder`] puts them there.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// One behind the other: `owner length u8 | owner | type u16 | TTL u32 | RDATA length u16 | RDATA`.
    bytes: Box<[u8]>,
    /// Where each begins.
    starts: Box<[u32]>,
}

impl Records {
    /// From parts that a builder has put in order.
    pub(super) fn from_ordered(bytes: Vec<u8>, starts: Vec<u32>) -> Self {
        Self { bytes: bytes.into(), starts: starts.into() }
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Every record, in order.
    pub fn iter(&self) -> impl Iterator<Item = RecordRef<'_>> + Clone {
        self.all_at(&self.starts)
    }

    /// The records from the first on whose owner is `owner` or follows it.
    pub fn from_owner<'a>(
        &'a self,
        owner: &DnsName,
    ) -> impl Iterator<Item = RecordRef<'a>> + Clone + use<'a> {
        self.all_at(self.starts.get(self.first_at(owner)..).unwrap_or_default())
    }

    /// The records of one owner, by type.
    pub fn of_owner<'a>(
        &'a self,
        owner: &DnsName,
    ) -> impl Iterator<Item = RecordRef<'a>> + Clone + use<'a> {
        let rest = self.starts.get(self.first_at(owner)..).unwrap_or_default();
        let count = self.all_at(rest).take_while(|r| r.owner == owner.wire()).count();
        self.all_at(rest.get(..count).unwrap_or_default())
    }

    /// The records owner by owner, none of them empty.
    pub fn by_owner(&self) -> impl Iterator<Item = impl Iterator<Item = RecordRef<'_>> + Clone> {
        let owner = |start: &u32| record_at(&self.bytes, *start).map(|r| r.owner);
        self.starts.chunk_by(move |a, b| owner(a) == owner(b)).map(|of| self.all_at(of))
    }

    /// The records that `other` has not, or has with another TTL.
    pub fn missing_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = RecordRef<'a>> {
        let mut others = other.iter().peekable();
        self.iter().filter(move |record| {
            while others.next_if(|o| o.compare(record) == Ordering::Less).is_some() {}
            others.peek() != Some(record)
        })
    }

    /// How many records have an owner before `owner`.
    fn first_at(&self, owner: &DnsName) -> usize {
        self.starts.partition_point(|start| {
            record_at(&self.bytes, *start)
                .is_some_and(|r| wire_name::compare(r.owner, owner.wire()) == Ordering::Less)
        })
    }

    /// The records that begin there: all of them, for each start is that of a whole record.
    fn all_at<'a>(
        &'a self,
        starts: &'a [u32],
    ) -> impl Iterator<Item = RecordRef<'a>> + Clone + use<'a> {
        starts.iter().filter_map(|start| record_at(&self.bytes, *start))
    }
}

/// The record that begins at `start`.
pub(super) fn record_at(bytes: &[u8], start: u32) -> Option<RecordRef<'_>> {
    let (length, rest) = bytes.get(start as usize..)?.split_first()?;
    let (owner, rest) = rest.split_at_checked(usize::from(*length))?;
    let (rtype, rest) = rest.split_first_chunk::<2>()?;
    let (ttl, rest) = rest.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let rdata = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let (rtype, ttl) = (u16::from_be_bytes(*rtype), u32::from_be_bytes(*ttl));
    Some(RecordRef { owner, rtype, ttl, rdata })
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The serial form of one record.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Record")]
struct Row<'a> {
    /// In presentation form.
    #[serde(borrow)]
    owner: Cow<'a, str>,
    rtype: u16,
    ttl: u32,
    rdata: Cow<'a, [u8]>,
}

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        let mut text = String::new();
        for RecordRef { owner, rtype, ttl, rdata } in self.iter() {
            text.clear();
            wire_name::write(owner, &mut text).map_err(serde::ser::Error::custom)?;
            let (owner, rdata) = (Cow::Borrowed(text.as_str()), Cow::Borrowed(rdata));
            rows.serialize_element(&Row { owner, rtype, ttl, rdata })?;
        }
        rows.end()
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor)
    }
}

/// Packs the rows as they come.
struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records in canonical order")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Records, A::Error> {
        let mut builder = RecordsBuilder::default();
        let mut owner = Vec::new();
        while let Some(row) = rows.next_element::<Row<'de>>()? {
            owner.clear();
            wire_name::read(&row.owner, &mut owner).map_err(A::Error::custom)?;
            let (owner, rdata) = (owner.as_slice(), row.rdata.as_ref());
            let record = RecordRef { owner, rtype: row.rtype, ttl: row.ttl, rdata };
            builder.push(record).map_err(A::Error::custom)?;
        }
        builder.finish_ordered().map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Record;

    fn record(owner: &str, rtype: u16, ttl: u32, rdata: &[u8]) -> Record {
        Record { owner: owner.parse().unwrap(), rtype, ttl, rdata: rdata.to_vec() }
    }

    fn pack(records: &[Record]) -> Records {
        let mut builder = RecordsBuilder::default();
        records.iter().for_each(|r| builder.push(r.as_ref()).unwrap());
        builder.finish()
    }

    fn some() -> Vec<Record> {
        vec![
            record("example.", 6, 60, &[0; 22]),
            record("a.example.", 1, 60, &[192, 0, 2, 1]),
            record("a.example.", 1, 60, &[192, 0, 2, 2]),
            record("a.example.", 16, 5, b"\x01x"),
            record("b.a.example.", 1, 60, &[192, 0, 2, 3]),
            record(r"z\000\.\200.example.", 1, 60, &[192, 0, 2, 3]),
        ]
    }

    /// The serial form of the time when each record was an object of its own.
    #[derive(Serialize)]
    struct OwnRow {
        owner: DnsName,
        rtype: u16,
        ttl: u32,
        rdata: Vec<u8>,
    }

    fn rows(records: &[Record]) -> Vec<u8> {
        let row = |r: &Record| {
            let Record { owner, rtype, ttl, rdata } = r.clone();
            OwnRow { owner, rtype, ttl, rdata }
        };
        postcard::to_stdvec(&records.iter().map(row).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn records_are_ordered_levelled_and_kept_once_whatever_their_order_was() {
        let in_order = pack(&some());
        let texts: Vec<String> = in_order.iter().map(|r| r.owner_name().to_string()).collect();
        let owners = ["example.", "a.example.", "a.example.", "a.example.", "b.a.example."];
        assert_eq!(texts[..5], owners);
        let mut shuffled = some();
        shuffled.reverse();
        shuffled.push(record("a.example.", 1, 900, &[192, 0, 2, 1]));
        assert_eq!(pack(&shuffled), in_order);
        shuffled.push(record("A.example.", 1, 3, &[192, 0, 2, 1]));
        let ttls: Vec<u32> = pack(&shuffled).iter().map(|r| r.ttl).collect();
        assert_eq!(ttls, [60, 3, 3, 5, 60, 60]);
    }

    #[test]
    fn an_owner_is_found_with_all_its_records_and_what_follows_it() {
        let records = pack(&some());
        let owner = |text: &str| text.parse::<DnsName>().unwrap();
        for (name, own, from) in
            [("a.example.", 3, 5), ("example.", 1, 6), ("aa.example.", 0, 1), ("z.", 0, 0)]
        {
            assert_eq!(records.of_owner(&owner(name)).count(), own, "{name}");
            assert_eq!(records.from_owner(&owner(name)).count(), from, "{name}");
        }
        assert_eq!(Records::default().of_owner(&owner("a.")).count(), 0);
    }

    #[test]
    fn the_serial_form_is_a_sequence_of_records_with_owners_as_text() {
        let records = pack(&some());
        let ordered: Vec<Record> = records
            .iter()
            .map(|r| record(&r.owner_name().to_string(), r.rtype, r.ttl, r.rdata))
            .collect();
        let bytes = rows(&ordered);
        assert_eq!(postcard::to_stdvec(&records).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<Records>(&bytes).unwrap(), records);
        let json = serde_json::to_string(&records).unwrap();
        assert_eq!(serde_json::from_str::<Records>(&json).unwrap(), records);
        let one = pack(&[record("a.b.", 1, 300, &[1, 2, 3, 4])]);
        assert_eq!(
            postcard::to_stdvec(&one).unwrap(),
            b"\x01\x04a.b.\x01\xac\x02\x04\x01\x02\x03\x04"
        );
    }

    #[test]
    fn a_serial_form_that_no_zone_has_is_an_error() {
        let (a, b) = (record("a.", 1, 60, &[1, 2, 3, 4]), record("b.", 1, 60, &[1, 2, 3, 4]));
        let other_ttl = record("a.", 1, 61, &[1, 2, 3, 5]);
        let read = |records: &[Record]| postcard::from_bytes::<Records>(&rows(records));
        assert!(read(&[a.clone(), b.clone()]).is_ok());
        for bad in [[b, a.clone()], [a.clone(), a.clone()], [a.clone(), other_ttl]] {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
        assert!(read(&[record("a.", 1, 60, &[0; 65_536])]).is_err());
        let good = rows(&[a]);
        for end in 0..good.len() {
            assert!(postcard::from_bytes::<Records>(&good[..end]).is_err(), "cut at {end}");
        }
        assert!(postcard::from_bytes::<Records>(b"\x01\x02..\x01\x01\x00").is_err(), "no name");
    }
}
