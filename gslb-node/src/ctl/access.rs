//! Users and tokens: roles that the cluster agrees on, and what their holders are given.

use super::access_args::{GrantArgs, TokenAdd, TokenCommand, UserAdd, UserCommand, UserSet};
use super::age::{ago, utc};
use super::change_args::Wait;
use super::client::Client;
use super::cluster;
use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use super::output::{Output, Tone};
use super::table::{Cell, Table};
use super::wait;
use crate::control::shape::{
    Applied, GrantShape, NewToken, RemoveUserRequest, RemovedReason, TokensReply, UserRequest,
    UsersReply, WaitReply, WhoReply,
};
use crate::control::token;
use std::path::{Path, PathBuf};

/// `gslbctl user`; `dir` is the cluster's folder, for certificates.
pub(super) async fn user(
    command: UserCommand,
    context: &Context,
    output: Output,
) -> Result<(), CtlError> {
    let client = Client::new(context)?;
    match command {
        UserCommand::Add(args) => add_user(&client, context, args, output).await,
        UserCommand::Set(args) => set_user(&client, args, output).await,
        UserCommand::List => list_users(&client, output).await,
        UserCommand::Remove { name, expect, reason } => {
            let ask = RemoveUserRequest { expect, reason };
            let applied = client.delete(&format!("/v1/users/{name}"), &ask).await?;
            told(&client, &applied, output).await
        }
    }
}

/// `gslbctl token`.
pub(super) async fn token(
    command: TokenCommand,
    context: &Context,
    output: Output,
) -> Result<(), CtlError> {
    let client = Client::new(context)?;
    match command {
        TokenCommand::Add(args) => add_token(&client, context, args, output).await,
        TokenCommand::List => list_tokens(&client, output).await,
        TokenCommand::Remove { name, reason } => {
            let ask = RemovedReason { reason };
            let applied = client.delete(&format!("/v1/tokens/{name}"), &ask).await?;
            told(&client, &applied, output).await
        }
    }
}

/// `gslbctl whoami`.
pub(super) async fn whoami(client: &Client, output: Output) -> Result<(), CtlError> {
    let who: WhoReply = client.get("/v1/whoami", &()).await?;
    output.show(&who, |o| {
        let (grant, from) = (words(&who.grant), &who.from);
        o.line(&format!("{} is {grant}, by {}, from {from}", who.name, who.proof));
    })
}

async fn add_user(
    client: &Client,
    context: &Context,
    args: UserAdd,
    output: Output,
) -> Result<(), CtlError> {
    let UserAdd { name, grant, out, dir } = args;
    let own = context.path().parent().map_or_else(PathBuf::new, Path::to_path_buf);
    // First what may fail here: a role without a certificate would be of no use.
    let issued = match &out {
        Some(out) => Some((cluster::issue_user(&dir.unwrap_or(own), &name, out)?, out)),
        None => None,
    };
    let applied = put_user(client, &name, grant, Some(0)).await?;
    if let Some((identity, out)) = &issued {
        identity.save(out)?;
        cluster::copy_context(context, out)?;
    }
    let waited = known_everywhere(client, &applied).await?;
    let told = serde_json::json!({ "applied": applied, "out": out });
    output.show(&told, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        wait::tell(waited.as_ref(), o);
        match &out {
            Some(out) => {
                let shown = out.display();
                o.line(&format!("hand over the folder {shown}; it holds the user's key"));
                o.line(&format!("  gslbctl --context {} whoami", out.join(FILE_NAME).display()));
            }
            None => o.line("it counts for whoever has a certificate of that name"),
        }
    })
}

async fn set_user(client: &Client, args: UserSet, output: Output) -> Result<(), CtlError> {
    let applied = put_user(client, &args.name, args.grant, args.expect).await?;
    told(client, &applied, output).await
}

async fn put_user(
    client: &Client,
    name: &str,
    grant: GrantArgs,
    expect: Option<u64>,
) -> Result<Applied, CtlError> {
    let (grant, reason) = shape(grant);
    client.put(&format!("/v1/users/{name}"), &UserRequest { grant, expect, reason }).await
}

