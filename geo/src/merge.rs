//! How what several sources say of one address becomes one place.

use crate::place::Place;
use std::collections::HashMap;

/// Places by number, each held once; number 0 is the unknown place.
#[derive(Debug)]
pub(crate) struct Interner {
    places: Vec<Place>,
    numbers: HashMap<Place, u32>,
}

impl Interner {
    /// With the unknown place alone.
    pub(crate) fn new() -> Self {
        let unknown = Place::default();
        Self { places: vec![unknown.clone()], numbers: HashMap::from([(unknown, 0)]) }
    }

    /// The number of `place`.
    pub(crate) fn number(&mut self, place: Place) -> u32 {
        let next = self.places.len() as u32;
        *self.numbers.entry(place).or_insert_with_key(|place| {
            self.places.push(place.clone());
            next
        })
    }

    /// The place of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&Place> {
        self.places.get(number as usize)
    }

    /// All places, by number.
    pub(crate) fn into_places(self) -> Vec<Place> {
        self.places
    }
}

/// `place` with what it lacks taken from `filler`.
///
/// Geography is taken only from a source that agrees on what is already known: a city of another
/// country would contradict.
pub(crate) fn fill(place: &Place, filler: &Place) -> Place {
    let mut filled = place.clone();
    filled.asn = place.asn.or(filler.asn);
    let agree = agrees(&place.country, &filler.country)
        && (place.country.is_some() || agrees(&place.continent, &filler.continent));
    if !agree {
        return filled;
    }
    filled.continent = place.continent.or(filler.continent);
    filled.country = place.country.or(filler.country);
    if !agrees(&place.subdivision, &filler.subdivision) {
        return filled;
    }
    filled.subdivision = place.subdivision.or(filler.subdivision);
    if !agrees(&place.city, &filler.city) {
        return filled;
    }
    filled.city = place.city.clone().or_else(|| filler.city.clone());
    if place.location.is_none() {
        filled.location = filler.location;
        filled.radius_km = filler.radius_km;
    }
    filled
}

/// Whether two sources do not contradict each other.
fn agrees<T: PartialEq>(known: &Option<T>, other: &Option<T>) -> bool {
    known.is_none() || other.is_none() || known == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::point::Point;

    fn place(country: &str, city: &str, asn: u32) -> Place {
        Place {
            country: country.parse().ok(),
            city: (!city.is_empty()).then(|| city.into()),
            location: Point::from_degrees(f64::from(asn), 0.0).filter(|_| !city.is_empty()),
            asn: (asn > 0).then_some(asn),
            ..Place::default()
        }
    }

    #[test]
    fn a_filler_adds_what_is_missing_and_never_contradicts() {
        let country_only = place("DE", "", 0);
        let filled = fill(&country_only, &place("DE", "Berlin", 7));
        assert_eq!(filled, place("DE", "Berlin", 7));
        let kept = fill(&country_only, &place("FR", "Paris", 7));
        assert_eq!(kept, place("DE", "", 7));
        assert_eq!(fill(&Place::default(), &place("FR", "Paris", 7)), place("FR", "Paris", 7));
        assert_eq!(
            fill(&place("DE", "Bonn", 3), &place("DE", "Berlin", 7)),
            place("DE", "Bonn", 3)
        );
        let other_continent = Place { continent: "EU".parse().ok(), ..Place::default() };
        let asian = Place { continent: "AS".parse().ok(), ..place("JP", "Tokyo", 0) };
        assert_eq!(fill(&other_continent, &asian), other_continent);
    }

    #[test]
    fn equal_places_have_one_number() {
        let mut interner = Interner::new();
        assert_eq!(interner.number(Place::default()), 0);
        assert_eq!(interner.number(place("DE", "", 0)), 1);
        assert_eq!(interner.number(place("DE", "", 0)), 1);
        assert_eq!(interner.into_places().len(), 2);
    }
}
