//! Which module may use which: the one table, and the test that holds the code against it.

use crate::source::Source;
use std::collections::BTreeMap;

/// A module of a crate and what it may use of the same crate, besides itself.
type Row = (&'static str, &'static [&'static str]);

/// The daemon: the pure part (`wire < steer < compile < answer`), then what touches the world.
const GSLB_NODE: &[Row] = &[
    ("wire", &[]),
    ("steer", &[]),
    ("compile", &["wire", "steer"]),
    ("answer", &["wire", "steer", "compile"]),
    ("clock", &[]),
    ("publish", &["wire", "steer", "compile", "answer"]),
    ("serve", &["wire", "answer", "compile", "clock", "publish", "telemetry"]),
    ("probe", &["clock"]),
    ("announce", &["clock"]),
    ("telemetry", &["clock"]),
    ("config", &[]),
    ("control", &["wire", "steer", "compile", "clock", "publish", "telemetry", "config"]),
    (
        "node",
        &[
            "wire",
            "steer",
            "compile",
            "answer",
            "clock",
            "publish",
            "serve",
            "probe",
            "announce",
            "control",
            "telemetry",
            "config",
        ],
    ),
    ("join", &["config", "control"]),
    ("ctl", &["compile", "config", "control", "join"]),
    ("demo", &["clock", "control", "node", "config", "ctl"]),
    ("cli", &["telemetry", "node", "config", "join", "ctl", "demo"]),
];

/// What the nodes agree on.
const GSLB_CONSENSUS: &[Row] = &[
    ("model", &[]),
    ("state", &["model"]),
    ("trail", &["state"]),
    ("identity", &[]),
    ("backup", &["state", "identity"]),
    ("feed", &["model", "state"]),
    ("dial", &["identity"]),
    ("follow", &["state", "identity", "dial", "feed"]),
    ("raft", &["model", "state", "identity", "dial", "backup", "feed", "follow"]),
];

/// Modules that may name no clock, file, thread, socket, runtime or random source.
const PURE: &[(&str, &[&str])] = &[
    ("gslb-node", &["wire", "steer", "compile", "answer"]),
    ("gslb-consensus", &["model", "state", "feed"]),
];

/// What pure code may not name.
const WORLD: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "axum",
    "socket2",
    "libc::",
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "std::os",
    "std::io::stdin",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "Instant",
    "SystemTime",
    "aws_lc_rs::rand",
    "SystemRandom",
    "thread_rng",
];

/// What the agreed state may not name besides: it must come out the same on every node.
const UNORDERED: &[&str] = &["HashMap", "HashSet", "RandomState", "f32", "f64"];

/// The module of a crate that a file belongs to.
fn module_of<'p>(path: &'p str, package: &str) -> Option<&'p str> {
    let inside = path.strip_prefix(package)?.strip_prefix("/src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

/// The modules of its own crate that a code names, with their lines.
fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split(['}', ';']).next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let word = name.trim_start();
            let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let word = &word[..end.unwrap_or(word.len())];
            found.push((line, word.to_owned()));
        }
    }
    found
}

fn check(package: &str, rows: &[Row]) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = rows.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in Source::all() {
        let Some(module) = module_of(&source.path, package) else { continue };
        if ["lib", "main", "bin"].contains(&module) || source.is_test() {
            continue;
        }
        let Some(allowed) = table.get(module) else {
            wrong.push(format!(
                "{}: module {module} has no row in tests/tidy/layers.rs",
                source.path
            ));
            continue;
        };
        for (line, used) in uses(&source.code()) {
            if used != module && table.contains_key(&*used) && !allowed.contains(&&*used) {
                wrong.push(format!("{}:{line}: {module} may not use {used}", source.path));
            }
        }
    }
    wrong
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let wrong = [check("gslb-node", GSLB_NODE), check("gslb-consensus", GSLB_CONSENSUS)].concat();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    for rows in [GSLB_NODE, GSLB_CONSENSUS] {
        let mut done: Vec<&str> = Vec::new();
        while done.len() < rows.len() {
            let ready = rows
                .iter()
                .find(|(name, uses)| !done.contains(name) && uses.iter().all(|u| done.contains(u)));
            let (name, _) = ready.unwrap_or_else(|| panic!("a cycle above {done:?}"));
            done.push(name);
        }
    }
}

#[test]
fn pure_modules_name_nothing_of_the_world() {
    let mut wrong = Vec::new();
    for source in Source::all().iter().filter(|s| !s.is_test()) {
        let pure = PURE.iter().any(|(package, modules)| {
            module_of(&source.path, package).is_some_and(|m| modules.contains(&m))
        });
        if !pure {
            continue;
        }
        for (number, line) in source.code().lines().enumerate() {
            for word in WORLD.iter().filter(|w| names(line, w)) {
                wrong.push(format!("{}:{}: pure code names {word}", source.path, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_agreed_state_is_ordered_and_holds_no_floats() {
    for source in Source::all() {
        if module_of(&source.path, "gslb-consensus") != Some("state") {
            continue;
        }
        for (number, line) in source.code().lines().enumerate() {
            for word in UNORDERED {
                assert!(!names(line, word), "{}:{}: {word}", source.path, number + 1);
            }
        }
    }
}

/// Whether `line` holds `word` as a word of its own.
pub(crate) fn names(line: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !inside(line[..at].chars().next_back()) && !inside(line[at + word.len()..].chars().next())
    })
}

#[test]
fn the_data_path_knows_neither_raft_nor_the_api() {
    for source in Source::all().iter().filter(|s| s.path.starts_with("gslb-node/src/serve/")) {
        let code = source.code();
        for word in ["gslb_consensus::raft", "crate::control", "openraft"] {
            assert!(!code.contains(word), "{} names {word}", source.path);
        }
    }
}

#[test]
fn only_the_raft_module_imports_openraft() {
    for source in Source::all().iter().filter(|s| !s.path.starts_with("gslb-consensus/src/raft/")) {
        assert!(!names(&source.code(), "openraft"), "{} names openraft", source.path);
    }
}

#[test]
fn unsafe_stands_only_where_system_calls_are_made() {
    // System calls in batches, and the test that counts allocations.
    let allowed = ["gslb-node/src/serve/sys.rs", "gslb-node/tests/allocation.rs"];
    for source in Source::all().iter().filter(|s| !allowed.contains(&s.path.as_str())) {
        for (number, line) in source.code().lines().enumerate() {
            assert!(!names(line, "unsafe"), "{}:{}: unsafe", source.path, number + 1);
        }
    }
}

#[test]
fn a_use_is_found_in_every_form() {
    let found = |code: &str| uses(code).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    assert_eq!(found("use crate::wire::Name;\nlet a = crate::steer::x();"), ["wire", "steer"]);
    assert_eq!(found("use crate::{answer, compile::Table};"), ["answer", "compile"]);
    assert!(names("let x = unsafe { 1 };", "unsafe") && !names("unsafe_code", "unsafe"));
}
