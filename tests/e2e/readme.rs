//! The commands of the README are commands of the programs.

use gslb_tests::operator::Said;
use gslb_tests::{programs, tree};
use std::process::Command;

/// Lines of the shell blocks that run one of our programs, without their comments.
fn commands(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && (line.starts_with("gslbctl ") || line.starts_with("gslb-node ")) {
            found.push(line.split(" #").next().unwrap_or_default().trim().to_owned());
        }
    }
    found
}

#[test]
fn every_command_of_the_readme_is_understood() {
    let text = std::fs::read_to_string(tree::root().join("README.md")).unwrap();
    let commands = commands(&text);
    assert!(commands.len() > 15, "{commands:?}");
    let folder = programs::gslb_node().parent().unwrap().to_owned();
    for command in commands {
        // With --help behind it everything before is read, and nothing is done.
        let line = format!("{}/{command} --help", folder.display());
        let said = Said::of(&Command::new("sh").args(["-c", &line]).output().unwrap());
        assert_eq!(said.code, 0, "{command}\n{said:?}");
    }
}

#[test]
fn every_file_that_the_readme_links_to_is_there() {
    let text = std::fs::read_to_string(tree::root().join("README.md")).unwrap();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links: Vec<&str> = links.filter(|link| !link.contains("://")).collect();
    assert!(links.len() > 3, "{links:?}");
    for link in links {
        assert!(tree::root().join(link).exists(), "{link}");
    }
}
