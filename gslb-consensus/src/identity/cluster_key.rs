//! The key under which the cluster's secrets are sealed.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};

use super::IdentityError;
use super::files::{SECRET, make_folder, read, write};

/// The file that holds it, in the folder of the cluster and of each node.
pub(super) const FILE: &str = "cluster.key";

/// The format of sealed bytes: a number, a nonce of 12 bytes, what is sealed, a tag of 16 bytes.
const FORMAT: u8 = 1;

/// Bytes of the nonce.
const NONCE: usize = 12;

/// The key under which the cluster's secrets are sealed in the agreed state (AES-256-GCM).
///
/// Every node has it in a file of its own; it is in no log, backup or export.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterKey([u8; 32]);

impl ClusterKey {
    /// A new one.
    pub fn create() -> Result<Self, IdentityError> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| IdentityError::Crypto("the system gave no random bytes".to_owned()))?;
        Ok(Self(bytes))
    }

    /// Reads it from a folder; none: the folder has none.
    ///
    /// One that others than its owner may read is refused.
    pub fn load(dir: &Path) -> Result<Option<Self>, IdentityError> {
        let path = dir.join(FILE);
        let Ok(meta) = std::fs::metadata(&path) else { return Ok(None) };
        if meta.permissions().mode() & 0o077 != 0 {
            let why = "others may read it, and it seals the cluster's secrets: chmod 600";
            return Err(IdentityError::broken(&path, why));
        }
        let why = "it does not hold 64 hexadecimal digits";
        let key = Self::from_hex(read(dir, FILE)?.trim());
        key.map(Some).ok_or_else(|| IdentityError::broken(&path, why))
    }

    /// Writes it into a folder (0600).
    pub fn save(&self, dir: &Path) -> Result<(), IdentityError> {
        make_folder(dir)?;
        write(dir, FILE, &(self.to_hex() + "\n"), SECRET)
    }

    /// As text, for a node that joins; it goes over TLS only.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Seals a secret; `purpose` says what it is, and opens nothing else.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let failed = |_| IdentityError::Crypto("a secret could not be sealed".to_owned());
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.0).map_err(failed)?;
        let mut text = secret.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut text)
            .map_err(failed)?;
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what was sealed for this purpose under this key.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, IdentityError> {
        let refused = || {
            let why = "a sealed secret does not open: it was sealed under another cluster.key";
            IdentityError::Crypto(why.to_owned())
        };
        let (format, rest) = sealed.split_first().ok_or_else(refused)?;
        if *format != FORMAT {
            let why = format!("a sealed secret has format {format}, known is {FORMAT}");
            return Err(IdentityError::Crypto(why));
        }
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or_else(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.0).map_err(|_| refused())?;
        let mut text = text.to_vec();
        let opened = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut text);
        Ok(opened.map_err(|_| refused())?.to_vec())
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_and_purpose_only() {
        let key = ClusterKey::create().unwrap();
        let sealed = key.seal("issuing key", b"secret").unwrap();
        assert_eq!(key.open("issuing key", &sealed).unwrap(), b"secret");
        assert_ne!(key.seal("issuing key", b"secret").unwrap(), sealed);
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert!(key.open("cookie secret", &sealed).is_err());
        assert!(ClusterKey::create().unwrap().open("issuing key", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(key.open("issuing key", &bad).is_err(), "byte {at}");
            assert!(key.open("issuing key", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn it_is_kept_for_its_owner_and_shown_to_nobody() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ClusterKey::load(dir.path()).unwrap(), None);
        let key = ClusterKey::create().unwrap();
        key.save(dir.path()).unwrap();
        assert_eq!(ClusterKey::load(dir.path()).unwrap(), Some(key.clone()));
        assert_eq!(format!("{key:?}"), "ClusterKey(..)");
        let path = dir.path().join(FILE);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let error = ClusterKey::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(&path, "0f").unwrap();
        let error = ClusterKey::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("64 hexadecimal digits"), "{error}");
    }
}
