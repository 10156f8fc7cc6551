//! What has become of the place data files.

use std::path::PathBuf;

/// What has become of the place data files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PlaceReport {
    /// Which data is used; equal on all nodes that decide alike.
    pub(super) edition: String,
    /// What it is, for people.
    pub(super) label: String,
    /// When it was built, s since 1970; 0 if that is not known.
    pub(super) built_s: u64,
    /// The files, in their order; none: the built-in table.
    pub(super) files: Vec<PathBuf>,
    /// Why what the files hold now was refused, while the data before is kept.
    pub(super) refused: Option<String>,
}
