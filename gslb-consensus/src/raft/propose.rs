//! A command's way into the log: to the leader, once, within a deadline.
//!
//! ```text
//!  propose -> leader here?  yes -> gate -> stamp -> log -> applied -> Reply
//!                 |  no                      |
//!                 +-> one hop to the leader  +-> cut off: the same (client, seq) again
//! ```

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use openraft::errors::{ClientWriteError, RaftError};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::core::Core;
use super::errors::ProposeError;
use super::messenger::{CallError, Lane};
use super::types::Proposal;
use crate::state::{Caller, Command, Envelope, Reply};

/// How long one attempt at the leader may take before it is made again; a trial comes on top.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Who proposes a command; a retry under the same client and seq takes effect once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The sender.
    pub client: u128,
    /// Rises with each command of one sender.
    pub seq: u64,
    /// Who asked, for the audit trail.
    pub actor: String,
    /// How it proved that; by default it is a node itself, which may do everything.
    pub caller: Caller,
}

impl Origin {
    /// A sender that has not been before, for one command.
    pub fn new(actor: impl Into<String>) -> Self {
        // Each has keys of its own from the system; only uniqueness is asked of the number.
        let half = || u128::from(RandomState::new().hash_one(Instant::now()));
        Self {
            client: (half() << 64) | half(),
            seq: 1,
            actor: actor.into(),
            caller: Caller::default(),
        }
    }
}

/// What became of one attempt.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It was applied or refused: that is the answer.
    Done(Reply),
    /// Not here; perhaps there. Nothing has changed.
    NotLeader(Option<u64>),
    /// It may or may not take effect.
    Unknown(String),
    /// Raft does not run here. Nothing has changed.
    Stopped(String),
    /// Its format is not known there. Nothing has changed.
    Unsupported(String),
}

/// An attempt's outcome on the wire. `kind`: 0 done, 1 not leader, 2 unknown, 3 stopped,
/// 4 unsupported; numbers are never reused.
#[derive(Serialize, Deserialize)]
struct AttemptV1 {
    kind: u8,
    reply: Option<Reply>,
    leader: Option<u64>,
    text: String,
}

impl Attempt {
    /// The bytes that answer a forwarded command.
    pub(crate) fn encode(self) -> Result<Vec<u8>, String> {
        let v1 = |kind, reply, leader, text| AttemptV1 { kind, reply, leader, text };
        let v1 = match self {
            Self::Done(reply) => v1(0, Some(reply), None, String::new()),
            Self::NotLeader(leader) => v1(1, None, leader, String::new()),
            Self::Unknown(text) => v1(2, None, None, text),
            Self::Stopped(text) => v1(3, None, None, text),
            Self::Unsupported(text) => v1(4, None, None, text),
        };
        postcard::to_stdvec(&v1).map_err(|error| error.to_string())
    }

    /// Reads the answer to a forwarded command; what cannot be read leaves its fate open.
    fn decode(bytes: &[u8]) -> Self {
        match postcard::from_bytes::<AttemptV1>(bytes) {
            Ok(AttemptV1 { kind: 0, reply: Some(reply), .. }) => Self::Done(reply),
            Ok(AttemptV1 { kind: 1, leader, .. }) => Self::NotLeader(leader),
            Ok(AttemptV1 { kind: 3, text, .. }) => Self::Stopped(text),
            Ok(AttemptV1 { kind: 4, text, .. }) => Self::Unsupported(text),
            Ok(AttemptV1 { text, .. }) => Self::Unknown(text),
            Err(error) => Self::Unknown(format!("the leader's answer cannot be read: {error}")),
        }
    }
}

impl Core {
    /// Brings a command to the leader and waits for its reply, until a deadline.
    pub(crate) async fn propose(
        self: &Arc<Self>,
        command: Command,
        origin: Origin,
        within: Duration,
    ) -> Result<Reply, ProposeError> {
        if self.observer.is_some() {
            let members =
                self.view.state().nodes.values().map(|record| record.api.clone()).collect();
            return Err(ProposeError::Observer { members });
        }
        let deadline = Instant::now() + within;
        let Origin { client, seq, actor, caller } = origin;
        // The leader stamps it.
        let caller = Some(caller);
        let envelope = Envelope { client, seq, actor, caller, stamp_ms: 0, command };
        let mut status = self.status.subscribe();
        let mut unknown: Option<String> = None;
        let mut pause = Duration::from_millis(25);
        let mut hint = None;
        loop {
            status.mark_unchanged();
            match self.attempt(&envelope, hint.take(), deadline).await {
                Attempt::Done(reply) => return Ok(reply),
                Attempt::NotLeader(leader) => hint = leader,
                Attempt::Unknown(why) => unknown = Some(why),
                // A rebuild is under way, here or there: wait for it like for an election.
                Attempt::Stopped(why) if Instant::now() >= deadline => {
                    return Err(unknown.map_or(ProposeError::Stopped { why }, unknown_error));
                }
                Attempt::Stopped(_) => {}
                Attempt::Unsupported(why) => return Err(ProposeError::Unsupported { why }),
            }
            let lost = self.has_lost_quorum();
            if lost || Instant::now() >= deadline {
                let leader = self.metrics().and_then(|metrics| metrics.current_leader);
                let refused =
                    if lost { ProposeError::NoQuorum { leader } } else { ProposeError::NoLeader };
                return Err(unknown.map_or(refused, unknown_error));
            }
            // A change of the status may be the new leader; else ask again, less and less often.
            let rest = deadline.saturating_duration_since(Instant::now()).min(pause);
            let _ = timeout(rest, status.changed()).await;
            pause = (pause * 2).min(Duration::from_millis(400));
        }
    }

