//! A thread that answers asks the kernel for nothing but datagrams in and datagrams out.

use crate::traffic;
use gslb_tests::client::Query;
use gslb_tests::cluster::{Cluster, Setup};
use gslb_tests::process::Process;
use gslb_tests::{programs, wait};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const TEST: &str = "answering_takes_two_kinds_of_system_calls";

/// The id of the thread that answers UDP.
fn worker(process: u32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let mut tasks = tasks.map(|task| task.unwrap().path());
    let named = |task: &Path| std::fs::read_to_string(task.join("comm")).unwrap_or_default();
    let task = tasks.find(|task| named(task).trim() == "dns-udp-0").expect("a DNS thread");
    task.file_name().unwrap().to_str().unwrap().to_owned()
}

/// How often each system call was made, by the lines of strace.
fn calls(log: &str) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for (name, _) in log.lines().filter_map(|line| line.split_once('(')) {
        // What a call that was interrupted goes on as.
        let name = name.trim_start_matches("<... ").trim();
        *calls.entry(name.to_owned()).or_insert(0) += 1;
    }
    calls
}

#[test]
fn answering_takes_two_kinds_of_system_calls() {
    if let Some(why) = programs::missing(&["strace"]) {
        println!("{TEST}: SKIPPED, {why}");
        return;
    }
    let mut cluster = Cluster::form(&Setup { nodes: 1, ..Setup::default() });
    cluster.apply(&traffic::file(&[]));
    let server = cluster.nodes[0].dns();
    let thread = worker(cluster.nodes[0].process().id());
    let log = cluster.folder().join("strace.log");
    let mut command = Command::new(programs::find("strace").unwrap());
    command.args(["-p", &thread]);
    let mut strace = Process::start("strace", &mut command, &log);
    wait::until("strace to be attached", || {
        if let Some(status) = strace.ended() {
            return if strace.log().contains("not permitted") {
                Ok(())
            } else {
                Err(status.to_string())
            };
        }
        if strace.log().contains("attached") { Ok(()) } else { Err(strace.log()) }
    });
    if strace.ended().is_some() {
        println!("{TEST}: SKIPPED, {}", strace.log());
        return;
    }
    let names = ["www.shop.example.", "ns1.shop.example.", "nothing.shop.example.", "other.test."];
    for (n, name) in names.iter().cycle().take(400).enumerate() {
        let query = Query::new(name, if n % 3 == 0 { "AAAA" } else { "A" });
        let query = if n % 2 == 0 { query.subnet("192.0.2.0/24") } else { query };
        let _ = query.ask(server);
    }
    // Stands in the way of nobody: the log is complete once strace has ended.
    strace.kill();
    let calls = calls(&strace.log());
    assert!(calls.get("sendmmsg").is_some_and(|n| *n >= 300), "{calls:?}");
    let others: Vec<_> =
        calls.keys().filter(|name| !["recvmmsg", "sendmmsg"].contains(&name.as_str())).collect();
    assert!(others.is_empty(), "{calls:?}");
}
