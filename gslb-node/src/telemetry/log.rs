//! Starts the log.

use std::fmt;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// The variable whose filter goes before the file's.
const FILTER_VARIABLE: &str = "GSLB_LOG";

/// Put before every filter, which may say otherwise: the library warns of each malformed query, so
/// that anybody on the Internet could fill the log.
const QUIET: &str = "hickory_proto=error";

/// Why the log could not be started.
#[derive(Debug)]
pub enum LogError {
    /// The filter in `GSLB_LOG` cannot be read.
    Filter(String),
    /// The process has a log already.
    Twice(String),
}

/// Sends events to standard error: coloured lines on a terminal, plain lines elsewhere, or JSON.
///
/// `filter` says which, as `info,gslb_node::probe=debug`; `GSLB_LOG` goes before it.
///
/// # Errors
/// A filter in `GSLB_LOG` that cannot be read, or a log that was started before.
pub fn start_log(filter: &str, json: bool) -> Result<(), LogError> {
    let named = std::env::var(FILTER_VARIABLE).ok();
    let filter = named.as_deref().unwrap_or(filter);
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|error| LogError::Filter(error.to_string()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(stderr().is_terminal()).with_target(false).try_init()
    };
    started.map_err(|error| LogError::Twice(error.to_string()))
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(why) => write!(f, "{FILTER_VARIABLE} cannot be read: {why}"),
            Self::Twice(why) => write!(f, "the log cannot be started: {why}"),
        }
    }
}

impl std::error::Error for LogError {}
