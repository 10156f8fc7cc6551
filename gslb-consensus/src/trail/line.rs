//! One record as a line of JSON, and the head line of a file.

use crate::state::{AuditEntry, AuditHash, Caller, Proof, Revision};
use serde::{Deserialize, Serialize};

/// The format of the files.
const FORMAT: u32 = 1;

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Head {
    gslb_audit: u32,
}

/// A record. The order of the fields is for people; the hash does not depend on it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: u64,
    revision: String,
    at_ms: u64,
    who: String,
    role: String,
    proof: String,
    certificate: String,
    from: String,
    change: String,
    reason: String,
    before: String,
    after: String,
    previous: String,
    hash: String,
}

/// The head line, with its end.
pub(super) fn head() -> String {
    format!("{{\"gslb_audit\":{FORMAT}}}\n")
}

/// Refuses a file that does not begin as this version writes it.
pub(super) fn check_head(line: &str) -> Result<(), String> {
    match serde_json::from_str::<Head>(line) {
        Ok(Head { gslb_audit: FORMAT }) => Ok(()),
        Ok(Head { gslb_audit: other }) => {
            Err(format!("the file has format {other}, this version knows {FORMAT} only"))
        }
        Err(_) => Err("it is no file of the audit trail".to_owned()),
    }
}

/// A record as a line, with its end.
pub(super) fn write(entry: &AuditEntry) -> Result<String, String> {
    let line = Line {
        number: entry.number,
        revision: entry.revision().to_string(),
        at_ms: entry.at_ms,
        who: entry.actor.clone(),
        role: entry.role.clone(),
        proof: proof_word(entry.caller.proof).to_owned(),
        certificate: entry.caller.certificate.clone(),
        from: entry.caller.from.clone(),
        change: entry.change.clone(),
        reason: entry.reason.clone(),
        before: entry.before.clone(),
        after: entry.after.clone(),
        previous: hex(&entry.previous),
        hash: hex(&entry.hash),
    };
    let mut text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

/// A record of a line.
pub(super) fn read(text: &str) -> Result<AuditEntry, String> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| format!("the line is no record: {error}"))?;
    let revision: Revision = line.revision.parse().map_err(|why| format!("revision: {why}"))?;
    let hash = |field: &str, text: &str| unhex(text).ok_or_else(|| format!("{field}: no SHA-256"));
    Ok(AuditEntry {
        number: line.number,
        history: revision.history,
        index: revision.index,
        at_ms: line.at_ms,
        actor: line.who,
        role: line.role,
        caller: Caller {
            proof: proof(&line.proof).ok_or("proof: this version does not know the word")?,
            certificate: line.certificate,
            from: line.from,
        },
        change: line.change,
        reason: line.reason,
        before: line.before,
        after: line.after,
        previous: hash("previous", &line.previous)?,
        hash: hash("hash", &line.hash)?,
    })
}

/// The words of the files; a word is never used again for another proof.
const PROOFS: [(Proof, &str); 4] = [
    (Proof::Node, "node"),
    (Proof::AdminCertificate, "admin certificate"),
    (Proof::UserCertificate, "certificate"),
    (Proof::Token, "token"),
];

fn proof_word(proof: Proof) -> &'static str {
    PROOFS.iter().find(|(known, _)| *known == proof).map_or("node", |(_, word)| word)
}

fn proof(word: &str) -> Option<Proof> {
    PROOFS.iter().find(|(_, known)| *known == word).map(|(proof, _)| *proof)
}

/// A hash in hexadecimal.
pub(super) fn hex(hash: &AuditHash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<AuditHash> {
    let mut hash = AuditHash::default();
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}
