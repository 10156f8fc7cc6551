//! Nodes that join by themselves: the key that signs their certificates, and their invites.

use super::age::utc;
use super::client::Client;
use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use super::node_args::InviteArgs;
use super::output::{Output, Tone};
use super::table::{Cell, Table};
use crate::control::shape::{
    Applied, InviteRequest, Invited, InvitesReply, IssuerRequest, RemovedReason,
};
use crate::control::token;
use crate::join::TokenFile;
use gslb_consensus::identity::{Authority, ClusterKey};
use std::path::Path;

/// `gslbctl cluster issuer`.
pub(super) async fn issuer(dir: &Path, reason: String, output: Output) -> Result<(), CtlError> {
    let client = Client::new(&Context::load(&dir.join(FILE_NAME))?)?;
    let applied = give_issuer(&client, dir, reason).await?;
    output.show(&applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        o.line(
            "The nodes sign certificates of nodes that join (gslbctl node invite) and renew them.",
        );
        o.line("ca.key is needed for operators and for the next such key only.");
    })
}

/// Makes a key by which the nodes sign, and gives it to them, sealed.
async fn give_issuer(client: &Client, dir: &Path, reason: String) -> Result<Applied, CtlError> {
    let authority = Authority::load(dir)?;
    let Some(key) = ClusterKey::load(dir)? else {
        let what = "has no cluster.key, under which secrets are sealed: gslbctl cluster init makes \
                    one, and gslbctl node add gives it to the nodes";
        return Err(CtlError::File(format!("{} {what}", dir.display())));
    };
    let issuing = authority.make_issuing_key()?;
    let sealed = token::hex(&issuing.seal(&key)?);
    let ends_s = u64::try_from(issuing.ends_s()?).unwrap_or(0);
    client.put("/v1/issuer", &IssuerRequest { sealed, ends_s, reason }).await
}

/// `gslbctl node invite`; `dir` is the cluster's folder, for the first time.
pub(super) async fn invite(
    context: &Context,
    dir: &Path,
    args: InviteArgs,
    output: Output,
) -> Result<(), CtlError> {
    let client = Client::new(context)?;
    let InviteArgs { name, raft, api, lasts, out, reason, .. } = args;
    if out.exists() {
        let what = "is there already: choose another --out";
        return Err(CtlError::File(format!("{} {what}", out.display())));
    }
    let known: InvitesReply = client.get("/v1/invites", &()).await?;
    let is_first = known.issuer_ends_s.is_none() && dir.join("ca.key").exists();
    if is_first {
        give_issuer(&client, dir, reason.clone()).await?;
    }
    let random = || CtlError::File("the system gave no random bytes".to_owned());
    let secret = token::generate(&name).ok_or_else(random)?;
    let sha256 = token::hex(&token::sha256(&secret));
    let ask = InviteRequest { name: name.clone(), raft, api, sha256, lasts, reason };
    let invited: Invited = client.post("/v1/invites", &ask).await?;
    let file = TokenFile {
        cluster: invited.cluster.clone(),
        cluster_uuid: invited.cluster_uuid.clone(),
        node: name.clone(),
        members: invited.members.clone(),
        token: secret,
        authority: context.authorities()?,
    };
    file.save(&out)
        .map_err(|error| CtlError::File(format!("{} cannot be written: {error}", out.display())))?;
    output.show(&invited, |o| {
        let (shown, until) = (out.display(), utc(invited.expires_ms));
        if is_first {
            o.line("the nodes have a key now by which they sign certificates of nodes");
        }
        o.line(&format!("node {name} may join once, until {until}: {shown}"));
        o.line("next: bring that file to its machine, keep it like a key, and run there");
        let member = invited.members.first().map_or("HOST:PORT", String::as_str);
        o.line(&format!("  gslb-node --join {member} --token-file {shown} --dir {name}"));
        o.line(
            "Then delete the file. `gslbctl status` shows the node as voter when it has caught up.",
        );
    })
}

/// `gslbctl node invites`.
pub(super) async fn list(client: &Client, output: Output) -> Result<(), CtlError> {
    let reply: InvitesReply = client.get("/v1/invites", &()).await?;
    output.show(&reply, |o| {
        let mut table = Table::new(&["NODE", "STATE", "ENDS", "RAFT", "API", "BY"]);
        for invite in &reply.invites {
            let state = match invite.spent_by {
                Some(id) => Cell::new(Tone::Plain, format!("joined as node {id}")),
                None => Cell::new(Tone::Warn, "waits"),
            };
            table.row([
                invite.name.as_str().into(),
                state,
                utc(invite.expires_ms).into(),
                invite.raft.as_str().into(),
                invite.api.as_str().into(),
                invite.by.as_str().into(),
            ]);
        }
        if table.is_empty() {
            o.line("there are no invites");
        }
        o.table(&table);
        match reply.issuer_ends_s {
            Some(ends_s) => {
                let until = utc(ends_s.saturating_mul(1_000));
                o.line(&format!("the nodes sign certificates until {until}"));
            }
            None => o.line("the nodes sign no certificates: gslbctl cluster issuer"),
        }
    })
}

/// `gslbctl node uninvite`.
pub(super) async fn remove(
    client: &Client,
    (node, reason): (&str, String),
    output: Output,
) -> Result<(), CtlError> {
    let ask = RemovedReason { reason };
    let applied: Applied = client.delete(&format!("/v1/invites/{node}"), &ask).await?;
    output.show(&applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
    })
}
