//! What is known of every country: its continent and where its people live.

use crate::place::{Continent, Country, Place};
use crate::point::Point;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Population-weighted centres and radii; see `data/README.md`.
const COUNTRIES: &str = include_str!("../data/countries.csv");

/// A centre with a wider spread than this says nothing about where a client is.
const MAX_CENTRE_RADIUS_KM: u16 = 2500;

/// One row of the table.
struct Row {
    continent: Continent,
    centre: Option<(Point, u16)>,
}

/// All rows, parsed at the first use.
fn rows() -> &'static HashMap<Country, Row> {
    static ROWS: OnceLock<HashMap<Country, Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut rows: HashMap<_, _> = COUNTRIES.lines().filter_map(row).collect();
        // Countries without towns, which the table of centres leaves out.
        for (country, continent) in [("AQ", "AN"), ("BV", "AN"), ("HM", "AN"), ("UM", "OC")] {
            if let (Ok(country), Ok(continent)) = (country.parse(), continent.parse()) {
                rows.entry(country).or_insert(Row { continent, centre: None });
            }
        }
        rows
    })
}

/// One line: `iso2,iso3,name,continent,lat,lon,radius_km`, where only the name may hold commas.
fn row(line: &str) -> Option<(Country, Row)> {
    let country = line.split(',').next()?.parse().ok()?;
    let mut fields = line.rsplit(',');
    let radius_km: u16 = fields.next()?.parse().ok()?;
    let lon: f64 = fields.next()?.parse().ok()?;
    let lat: f64 = fields.next()?.parse().ok()?;
    let continent = fields.next()?.parse().ok()?;
    let centre = Point::from_degrees(lat, lon).filter(|_| radius_km <= MAX_CENTRE_RADIUS_KM);
    Some((country, Row { continent, centre: centre.map(|centre| (centre, radius_km)) }))
}

/// `place` with what its country tells filled in: the continent, and the centre where there is no
/// location.
pub(crate) fn complete(place: &Place) -> Place {
    let mut place = place.clone();
    if let Some(row) = place.country.and_then(|country| rows().get(&country)) {
        place.continent = place.continent.or(Some(row.continent));
        if let (None, Some((centre, radius_km))) = (place.location, row.centre) {
            place.location = Some(centre);
            place.radius_km = radius_km;
        }
    }
    if place.location.is_none() {
        place.radius_km = 0;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_understood() {
        assert_eq!(rows().len(), COUNTRIES.lines().count() - 1 + 4);
    }

    #[test]
    fn a_country_gives_continent_and_centre_only_where_nothing_better_is_known() {
        let german = Place { country: "DE".parse().ok(), ..Place::default() };
        let complete_german = complete(&german);
        assert_eq!(complete_german.continent, Some(Continent::Europe));
        assert!(complete_german.location.is_some() && complete_german.radius_km > 100);
        let berlin = Place { location: Point::from_degrees(52.5, 13.4), radius_km: 9, ..german };
        assert_eq!(complete(&berlin).location, berlin.location);
        assert_eq!(complete(&berlin).radius_km, 9);
        let polar = complete(&Place { country: "AQ".parse().ok(), ..Place::default() });
        assert_eq!((polar.continent, polar.location), (Some(Continent::Antarctica), None));
        assert_eq!(complete(&Place::default()), Place::default());
    }
}
