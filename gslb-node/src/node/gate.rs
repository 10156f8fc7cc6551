//! The trial on the leader: what cannot be served is never committed.

use geo::PlaceTable;
use gslb_consensus::raft::Gate;
use gslb_consensus::state::{Command, Envelope, RefusalCode, Reply, State};
use std::sync::Arc;
use tokio::sync::watch;

use crate::compile::Compiler;

/// Tries a configuration on a copy of the state, and compiles what comes of it.
pub(super) fn trial(tables: watch::Receiver<Arc<PlaceTable>>) -> Gate {
    Arc::new(move |state: &State, command: &Command| match command {
        Command::PutConfig(_) => try_config(state, command, &tables.borrow().clone()),
        // The others change numbers within what is compiled already.
        _ => Ok(()),
    })
}

fn try_config(state: &State, command: &Command, table: &Arc<PlaceTable>) -> Result<(), Reply> {
    let mut copy = state.clone();
    let envelope = Envelope {
        client: 0,
        seq: u64::MAX,
        actor: String::new(),
        stamp_ms: state.time_ms,
        command: command.clone(),
    };
    if let refused @ Reply::Refused { .. } = copy.apply(state.index + 1, &envelope) {
        return Err(refused);
    }
    match Compiler::new(0).compile(&copy, table) {
        Ok(_) => Ok(()),
        Err(fault) => {
            let what = format!("this configuration cannot be served: {fault}");
            Err(Reply::refused(RefusalCode::Invalid, what))
        }
    }
}