    /// One attempt, at the leader as far as this node knows.
    async fn attempt(
        self: &Arc<Self>,
        envelope: &Envelope,
        hint: Option<u64>,
        deadline: Instant,
    ) -> Attempt {
        let Some(metrics) = self.metrics() else {
            let why = self.view.halted().unwrap_or_else(|| "it starts or closes".to_owned());
            return Attempt::Stopped(why);
        };
        match hint.or(metrics.current_leader) {
            Some(leader) if leader == metrics.id => {
                self.propose_here(envelope.clone(), deadline).await
            }
            Some(leader) => self.forward(leader, envelope, deadline).await,
            None => Attempt::NotLeader(None),
        }
    }

    /// Puts a command into the log, if this node leads.
    pub(crate) async fn propose_here(
        self: &Arc<Self>,
        mut envelope: Envelope,
        deadline: Instant,
    ) -> Attempt {
        let Some(raft) = self.raft() else {
            return Attempt::Stopped("it starts or closes".to_owned());
        };
        if let Err(forward) = raft.as_leader() {
            return Attempt::NotLeader(forward.leader_id);
        }
        if let Some(why) = self.view.halted() {
            return Attempt::Stopped(why);
        }
        if self.awaits_founder(&envelope.command) {
            return Attempt::NotLeader(None);
        }
        let space = *self.space.borrow();
        if let Some(refusal) = space.refusal(&envelope.command) {
            return Attempt::Done(refusal);
        }
        if let Some(refusal) = self.refuse_unread(&envelope.command).await {
            return Attempt::Done(refusal);
        }
        envelope = match self.pass_gate(envelope).await {
            Ok(envelope) => envelope,
            Err(attempt) => return *attempt,
        };
        // Counted from here: the trial of a large configuration takes seconds, and a second one
        // beside it would take longer.
        let deadline = deadline.min(Instant::now() + ATTEMPT);
        envelope.stamp_ms = self.stamp().await;
        let write = raft.client_write(Proposal(envelope.encode().into()));
        match timeout_at(deadline, write).await {
            Ok(Ok(written)) => match written.data.0 {
                Some(reply) => Attempt::Done(reply),
                None => Attempt::Unknown("the entry gave no reply".to_owned()),
            },
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward)))) => {
                Attempt::NotLeader(forward.leader_id.filter(|id| *id != self.identity.node_id))
            }
            Ok(Err(error)) => Attempt::Unknown(error.to_string()),
            Err(_) => Attempt::Unknown("it was not committed in time".to_owned()),
        }
    }

    /// Whether a command about another node must wait until the founder has recorded itself.
    ///
    /// Before that the founder's own number would be given away, or taken for one that was removed.
    fn awaits_founder(&self, command: &Command) -> bool {
        let is_early = self.identity.founder && self.view.state().nodes.is_empty();
        is_early
            && match command {
                Command::AddNode(_) => true,
                Command::PutNode(put) => put.id != self.identity.node_id,
                _ => false,
            }
    }

    /// Asks the gate, which may take long, away from the threads that keep Raft's time.
    async fn pass_gate(&self, envelope: Envelope) -> Result<Envelope, Box<Attempt>> {
        if let Err(refused) = self.guard_majority(&envelope.command).await {
            return Err(Box::new(Attempt::Done(refused)));
        }
        let Some(gate) = self.gate.clone() else { return Ok(envelope) };
        let state = self.view.state();
        let asked =
            tokio::task::spawn_blocking(move || gate(&state, &envelope.command).map(|()| envelope));
        match asked.await {
            Ok(Ok(envelope)) => Ok(envelope),
            Ok(Err(reply)) => Err(Box::new(Attempt::Done(reply))),
            Err(error) => Err(Box::new(Attempt::Stopped(format!("the trial failed: {error}")))),
        }
    }

    /// Sends a command to the leader: one hop, for the leader does not send it on.
    async fn forward(&self, leader: u64, envelope: &Envelope, deadline: Instant) -> Attempt {
        let route = (Method::POST, "/cluster/v1/propose");
        let rest = deadline.saturating_duration_since(Instant::now());
        // The trial of a configuration on the leader may take longer than an attempt.
        let is_tried = matches!(envelope.command, Command::PutConfig(_));
        let ttl = if is_tried { rest } else { rest.min(ATTEMPT) };
        let mut status = self.status.subscribe();
        let term = status.borrow().term;
        let call = self.messenger.call(Lane::Log, route, (leader, ""), envelope.encode(), ttl);
        let answer = tokio::select! {
            answer = call => answer,
            // A leader that froze or was cut off says nothing: the next one is asked as soon as it leads.
            Ok(_) = status.wait_for(|now| {
                now.term > term && now.leader.is_some_and(|other| other != leader)
            }) => return Attempt::Unknown("another node has come to lead".to_owned()),
        };
        match answer {
            Ok((StatusCode::OK, body)) => Attempt::decode(&body),
            Ok((status, body)) => {
                let text = String::from_utf8_lossy(&body).into_owned();
                Attempt::Unsupported(format!("node {leader} answered {status}: {text}"))
            }
            Err(CallError::Unreachable(_) | CallError::Refused(_) | CallError::Distrusted(_)) => {
                Attempt::NotLeader(None)
            }
            Err(error) => Attempt::Unknown(error.to_string()),
        }
    }

    /// Waits a little, for loops that try again.
    pub(crate) async fn rest(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.closed() => {}
        }
    }
}

/// An outcome that is not known, with the last reason.
fn unknown_error(why: String) -> ProposeError {
    ProposeError::Unknown { why }
}
