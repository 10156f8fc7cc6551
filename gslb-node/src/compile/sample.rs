//! Giving some of many: which subsets of a region's endpoints are answered, so that each endpoint's
//! share follows its weight.

/// How many subsets stand for all; the error of a share is at most half of one in so many.
pub const SUBSETS: u32 = 64;

/// Subsets of at most `most` of the items, as positions; drawn evenly, they give each item its share.
///
/// Systematic sampling: the items lie on a line by weight, `most` marks stand on it at even distances,
/// and each subset shifts all marks a little further. An item heavier than a distance is in every subset.
#[must_use]
pub fn subsets(weights: &[u16], most: usize) -> Vec<Vec<usize>> {
    if weights.len() <= most || most == 0 {
        return vec![(0..weights.len()).collect()];
    }
    let even = weights.iter().all(|w| *w == 0);
    let weight = |w: &u16| if even { 1 } else { u64::from(*w) };
    let total: u64 = weights.iter().map(weight).sum();
    // In units of 1 / (most * SUBSETS * 2), so that every mark is a whole number.
    let scale = most as u64 * u64::from(SUBSETS) * 2;
    (0..u64::from(SUBSETS))
        .map(|shift| {
            let mut chosen = Vec::with_capacity(most);
            let (mut item, mut end) = (0, weights.first().map_or(0, |w| weight(w) * scale));
            for mark in 0..most as u64 {
                let at = total * (mark * u64::from(SUBSETS) * 2 + shift * 2 + 1);
                while at >= end && item + 1 < weights.len() {
                    item += 1;
                    end += weights.get(item).map_or(0, |w| weight(w) * scale);
                }
                if chosen.last() != Some(&item) {
                    chosen.push(item);
                }
            }
            chosen
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_all_given() {
        assert_eq!(subsets(&[1, 0, 5], 3), [[0, 1, 2]]);
    }

    #[test]
    fn shares_follow_the_weights() {
        let weights = [10, 20, 30, 40, 50, 50, 0, 100];
        let subsets = subsets(&weights, 2);
        assert_eq!(subsets.len(), SUBSETS as usize);
        for (item, weight) in weights.iter().enumerate() {
            let share = subsets.iter().filter(|s| s.contains(&item)).count() as f64 / 64.0;
            let expected = 2.0 * f64::from(*weight) / 300.0;
            assert!((share - expected).abs() <= 1.0 / 64.0, "{item}: {share} {expected}");
        }
        assert!(subsets.iter().all(|s| !s.is_empty() && s.len() <= 2));
    }
}
