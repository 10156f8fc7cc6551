//! `cargo verify`: the whole list of checks, in order; `cargo fixup`: formats and applies fixes.

#![allow(clippy::disallowed_methods, reason = "a program for the terminal of a developer")]

use clap::Parser;
use gslb_tests::programs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs every check of the project, each with its heading and time. It never writes to the tree.
#[derive(Parser)]
#[command(name = "cargo verify")]
struct Arguments {
    /// Format the tree and apply the fixes that the linter knows, instead of checking (`cargo fixup`).
    #[arg(long)]
    fix: bool,
    /// Install nothing; tests whose programs are missing say that they were skipped.
    #[arg(long)]
    no_setup: bool,
}

/// One entry of the list.
struct Step {
    heading: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const fn step(heading: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { heading, arguments, environment: &[] }
}

const CHECKS: [Step; 9] = [
    step("build", &["build", "--locked", "--workspace", "--bins", "--tests"]),
    step(
        "tests",
        &["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"],
    ),
    step("doc tests", &["test", "--locked", "--workspace", "--doc"]),
    step("format", &["fmt", "--all", "--check"]),
    step("clippy", &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    Step {
        heading: "documentation",
        arguments: &["doc", "--locked", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    step(
        "instruction counts",
        // The whole workspace: the next step then finds it built.
        &["bench", "--locked", "--workspace", "--bench", "answer", "--", "--check"],
    ),
    step(
        "a million names",
        &["bench", "--locked", "--workspace", "--bench", "load", "--", "--size", "--seconds", "2"],
    ),
    step("licences and bans", &["test", "--locked", "--workspace", "--test", "tidy", "metadata"]),
];

const FIXES: [Step; 2] = [
    step(
        "clippy",
        &["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"],
    ),
    step("format", &["fmt", "--all"]),
];

/// What tests start besides our own programs, and the Debian package that has it.
const NEEDED: [(&str, &str, &str); 9] = [
    ("dig", "dnsutils", "the lines that the demo prints"),
    ("curl", "curl", "the lines that the demo prints"),
    ("unbound", "unbound", "the resolver that follows a delegation to three nodes"),
    ("nsd", "nsd", "the parent zone of that delegation"),
    ("strace", "strace", "the system calls of a thread that answers"),
    ("valgrind", "valgrind", "the count of instructions that an answer takes"),
    ("ip", "iproute2", "nodes on hosts of their own, cut off from each other"),
    ("nft", "nftables", "the same"),
    ("faketime", "faketime", "nodes whose clocks are wrong"),
];

fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let mut table: Vec<(&str, bool, Duration)> = Vec::new();
    if !arguments.fix {
        let start = Instant::now();
        heading("set-up");
        set_up(!arguments.no_setup);
        table.push(("set-up", true, start.elapsed()));
    }
    let steps: &[Step] = if arguments.fix { &FIXES } else { &CHECKS };
    for step in steps {
        heading(step.heading);
        let start = Instant::now();
        let passed = run(step);
        let took = start.elapsed();
        println!("{} {} in {:.1} s", mark(passed), step.heading, took.as_secs_f64());
        table.push((step.heading, passed, took));
    }
    heading("summary");
    for (heading, passed, took) in &table {
        println!("{}  {heading:<18} {:>7.1} s", mark(*passed), took.as_secs_f64());
    }
    let failed: Vec<&str> = table.iter().filter(|(_, ok, _)| !ok).map(|(h, _, _)| *h).collect();
    if failed.is_empty() {
        println!("\nall passed");
        std::process::ExitCode::SUCCESS
    } else {
        println!("\nfailed: {}", failed.join(", "));
        std::process::ExitCode::FAILURE
    }
}

fn heading(text: &str) {
    println!("\n== {text} ==");
}

fn mark(passed: bool) -> &'static str {
    if passed { "ok    " } else { "FAILED" }
}

fn run(step: &Step) -> bool {
    println!("$ cargo {}", step.arguments.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(gslb_tests::tree::root()).args(step.arguments);
    command.envs(step.environment.iter().copied());
    // Set by the cargo that runs this program; they would make the next one build everything anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text == "CARGO_MANIFEST_DIR" {
            command.env_remove(&name);
        }
    }
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cargo cannot be started: {error}");
            false
        }
    }
}

/// Installs what is missing where that is allowed, and says what will be skipped where it is not.
fn set_up(install: bool) {
    let missing = |(program, _, _): &&(&str, &str, &str)| programs::find(program).is_none();
    let wanted: Vec<_> = NEEDED.iter().filter(missing).collect();
    if wanted.is_empty() {
        println!("all programs that tests start are there");
        return;
    }
    let packages: Vec<&str> = wanted.iter().map(|(_, package, _)| *package).collect();
    if install && may_install() {
        println!("installing {}", packages.join(", "));
        install_packages(&packages);
    }
    for (program, package, what) in NEEDED.iter().filter(missing) {
        println!("{program} is missing: its tests are SKIPPED ({what})");
        println!("  to run them, as root: apt-get install {package}");
    }
}

fn may_install() -> bool {
    let root = Command::new("id").arg("-u").output();
    let root = root.is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    root && programs::find("apt-get").is_some()
}

fn install_packages(packages: &[&str]) {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "-o", "Dpkg::Use-Pty=0"]);
        command.args(arguments).status().is_ok_and(|status| status.success())
    };
    let arguments = [&["install", "-y", "--no-install-recommends"], packages].concat();
    let done = apt(&arguments) || (apt(&["update"]) && apt(&arguments));
    if !done {
        println!("the packages could not be installed");
        return;
    }
    // Tests start their own; a service that the package just started would only hold port 53.
    for service in packages.iter().filter(|p| ["unbound", "nsd"].contains(p)) {
        if programs::find("systemctl").is_some() {
            let _ = Command::new("systemctl").args(["disable", "--now", service]).output();
        }
    }
}
