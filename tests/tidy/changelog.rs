//! The form of the changelog.

use gslb_tests::tree;

const KINDS: [&str; 4] = ["### Added", "### Changed", "### Fixed", "### Removed"];

#[test]
fn the_changelog_has_releases_kinds_and_sentences() {
    let text = std::fs::read_to_string(tree::root().join("CHANGELOG.md")).unwrap();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    assert_eq!(lines.next().map(|(_, line)| line), Some("# Changelog"));
    let (mut release, mut kind) = (false, false);
    for (number, line) in lines {
        let number = number + 1;
        if let Some(name) = line.strip_prefix("## ") {
            let is_version = name.starts_with(|c: char| c.is_ascii_digit());
            assert!(name == "Unreleased" || is_version, "line {number}: a release");
            (release, kind) = (true, false);
        } else if line.starts_with("### ") {
            assert!(release && KINDS.contains(&line), "line {number}: one of {KINDS:?}");
            kind = true;
        } else if let Some(entry) = line.strip_prefix("- ") {
            assert!(kind, "line {number}: an entry stands below its kind");
            let part = entry.split_once(": ").map(|(part, _)| part);
            let named = part.is_some_and(|p| !p.is_empty() && p.len() < 20);
            assert!(named && entry.ends_with('.'), "line {number}: `- part: sentence.`");
        } else {
            assert!(!release, "line {number}: only entries stand in a release");
        }
    }
    assert!(release);
}