async fn list_users(client: &Client, output: Output) -> Result<(), CtlError> {
    let reply: UsersReply = client.get("/v1/users", &()).await?;
    output.show(&reply, |o| {
        let mut table = Table::new(&["USER", "ROLE", "CHANGED", "WHEN", "BY"]);
        for user in &reply.users {
            let role = match &user.grant {
                Some(grant) => words(grant).into(),
                None => Cell::new(Tone::Bad, "removed"),
            };
            let when = utc(user.at_ms);
            let by = user.by.as_str();
            table.row([
                user.name.as_str().into(),
                role,
                user.changed.into(),
                when.into(),
                by.into(),
            ]);
        }
        if table.is_empty() {
            o.line("no roles were given yet: certificates of admins have all rights");
        }
        o.table(&table);
    })
}

async fn add_token(
    client: &Client,
    context: &Context,
    args: TokenAdd,
    output: Output,
) -> Result<(), CtlError> {
    let random = || CtlError::File("the system gave no random bytes".to_owned());
    let secret = token::generate(&args.name).ok_or_else(random)?;
    let (grant, reason) = shape(args.grant);
    let sha256 = token::hex(&token::sha256(&secret));
    let (name, lasts) = (args.name, args.lasts);
    // The folder first: a secret that could not be kept would be lost.
    if let Some(out) = &args.out {
        context.for_token(out, &secret)?;
    }
    let ask = NewToken { name, sha256, grant, lasts, reason };
    let applied: Applied = client.post("/v1/tokens", &ask).await?;
    let shown = if args.out.is_none() { Some(&secret) } else { None };
    // The secret is shown whatever comes of the waiting.
    let waited = known_everywhere(client, &applied).await.unwrap_or_default();
    let told = serde_json::json!({ "applied": applied, "token": shown, "out": args.out });
    output.show(&told, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        wait::tell(waited.as_ref(), o);
        match &args.out {
            Some(out) => {
                let context = out.join(FILE_NAME);
                o.line(&format!("the token is in {}; keep it like a key", out.display()));
                o.line(&format!("  gslbctl --context {} whoami", context.display()));
            }
            None => {
                o.line("keep it like a key; it is not shown again:");
                o.line(&format!("  {secret}"));
            }
        }
    })
}

async fn list_tokens(client: &Client, output: Output) -> Result<(), CtlError> {
    let reply: TokensReply = client.get("/v1/tokens", &()).await?;
    output.show(&reply, |o| {
        let mut table = Table::new(&["TOKEN", "ROLE", "ENDS", "MADE", "BY"]);
        for token in &reply.tokens {
            let ends = token.expires_ms.map_or_else(|| "when removed".to_owned(), utc);
            table.row([
                token.name.as_str().into(),
                words(&token.grant).into(),
                ends.into(),
                ago(token.at_ms, reply.time_ms).into(),
                token.by.as_str().into(),
            ]);
        }
        if table.is_empty() {
            o.line("there are no tokens");
        }
        o.table(&table);
    })
}

async fn told(client: &Client, applied: &Applied, output: Output) -> Result<(), CtlError> {
    let waited = known_everywhere(client, applied).await?;
    output.show(applied, |o| {
        o.line(&format!("{}: agreed at revision {}", applied.change, applied.revision));
        wait::tell(waited.as_ref(), o);
    })
}

/// Waits until the nodes know it: whoever was just given a role or a token may ask any of them.
async fn known_everywhere(
    client: &Client,
    applied: &Applied,
) -> Result<Option<WaitReply>, CtlError> {
    let wait = Wait { wait: true, timeout: "10s".to_owned() };
    wait::wait(client, &wait, applied.revision).await
}

/// What was typed as the API takes it, and why.
fn shape(args: GrantArgs) -> (GrantShape, String) {
    let GrantArgs { role, zone, region, reason } = args;
    (GrantShape { role, zones: zone, regions: region }, reason)
}

/// A role in words.
fn words(grant: &GrantShape) -> String {
    let zones = grant.zones.iter().map(|zone| format!("zone {zone}"));
    let parts: Vec<String> =
        zones.chain(grant.regions.iter().map(|region| format!("region {region}"))).collect();
    if parts.is_empty() {
        return grant.role.clone();
    }
    format!("{} of {}", grant.role, parts.join(", "))
}
