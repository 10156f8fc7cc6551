//! One command, applied.

use super::agreed::State;
use super::audit::{AuditEntry, own_act};
use super::command::Command;
use super::difference::{difference, invite, override_on, token};
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
        self.end_what_has_expired(envelope.caller.is_some());
        if let Some(reply) = self.sessions.seen(envelope.client, envelope.seq) {
            return reply.clone();
        }
        let reply = match self.role_for(envelope) {
            Ok(role) => self.apply_allowed(envelope, role),
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

    /// Applies a command that its sender may give, and takes it down.
    fn apply_allowed(&mut self, envelope: &Envelope, role: String) -> Reply {
        let before = envelope.command.is_by_operator().then(|| self.clone());
        match self.carry_out(&envelope.command, envelope) {
            Ok(id) => {
                if let Some(before) = before {
                    self.take_down(&before, envelope, role);
                }
                Reply::Done { revision: self.revision(), id }
            }
            Err(refused) => refused,
        }
    }

    /// Adds an accepted command to the audit trail.
    fn take_down(&mut self, before: &Self, envelope: &Envelope, role: String) {
        let mut entry = AuditEntry {
            history: self.history,
            index: self.index,
            at_ms: self.time_ms,
            actor: envelope.actor.clone(),
            role,
            change: envelope.command.summary(),
            reason: envelope.command.reason().to_owned(),
            ..AuditEntry::default()
        };
        let Some(caller) = &envelope.caller else {
            // Every node must get the same record of it, whether it applied it or had it in a snapshot.
            Arc::make_mut(&mut self.audit).add_unchained(entry);
            return;
        };
        entry.caller = caller.clone();
        (entry.before, entry.after) = difference(before, self, &envelope.command);
        Arc::make_mut(&mut self.audit).add(entry);
    }

    /// Ends overrides, tokens and invites by agreed time; each end is an act that the audit trail tells.
    fn end_what_has_expired(&mut self, is_told: bool) {
        if self.next_expiry().is_none_or(|at| at > self.time_ms) {
            return;
        }
        let before = self.clone();
        let at = (self.history, self.index, self.time_ms);
        let mut acts: Vec<AuditEntry> = Vec::new();
        for target in self.end_overrides() {
            let kind = before.overrides.get(&target).map(|o| o.kind.to_string());
            let change = format!("{} {target} has ended by time", kind.unwrap_or_default());
            acts.push(own_act(at, change, override_on(&before, &target)));
        }
        for name in self.end_tokens() {
            let was = token(&before, &name);
            acts.push(own_act(at, format!("token {name} has ended by time"), was));
        }
        for name in self.end_invites() {
            let was = invite(&before, &name);
            acts.push(own_act(at, format!("invite of node {name} has ended by time"), was));
        }
        if is_told {
            let audit = Arc::make_mut(&mut self.audit);
            acts.into_iter().for_each(|act| audit.add(act));
        }
    }

    /// Does what a command says; gives the id that a new node has.
    fn carry_out(&mut self, command: &Command, envelope: &Envelope) -> Result<Option<u64>, Reply> {
        let (actor, index) = (envelope.actor.as_str(), self.index);
        match command {
            Command::PutConfig(put) => self.put_config(put, index)?,
            Command::SetWeight(set) => self.set_weight(set, actor)?,
            Command::SetOverride(set) => self.set_override(set, actor)?,
            Command::ClearOverride(clear) => self.clear_override(clear)?,
            Command::ReportHealth(report) => self.report_health(report)?,
            Command::ExpireVantage(expire) => self.expire_vantage(expire)?,
            Command::PassTime(_) => {}
            Command::AddNode(record) => return self.add_node(record).map(Some),
            Command::AddObserver(record) => return self.add_observer(record).map(Some),
            Command::PutNode(put) => self.put_node(put.id, &put.record)?,
            Command::RemoveNode(remove) => self.remove_node(remove.id)?,
            Command::SetSeat(set) => self.set_seat(set)?,
            Command::SetAutopilot(set) => self.set_autopilot(set)?,
            Command::Guarded(guarded) => {
                // Only commands of other kinds pass.
                self.compare(guarded)?;
                return self.carry_out(&guarded.command, envelope);
            }
            Command::PutUser(put) => self.put_user(put, envelope, index)?,
            Command::RemoveUser(remove) => self.remove_user(remove, envelope, index)?,
            Command::PutToken(put) => self.put_token(put, actor)?,
            Command::RemoveToken(remove) => self.remove_token(remove)?,
            Command::PutInvite(put) => self.put_invite(put, actor)?,
            Command::RemoveInvite(remove) => self.remove_invite(remove)?,
            Command::SpendInvite(spend) => return self.spend_invite(spend).map(Some),
            Command::SealIssuer(seal) => self.seal_issuer(seal)?,
            Command::GrantCertificate(ask) => self.grant_certificate(ask)?,
            Command::SetGeneration(set) => self.set_generation(set)?,
        }
        Ok(None)
    }

    pub(super) fn name_is_taken(&self, id: Option<u64>, name: &str) -> bool {
        self.nodes.iter().any(|(other, record)| Some(*other) != id && record.name == name)
            || self.observers.values().any(|record| record.name == name)
    }

    pub(super) fn add_node(&mut self, record: &NodeRecord) -> Result<u64, Reply> {
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
        if self.remove_observer(id) {
            return Ok(());
        }
        if Arc::make_mut(&mut self.nodes).remove(&id).is_none() {
            return Err(Reply::refused(RefusalCode::NotFound, format!("there is no node {id}")));
        }
        self.forget_vantage(id);
        Arc::make_mut(&mut self.roster).forget(id);
        Arc::make_mut(&mut self.joining).forget(id);
        Ok(())
    }
}
