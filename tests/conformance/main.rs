//! What a node answers, as dialogues in text, and what a real resolver makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod dialogue;
