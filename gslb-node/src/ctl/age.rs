//! Times for people.

/// A span in its two largest units, as `3m 20s`.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let Some(first) = units.iter().position(|(scale, _)| seconds >= *scale) else {
        return format!("{ms}ms");
    };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (scale, unit) in units.iter().skip(first).take(2) {
        if left >= *scale {
            parts.push(format!("{}{unit}", left / scale));
            left %= scale;
        }
    }
    parts.join(" ")
}

/// How long ago something was.
pub(super) fn ago(then_ms: u64, now_ms: u64) -> String {
    match now_ms.saturating_sub(then_ms) {
        0..1000 => "just now".to_owned(),
        ms => format!("{} ago", span(ms)),
    }
}

/// A moment in UTC.
pub(super) fn utc(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(|| "-".to_owned(), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        for (ms, text) in [
            (7, "7ms"),
            (1_999, "1s"),
            (60_000, "1m"),
            (200_000, "3m 20s"),
            (3_601_000, "1h"),
            (90_000_000, "1d 1h"),
        ] {
            assert_eq!(span(ms), text);
        }
        assert_eq!(utc(0), "1970-01-01 00:00:00Z");
    }
}
