//! The rules that the tree keeps: what is not held by a test is a wish.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod changelog;
mod dependencies;
mod layers;
mod metadata;
mod root;
mod source;
mod words;
