//! What holds for every configuration and every order of commands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod agreement;
mod configs;
mod export;
mod feed;
mod health;
mod overrides;
mod retries;
mod serials;
mod states;
mod tape;
mod weights;
