//! Lengths of files, functions and lines, and words that do not stand in the tree.

use crate::source::Source;
use gslb_tests::tree;

/// Most lines of a file, without its tests.
const FILE_LINES_MAX: usize = 600;
/// Widest line that is no comment, text or table.
const WIDTH_MAX: usize = 100;
/// Most lines of a `main.rs`.
const MAIN_LINES_MAX: usize = 60;

#[test]
fn files_keep_to_their_length() {
    for source in Source::all() {
        let lines = source.before_tests().lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines: split it", source.path);
        if source.path == "gslb-node/src/main.rs" {
            assert!(lines <= MAIN_LINES_MAX, "{} has {lines} lines", source.path);
        }
    }
}

#[test]
fn code_keeps_to_its_width() {
    let mut wide = Vec::new();
    for source in Source::all().iter().filter(|s| !s.is_test()) {
        // A long text in quotes stands on its line whole, as the formatter leaves it.
        for (number, line) in source.bare_code().lines().enumerate() {
            let width = line.trim_end().chars().count();
            if width > WIDTH_MAX {
                wide.push(format!("{}:{}: {width} columns", source.path, number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "\n{}", wide.join("\n"));
}

#[test]
fn module_files_hold_no_function_bodies() {
    for source in Source::all().iter().filter(|s| s.path.ends_with("/mod.rs")) {
        assert!(source.text.starts_with("//!"), "{} opens with what it is for", source.path);
        for line in source.code().lines() {
            let is_function = crate::layers::names(line, "fn");
            assert!(!is_function, "{} has a function: give it a file", source.path);
        }
    }
}

#[test]
fn nothing_is_called_after_nothing() {
    for path in tree::files("", "").iter().map(|p| tree::shown(p)) {
        for part in path.split('/') {
            let stem = part.split('.').next().unwrap_or_default();
            let vague = ["utils", "util", "common", "helpers", "helper", "misc", "manager"];
            assert!(!vague.contains(&stem), "{path}: a name that says what it is for");
        }
    }
}

/// Words that mean that something was left open, put together so that this file does not hold them.
fn left_open() -> Vec<String> {
    [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK")].map(|(a, b)| format!("{a}{b}")).into()
}

#[test]
fn nothing_is_left_open() {
    let macros = [("to", "do!"), ("unimple", "mented!")].map(|(a, b)| format!("{a}{b}"));
    let in_code: Vec<String> = left_open().into_iter().chain(macros).collect();
    for source in Source::all() {
        assert_none_of(&in_code, &source.path, &source.text);
    }
    for path in [".md", ".toml", ".sh", ".service"].iter().flat_map(|s| tree::files("", s)) {
        assert_none_of(&left_open(), &tree::shown(&path), &std::fs::read_to_string(&path).unwrap());
    }
}

fn assert_none_of(words: &[String], path: &str, text: &str) {
    for (number, line) in text.lines().enumerate() {
        let found = words.iter().find(|w| crate::layers::names(line, w));
        assert!(found.is_none(), "{path}:{}: {found:?}", number + 1);
    }
}

#[test]
fn tests_neither_sleep_nor_are_ignored() {
    let banned =
        [("#[ign", "ore"), ("thread::sl", "eep"), ("time::sl", "eep"), ("assert!(tr", "ue)")];
    for source in Source::all() {
        let tests = if source.is_test() {
            &source.text
        } else {
            &source.text[source.before_tests().len()..]
        };
        for word in banned.map(|(a, b)| format!("{a}{b}")) {
            // Time is simulated there: nobody waits for it.
            let passes = source.path == "tests/simulation/clock.rs" && word.starts_with("time");
            assert!(passes || !tests.contains(&word), "{}: {word}", source.path);
        }
    }
}

#[test]
fn no_file_names_a_machine() {
    let folders = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/tmp/te", "am")];
    let banned = folders.map(|(a, b)| format!("{a}{b}"));
    for suffix in [".rs", ".toml", ".md", ".sh", ".service", "/run", ".zone", ".txt"] {
        for path in tree::files("", suffix) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            for word in &banned {
                assert!(!text.contains(word.as_str()), "{}: {word}", tree::shown(&path));
            }
        }
    }
}
