//! One run: a seed from its plan to its verdict.

use crate::client::Client;
use crate::converge::{agree, converge};
use crate::journal::Journal;
use crate::lab::Lab;
use crate::observer::Observer;
use crate::options::Options;
use crate::plan::Plan;
use crate::{mishap, panics, vantage};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Clients of a run.
const CLIENTS: usize = 4;

/// A run in which fewer writes were acknowledged has shown little.
const LEAST: usize = 10;

/// Runs a seed on a runtime of its own, whose clock is paused.
pub(crate) fn run(seed: u64, options: &Options) -> Result<String, String> {
    let plan = Plan::draw(seed);
    drop(panics::take());
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let _inside = runtime.enter();
    let journal = Arc::new(Journal::new(options.trace));
    if options.trace {
        println!("{plan}");
    }
    let lab = Lab::new(plan.clone(), &journal);
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(phases(&lab))));
    let outcome = outcome.unwrap_or_else(|_| Err("the simulation panicked".to_owned()));
    let mut outcome = outcome.and_then(|told| journal.broken().map_or(Ok(told), Err));
    let panics = panics::take();
    if plan.liar.is_none() && !panics.is_empty() {
        outcome = outcome.and(Err("the product panicked".to_owned()));
    }
    outcome.map_err(|why| {
        let panics = panics.join("\n");
        format!("{why}\n{plan}\nthe last that happened:\n{}\n{panics}", journal.last_lines())
    })
}

/// Form, fault, mend, judge.
async fn phases(lab: &Arc<Lab>) -> Result<String, String> {
    let observer = Observer::new(lab);
    let mut watching = JoinSet::new();
    observer.start(&mut watching);
    lab.form().await?;
    let mut busy = JoinSet::new();
    for number in 0..CLIENTS {
        busy.spawn(Client::new(lab, number).run());
    }
    for node in lab.nodes.values() {
        busy.spawn(vantage::run(Arc::clone(lab), Arc::clone(node)));
    }
    mishap::run(lab).await;
    lab.journal.tell("all faults are over");
    lab.over.send_replace(true);
    while busy.join_next().await.is_some() {}
    converge(lab).await?;
    lab.until("the nodes stay in agreement", Duration::from_secs(30), || agree(lab)).await?;
    observer.finish();
    watching.shutdown().await;
    let (acknowledged, unknown, reads) = lab.ledger.counts();
    if acknowledged < LEAST {
        return Err(format!("only {acknowledged} writes were acknowledged"));
    }
    let told = format!(
        "{} faults, {acknowledged} writes, {unknown} of unknown fate, {reads} reads",
        lab.plan.events.len()
    );
    for node in lab.nodes.values() {
        node.stop().await;
    }
    Ok(told)
}
