//! Whether a caller may do what it asks for.
//!
//! ```text
//!  a request -> the node that took it: grant_of, may  (early, by its own state)
//!            -> log -> apply:          grant_of, may  (again, by the agreed state: this one counts)
//! ```

use super::access::{Grant, Role};
use super::agreed::State;
use super::caller::Proof;
use super::command::Command;
use super::envelope::Envelope;
use super::overrides::OverrideTarget;
use super::reply::{RefusalCode, Reply};
use super::touched::{Touched, touched};
use crate::model::{Config, RegionId};

impl State {
    /// What a caller may do at all; nodes may do everything, for each of them holds the state itself.
    ///
    /// # Errors
    /// It may do nothing: one sentence that says what is needed.
    pub fn grant_of(&self, actor: &str, proof: Proof) -> Result<Grant, String> {
        let user = self.access.users.get(actor);
        match proof {
            Proof::Node => Ok(Grant::of(Role::Admin)),
            Proof::Token => match self.access.tokens.get(actor) {
                Some(token) => Ok(token.grant.clone()),
                None => Err(format!("the token {actor} has ended or was removed")),
            },
            Proof::AdminCertificate if user.is_none() => Ok(Grant::of(Role::Admin)),
            Proof::AdminCertificate | Proof::UserCertificate => {
                user.and_then(|user| user.grant.clone()).ok_or_else(|| {
                    format!(
                        "{actor} has no role in this cluster; an admin gives one: \
                         gslbctl user add {actor} --role viewer"
                    )
                })
            }
        }
    }

    /// Whether a grant is enough for a command.
    ///
    /// # Errors
    /// It is not: the refusal says what is needed.
    pub fn may(&self, who: &str, grant: &Grant, command: &Command) -> Result<(), Reply> {
        let command = command.inner();
        let needed = needed_role(command);
        if grant.role < needed {
            return Err(forbidden(format!(
                "{who} is {}; {} needs the role {needed}: gslbctl user list shows who has it",
                grant.role,
                command.summary()
            )));
        }
        if grant.role > Role::Operator || !grant.is_limited() {
            return Ok(());
        }
        match self.outside(grant, command) {
            None => Ok(()),
            Some(what) => {
                Err(forbidden(format!("{who} is {grant}; {what} is outside of that: ask an admin")))
            }
        }
    }

    /// The role by which a command of the log is allowed; empty for the cluster's own.
    pub(super) fn role_for(&self, envelope: &Envelope) -> Result<String, Reply> {
        // Entries from before there were roles were allowed when they were made.
        let Some(caller) = envelope.caller.as_ref().filter(|c| c.is_operator()) else {
            return Ok(String::new());
        };
        let grant = self.grant_of(&envelope.actor, caller.proof).map_err(forbidden)?;
        self.may(&envelope.actor, &grant, &envelope.command)?;
        Ok(grant.to_string())
    }

    /// The first thing that a command touches outside of what an operator is limited to.
    fn outside(&self, grant: &Grant, command: &Command) -> Option<String> {
        let region = |id: &RegionId| (!grant.regions.contains(id)).then(|| format!("region {id}"));
        let target = |target: &OverrideTarget| match target {
            OverrideTarget::Region(id) => region(id),
            // What does not exist is refused by its own rule.
            OverrideTarget::Endpoint(id) => {
                self.config.endpoint(id).and_then(|(_, endpoint)| region(&endpoint.region))
            }
        };
        match command {
            Command::SetWeight(set) => region(&set.region),
            Command::SetOverride(set) => target(&set.target),
            Command::ClearOverride(clear) => target(&clear.target),
            Command::PutConfig(put) => outside_config(grant, &self.config, &put.config),
            _ => Some(command.summary()),
        }
    }
}

/// The first object that differs outside of what an operator is limited to.
fn outside_config(grant: &Grant, old: &Config, new: &Config) -> Option<String> {
    let is_outside = |object: &Touched| match object {
        Touched::Zone(zone) => !grant.zones.contains(zone),
        Touched::Name(_, zone) => zone.as_ref().is_none_or(|zone| !grant.zones.contains(zone)),
        Touched::Region(region) => !grant.regions.contains(region),
        Touched::Endpoints(_, regions) => !regions.is_subset(&grant.regions),
        Touched::Other(_) => true,
    };
    touched(old, new).iter().find(|object| is_outside(object)).map(Touched::path)
}

/// The least role that a command needs.
fn needed_role(command: &Command) -> Role {
    match command {
        Command::PutConfig(_)
        | Command::SetWeight(_)
        | Command::SetOverride(_)
        | Command::ClearOverride(_) => Role::Operator,
        // Nodes, users and tokens; and what only nodes report.
        _ => Role::Admin,
    }
}

fn forbidden(what: String) -> Reply {
    Reply::refused(RefusalCode::Forbidden, what)
}
