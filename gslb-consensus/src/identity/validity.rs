//! Until when certificates are valid.

use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::IdentityError;

/// From when to when a node's certificates are valid, s since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// When its certificate begins.
    pub begins_s: i64,
    /// When its certificate ends, or what it was signed by, whichever is first.
    pub ends_s: i64,
    /// When the last of the authorities ends.
    pub authority_ends_s: i64,
}

impl Validity {
    /// That of a certificate with what it was signed by, under these authorities.
    pub(super) fn of(
        chain: &[CertificateDer<'_>],
        authorities: &[CertificateDer<'_>],
    ) -> Result<Self, IdentityError> {
        let spans = |all: &[CertificateDer<'_>]| {
            all.iter().map(span).collect::<Result<Vec<_>, IdentityError>>()
        };
        let (own, above) = (spans(chain)?, spans(authorities)?);
        Ok(Self {
            begins_s: own.first().map_or(0, |(begins, _)| *begins),
            ends_s: own.iter().map(|(_, ends)| *ends).min().unwrap_or(0),
            authority_ends_s: above.iter().map(|(_, ends)| *ends).max().unwrap_or(0),
        })
    }
}

/// From when to when one certificate is valid, s since 1970.
pub(super) fn span(certificate: &CertificateDer<'_>) -> Result<(i64, i64), IdentityError> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| IdentityError::Certificate(error.to_string()))?;
    let validity = parsed.validity();
    Ok((validity.not_before.timestamp(), validity.not_after.timestamp()))
}
