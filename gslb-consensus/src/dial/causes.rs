//! What an error says with all that lies behind it.

use std::error::Error;

/// An error with its causes: the text of an HTTP client says only that something failed.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
