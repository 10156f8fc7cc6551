//! What differs between two configurations, object by object.

use super::shape::{ChangeKind, ObjectChange};
use gslb_consensus::model::zone::{Zone, write::line};
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
            compare(stringify!($field), &old.$field, &new.$field, &mut changes, |key, a, b| {
                let text = |value: &Arc<_>| {
                    let mut alone = Config::default();
                    alone.$field.insert(key.clone(), Arc::clone(value));
                    document::write(&alone)
                };
                differing_lines(&text(a), &text(b))
            });
        )*};
    }
    let records = |_: &_, a: &Arc<Zone>, b: &Arc<Zone>| differing_records(a, b);
    compare("zones", &old.zones, &new.zones, &mut changes, records);
    compare!(regions, monitors, pools, policies, names);
    let by_prefix = |config: &Config| -> BTreeMap<String, Arc<PlacePatch>> {
        config.places.iter().map(|p| (p.prefix.to_string(), Arc::new(p.clone()))).collect()
    };
    compare("places", &by_prefix(old), &by_prefix(new), &mut changes, |_, a, b| {
        let text = |place: &Arc<PlacePatch>| {
            let places = Arc::new(vec![PlacePatch::clone(place)]);
            document::write(&Config { places, ..Config::default() })
        };
        differing_lines(&text(a), &text(b))
    });
    changes
}

fn compare<K: Ord + ToString, V: PartialEq>(
    kind: &str,
    old: &BTreeMap<K, Arc<V>>,
    new: &BTreeMap<K, Arc<V>>,
    changes: &mut Vec<ObjectChange>,
    differing: impl Fn(&K, &Arc<V>, &Arc<V>) -> Vec<String>,
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
            (Some(a), Some(b)) => differing(key, a, b),
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
    let count = lines.len();
    cut_short(lines, count)
}

/// The first of `count` lines, and how many more there are.
fn cut_short(mut lines: Vec<String>, count: usize) -> Vec<String> {
    lines.truncate(LINES_MAX);
    if count > lines.len() {
        lines.push(format!("  ... and {} lines more", count - lines.len()));
    }
    lines
}

/// The same of two zones, whose records are in order already and may be a million.
fn differing_records(old: &Zone, new: &Zone) -> Vec<String> {
    let (mut lines, mut count) = (Vec::new(), 0);
    for (records, others, sign) in
        [(&old.records, &new.records, '-'), (&new.records, &old.records, '+')]
    {
        for record in records.missing_in(others) {
            if lines.len() < LINES_MAX {
                let mut text = format!("{sign} ");
                line(record, &mut text);
                text.truncate(text.trim_end().len());
                lines.push(text);
            }
            count += 1;
        }
    }
    cut_short(lines, count)
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
    fn the_records_that_differ_are_shown_as_lines_of_the_zone() {
        let zone = |records: &str| {
            config(&format!(
                "[[zones]]\nname = \"a.example.\"\nrecords = \"\"\"\n$TTL 60\n@ SOA n h 1 2 3 4 5\n@ NS n\n{records}\"\"\"\n"
            ))
        };
        let (old, new) = (
            zone("b A 192.0.2.1\nc A 192.0.2.1\n"),
            zone("b 5 A 192.0.2.1\na A 192.0.2.1\nc A 192.0.2.1\n"),
        );
        let changes = diff(&old, &new);
        assert_eq!(
            changes[0].lines,
            [
                "- b.a.example. 60 IN A 192.0.2.1",
                "+ a.a.example. 60 IN A 192.0.2.1",
                "+ b.a.example. 5 IN A 192.0.2.1",
            ]
        );
        let many: String = (0..=LINES_MAX).map(|n| format!("m{n} A 192.0.2.1\n")).collect();
        let changes = diff(&zone(""), &zone(&many));
        assert_eq!(changes[0].lines.len(), LINES_MAX + 1);
        assert_eq!(changes[0].lines[LINES_MAX], "  ... and 1 lines more");
    }

    #[test]
    fn lines_that_occur_more_than_once_are_counted() {
        assert_eq!(differing_lines("a\na\nb", "a\nb\nb"), ["- a", "+ b"]);
        let long: String = (0..LINES_MAX + 5).map(|n| format!("{n}\n")).collect();
        assert_eq!(differing_lines("", &long).last().unwrap(), "  ... and 5 lines more");
    }
}
