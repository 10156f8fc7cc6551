//! One command, applied.

use super::agreed::State;
use super::command::Command;
use super::envelope::Envelope;
use super::node_record::NodeRecord;
use super::reply::{RefusalCode, Reply};
use std::sync::Arc;

impl State {
    /// Applies the command at `index` of the log. The same state and input give the same state and reply, everywhere.
    ///
    /// A refused command changes nothing but the agreed time and the sender's session.
    pub fn apply(&mut self, index: u64, envelope: &Envelope) -> Reply {
        self.index = index;
        self.time_ms = self.time_ms.max(envelope.stamp_ms);
        self.expire_overrides();
        if let Some(reply) = self.sessions.seen(envelope.client, envelope.seq) {
            return reply.clone();
        }
        let reply = match self.carry_out(&envelope.command, &envelope.actor) {
            Ok(id) => {
                if envelope.command.is_by_operator() {
                    let reason = reason(&envelope.command);
                    Arc::make_mut(&mut self.audit).add(index, self.time_ms, envelope, reason);
                }
                Reply::Done { revision: self.revision(), id }
            }
            Err(refused) => refused,
        };
        Arc::make_mut(&mut self.sessions).store(
            envelope.client,
            envelope.seq,
            index,
            reply.clone(),
        );
        reply
    }

    /// Does what a command says; gives the id that a new node has.
    fn carry_out(&mut self, command: &Command, actor: &str) -> Result<Option<u64>, Reply> {
        match command {
            Command::PutConfig(put) => self.put_config(put, self.index)?,
            Command::SetWeight(set) => self.set_weight(set, actor)?,
            Command::SetOverride(set) => self.set_override(set, actor)?,
            Command::ClearOverride(clear) => self.clear_override(clear)?,
            Command::ReportHealth(report) => self.report_health(report)?,
            Command::ExpireVantage(expire) => self.expire_vantage(expire)?,
            Command::PassTime(_) => {}
            Command::AddNode(record) => return self.add_node(record).map(Some),
            Command::PutNode(put) => self.put_node(put.id, &put.record)?,
            Command::RemoveNode(remove) => self.remove_node(remove.id)?,
            Command::Guarded(guarded) => {
                // Only commands of other kinds pass.
                self.compare(guarded)?;
                return self.carry_out(&guarded.command, actor);
            }
        }
        Ok(None)
    }

    fn name_is_taken(&self, id: Option<u64>, name: &str) -> bool {
        self.nodes.iter().any(|(other, record)| Some(*other) != id && record.name == name)
    }

    fn add_node(&mut self, record: &NodeRecord) -> Result<u64, Reply> {
        if self.name_is_taken(None, &record.name) {
            return Err(Reply::refused(
                RefusalCode::Conflict,
                format!("there is a node {} already", record.name),
            ));
        }
        let id = self.last_node_id + 1;
        self.put_node(id, record).map(|()| id)
    }

    fn put_node(&mut self, id: u64, record: &NodeRecord) -> Result<(), Reply> {
        if self.name_is_taken(Some(id), &record.name) {
            return Err(Reply::refused(
                RefusalCode::Conflict,
                format!("there is a node {} already", record.name),
            ));
        }
        if id <= self.last_node_id && !self.nodes.contains_key(&id) {
            return Err(Reply::refused(
                RefusalCode::Invalid,
                format!("node id {id} was used before; ids are never given again"),
            ));
        }
        Arc::make_mut(&mut self.nodes).insert(id, record.clone());
        self.last_node_id = self.last_node_id.max(id);
        Ok(())
    }

    fn remove_node(&mut self, id: u64) -> Result<(), Reply> {
        if Arc::make_mut(&mut self.nodes).remove(&id).is_none() {
            return Err(Reply::refused(RefusalCode::NotFound, format!("there is no node {id}")));
        }
        self.forget_vantage(id);
        Ok(())
    }
}

fn reason(command: &Command) -> &str {
    match command {
        Command::SetWeight(set) => &set.reason,
        Command::SetOverride(set) => &set.reason,
        Command::ClearOverride(clear) => &clear.reason,
        Command::Guarded(guarded) => reason(&guarded.command),
        _ => "",
    }
}
