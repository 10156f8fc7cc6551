//! How far two points lie apart, in whole km that every node computes alike.
//!
//! Only `+ - * /` and `sqrt` of `f64` are used: IEEE 754 fixes their results to the last bit, where
//! `sin`, `cos` and `asin` of a machine's library may differ from another's. Angles are reduced as
//! integers, then the series below are exact to about 1e-15, far under the half km that rounding
//! asks for.

use crate::point::Point;

/// The mean radius of the Earth in km (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// 1e-4 degrees of a full circle and of its quarter.
const CIRCLE_E4: i64 = 3_600_000;
const QUARTER_E4: i64 = CIRCLE_E4 / 4;

/// The great-circle distance in whole km: 0 to 20,015.
#[must_use]
pub fn km(a: Point, b: Point) -> u32 {
    // Haversine, of half the differences: well-conditioned where points are near, which is where
    // ranks are decided.
    let (lat_a, lat_b) = (i64::from(a.lat_e4), i64::from(b.lat_e4));
    let half_lat = sine_of_half(lat_a - lat_b);
    let half_lon = sine_of_half(i64::from(a.lon_e4) - i64::from(b.lon_e4));
    let h = half_lat * half_lat
        + sine(QUARTER_E4 + lat_a) * sine(QUARTER_E4 + lat_b) * half_lon * half_lon;
    let h = if h > 1.0 { 1.0 } else { h };
    (2.0 * EARTH_RADIUS_KM * arcsine(h.sqrt()) + 0.5) as u32
}

/// A distance as a region with `bias` sees it: a bias above 0 draws more clients, one below 0
/// fewer.
///
/// As Route 53 does: `d * (1 - bias / 100)` above 0, `d / (1 + bias / 100)` below; biases over 99
/// count as 99.
#[must_use]
pub fn biased_km(km: u32, bias: i8) -> u32 {
    let bias = i64::from(bias.clamp(-99, 99));
    let km = i64::from(km);
    let biased = if bias >= 0 {
        (km * (100 - bias) + 50) / 100
    } else {
        (km * 100 + (100 + bias) / 2) / (100 + bias)
    };
    u32::try_from(biased).unwrap_or(u32::MAX)
}

/// The sine of half an angle given in 1e-4 degrees.
fn sine_of_half(angle_e4: i64) -> f64 {
    sine_of(angle_e4, CIRCLE_E4 * 2)
}

/// The sine of an angle given in 1e-4 degrees.
fn sine(angle_e4: i64) -> f64 {
    sine_of(angle_e4, CIRCLE_E4)
}

/// The sine of `angle` where a full circle has `circle` units (a multiple of 8).
fn sine_of(angle: i64, circle: i64) -> f64 {
    let angle = angle.rem_euclid(circle);
    let (angle, sign) = if angle >= circle / 2 { (angle - circle / 2, -1.0) } else { (angle, 1.0) };
    let angle = if angle > circle / 4 { circle / 2 - angle } else { angle };
    let radians = |units: i64| units as f64 * (std::f64::consts::TAU / circle as f64);
    if angle <= circle / 8 {
        sign * sine_series(radians(angle))
    } else {
        sign * cosine_series(radians(circle / 4 - angle))
    }
}

/// Taylor's series of the sine for 0..=pi/4; the first term left out is under 1e-17.
fn sine_series(x: f64) -> f64 {
    let square = x * x;
    let (mut sum, mut term) = (x, x);
    for n in [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0] {
        term = -term * square / (n * (n + 1.0));
        sum += term;
    }
    sum
}

/// Taylor's series of the cosine for 0..=pi/4; the first term left out is under 1e-16.
fn cosine_series(x: f64) -> f64 {
    let square = x * x;
    let (mut sum, mut term) = (1.0, 1.0);
    for n in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0] {
        term = -term * square / (n * (n + 1.0));
        sum += term;
    }
    sum
}

/// The arc sine of 0..=1: the angle is halved three times, to pi/16 at most, then Taylor's series.
fn arcsine(x: f64) -> f64 {
    let mut x = x;
    for _ in 0..3 {
        let cosine = (1.0 - x * x).sqrt();
        x /= (2.0 * (1.0 + cosine)).sqrt();
    }
    let square = x * x;
    let (mut sum, mut power) = (x, x);
    for n in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0] {
        power = power * square * n / (n + 1.0);
        sum += power / (n + 2.0);
    }
    8.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point::from_degrees(lat, lon).unwrap()
    }

    #[test]
    fn known_pairs_have_their_distance() {
        let (london, paris) = (at(51.5074, -0.1278), at(48.8566, 2.3522));
        let (new_york, tokyo) = (at(40.7128, -74.0060), at(35.6762, 139.6503));
        let (sydney, auckland) = (at(-33.8688, 151.2093), at(-36.8509, 174.7645));
        let table = [
            (london, paris, 344),
            (london, new_york, 5570),
            (tokyo, new_york, 10_852),
            (sydney, auckland, 2156),
            (at(0.0, 0.0), at(0.0, 180.0), 20_015),
            (at(90.0, 0.0), at(-90.0, 77.0), 20_015),
            (at(0.0, 179.5), at(0.0, -179.5), 111),
            (at(0.0, 0.0), at(0.0, 90.0), 10_008),
            (london, london, 0),
        ];
        for (a, b, expected) in table {
            assert_eq!(km(a, b), expected, "{a:?} {b:?}");
            assert_eq!(km(b, a), expected);
        }
    }

    #[test]
    fn bias_shrinks_or_stretches_as_route_53_does() {
        let table = [(1000, 0, 1000), (1000, 50, 500), (1000, -50, 2000), (1000, 99, 10)];
        for (km, bias, expected) in table {
            assert_eq!(biased_km(km, bias), expected);
        }
        assert_eq!(biased_km(20_015, -99), 2_001_500);
        assert_eq!(biased_km(20_015, i8::MIN), 2_001_500);
        assert_eq!(biased_km(100, i8::MAX), 1);
        assert_eq!(biased_km(10, -30), 14);
    }

    prop_compose! {
        fn point()(lat_e4 in -900_000..=900_000i32, lon_e4 in -1_800_000..=1_800_000i32) -> Point {
            Point { lat_e4, lon_e4 }
        }
    }

    proptest! {
        #[test]
        fn the_series_agree_with_the_machines_own_functions(a in point(), b in point()) {
            let (la, lb) = (a.lat().to_radians(), b.lat().to_radians());
            let half_lat = ((la - lb) / 2.0).sin();
            let half_lon = ((a.lon() - b.lon()).to_radians() / 2.0).sin();
            let h = half_lat * half_lat + la.cos() * lb.cos() * half_lon * half_lon;
            let expected = 2.0 * EARTH_RADIUS_KM * h.min(1.0).sqrt().asin();
            prop_assert!((f64::from(km(a, b)) - expected).abs() < 0.5 + 1e-6);
        }

        #[test]
        fn sines_are_exact_to_1e_15(angle in -7_200_000..=7_200_000i64) {
            prop_assert!((sine(angle) - (angle as f64 / 10_000.0).to_radians().sin()).abs() < 4e-15);
        }
    }
}
