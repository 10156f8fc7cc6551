//! What differs between two configurations, object by object.

use super::shape::{ChangeKind, ObjectChange};
use gslb_consensus::model::{Config, PlacePatch, document};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most lines shown of one object.
const LINES_MAX: usize = 40;

/// Every object that differs, in the order of the canonical form.
pub(super) fn diff(old: &Config, new: &Config) -> Vec<ObjectChange> {
    let mut changes = Vec::new();
    /// Compares one kind of object.
    macro_rules! compare {
        ($($field:ident),*) => {$(
            compare(stringify!($field), &old.$field, &new.$field, &mut changes, |key, value| {
                let mut one = Config::default();
                one.$field.insert(key.clone(), Arc::clone(value));
                one
            });
        )*};
    }
    compare!(zones, regions, monitors, pools, policies, names);
    let by_prefix = |config: &Config| -> BTreeMap<String, Arc<PlacePatch>> {
        config.places.iter().map(|p| (p.prefix.to_string(), Arc::new(p.clone()))).collect()
    };
    compare("places", &by_prefix(old), &by_prefix(new), &mut changes, |_, place| Config {
        places: Arc::new(vec![PlacePatch::clone(place)]),
        ..Config::default()
    });
    changes
}

fn compare<K: Ord + ToString, V: PartialEq>(
    kind: &str,
    old: &BTreeMap<K, Arc<V>>,
    new: &BTreeMap<K, Arc<V>>,
    changes: &mut Vec<ObjectChange>,
    alone: impl Fn(&K, &Arc<V>) -> Config,
) {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        let change = match (before, after) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(_), Some(_)) => ChangeKind::Changed,
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
        };
        let lines = match (before, after) {
            (Some(a), Some(b)) => {
                let text = |value| document::write(&alone(key, value));
                differing_lines(&text(a), &text(b))
            }
            _ => Vec::new(),
        };
        changes.push(ObjectChange { change, path: format!("{kind}[{}]", key.to_string()), lines });
    }
}

/// The lines that one text has and the other has not. The canonical form orders its lines, so no
/// longest common subsequence is needed to tell what changed.
fn differing_lines(old: &str, new: &str) -> Vec<String> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    old.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    new.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    let mut left = counts.clone();
    let mut lines = Vec::new();
    for (text, sign, step) in [(old, '-', 1), (new, '+', -1)] {
        for line in text.lines().filter(|l| !l.is_empty()) {
            let count = left.entry(line).or_default();
            if *count * step < 0 {
                *count += step;
                lines.push(format!("{sign} {line}"));
            }
        }
    }
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("  ... and {more} lines more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        document::read(text, None, &|_| Err("no files".to_owned())).unwrap()
    }

    #[test]
    fn each_object_that_differs_is_named_once_with_its_lines() {
        let old = config("[[regions]]\nid = \"fra\"\nweight = 100\n[[regions]]\nid = \"gone\"\n");
        let new = config("[[regions]]\nid = \"fra\"\nweight = 50\n[[regions]]\nid = \"new\"\n");
        let changes = diff(&old, &new);
        let short: Vec<_> = changes.iter().map(|c| (c.change, c.path.as_str())).collect();
        assert_eq!(
            short,
            [
                (ChangeKind::Changed, "regions[fra]"),
                (ChangeKind::Removed, "regions[gone]"),
                (ChangeKind::Added, "regions[new]"),
            ]
        );
        assert_eq!(changes[0].lines, ["- weight = 100", "+ weight = 50"]);
        assert!(diff(&new, &new).is_empty());
    }

    #[test]
    fn lines_that_occur_more_than_once_are_counted() {
        assert_eq!(differing_lines("a\na\nb", "a\nb\nb"), ["- a", "+ b"]);
        let long: String = (0..LINES_MAX + 5).map(|n| format!("{n}\n")).collect();
        assert_eq!(differing_lines("", &long).last().unwrap(), "  ... and 5 lines more");
    }
}
