//! The trial on the leader: what cannot be served, or comes too early, is never committed.

use geo::PlaceTable;
use gslb_consensus::raft::Gate;
use gslb_consensus::state::{Command, Envelope, RefusalCode, Reply, State};
use std::sync::Arc;
use tokio::sync::watch;

use crate::compile::Compiler;

/// Refuses what must not be committed by this state; the state itself refuses the rest.
pub(super) fn trial(tables: watch::Receiver<Arc<PlaceTable>>) -> Gate {
    Arc::new(move |state: &State, command: &Command| match command {
        Command::PutConfig(_) => try_config(state, command, &tables.borrow().clone()),
        // Number 1 is the founder's, which records itself once it leads.
        Command::AddNode(_) | Command::AddObserver(_) if state.nodes.is_empty() => {
            let what = "the founding node has not taken its place yet: try again in a moment";
            Err(Reply::refused(RefusalCode::Conflict, what))
        }
        // The others change numbers within what is compiled already.
        _ => Ok(()),
    })
}

/// Tries a configuration on a copy of the state, and compiles what comes of it.
fn try_config(state: &State, command: &Command, table: &Arc<PlaceTable>) -> Result<(), Reply> {
    let mut copy = state.clone();
    let envelope = Envelope {
        client: 0,
        seq: u64::MAX,
        actor: String::new(),
        caller: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::state::NodeRecord;

    fn gate() -> Gate {
        trial(watch::Sender::new(Arc::new(PlaceTable::empty())).subscribe())
    }

    #[test]
    fn no_node_is_added_before_the_founder_has_its_number() {
        let node = NodeRecord { name: "n".into(), raft: "r:1".into(), api: "a:1".into() };
        let mut state = State::default();
        let command = Command::AddNode(node.clone());
        assert!(gate()(&state, &command).is_err());
        Arc::make_mut(&mut state.nodes).insert(1, node);
        assert!(gate()(&state, &command).is_ok());
    }

    #[test]
    fn a_configuration_with_faults_is_refused_and_a_sound_one_passes() {
        let put = |text: &str| {
            let config = gslb_consensus::model::document::read(text, None, &|_| Err(String::new()));
            let config = Arc::new(config.unwrap());
            Command::PutConfig(gslb_consensus::state::command::PutConfig { config, expect: None })
        };
        let state = State::default();
        assert_eq!(gate()(&state, &put("[[regions]]\nid = \"eu\"\n")), Ok(()));
        let mut broken = put("");
        if let Command::PutConfig(put) = &mut broken {
            put.expect = Some(7);
        }
        assert!(gate()(&state, &broken).is_err());
    }
}
