//! What a record of a MaxMind DB file says of a place, in any of the schemas in use.
//!
//! Nested, as MaxMind writes: `country.iso_code`, `location.latitude`, `subdivisions[0].iso_code`,
//! `city.names.en`. Flat, as ip-location-db writes: `country_code`, `latitude`, `city`. Told apart
//! by field, as the type in the metadata says nothing of the schema.

use crate::place::Place;
use crate::point::Point;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// Locations that may be off by more are the middle of a country, not a position.
const MAX_LOCATION_RADIUS_KM: f64 = 500.0;

/// A record, or a part of it: the fields that are understood, wherever they stand.
#[derive(Debug, Default)]
pub(crate) struct Record<'a> {
    /// The value itself, where it is a text.
    text: Option<&'a str>,
    /// The value itself, where it is a number.
    number: Option<f64>,
    /// `iso_code` or `code`.
    code: Option<&'a str>,
    /// `names.en`.
    name: Option<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    accuracy_radius: Option<f64>,
    asn: Option<f64>,
    continent: Option<&'a str>,
    country: Option<&'a str>,
    registered_country: Option<&'a str>,
    subdivision: Option<&'a str>,
    city: Option<&'a str>,
}

impl<'a> Record<'a> {
    /// The place that the record tells; the country and what derives from it as given.
    pub(crate) fn place(&self) -> Place {
        let country = |code: Option<&str>| code.filter(|c| *c != "ZZ").and_then(|c| c.parse().ok());
        let radius = self.accuracy_radius.unwrap_or(0.0);
        let point = self.latitude.zip(self.longitude).filter(|_| radius <= MAX_LOCATION_RADIUS_KM);
        // No one lives at 0, 0: some writers put it where they know nothing.
        let point = point.filter(|point| *point != (0.0, 0.0));
        let location = point.and_then(|(lat, lon)| Point::from_degrees(lat, lon));
        let city = self.city.filter(|name| !name.is_empty());
        Place {
            continent: self.continent.and_then(|code| code.parse().ok()),
            country: country(self.country).or_else(|| country(self.registered_country)),
            subdivision: self.subdivision.and_then(|code| code.parse().ok()),
            city: city.map(Into::into),
            location,
            radius_km: if location.is_some() { radius as u16 } else { 0 },
            asn: self.asn.filter(|asn| *asn >= 1.0).map(|asn| asn as u32),
        }
    }

    /// Takes in one field.
    fn take(&mut self, key: &str, value: &Self) {
        match key {
            "iso_code" | "code" => self.code = value.text,
            "names" => self.name = value.name,
            "en" => self.name = value.text,
            "latitude" => self.latitude = value.number,
            "longitude" => self.longitude = value.number,
            "accuracy_radius" => self.accuracy_radius = value.number,
            "autonomous_system_number" | "asn" => self.asn = value.asn_number().or(self.asn),
            "traits" => self.asn = self.asn.or(value.asn),
            "location" => {
                self.latitude = value.latitude;
                self.longitude = value.longitude;
                self.accuracy_radius = value.accuracy_radius;
            }
            "continent" | "continent_code" => self.continent = value.code_or_text(self.continent),
            "country" | "country_code" => self.country = value.code_or_text(self.country),
            "registered_country" => self.registered_country = value.code,
            "subdivisions" => self.subdivision = value.code,
            "city" => self.city = value.name.or(value.text),
            _ => {}
        }
    }

    /// The code of a nested part or of a flat field; `known` where this is no code, as a name
    /// beside a code.
    fn code_or_text(&self, known: Option<&'a str>) -> Option<&'a str> {
        self.code.or(self.text.filter(|text| text.len() == 2)).or(known)
    }

    /// An AS number, as 64496 or "AS64496".
    fn asn_number(&self) -> Option<f64> {
        let digits = self.text.map(|text| text.strip_prefix("AS").unwrap_or(text));
        self.number.or_else(|| digits.and_then(|text| text.parse::<u32>().ok()).map(f64::from))
    }

    /// Whether the value of `key` is worth decoding.
    fn knows(key: &str) -> bool {
        matches!(
            key,
            "iso_code"
                | "code"
                | "names"
                | "en"
                | "latitude"
                | "longitude"
                | "accuracy_radius"
                | "autonomous_system_number"
                | "asn"
                | "traits"
                | "location"
                | "continent"
                | "continent_code"
                | "country"
                | "country_code"
                | "registered_country"
                | "subdivisions"
                | "city"
        )
    }
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RecordVisitor { levels: LEVELS }.deserialize(deserializer)
    }
}

/// Levels of nesting that are looked into: a record, `subdivisions`, its first element, `names`,
/// and the text of `en`. It bounds the stack, however deep a corrupt file nests.
const LEVELS: u8 = 5;

/// Takes any value, and keeps what is understood.
struct RecordVisitor {
    levels: u8,
}

impl RecordVisitor {
    /// The visitor of what lies inside.
    fn inner(&self) -> Self {
        Self { levels: self.levels.saturating_sub(1) }
    }
}

impl<'de> DeserializeSeed<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record<'de>, D::Error> {
        if self.levels == 0 {
            return IgnoredAny::deserialize(deserializer).map(|_| Record::default());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record of place data")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Record<'de>, E> {
        Ok(Record { text: Some(text), ..Record::default() })
    }

    fn visit_str<E>(self, _: &str) -> Result<Record<'de>, E> {
        Ok(Record::default())
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Record<'de>, E> {
        Ok(Record::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Record<'de>, E> {
        Ok(Record::default())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Record<'de>, E> {
        Ok(Record { number: Some(number), ..Record::default() })
    }

    fn visit_f32<E: Error>(self, number: f32) -> Result<Record<'de>, E> {
        self.visit_f64(f64::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Record<'de>, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Record<'de>, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Record<'de>, E> {
        Ok(Record::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Record<'de>, A::Error> {
        // Of subdivisions the first is the widest: the one that ISO 3166-2 codes mean.
        let first = values.next_element_seed(self.inner())?.unwrap_or_default();
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Record<'de>, A::Error> {
        let mut record = Record::default();
        while let Some(key) = fields.next_key::<&str>()? {
            if Record::knows(key) {
                let value = fields.next_value_seed(self.inner())?;
                record.take(key, &value);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(record)
    }
}
