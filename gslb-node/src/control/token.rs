//! The text of a bearer token: 256 random bits that its holder alone knows.
//!
//! `gslb_<name>_<64 hexadecimal digits>`: the prefix lets scanners of leaked secrets find it, the name
//! says which one it is. The cluster holds the SHA-256 of the whole text.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use gslb_consensus::state::{Access, Joining, Token};

/// What every token begins with.
const PREFIX: &str = "gslb_";

/// Makes a token; `None`: the system gives no random bytes.
#[must_use]
pub fn generate(name: &str) -> Option<String> {
    let mut secret = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut secret).ok()?;
    Some(format!("{PREFIX}{name}_{}", hex(&secret)))
}

/// SHA-256 of a token's text: what the cluster is told.
#[must_use]
pub fn sha256(text: &str) -> [u8; 32] {
    sha256_of(text.as_bytes())
}

/// SHA-256 of bytes.
pub(super) fn sha256_of(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a hash in hexadecimal.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The token that a text is, with its name.
///
/// The comparison takes as long whether the name is unknown or the secret is wrong, and tells nothing
/// of how much of a guess was right.
pub(super) fn find<'a>(access: &'a Access, text: &str) -> Option<(&'a str, &'a Token)> {
    let name = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let known = name.and_then(|(name, _)| access.tokens.get_key_value(name));
    let stored = known.map_or([0; 32], |(_, token)| token.sha256);
    let equal = verify_slices_are_equal(&sha256(text), &stored).is_ok();
    known.filter(|_| equal).map(|(name, token)| (name.as_str(), token))
}

/// The invite that a text is the token of: the name of its node, and the hash.
///
/// As [`find`], it tells nothing of how much of a guess was right.
pub(super) fn find_invite(joining: &Joining, text: &str) -> Option<(String, [u8; 32])> {
    let name = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
    let known = name.and_then(|(name, _)| joining.invites.get_key_value(name));
    let stored = known.map_or([0; 32], |(_, invite)| invite.sha256);
    let equal = verify_slices_are_equal(&sha256(text), &stored).is_ok();
    known.filter(|_| equal).map(|(name, _)| (name.clone(), stored))
}

/// Bytes of any number in hexadecimal.
pub(super) fn unhex_bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gslb_consensus::state::{Grant, Role};

    #[test]
    fn a_token_is_found_by_its_whole_text_only() {
        let text = generate("ci").unwrap();
        assert_eq!(text.len(), "gslb_ci_".len() + 64);
        assert_ne!(generate("ci"), Some(text.clone()));
        let token = Token {
            grant: Grant::of(Role::Viewer),
            sha256: sha256(&text),
            by: "ann".to_owned(),
            at_ms: 1,
            expires_ms: None,
        };
        let mut access = Access::default();
        access.tokens.insert("ci".to_owned(), token);
        assert_eq!(find(&access, &text).map(|(name, _)| name), Some("ci"));
        for bad in ["", "gslb_", "gslb_ci", "gslb_ci_", "gslb_other_00", &text[1..]] {
            assert!(find(&access, bad).is_none(), "{bad}");
        }
        for at in 0..text.len() {
            let mut bad = text.clone().into_bytes();
            bad[at] ^= 1;
            assert!(find(&access, std::str::from_utf8(&bad).unwrap()).is_none(), "byte {at}");
        }
        // A token without a hash that could be compared is none: zeros are no hash of any text.
        assert!(find(&Access::default(), "gslb_ci_00").is_none());
    }

    #[test]
    fn a_hash_goes_there_and_back() {
        let hash = sha256("x");
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        for bad in ["", "0", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
    }
}
