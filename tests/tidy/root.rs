//! What lies in the root folder.

use gslb_tests::tree;
use std::process::Command;

/// Everything that is visible there, in order.
const LISTING: [&str; 12] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "README.md",
    "deploy",
    "geo",
    "gslb-consensus",
    "gslb-node",
    "tests",
];

#[test]
fn the_root_folder_holds_exactly_this() {
    let entries = std::fs::read_dir(tree::root()).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    names.sort();
    assert_eq!(names, LISTING);
}

#[test]
fn the_command_of_ci_can_be_run() {
    let status = Command::new("test").arg("-x").arg(tree::root().join(".ci/run")).status();
    assert!(status.unwrap().success(), ".ci/run is not executable");
}

#[test]
fn every_folder_of_source_opens_with_its_words() {
    for source in ["geo", "gslb-consensus", "gslb-node"] {
        let text = std::fs::read_to_string(tree::root().join(source).join("src/lib.rs")).unwrap();
        let head = text.lines().take_while(|l| l.starts_with("//!")).count();
        assert!(head >= 5, "{source}/src/lib.rs opens with a picture and words");
    }
}
