//! The programs of the last version of generation 1, built from the project's own history.

use crate::programs::{self, Programs};
use crate::tree;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The last commit whose nodes read nothing newer than generation 1.
const COMMIT: &str = "706c1b6";

/// A setting that no crate of this tree has.
const UNITS: u32 = 255;

/// Names a built `gslb-node` of that version, beside its `gslbctl`, where there is no history.
const VARIABLE: &str = "GSLB_OLD_NODE";

/// The old programs, built once.
///
/// # Errors
/// Why they cannot be had here: the tree has no such history.
///
/// # Panics
/// If the history is there and they cannot be built.
pub fn programs() -> Result<Programs, String> {
    static BUILT: OnceLock<Result<Programs, String>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Result<Programs, String> {
    if let Some(node) = std::env::var_os(VARIABLE) {
        let folder = Path::new(&node).parent().unwrap_or(Path::new("")).to_owned();
        return Ok(Programs::in_folder(folder));
    }
    let commit = format!("{COMMIT}^{{commit}}");
    let known = git(&["cat-file", "-e", &commit]).output().is_ok_and(|out| out.status.success());
    if !known {
        return Err(format!(
            "the history has no commit {COMMIT} to build the old version from; a full clone has it, \
             or {VARIABLE} names its gslb-node"
        ));
    }
    let (target, profile) = programs::target();
    let source = unpack(&target.join("old").join("source"));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(&source)
        // What both versions depend on is built once; what is theirs lies apart.
        .env("CARGO_BUILD_BUILD_DIR", &target)
        .args(["build", "--locked", "--quiet", "--workspace", "--bins", "--test", "tidy"])
        .arg("--target-dir")
        .arg(target.join("old"));
    let settings = if profile == "release" { "release" } else { "dev" };
    if settings == "release" {
        cargo.arg("--release");
    }
    // Cargo tells the crates of two trees apart by their settings only: without one of their own the
    // old programs would stand in the place of the new ones.
    for package in ["base2histogram", "geo", "gslb-consensus", "gslb-node", "gslb-tests"] {
        let units = format!("profile.{settings}.package.{package}.codegen-units={UNITS}");
        cargo.arg("--config").arg(units);
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "commit {COMMIT} could not be built; {VARIABLE} names its gslb-node");
    let old = Programs::in_folder(target.join("old").join(profile));
    let place = |programs: &Programs| std::fs::metadata(programs.node()).expect("built").ino();
    assert_ne!(place(&old), place(&Programs::built()), "the old program is the new one");
    Ok(old)
}

/// The tree of that commit, unpacked once.
fn unpack(to: &Path) -> PathBuf {
    let source = to.join(COMMIT);
    if source.is_dir() {
        return source;
    }
    let fresh = to.join(format!("{COMMIT}.new"));
    let _ = std::fs::remove_dir_all(&fresh);
    std::fs::create_dir_all(&fresh).expect("the target folder can be written");
    let packed = fresh.with_extension("tar");
    let out = packed.display().to_string();
    let archived = git(&["archive", "--format=tar", "-o", &out, COMMIT]).status();
    assert!(archived.is_ok_and(|status| status.success()), "git archive {COMMIT}");
    let unpacked = Command::new("tar").arg("-xf").arg(&packed).arg("-C").arg(&fresh).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "tar -xf {out}");
    let _ = std::fs::remove_file(&packed);
    std::fs::rename(&fresh, &source).expect("the target folder can be written");
    source
}

fn git(arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.current_dir(tree::root()).args(arguments);
    git
}
