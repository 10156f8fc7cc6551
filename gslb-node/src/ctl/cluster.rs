//! Making a cluster: its authority, and the identities of its operators: admins and users.

use super::context::{Context, FILE_NAME};
use super::error::CtlError;
use super::founders;
use super::output::Output;
use gslb_consensus::identity::{AdminFiles, Authority, ClusterKey};
use std::path::Path;

/// Makes the folder of a new cluster: authority, the operator's certificate, context file.
///
/// # Errors
/// There is an authority already, a name does not fit, or a file cannot be written.
pub fn init(dir: &Path, cluster: &str, admin: &str) -> Result<(), CtlError> {
    let authority = Authority::create(cluster)?;
    let identity = authority.issue_admin(admin)?;
    authority.save(dir)?;
    ClusterKey::create()?.save(dir)?;
    identity.save(dir)?;
    Context::create(dir).map(|_| ())
}

/// Issues the folder of another admin: certificate and context file.
///
/// # Errors
/// The authority cannot be read, the name does not fit, or a file cannot be written.
pub fn add_admin(dir: &Path, name: &str, out: &Path) -> Result<(), CtlError> {
    let authority = Authority::load(dir)?;
    let identity = authority.issue_admin(name)?;
    let known = Context::load(&dir.join(FILE_NAME))?;
    check_free(out)?;
    identity.save(out)?;
    copy_context(&known, out)
}

/// Makes the certificate of a user, not yet in its folder, which must hold none.
pub(super) fn issue_user(dir: &Path, name: &str, out: &Path) -> Result<AdminFiles, CtlError> {
    check_free(out)?;
    Ok(Authority::load(dir)?.issue_user(name)?)
}

/// Refuses a folder that holds a key already.
fn check_free(out: &Path) -> Result<(), CtlError> {
    if out.join("admin.key").exists() {
        let what = "holds an operator's key already: choose another --out";
        return Err(CtlError::File(format!("{} {what}", out.display())));
    }
    Ok(())
}

/// Writes a context into the folder of a certificate that names the same nodes.
pub(super) fn copy_context(known: &Context, out: &Path) -> Result<(), CtlError> {
    let mut context = Context::create(out)?;
    let api =
        |server: &String| server.trim_start_matches("https://").trim_end_matches('/').to_owned();
    known.servers().iter().try_for_each(|server| context.add_server(&api(server)))
}

/// `gslbctl cluster init`.
pub(super) fn init_and_tell(
    dir: &Path,
    (cluster, admin): (&str, &str),
    nodes: &[(String, String)],
    output: Output,
) -> Result<(), CtlError> {
    let nodes = founders::founders(dir, nodes)?;
    init(dir, cluster, admin)?;
    founders::make(dir, &nodes)?;
    let context = dir.join(FILE_NAME);
    // Absolute, so that the line that is printed works from any folder.
    let context = std::path::absolute(&context).unwrap_or(context);
    let told = serde_json::json!({ "cluster": cluster, "admin": admin, "dir": dir, "context": context,
            "nodes": nodes.iter().map(|node| &node.out).collect::<Vec<_>>() });
    output.show(&told, |o| {
        let (dir, context) = (dir.display(), context.display());
        o.line(&format!("cluster {cluster} is made in {dir}"));
        o.line("  ca.key      the authority's key: keep it safe, and off the nodes");
        o.line("  cluster.key the key that seals the cluster's secrets: every node gets it");
        o.line(&format!("  admin.pem   your certificate, as {admin}"));
        o.line("  ctl.toml    the context of gslbctl");
        for (place, node) in nodes.iter().enumerate() {
            let what = if place == 0 { "founds the cluster" } else { "is taken in once it runs" };
            let (out, name) = (node.out.display(), &node.name);
            o.line(&format!("  {name}/  bring {out} to its machine; {name} {what}"));
        }
        if !nodes.is_empty() {
            o.line("next, look through each node.toml, and on each machine:");
            o.line("  gslb-node check --config node.toml && gslb-node --config node.toml");
            o.line("then, here:");
            o.line(&format!("  export GSLBCTL_CONTEXT={context}"));
            o.line("  gslbctl status");
            return;
        }
        o.line("next, the node that founds the cluster (with its own addresses):");
        o.line(&format!("  export GSLBCTL_CONTEXT={context}"));
        o.line("  gslbctl node add n1 --raft 10.0.0.1:8054 --api 10.0.0.1:8053 --out n1");
    })
}

/// `gslbctl cluster add-admin`.
pub(super) fn add_admin_and_tell(
    dir: &Path,
    name: &str,
    out: &Path,
    output: Output,
) -> Result<(), CtlError> {
    add_admin(dir, name, out)?;
    let context = out.join(FILE_NAME);
    output.show(&serde_json::json!({ "admin": name, "dir": out, "context": context }), |o| {
        o.line(&format!(
            "{name} is an admin of the cluster: hand over the folder {}",
            out.display()
        ));
        o.line(&format!("  gslbctl --context {} status", context.display()));
    })
}
