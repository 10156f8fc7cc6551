//! Wird gefüllt.
