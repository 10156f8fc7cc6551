//! What a node says of its certificate.

use serde::{Deserialize, Serialize};

/// Until when a node's certificates are valid, and what became of their files; zeros: not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateReport {
    /// When its own ends, s since 1970.
    pub ends_s: i64,
    /// When the last of the authorities that it trusts ends, s since 1970.
    pub authority_ends_s: i64,
    /// Why what the files hold now was refused, while what was before is used.
    #[serde(default)]
    pub refused: Option<String>,
}
