//! What many short slices say together.

/// The median of some figures, and the quartiles that tell how far to trust it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quartiles {
    /// A quarter of the figures lies below.
    pub low: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub high: f64,
}

impl Quartiles {
    /// Of these figures, between neighbours by distance; zeros if there are none.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.retain(|f| f.is_finite());
        figures.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * figures.len().saturating_sub(1) as f64;
            let below = figures.get(place.floor() as usize).copied().unwrap_or_default();
            let above = figures.get(place.ceil() as usize).copied().unwrap_or_default();
            below + (above - below) * place.fract()
        };
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        assert_eq!(Quartiles::of(Vec::new()), Quartiles::default());
        let one = Quartiles::of(vec![3.0]);
        assert_eq!((one.low, one.median, one.high), (3.0, 3.0, 3.0));
        let four = Quartiles::of(vec![4.0, 1.0, f64::NAN, 3.0, 2.0]);
        assert_eq!((four.low, four.median, four.high), (1.75, 2.5, 3.25));
    }
}
