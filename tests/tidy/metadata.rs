//! Licences and bans, over what cargo resolves.

use cargo_metadata::{Metadata, MetadataCommand, Package};
use gslb_tests::tree;
use std::collections::BTreeSet;
use std::process::Command;

/// Licences that what we ship may have; an expression passes if one of its alternatives is made of these alone.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that may not be in what we build, and why.
const BANNED: &[(&str, &str)] = &[
    ("ring", "one crypto provider: aws-lc-rs"),
    ("openssl", "one crypto provider: aws-lc-rs"),
    ("openssl-sys", "one crypto provider: aws-lc-rs"),
    ("native-tls", "TLS is rustls"),
    ("anyhow", "one error enum per operation"),
    ("eyre", "one error enum per operation"),
];

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(tree::root().join("Cargo.toml"));
    let options = ["--locked", "--offline", "--filter-platform", &host()];
    command.other_options(options.map(str::to_owned).to_vec());
    command.exec().unwrap()
}

/// The target that the compiler builds for here.
fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let text = output(Command::new(rustc).arg("-vV"));
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// What the programs that we ship are made of, as `NAME vVERSION`: normal and build dependencies.
///
/// By `cargo tree`, since the graph of the metadata also holds what only a disabled feature would pull in.
fn shipped() -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(tree::root()).args(["tree", "--locked", "--offline", "--workspace"]);
    command.args(["--exclude", "gslb-tests", "--edges", "normal,build", "--prefix", "none"]);
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    output(command.args(["--format", "{p}"])).lines().map(words).collect()
}

fn output(command: &mut Command) -> String {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// The packages of the metadata that ship.
fn packages(metadata: &Metadata) -> Vec<&Package> {
    let shipped = shipped();
    let ships = |p: &&Package| shipped.contains(&format!("{} v{}", p.name, p.version));
    let packages: Vec<&Package> = metadata.packages.iter().filter(ships).collect();
    assert!(packages.len() > 50, "the graph was read");
    packages
}

/// Whether one of the alternatives of an SPDX expression consists of allowed licences.
fn allows(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|licence| ALLOWED.contains(&licence.trim())))
}

#[test]
fn every_licence_is_allowed() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in packages(&metadata) {
        let licence = package.license.as_deref().unwrap_or("none");
        if !allows(licence) {
            wrong.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert!(wrong.is_empty(), "licences to look at:\n{}", wrong.join("\n"));
}

#[test]
fn no_banned_package_is_built() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in packages(&metadata) {
        for (name, why) in BANNED.iter().filter(|(name, _)| package.name.as_str() == *name) {
            wrong.push(format!("{name} {} is built: {why}", package.version));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_comes_from_one_registry() {
    let metadata = metadata();
    for package in &metadata.packages {
        let source = package.source.as_ref().map(|s| s.repr.clone());
        let known = source
            .as_deref()
            .is_none_or(|s| s.starts_with("registry+") || s.starts_with("sparse+"));
        assert!(known, "{} comes from {source:?}", package.name);
    }
}

#[test]
fn the_alternatives_of_an_expression_are_told_apart() {
    assert!(allows("MIT OR Apache-2.0") && allows("GPL-3.0 OR MIT") && allows("MIT/Apache-2.0"));
    assert!(!allows("GPL-3.0") && !allows("MIT AND GPL-3.0") && !allows("none"));
}
