//! The reporter against a state that applies what it sends, in paused time.

use super::board::Board;
use super::reporter::{BATCH, Reporter, Sink, SinkError};
use gslb_consensus::model::EndpointId;
use gslb_consensus::model::document::read;
use gslb_consensus::state::command::{ExpireVantage, PutConfig};
use gslb_consensus::state::{Command, Envelope, NodeRecord, Reply, Report, State};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

const DOCUMENT: &str = r#"
[[regions]]
id = "eu"
[[monitors]]
id = "m"
kind = "tcp"
port = 80
[[pools]]
id = "web"
monitor = "m"
endpoints = [
  { id = "a", region = "eu", address = "192.0.2.1" },
  { id = "b", region = "eu", address = "192.0.2.2" },
  { id = "c", region = "eu", address = "192.0.2.3" },
]
"#;

/// A state that applies each report, or refuses them while it is told to, and keeps all of them.
struct Agreed {
    state: watch::Sender<Arc<State>>,
    reports: Mutex<Vec<(Instant, Report)>>,
    refuse: Mutex<u32>,
}

impl Agreed {
    fn new() -> Arc<Self> {
        let mut state = State::default();
        let config = Arc::new(read(DOCUMENT, None, &|_| Err(String::new())).unwrap());
        let node = NodeRecord { name: "n".into(), raft: "r".into(), api: "a".into() };
        for (index, command) in [
            (1, Command::AddNode(node)),
            (2, Command::PutConfig(PutConfig { config, expect: None })),
        ] {
            apply(&mut state, index, command);
        }
        Arc::new(Self {
            state: watch::Sender::new(Arc::new(state)),
            reports: Mutex::default(),
            refuse: Mutex::default(),
        })
    }

    fn change(&self, command: Command) -> Reply {
        let mut state = State::clone(&self.state.borrow());
        let reply = apply(&mut state, self.state.borrow().index + 1, command);
        self.state.send_replace(Arc::new(state));
        reply
    }

    fn sink(self: &Arc<Self>) -> Sink {
        let agreed = Arc::clone(self);
        Arc::new(move |report| {
            let agreed = Arc::clone(&agreed);
            Box::pin(async move {
                agreed.reports.lock().unwrap().push((Instant::now(), report.clone()));
                let mut refuse = agreed.refuse.lock().unwrap();
                if *refuse > 0 {
                    *refuse -= 1;
                    return Err(SinkError("no quorum".to_owned()));
                }
                match agreed.change(Command::ReportHealth(report)) {
                    Reply::Done { revision, .. } => Ok(revision),
                    Reply::Refused { message, .. } => Err(SinkError(message)),
                }
            })
        })
    }

    async fn vote_is(&self, endpoint: &str, up: bool) {
        let vote = |state: &Arc<State>| {
            let votes = state.health.votes.get(endpoint)?;
            votes.get(&1).map(|vote| vote.up)
        };
        self.state.subscribe().wait_for(|state| vote(state) == Some(up)).await.unwrap();
    }

    fn reported(&self) -> Vec<Vec<String>> {
        let reports = self.reports.lock().unwrap();
        let names = |r: &Report| r.changes.iter().map(|(id, _, _)| id.to_string()).collect();
        reports.iter().map(|(_, report)| names(report)).collect()
    }
}

fn apply(state: &mut State, index: u64, command: Command) -> Reply {
    let client = u128::from(index);
    let actor = "test".to_owned();
    state.apply(index, &Envelope { client, seq: 1, actor, caller: None, stamp_ms: index, command })
}

fn start(agreed: &Arc<Agreed>) -> Arc<Board> {
    let board = Arc::new(Board::default());
    let states = agreed.state.subscribe();
    tokio::spawn(Reporter::new(1, 77, Arc::clone(&board), states, agreed.sink()).run());
    board
}

fn id(text: &str) -> EndpointId {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_first_edge_goes_at_once_and_later_ones_together() {
    let agreed = Agreed::new();
    let board = start(&agreed);
    let begin = Instant::now();
    board.set(&id("a"), true, "ok");
    agreed.vote_is("a", true).await;
    assert_eq!(Instant::now(), begin);
    board.set(&id("b"), false, "HTTP 503");
    board.set(&id("c"), true, "ok");
    agreed.vote_is("c", true).await;
    assert!(Instant::now() - begin <= BATCH + Duration::from_millis(1));
    assert_eq!(agreed.reported(), [vec!["a"], vec!["b", "c"]]);
    let reports = agreed.reports.lock().unwrap();
    assert!(reports.iter().all(|(_, r)| r.node == 1 && r.incarnation == 77));
    assert_eq!(reports.iter().map(|(_, r)| r.seq).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_unaccepted_report_is_sent_again_with_all_that_turned_meanwhile() {
    let agreed = Agreed::new();
    *agreed.refuse.lock().unwrap() = 2;
    let board = start(&agreed);
    board.set(&id("a"), false, "refused");
    while agreed.reports.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    board.set(&id("b"), true, "ok");
    agreed.vote_is("b", true).await;
    assert_eq!(agreed.reported(), [vec!["a"], vec!["a", "b"], vec!["a", "b"]]);
}

#[tokio::test(start_paused = true)]
async fn a_vantage_that_was_taken_for_silent_reports_all_again() {
    let agreed = Agreed::new();
    let board = start(&agreed);
    board.set(&id("a"), false, "refused");
    board.set(&id("b"), true, "ok");
    agreed.vote_is("b", true).await;
    let seq = agreed.state.borrow().health.vantages[&1].seq;
    agreed.change(Command::ExpireVantage(ExpireVantage { node: 1, incarnation: 77, seq }));
    assert!(!agreed.state.borrow().health.vantages[&1].live);
    let live = |state: &Arc<State>| state.health.vantages[&1].live;
    agreed.state.subscribe().wait_for(live).await.unwrap();
    assert_eq!(agreed.reported().last().unwrap(), &["a", "b"]);
    agreed.vote_is("a", false).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_verdicts_and_votes_agree() {
    let agreed = Agreed::new();
    let board = start(&agreed);
    board.set(&id("a"), true, "ok");
    agreed.vote_is("a", true).await;
    board.set(&id("a"), true, "ok again");
    board.set(&id("unknown"), true, "no longer declared");
    agreed.change(Command::PassTime(gslb_consensus::state::command::PassTime {}));
    board.set(&id("b"), true, "ok");
    agreed.vote_is("b", true).await;
    assert_eq!(agreed.reported(), [vec!["a"], vec!["b"]]);
}
